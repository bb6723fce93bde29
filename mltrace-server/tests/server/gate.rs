//! Gates and runs side by side, through the API and on the pages.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

fn served() -> Served {
    let run = |day: u32, auc: f64| {
        json!({ "id": format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a0{day}"), "component": "train", "params": { "depth": day },
            "started_at": format!("2021-05-0{day}T00:00:00Z"), "ended_at": format!("2021-05-0{day}T00:00:00Z"), "inputs": ["raw"],
            "outputs": [{ "name": "m", "version": format!("v:{day}") }],
            "metrics": [{ "name": "test/auc", "value": auc }],
            "checks": [{ "name": "no nulls", "outcome": if day == 1 { "passed" } else { "failed" }, "message": "7 <nulls>" },
                       { "name": "fresh", "outcome": "failed", "severity": "warn" }] })
    };
    Served::with(&[run(1, 0.9), run(2, 0.8)])
}

#[test]
fn a_gate_tells_what_does_not_hold() {
    let served = served();
    served.post("/api/v1/alias", &json!({ "name": "production", "artifact": "m@v:1" }));
    let asked = |body: Value| {
        let answer = served.post("/api/v1/gate", &body);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    };
    let auc = json!([{ "name": "test/auc", "condition": ">= 0.5" }]);
    let all = asked(
        json!({ "artifact": "m", "metrics": auc, "not_worse_than": "production", "checks": true, "unflagged": true }),
    );
    let wrong: Vec<&str> = all["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|required| required["holds"] != true)
        .map(|required| required["message"].as_str().unwrap())
        .collect();
    assert_eq!(wrong, ["`test/auc` = 0.8 is worse than 0.9 of `production`", "`no nulls` failed: 7 <nulls>"]);
    assert_eq!((&all["passes"], &all["baseline"]["version"]), (&json!(false), &json!("v:1")));
    let slack = json!({ "artifact": "m", "metrics": auc, "not_worse_than": "production", "tolerance": "20%" });
    assert_eq!(asked(slack)["passes"], true);
    assert_eq!(asked(json!({ "artifact": "@production", "checks": true, "fresh": "2021-05-01" }))["passes"], true);
    for body in [
        json!({ "artifact": "m" }),
        json!({ "artifact": "m", "metrics": [{ "name": "a", "condition": "higher" }] }),
        json!({ "artifact": "m", "unflagged": true, "or_first": true }),
    ] {
        assert_eq!(served.post("/api/v1/gate", &body).status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert_eq!(served.post("/api/v1/gate", &json!({ "artifact": "x", "checks": true })).status, StatusCode::NOT_FOUND);
}

#[test]
fn what_is_refused_is_not_repeated_at_length() {
    let (served, long) = (served(), "9".repeat(100_000));
    for body in [
        json!({ "artifact": "m", "metrics": [{ "name": "a", "condition": format!(">= x{long}") }] }),
        json!({ "artifact": "m", "metrics": [{ "name": long, "condition": "higher" }] }),
        json!({ "artifact": long, "unflagged": true }),
        json!({ "artifact": "m", "fresh": long }),
        json!({ "artifact": "m", long.clone(): true }),
        json!({ "artifact": "m", "metrics": vec![json!({ "name": "auc", "condition": ">= 0.5" }); 501] }),
    ] {
        let answer = served.post("/api/v1/gate", &body);
        assert!(answer.status.is_client_error() && answer.text.len() < 12_000, "{} bytes", answer.text.len());
    }
}

#[test]
fn runs_stand_side_by_side() {
    let served = served();
    let answer = served.ask("/api/v1/compare?runs=5c0b8a01,latest");
    let depth = answer["fields"].as_array().unwrap().iter().find(|field| field["name"] == "depth").unwrap();
    assert_eq!((&depth["values"], &depth["differs"]), (&json!([1, 2]), &json!(true)));
    assert_eq!(served.get("/api/v1/compare?runs=").status, StatusCode::BAD_REQUEST);
    assert_eq!(served.get("/api/v1/compare?runs=nothing").status, StatusCode::NOT_FOUND);
    let page = served.get("/compare?runs=5c0b8a01,latest").text;
    assert!(page.contains(" that are the same are not shown"), "{page}");
    let whole = served.get("/compare?runs=5c0b8a01,latest&all=1").text;
    assert!(whole.contains("<td>") && whole.len() > page.len() && whole.contains("Show only what differs"), "{whole}");
    assert!(
        page.contains("test/auc") && page.contains("<td class=\"now\"><bdi class=\"name\">0.8</bdi></td>"),
        "{page}"
    );
}

#[test]
fn of_too_many_fields_the_page_and_the_api_say_that_there_are_more() {
    let params: serde_json::Map<_, _> = (0..2500).map(|number| (format!("p{number}"), json!(number))).collect();
    let served =
        Served::with(&[json!({ "component": "train", "started_at": "2021-05-01T00:00:00Z", "params": params })]);
    let answer = served.ask("/api/v1/compare?runs=latest");
    assert_eq!((answer["fields"].as_array().unwrap().len(), &answer["is_cut"]), (2000, &json!(true)));
    assert!(served.get("/compare?runs=latest").text.contains("There is more than is shown here"));
}

#[test]
fn what_is_late_and_where_the_time_went_is_told() {
    let day = |day: u32| {
        json!({ "component": "train", "started_at": format!("2021-05-{day:02}T00:00:00Z"),
        "ended_at": format!("2021-05-{day:02}T00:10:00Z"), "inputs": ["raw"], "outputs": ["m"] })
    };
    let served = Served::with(&(1..=9).map(day).collect::<Vec<_>>());
    let health = served.ask("/api/v1/health?component=train");
    assert_eq!((&health["is_well"], &health["problems"][0]["kind"]), (&json!(false), &json!("late")));
    assert_eq!(health["components"][0]["every_ms"], 86_400_000.0);
    assert_eq!(served.get("/api/v1/health?component=nobody").status, StatusCode::NOT_FOUND);
    let timing = served.ask("/api/v1/timing?artifact=m");
    assert_eq!((&timing["span_ms"], timing["critical_path"].as_array().unwrap().len()), (&json!(600_000.0), 1));
    assert!(served.get("/health").text.contains("usually begins every 24 h 0 min"));
    assert_eq!(served.get("/go?q=health+train").header("location"), "/health?component=train");
}

#[test]
fn the_page_of_a_run_shows_what_was_measured_and_checked() {
    let page = served().get("/run?run=latest").text;
    let links = "/compare?runs=0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a01%2C0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a02";
    for part in [
        "<h2>Measured</h2>",
        "<td>0.8</td>",
        "<h2>Checked</h2>",
        "failed",
        "failed (warning)",
        "7 &lt;nulls&gt;",
        links,
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
}
