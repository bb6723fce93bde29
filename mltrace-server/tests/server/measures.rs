//! What was measured, checked and observed, asked of a server as of the command.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

/// A run of `serve` or `train` on a day of May.
fn run(day: u32, component: &str, told: Value) -> Value {
    let at = |minute: u32| format!("2021-05-0{day}T12:{minute:02}:00Z");
    let mut line = json!({"id": format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a0{day}"), "component": component,
        "started_at": at(0), "ended_at": at(5)});
    if let (Value::Object(line), Value::Object(told)) = (&mut line, told) {
        line.extend(told);
    }
    line
}

fn served() -> Served {
    let zones = |jfk: u32, ewr: u32| {
        json!({"observations": [{"name": "zone", "count": jfk + ewr, "is_whole": true,
            "top": [{"value": "JFK", "count": jfk}, {"value": "EWR", "count": ewr}]}]})
    };
    let trained = |rmse: f64, outcome: &str| {
        json!({"metrics": [{"name": "rmse", "value": rmse}, {"name": "rows", "value": 9}],
            "checks": [{"name": "whole", "outcome": outcome}]})
    };
    Served::with(&[
        run(1, "serve", zones(90, 10)),
        run(2, "serve", zones(10, 90)),
        run(3, "train", trained(0.5, "passed")),
        run(4, "train", trained(0.75, "failed")),
    ])
}

#[test]
fn metrics_are_asked_for_by_component_name_time_and_run() {
    let served = served();
    let values = |path: &str| {
        let answer = served.ask(&format!("/api/v1/metrics?{path}"));
        let series = answer["metrics"].as_array().unwrap().clone();
        let of = |series: Value| {
            series["values"].as_array().unwrap().iter().map(|of| of["value"].clone()).collect::<Vec<_>>()
        };
        series.into_iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(values(""), [[json!(0.5), json!(0.75)], [json!(9), json!(9)]]);
    assert_eq!(values("component=train&name=rmse"), [[json!(0.5), json!(0.75)]]);
    assert_eq!(values("name=rmse&since=2021-05-04&until="), [[json!(0.75)]]);
    assert_eq!(values("name=rmse&until=2021-05-04"), [[json!(0.5)]]);
    assert_eq!(values("name=rmse&run=0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a03"), [[json!(0.5)]]);
    assert!(values("component=serve&run=0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a03").is_empty());
    assert_eq!(values("name=rmse&limit=1"), [[json!(0.75)]]);
    assert_eq!(served.get("/api/v1/metrics?component=nobody").status, StatusCode::NOT_FOUND);
}

#[test]
fn runs_are_found_by_what_holds_of_them() {
    let served = served();
    let days = |path: &str| {
        let answer = served.ask(path);
        answer["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["started_at"].to_string()[8..11].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(days("/api/v1/recent?where=metric.rmse%3E0.4"), ["-04", "-03"]);
    assert_eq!(days("/api/v1/recent?where=metric.rmse%3E0.4+%27check.whole=passed%27"), ["-03"]);
    assert_eq!(days("/api/v1/history?component=train&where=metric.rmse%3E0.6"), ["-04"]);
    assert_eq!(days("/api/v1/recent?limit=1&where=metric.rmse%3E0.4"), ["-04"]);
    let page = served.get("/runs?limit=1&where=metric.rmse%3E0.4").text;
    assert!(
        page.contains("value=\"metric.rmse&gt;0.4\"") && page.contains("/runs?q=metric.rmse%3E0.4&amp;limit=1"),
        "{page}"
    );
    assert!(page.contains("2 runs") && page.matches(" data-row>").count() == 1, "{page}");
    assert!(served.get("/runs?where=metric.rmse%3C0.4").text.contains("No run is like that."));
    let wrong = served.get("/runs?q=metric.rmse:high");
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text.contains("a metric is a number") && wrong.text.contains("value=\"metric.rmse:high\""));
    assert_eq!(served.get("/api/v1/recent?where=rmse%3E1").status, StatusCode::BAD_REQUEST);
    assert_eq!(served.get("/api/v1/recent?where=%27param.x=1").status, StatusCode::BAD_REQUEST);
}

#[test]
fn checks_are_asked_for_all_or_those_that_did_not_pass() {
    let served = served();
    let outcomes = |path: &str| {
        let answer = served.ask(&format!("/api/v1/checks?{path}"));
        answer["checks"].as_array().unwrap().iter().map(|of| of["outcome"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(""), ["failed", "passed"]);
    assert_eq!(outcomes("failed=true"), ["failed"]);
    assert_eq!(outcomes("failed=false&limit=1"), ["failed"]);
    assert_eq!(outcomes("failed=&until=2021-05-04"), ["passed"]);
    assert_eq!(served.get("/api/v1/checks?failed=maybe").status, StatusCode::BAD_REQUEST);
}

#[test]
fn observations_are_merged_and_compared_with_those_of_other_runs() {
    let served = served();
    let one = |path: &str| served.ask(&format!("/api/v1/observations?{path}"))["observations"][0].clone();
    let all = one("component=serve");
    assert_eq!((&all["now"]["runs"], &all["now"]["count"], &all["before"]), (&json!(2), &json!(200), &Value::Null));
    let times = one("name=zone&since=2021-05-02&before_until=2021-05-02");
    let runs = one("run=0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a02&before_run=0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a01");
    assert_eq!(times, runs);
    assert!(times["psi"].as_f64().unwrap() > 0.25 && times["before"]["top"][0]["value"] == "JFK", "{times}");
    assert_eq!(one("name=nothing"), Value::Null);
    for (wrong, status) in [("component=nobody", 404), ("run=0000", 404), ("limit=5", 400), ("since=whenever", 400)] {
        assert_eq!(served.get(&format!("/api/v1/observations?{wrong}")).status.as_u16(), status, "{wrong}");
    }
}

#[test]
fn a_history_and_the_page_of_a_component_show_what_was_measured() {
    let served = served();
    let history = served.ask("/api/v1/history?component=train");
    assert_eq!(history["metrics"], served.ask("/api/v1/metrics?component=train")["metrics"]);
    // The run that says whether there is a next page is not measured.
    let one = served.ask("/api/v1/history?component=train&limit=1");
    assert_eq!((one["runs"].as_array().unwrap().len(), one["next"].is_string()), (1, true));
    assert_eq!(one["metrics"][0]["values"].as_array().unwrap().len(), 1);
    assert!(served.ask("/api/v1/history?component=serve").get("metrics").is_none());
    let page = served.get("/component?name=train").text;
    assert!(page.contains("Its numbers") && page.contains("aria-label=\"rmse of 2 runs, 0 failed or died"), "{page}");
    assert!(!served.get("/component?name=serve").text.contains("Its numbers"));
}
