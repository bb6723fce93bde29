//! Takes the secrets out of an event of another tool, and leaves all else of it as it came.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::value::walk_array;
use super::{REDACTED, is_secret, text, tokens, uri};

/// Values nested deeper than this are not kept, as in a parameter.
const DEEPEST: usize = 128;

/// Makes the JSON of an event fit to be written; text without any secret stays byte for byte what it was.
pub(super) fn event(body: &mut String) {
    let Ok(mut value) = serde_json::from_str(body) else {
        // Who takes events lets none in that cannot be read.
        *body = Value::from(REDACTED).to_string();
        return;
    };
    if clean(&mut value, DEEPEST) {
        *body = value.to_string();
    }
}

/// Takes the secrets out of a value, and returns whether there were any.
fn clean(value: &mut Value, depth: usize) -> bool {
    let Some(below) = depth.checked_sub(1) else {
        *value = Value::from(REDACTED);
        return true;
    };
    match value {
        Value::String(words) => put(words, text),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            // It may be a command line, or a name and its value.
            let cleaned = Value::Array(walk_array(items.clone(), below).as_array().cloned().unwrap_or_default());
            let is_other = *value != cleaned;
            *value = cleaned;
            is_other
        }
        Value::Array(items) => items.iter_mut().fold(false, |is_other, item| clean(item, below) | is_other),
        Value::Object(fields) => clean_object(fields, below),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn clean_object(fields: &mut Map<String, Value>, depth: usize) -> bool {
    // A dataset or a job: its name is made of both, as artifacts are named.
    let is_named = ["namespace", "name"].iter().all(|field| fields.get(*field).is_some_and(Value::is_string));
    // `{"name": "password", "value": "…"}`.
    let names = ["name", "key"].iter().filter_map(|key| fields.get(*key)?.as_str());
    let names: Vec<String> = names.map(str::to_owned).collect();
    let mut is_other = false;
    for (name, value) in fields.iter_mut() {
        let is_named_secret = |value: &Value| name == "value" && names.iter().any(|name| is_secret(name, value));
        is_other |= match value {
            Value::String(words) if is_named && name == "namespace" => put(words, address),
            Value::String(words) if is_named && name == "name" => put(words, named),
            // A name may look drawn by lot; here it is the field's, not a secret's.
            Value::String(words) if is_named_field(name) => put(words, text),
            value if is_secret(name, value) || is_named_secret(value) => {
                *value = Value::from(REDACTED);
                true
            }
            value => clean(value, depth),
        };
    }
    let has_secret = |name: &String| matches!(text(name), Cow::Owned(_));
    if fields.keys().any(has_secret) {
        let cleaned = std::mem::take(fields).into_iter().map(|(name, value)| (text(&name).into_owned(), value));
        *fields = cleaned.collect();
        is_other = true;
    }
    is_other
}

/// Returns whether a field holds what others are called by: `{"key": "a1B2…", "value": …}`.
fn is_named_field(name: &str) -> bool {
    matches!(name, "key" | "name")
}

fn address(namespace: &str) -> Cow<'_, str> {
    if namespace.contains("://") { uri(namespace) } else { text(namespace) }
}

/// What a path of an object store may hold (`token=1` is a partition) is decided where the name is made.
fn named(name: &str) -> Cow<'_, str> {
    if name.contains("://") { uri(name) } else { tokens(name) }
}

fn put(words: &mut String, redacted: fn(&str) -> Cow<'_, str>) -> bool {
    match redacted(words) {
        Cow::Borrowed(_) => false,
        Cow::Owned(cleaned) => {
            *words = cleaned;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cleaned(value: &Value) -> Value {
        let mut body = value.to_string();
        event(&mut body);
        let once = body.clone();
        event(&mut body);
        assert_eq!(body, once, "what was cleaned stays as it is");
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn an_event_loses_its_secrets_and_nothing_else() {
        let event = |namespace: &str, query: &str, password: &str| {
            json!({
                "inputs": [{"namespace": namespace, "name": "shop.public.rides"}],
                "job": {"namespace": "ns", "name": "load", "facets": {"sql": {"query": query}}},
                "run": {"facets": {"environmentVariables": {"environmentVariables": [
                    {"name": "DB_PASSWORD", "value": password}, {"name": "LANG", "value": "C"}]},
                    "executionParameters": {"parameters": [{"name": "Login", "key": "db_password", "value": password}]},
                    "tags": {"tags": [{"key": "team", "value": "data"}]}}},
            })
        };
        let before =
            event("postgres://ada:hunter2@db:5432", "create user ada identified by 'x' password='hunter2'", "q");
        let after = cleaned(&before);
        assert!(!after.to_string().contains("hunter2"), "{after}");
        assert_eq!(after["inputs"][0]["namespace"], "postgres://db:5432");
        let variables = &after["run"]["facets"]["environmentVariables"]["environmentVariables"];
        assert_eq!(*variables, json!([{"name": "DB_PASSWORD", "value": REDACTED}, {"name": "LANG", "value": "C"}]));
        let parameter = &after["run"]["facets"]["executionParameters"]["parameters"][0];
        assert_eq!(*parameter, json!({"name": "Login", "key": "db_password", "value": REDACTED}));
        assert_eq!(after["run"]["facets"]["tags"], before["run"]["facets"]["tags"]);
    }

    #[test]
    fn an_event_without_secrets_stays_as_it_came() {
        let mut body = r#"{ "job": {"name":"a",  "namespace":"b"}, "n": 1.50, "big": 123456789012345678901234567890, "partition": {"namespace": "s3://b", "name": "token=1/x"} }"#.to_owned();
        let before = body.clone();
        event(&mut body);
        assert_eq!(body, before);
    }
}
