//! Takes the secrets out of an event of another tool, and leaves all else of it as it came.

use serde_json::Value;

use super::{REDACTED, value};

/// Makes the JSON of an event fit to be written; text without any secret stays byte for byte what it was. Returns `false`
/// and leaves nothing of it where it cannot be read: who takes events refuses such a one.
pub(super) fn body(body: &mut String) -> bool {
    let is_read = value::document(body);
    if !is_read {
        *body = Value::from(REDACTED).to_string();
    }
    is_read
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cleaned(value: &Value) -> Value {
        let mut body = value.to_string();
        super::body(&mut body);
        let once = body.clone();
        super::body(&mut body);
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
        super::body(&mut body);
        assert_eq!(body, before);
    }
}
