//! Aliases through the API and on the pages.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

fn served() -> Served {
    let run = |day: u32, version: &str| {
        json!({ "component": "train", "ended_at": format!("2021-05-0{day}T00:00:00Z"),
            "outputs": [{ "name": "m", "version": format!("v:{version}") }] })
    };
    Served::with(&[run(1, "a"), run(2, "b")])
}

fn point(served: &Served, body: &Value) -> (StatusCode, Value) {
    let answer = served.post("/api/v1/alias", body);
    (answer.status, answer.json())
}

#[test]
fn an_alias_is_moved_back_and_removed() {
    let served = served();
    let (status, first) = point(&served, &json!({ "name": "production", "artifact": "m@v:a", "reason": "passed" }));
    assert_eq!((status, &first["artifact"]["version"]), (StatusCode::OK, &json!("v:a")));
    point(&served, &json!({ "name": "production", "artifact": "m" }));
    assert_eq!(served.ask("/api/v1/aliases")["aliases"][0]["artifact"], json!({ "name": "m", "version": "v:b" }));
    assert_eq!(served.ask("/api/v1/trace?artifact=@production")["artifact"]["version"], "v:b");
    let (_, back) = point(&served, &json!({ "name": "production", "previous": true }));
    assert_eq!((&back["artifact"]["version"], &back["previous"]), (&json!("v:a"), &Value::Null));
    assert_eq!(back["history"].as_array().unwrap().len(), 3);
    let (_, gone) = point(&served, &json!({ "name": "production", "remove": true }));
    assert_eq!(gone["artifact"], Value::Null);
    assert_eq!(served.ask("/api/v1/aliases"), json!({ "aliases": [] }));
    assert_eq!(served.get("/api/v1/alias?name=production&as_of=2021-05-01").status, StatusCode::NOT_FOUND);
    assert_eq!(served.get("/api/v1/trace?artifact=@production").status, StatusCode::NOT_FOUND);
}

#[test]
fn a_move_that_says_nothing_or_too_much_is_refused() {
    let served = served();
    for body in [
        json!({ "name": "production" }),
        json!({ "name": "production", "artifact": "m", "previous": true }),
        json!({ "name": "production", "previous": true, "remove": true }),
        json!({ "name": "latest", "artifact": "m" }),
        json!({ "name": "a@b", "artifact": "m" }),
        json!({ "name": "password=hunter2", "artifact": "m" }),
    ] {
        assert_eq!(point(&served, &body).0, StatusCode::BAD_REQUEST, "{body}");
    }
    for body in [json!({ "name": "p", "artifact": "x" }), json!({ "name": "p", "previous": true })] {
        assert_eq!(point(&served, &body).0, StatusCode::NOT_FOUND, "{body}");
    }
    assert_eq!(served.ask("/api/v1/aliases"), json!({ "aliases": [] }));
}

#[test]
fn the_pages_show_what_an_alias_points_to() {
    let served = served();
    point(&served, &json!({ "name": "production", "artifact": "m@v:a", "reason": "passed" }));
    let link = "<a href=\"/aliases?name=production\"><bdi class=\"name\">production</bdi></a>";
    let page = |path: &str| served.get(path).text;
    assert_eq!(page("/artifact?name=m").matches(link).count(), 1, "beside its version alone");
    assert!(page("/aliases").contains(link) && page("/aliases?name=production").contains("passed"));
    let versions = served.ask("/api/v1/versions?artifact=m");
    assert_eq!(
        (&versions["versions"][0]["aliases"], &versions["versions"][1]["aliases"]),
        (&Value::Null, &json!(["production"]))
    );
    let wrong = served.get("/aliases?name=produktion");
    assert!(wrong.status == StatusCode::NOT_FOUND && wrong.text.contains(link), "{}", wrong.text);
}
