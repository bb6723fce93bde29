//! What still holds the data of a subject, asked of a server, which looks at no disk.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

fn served() -> Served {
    let content = format!("b3:{}", "a".repeat(64));
    Served::with(&[
        json!({"component": "clean", "inputs": ["in"], "subjects": ["ada"], "outputs": [{"name": "clean.csv", "version": content}],
            "started_at": "2021-01-01T00:00:00Z", "ended_at": "2021-01-01T00:00:01Z"}),
    ])
}

#[test]
fn the_page_of_a_subject_has_its_pseudonym_and_never_its_name() {
    const PSEUDONYM: &str = "s:e6d7749038bececd3b683681f56696ce";
    let served = served();
    assert!(served.get("/subject").text.contains("Which versions were made from somebody"));
    let asked = served.submit("/subject", &[("name", " ada ")]);
    let place = asked.header("location");
    assert_eq!(place, "/subject?name=s%3Ae6d7749038bececd3b683681f56696ce");
    let page = served.get(place).text;
    for said in
        ["1 version was made from these data: 0 live, 0 there, 1 unknown, 0 gone.", ">clean.csv</bdi>", ">in</bdi>"]
    {
        assert!(page.contains(said), "`{said}` is not in {page}");
    }
    let run = served.get("/run?run=latest").text;
    assert!(run.contains(place) && run.contains(&PSEUDONYM[..6]) && !page.contains(">ada<"), "{run}");
    assert_eq!(served.get("/subject?name=nobody").status, StatusCode::NOT_FOUND);
    assert_eq!(served.submit("/subject", &[("name", "")]).status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_server_says_what_was_made_and_calls_files_unknown() {
    let served = served();
    let held: Value = served.ask("/api/v1/subject?name=ada");
    assert_eq!(held["subject"], json!("s:e6d7749038bececd3b683681f56696ce"));
    assert_eq!((&held["is_left"], &held["versions"][0]["state"]), (&json!(true), &json!("unknown")));
    assert_eq!(held, served.ask("/api/v1/subject?name=s:e6d7749038bececd3b683681f56696ce"));
    assert_eq!(served.get("/api/v1/subject?name=Ada").status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/api/v1/subject?name=").status, StatusCode::BAD_REQUEST);
}
