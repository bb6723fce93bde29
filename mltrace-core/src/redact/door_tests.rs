//! What one door takes out, the others do: a value of a parameter, a text of JSON in one, an event.

use serde_json::{Value, json};

use super::{param, record};
use crate::model::{EventFact, Record};

const SECRET: &str = "hunter2Sesam";

/// JSON with a secret at `§`.
const PLANTED: &[&str] = &[
    // By its name, at any depth.
    r#"{"password": "§"}"#,
    r#"{"passwords": ["§"]}"#,
    r#"{"password": {"a": {"b": "§"}}}"#,
    r#"{"p\u0061ssword": "§"}"#,
    r#"{"fs.azure.account.key.acct.dfs.core.windows.net": "§"}"#,
    r#"{"spark.hadoop.fs.azure.account.key.acct1234567890.blob.core.windows.net": "§"}"#,
    r#"{"conf": "spark.hadoop.fs.azure.account.key.acct1234567890.dfs.core.windows.net=§"}"#,
    r#"{"Cookie": "session=§"}"#,
    r#"{"set-cookie": ["a=1; Path=/", "session=§; HttpOnly"]}"#,
    r#"{"headers": [["Cookie", "session=§"], ["authorization", "Bearer §"]]}"#,
    // By the name beside it.
    r#"[{"name": "DB_PASSWORD", "value": "§"}]"#,
    r#"[{"Name": "DB_PASSWORD", "Value": "§"}]"#,
    r#"[{"variable": "DB_PASSWORD", "value": "§"}]"#,
    r#"[{"parameter": "db_password", "value": ["§"]}]"#,
    r#"[{"setting": "db_password", "value": {"v": "§"}}]"#,
    r#"[{"key": "db_password", "defaultValue": "§"}]"#,
    r#"[{"key": "DB_PASSWORD", "stringValue": "§"}]"#,
    r#"[{"name": "db_password", "default": "§"}]"#,
    r#"[{"ParameterKey": "DbPassword", "ParameterValue": "§"}]"#,
    r#"[{"header": "Cookie", "value": "session=§"}]"#,
    r#"[{"namespace": "n", "name": "db_password", "value": "§"}]"#,
    r#"[{"key": "k1", "name": "db_password", "value": "§"}]"#,
    r#"[["DB_PASSWORD", "§"], ["A", "1"]]"#,
    r#"[["DB_PASSWORD", "§", 1]]"#,
    r#"[1, "DB_PASSWORD", "§"]"#,
    r#"["DB_PASSWORD", {"v": "§"}, null]"#,
    r#"{"type": "compare", "left": "password", "right": "§"}"#,
    r#"{"left": {"type": "field", "field": "password"}, "right": {"type": "literal", "value": "§"}}"#,
    r#"{"left": {"type": "literal", "value": "§"}, "right": {"type": "field", "field": "password"}}"#,
    // By an option.
    r#"["--password", "§", "-v"]"#,
    r#"["--password", "§", 3]"#,
    r#"["-v", 3, "--password", {"v": "§"}]"#,
    r#"["-v", {"password": "§"}]"#,
    r#"["curl", "-d", "[{\"name\": \"DB_PASSWORD\", \"value\": \"§\"}]"]"#,
    r#"["curl", 3, "-u", {"v": "ada:§"}]"#,
    r#""spark-submit --password § run""#,
    // In text.
    r#""create user ada identified by '§'""#,
    r#""ALTER ROLE ada WITH PASSWORD '§'""#,
    r#""copy t from 's3://x' access_key_id 'a' secret_access_key '§' session_token '§'""#,
    r#""CREATE SECRET s (TYPE S3, KEY_ID 'a&b', SECRET '§', REGION 'eu')""#,
    r#""create or replace persistent secret s (type huggingface,\n  token '§')""#,
    r#""create server s options (user 'ada', password '§')""#,
    r#""create user ada password 'it''s ''§'''""#,
    r#""CREATE LOGIN ada WITH PASSWORD = N'§'""#,
    r#""create role ada password E'§' login""#,
    r#""create role ada password $$§$$; alter role bob password $x$a $ §$x$""#,
    r#""SET PASSWORD FOR 'ada'@'localhost' = '§'""#,
    r#""CREATE USER ada IDENTIFIED WITH plaintext_password BY '§'""#,
    r#""alter user ada password /* c */ '§'""#,
    r#""Cookie: session=§""#,
    r#""{\"password\": \"§\"}""#,
    r#"{"conf": "[{\"name\": \"DB_PASSWORD\", \"value\": \"§\"}]"}"#,
    r#"{"conf": "{\"a\": \"[{\\\"key\\\": \\\"DB_PASSWORD\\\", \\\"value\\\": \\\"§\\\"}]\"}"}"#,
    // In a name of two halves.
    r#"{"namespace": "n", "name": "spark-submit --password § run"}"#,
    r#"{"namespace": "n", "name": "mysql -p§ db"}"#,
    r#"{"namespace": "x", "name": "a password=§"}"#,
    r#"{"namespace": "x", "name": "q?access_token=§"}"#,
    r#"{"namespace": "s3://b", "name": "q?access_token=§"}"#,
    r#"{"namespace": "https://b.s3.amazonaws.com", "name": "k?X-Amz-Signature=§&X-Amz-Credential=x"}"#,
    r#"{"namespace": "jdbc:postgresql://h/db?user=a&password=§", "name": "t"}"#,
    r#"{"namespace": "postgres://ada:§@h", "name": "t"}"#,
    r#"{"namespace": "postgres://ada:§", "name": "x@db/t"}"#,
    r#"{"namespace": "", "name": "password=§"}"#,
    r#"{"namespace": "password=§", "name": "t"}"#,
    r#"{"job": {"namespace": "https://git.example.org/ml", "name": "password=§"}}"#,
    // Behind a field of the same name, or what looks like one.
    r#"{"a": {"password": "§"}, "a": 1}"#,
    r#"{"sql": {"query": "password='§'"}, "sql": {"query": "select 1"}}"#,
    r#"{"conf": "{\"a\": {\"password\": \"§\"}, \"a\": 1}"}"#,
    r#"{"$serde_json::private::RawValue": "{\"a\": {\"password\": \"§\"}, \"a\": 1}"}"#,
    // In a name.
    r#"{"password=§": 1}"#,
    r#"{"key": "§1a2b3c4d5e6"}"#,
];

/// JSON without a secret.
const ALIKE: &[&str] = &[
    r#"{"namespace": "s3://b", "name": "token=1/x.csv"}"#,
    r#"{"namespace": "s3://b/", "name": "/a//b?version=3"}"#,
    r#"{"namespace": "file", "name": "/data/token=1/x.csv"}"#,
    r#"{"namespace": "file:///data", "name": "token=1/x.csv"}"#,
    r#"{"namespace": "bigquery", "name": "shop.password_resets"}"#,
    r#"{"job": {"namespace": "airflow://h", "name": "dag.task"}}"#,
    r#"{"key": "a1b2c3d4e5f6a7", "value": "data", "source": "X"}"#,
    r#"{"name": "zone", "value": "x", "defaultValue": "y"}"#,
    r#"[{"name": "max_tokens", "default": 512}, {"key": "pass", "value": 3}]"#,
    r#"["password", "email", "name"]"#,
    r#"["email", "password"]"#,
    r#"[["token", 3], ["secret", 5]]"#,
    r#"[3, "reset your password now", "clicked"]"#,
    r#"["-v", 3, {"a": 1}, null, "--max-tokens", 512]"#,
    r#"{"Cookie": "oatmeal", "cookies": ["oatmeal", "ginger"], "cookie_count": 3}"#,
    r#"{"left": "zone", "right": "x"}"#,
    r#"{"left": {"type": "field", "field": "zone"}, "right": {"type": "literal", "value": "x"}}"#,
    r#"{"left": "x", "right": "password"}"#,
    r#"{"fields": {"token": {"inputFields": [{"namespace": "n", "name": "t", "field": "a"}], "transformationDescription": "a b"}}}"#,
    r#"{"columnMetrics": {"token": {"nullCount": 1, "distinctCount": 2.0, "quantiles": {"0.5": 3.0}}}}"#,
    r#"{"columns": {"password": {"dtype": "varchar", "nullable": true}, "api_key": {"type": "string"}}}"#,
    r#"[["password", "varchar"], ["api_key", "text"]]"#,
    r#""unexpected token 'x' in a secret 'y'""#,
    r#""create table secret (token text default 'x')""#,
    r#""get_password 'prod'; max_tokens 'x'""#,
    r#"{"conf": "{ \"a\":  1.50, \"b\": [3e2] }", "azure.account": "x", "sort.key.azure": 1}"#,
];

/// Returns what is left of a value of JSON behind each door.
fn doors(planted: &str) -> [String; 4] {
    let value: Value = serde_json::from_str(planted).unwrap();
    let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut event = format!("{{\"run\":{{\"facets\":{{\"x\":{planted}}}}}}}");
    let mut again = event.clone();
    for body in [&mut event, &mut again] {
        let (project, root) = ("p".to_owned(), "/p".to_owned());
        let mut sent = Record::Event(EventFact { project, identity: None, root, body: std::mem::take(body) });
        record(&mut sent);
        let Record::Event(sent) = sent else { panic!("{sent:?}") };
        *body = sent.body;
    }
    assert_eq!(event, again);
    let inside = json!([planted]);
    [text(param("config", value)), text(param("config", planted.into())), text(param("config", inside)), event]
}

#[test]
fn what_one_door_takes_out_the_others_do() {
    let planted = PLANTED.iter().flat_map(|planted| doors(&planted.replace('§', SECRET)));
    let left: Vec<String> = planted.filter(|left| left.contains(SECRET)).collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn what_is_no_secret_stays_as_it_is_behind_each_door() {
    for alike in ALIKE {
        let value: Value = serde_json::from_str(alike).unwrap();
        assert_eq!(param("config", value.clone()), value, "{alike}");
        let [_, _, _, event] = doors(alike);
        assert_eq!(event, format!("{{\"run\":{{\"facets\":{{\"x\":{alike}}}}}}}"));
    }
}

#[test]
fn of_a_field_that_is_there_twice_the_last_one_is_kept() {
    let [_, text, _, event] = doors(r#"{"a": 1, "b": 2, "a": {"c": 3}}"#);
    assert_eq!(text, r#"{"b":2,"a":{"c":3}}"#);
    assert_eq!(event, r#"{"run":{"facets":{"x":{"b":2,"a":{"c":3}}}}}"#);
}
