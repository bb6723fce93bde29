//! What still holds the data of a subject, asked of a server, which looks at no disk.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

#[test]
fn a_server_says_what_was_made_and_calls_files_unknown() {
    let content = format!("b3:{}", "a".repeat(64));
    let served = Served::with(&[
        json!({"component": "clean", "inputs": ["in"], "subjects": ["ada"], "outputs": [{"name": "clean.csv", "version": content}],
            "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z"}),
    ]);
    let held: Value = served.ask("/api/v1/subject?name=ada");
    assert_eq!(held["subject"], json!("s:e6d7749038bececd3b683681f56696ce"));
    assert_eq!((&held["is_left"], &held["versions"][0]["state"]), (&json!(true), &json!("unknown")));
    assert_eq!(held, served.ask("/api/v1/subject?name=s:e6d7749038bececd3b683681f56696ce"));
    assert_eq!(served.get("/api/v1/subject?name=Ada").status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/api/v1/subject?name=").status, StatusCode::BAD_REQUEST);
}
