//! Parameters without their secrets.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{REDACTED, is_secret_name, text};

/// Values nested deeper than this are not kept: walking them could exhaust the caller's stack.
const DEEPEST: usize = 128;

/// Returns the value of a parameter as it may be recorded.
///
/// The value of a secret name is replaced as a whole, at any depth; in all other text known shapes of secrets are.
#[must_use]
pub fn param(name: &str, value: Value) -> Value {
    if is_secret_name(name) {
        return Value::from(REDACTED);
    }
    walk(value, DEEPEST)
}

fn walk(value: Value, depth: usize) -> Value {
    let Some(below) = depth.checked_sub(1) else {
        return Value::from(REDACTED);
    };
    match value {
        Value::String(string) => Value::String(redacted(string)),
        Value::Array(items) => items.into_iter().map(|item| walk(item, below)).collect(),
        Value::Object(fields) => Value::Object(walk_object(fields, below)),
        other => other,
    }
}

fn walk_object(fields: Map<String, Value>, depth: usize) -> Map<String, Value> {
    let field = |(name, value): (String, Value)| {
        let value = if is_secret_name(&name) { Value::from(REDACTED) } else { walk(value, depth) };
        (redacted(name), value)
    };
    fields.into_iter().map(field).collect()
}

fn redacted(string: String) -> String {
    match text(&string) {
        Cow::Borrowed(_) => string,
        Cow::Owned(redacted) => redacted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_vanish_at_any_depth_and_the_rest_stays() {
        let token = format!("ghp_{}", "a1B2".repeat(9));
        let value = json!({
            "lr": 0.1, "tokenizer": "bpe", "max_tokens": 12, "pad_token_id": 0, "cls_token": "[CLS]",
            "db": {"password": "hunter2", "hosts": ["a", format!("https://u:p@h/{token}")]},
            (token.clone()): true, "apiKey": ["x"],
        });
        let expected = json!({
            "lr": 0.1, "tokenizer": "bpe", "max_tokens": 12, "pad_token_id": 0, "cls_token": "[CLS]",
            "db": {"password": REDACTED, "hosts": ["a", "https://h/[redacted]"]},
            REDACTED: true, "apiKey": REDACTED,
        });
        assert_eq!(param("config", value), expected);
        assert_eq!(param("db_password", json!({"a": 1})), json!(REDACTED));
        assert_eq!(param("seed", json!(7)), json!(7));
    }

    #[test]
    fn a_value_nested_deeply_is_cut_off() {
        let deep = (0..1000).fold(json!(1), |value, _| json!([value]));
        assert!(param("deep", deep).to_string().contains(REDACTED));
    }
}
