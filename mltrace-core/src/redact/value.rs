//! Parameters without their secrets.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::name::{Holds, holds};
use super::plain::is_plain;
use super::shape::is_scrambled;
use super::{REDACTED, arguments, text};

/// Values nested deeper than this are not kept: walking them could exhaust the caller's stack.
const DEEPEST: usize = 128;

/// Returns the value of a parameter as it may be recorded.
///
/// The value of a secret name is replaced as a whole, at any depth; in all other text known shapes of secrets are.
#[must_use]
pub fn param(name: &str, value: Value) -> Value {
    let value = match value {
        Value::String(text) => Value::String(of_json(text)),
        other => other,
    };
    named(name, value, DEEPEST)
}

/// Returns a text that is JSON as a whole without the secrets that a parser of JSON finds in it; any other as it is. Text in
/// such a text is not parsed again, for that may go on for ever.
fn of_json(text: String) -> String {
    if !text.trim_start().starts_with(['{', '[']) {
        return text;
    }
    let Ok(value) = serde_json::from_str::<Value>(&text) else { return text };
    let kept = walk(value.clone(), DEEPEST);
    if kept == value { text } else { kept.to_string() }
}

/// Returns whether a value under this name is a secret, as a parameter's is.
pub(crate) fn is_secret(name: &str, value: &Value) -> bool {
    match (holds(name), value) {
        (Holds::Secret, _) | (Holds::Maybe, Value::Array(_)) => true,
        (Holds::Maybe, Value::String(given)) => !is_plain(given),
        (Holds::Maybe, Value::Number(given)) => given.as_u64().is_some() && !is_plain(&given.to_string()),
        (Holds::Scrambled, Value::String(given)) => is_scrambled(given.as_bytes()),
        _ => false,
    }
}

fn named(name: &str, value: Value, depth: usize) -> Value {
    if is_secret(name, &value) { Value::from(REDACTED) } else { walk(value, depth) }
}

fn walk(value: Value, depth: usize) -> Value {
    let Some(below) = depth.checked_sub(1) else {
        return Value::from(REDACTED);
    };
    match value {
        Value::String(string) => Value::String(redacted(string)),
        Value::Array(items) => walk_array(items, below),
        Value::Object(fields) => Value::Object(walk_object(fields, below)),
        other => other,
    }
}

/// A list of texts among which is an option may be a command line.
pub(super) fn walk_array(items: Vec<Value>, depth: usize) -> Value {
    // `["password", "…"]` is a pair of a list that is made of an object.
    if let [Value::String(name), Value::String(value)] = items.as_slice()
        && is_given(name, value)
    {
        return vec![name.as_str(), REDACTED].into();
    }
    let is_command = items.iter().any(|item| item.as_str().is_some_and(|text| text.starts_with('-')));
    if !is_command || !items.iter().all(Value::is_string) {
        return items.into_iter().map(|item| walk(item, depth)).collect();
    }
    arguments(items.iter().filter_map(Value::as_str)).into_iter().map(Value::String).collect()
}

fn walk_object(fields: Map<String, Value>, depth: usize) -> Map<String, Value> {
    // `{"name": "password", "value": "…"}`.
    let texts = fields.iter().filter(|(field, _)| is_naming(field)).filter_map(|(_, value)| value.as_str());
    let names: Vec<String> = texts.map(str::to_owned).collect();
    let field = |(name, value): (String, Value)| {
        let named_by = names.iter().find(|given| is_valued(&name) && is_secret(given, &value));
        let value = named(named_by.unwrap_or(&name), value, depth);
        (redacted(name), value)
    };
    fields.into_iter().map(field).collect()
}

/// Returns whether what stands in a field or a column of this name may be the name of what stands in another one.
pub(crate) fn is_naming(field: &str) -> bool {
    ["name", "key", "variable", "parameter", "setting"].iter().any(|naming| field.eq_ignore_ascii_case(naming))
}

/// Returns whether that is the other one.
pub(crate) fn is_valued(field: &str) -> bool {
    field.eq_ignore_ascii_case("value")
}

/// Returns whether a name tells that the value beside it is a secret.
pub(crate) fn is_given(name: &str, value: &str) -> bool {
    match holds(name) {
        Holds::Secret => true,
        Holds::Maybe => !is_plain(value),
        Holds::Scrambled => is_scrambled(value.as_bytes()),
        Holds::Nothing => false,
    }
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
    fn a_name_with_two_meanings_keeps_numbers_and_switches() {
        for (name, value) in
            [("pass", json!("x")), ("pw", json!("a b")), ("auth", json!(["u", "p"])), ("DB_PAT", json!("q"))]
        {
            assert_eq!(param(name, value), json!(REDACTED), "{name}");
        }
        assert_eq!(param("key", json!("hunter2Xq9ZpLw77")), json!(REDACTED));
        for (name, value) in [("pass", json!(3)), ("pass", json!("3")), ("auth", json!(true)), ("key", json!("id"))] {
            assert_eq!(param(name, value.clone()), value, "{name}");
        }
    }

    #[test]
    fn a_name_beside_a_value_says_what_it_is() {
        for naming in ["name", "Key", "VARIABLE", "parameter", "Setting"] {
            for (name, value) in
                [("db_password", json!("x")), ("DB_PASS", json!("x")), ("secret", json!(["x"])), ("token", json!(7))]
            {
                let (given, kept) =
                    (json!([{naming: name, "Value": value}]), json!([{naming: name, "Value": REDACTED}]));
                assert_eq!(param("config", given), kept, "{naming} {name}");
            }
            for (name, value) in [("max_tokens", json!(512)), ("pass", json!(3)), ("zone", json!("x"))] {
                let given = json!([{naming: name, "value": value}]);
                assert_eq!(param("config", given.clone()), given);
            }
        }
        assert_eq!(
            param("config", json!(r#" [{"key": "password", "value": "x"}]"#)),
            json!(r#"[{"key":"password","value":"[redacted]"}]"#)
        );
        let kept = json!(r#"{ "key": "zone", "value": 3.10 }"#);
        assert_eq!(param("config", kept.clone()), kept);
        let both = json!({"key": "k1", "name": "password", "value": "x"});
        assert_eq!(param("config", both)["value"], REDACTED);
    }

    #[test]
    fn a_command_in_a_list_loses_the_secrets_of_its_options() {
        let command = json!({"cmd": ["mysql", "-ppw x", "--user", "ada", "--password", "-q", "--max-tokens", "512"]});
        let expected =
            json!({"cmd": ["mysql", "-p[redacted]", "--user", "ada", "--password", REDACTED, "--max-tokens", "512"]});
        assert_eq!(param("config", command), expected);
    }

    #[test]
    fn a_value_nested_deeply_is_cut_off() {
        let deep = (0..1000).fold(json!(1), |value, _| json!([value]));
        assert!(param("deep", deep).to_string().contains(REDACTED));
    }
}
