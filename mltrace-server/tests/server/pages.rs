//! The pages that somebody on call begins with: the overview, the runs, the outputs, the review.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::client::Served;

/// Returns `count` runs of `step`, one a minute, each writing `out`.
fn minutes(count: usize) -> Vec<Value> {
    let line = |minute: usize| {
        let at = format!("2021-05-02T{:02}:{:02}:00Z", minute / 60, minute % 60);
        json!({ "component": "step", "started_at": at, "ended_at": at, "outputs": ["out"], "tags": ["etl"] })
    };
    (0..count).map(line).collect()
}

#[test]
fn the_pages_of_runs_filter_and_lead_on() {
    let mut lines = minutes(60);
    lines.push(json!({ "component": "other", "owner": "ada", "ended_at": "2021-05-03T00:00:00Z" }));
    let served = Served::with(&lines);
    assert_eq!(served.get("/?owner=ada&status=").header("location"), "/runs?owner=ada&status=", "old links lead on");
    let page = served.get("/runs?owner=ada&component=&status=&since=&tag=").text;
    assert!(page.matches(" data-row>").count() == 1 && page.contains("other"), "{page}");
    assert!(page.contains("value=\"owner:ada\""), "the search says what it is");
    let oldest = served.ask("/api/v1/recent?limit=500")["runs"][60]["id"].as_str().unwrap().to_owned();
    for (path, is_live) in [
        ("/runs".to_owned(), true),
        ("/runs?component=other".to_owned(), true),
        (format!("/runs?before={oldest}"), false),
    ] {
        let path = path.as_str();
        assert_eq!(served.get(path).text.contains("data-live"), is_live, "{path}");
    }
    let kept = served.get("/runs?until=2021-05-02T12:00&limit=5").text;
    assert!(kept.contains("value=\"until:2021-05-02T12:00\"") && kept.matches(" data-row>").count() == 5, "{kept}");
    let page = served.get("/runs?tag=etl").text;
    let next = page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    assert!(next.starts_with("/runs?q=tag%3Aetl&before="), "{next}");
    let last = served.get(&next).text;
    assert_eq!((last.matches(" data-row>").count(), last.contains("rel=\"next\"")), (10, false));
}

/// Returns runs of today: some completed, two failed for one reason, one died, one is flagged.
fn busy() -> Served {
    let now = mltrace_core::model::Timestamp::now();
    let at = |hours: i64| now.plus_micros(-hours * 3_600_000_000);
    let run = |hours: i64, component: &str, status: &str, error: Option<&str>| {
        json!({ "component": component, "owner": "ada", "status": status, "error": error, "started_at": at(hours),
            "ended_at": at(hours).plus_micros(60_000_000), "outputs": [format!("s3://lake/curated/day={hours}/{component}.parquet")] })
    };
    let served = Served::with(&[
        run(30, "clean", "completed", None),
        run(5, "clean", "completed", None),
        run(4, "load", "failed", Some("SlowDown: request 17 was refused")),
        run(3, "load", "failed", Some("SlowDown: request 18 was refused")),
        run(2, "train", "completed", None),
        run(1, "serve", "failed", Some("Traceback (most recent call last):\n  File \"s.py\"\nKeyError: 'fare'")),
    ]);
    served.post("/api/v1/flag", &json!({ "artifacts": ["s3://lake/curated/day=2/train.parquet"] }));
    served
}

#[test]
fn the_overview_says_what_is_to_do_and_leads_there() {
    let served = busy();
    let found = served.ask("/api/v1/overview");
    assert_eq!((&found["failed"], &found["running"], &found["flagged"]), (&json!(3), &json!(0), &json!(1)));
    let days = found["days"].as_array().unwrap();
    let counted = days.iter().flat_map(|day| day["runs"].as_object().unwrap().values()).filter_map(Value::as_u64);
    assert_eq!((days.len(), counted.sum::<u64>()), (14, 6));
    let failures: Vec<_> = found["failures"].as_array().unwrap().iter().map(|of| (&of["error"], &of["runs"])).collect();
    assert_eq!(
        failures,
        [(&json!("KeyError: 'fare'"), &json!(1)), (&json!("SlowDown: request 18 was refused"), &json!(2))]
    );
    // What is not well comes first, then what began last.
    let names: Vec<_> =
        found["components"].as_array().unwrap().iter().map(|of| (&of["component"], &of["wrong"])).collect();
    assert_eq!(names[0], (&json!("serve"), &json!("failing")));
    assert_eq!((names[1].0, names[2], names.len()), (&json!("load"), (&json!("train"), &Value::Null), 4));
    let page = served.get("/").text;
    let to = page.split("href=\"").find(|part| part.contains("SlowDown")).unwrap().split('"').next().unwrap();
    let runs = served.get(&to.replace("&amp;", "&")).text;
    assert!(runs.contains("2 runs") && runs.contains("SlowDown: request 18 was refused"), "{to}: {runs}");
    assert!(page.contains("Review <span class=\"count\">1"), "{page}");
}

#[test]
fn one_search_finds_runs_by_everything() {
    let served = busy();
    for (search, count) in [
        ("", 6),
        ("status:failed", 3),
        ("status:failed,completed", 6),
        ("component:load", 2),
        ("owner:ada error:slowdown", 2),
        ("error!=slowdown", 4),
        ("output:day=5/", 1),
        ("since:6h until:90m", 4),
        ("train", 1),
        ("KeyError", 1),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(search.as_bytes()).collect();
        let page = served.get(&format!("/runs?q={query}"));
        assert_eq!((page.status, page.text.matches(" data-row>").count()), (StatusCode::OK, count), "{search}");
    }
}

#[test]
fn ticked_runs_are_judged_together_and_nobody_is_led_away() {
    let served = busy();
    let runs = served.ask("/api/v1/recent?component=clean")["runs"].clone();
    let ids: Vec<String> = runs.as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap().to_owned()).collect();
    let boxes: Vec<String> = ids.iter().map(|id| format!("run-{id}")).collect();
    let mut told = vec![("verdict", "flagged"), ("back", "/runs?q=clean"), ("shown", "")];
    told.extend(boxes.iter().map(|name| (name.as_str(), "on")));
    assert_eq!(served.submit("/judge", &told).header("location"), "/runs?q=clean");
    assert_eq!(served.ask("/api/v1/review")["flagged"].as_array().unwrap().len(), 3);
    // Without scripts one box stands for all that are shown.
    let shown = ids.join(",");
    served.submit("/judge", &[("verdict", "none"), ("all", "1"), ("shown", &shown), ("back", "/runs")]);
    assert_eq!(served.ask("/api/v1/review")["flagged"].as_array().unwrap().len(), 1);
    assert_eq!(served.submit("/judge", &[("verdict", "ok"), ("back", "/")]).status, StatusCode::BAD_REQUEST);
    let compared = served.get(&format!("/judge?shown=&run-{}=on&run-{}=on", ids[0], ids[1]));
    assert!(compared.header("location").starts_with("/compare?runs="), "{}", compared.header("location"));
}

#[test]
fn a_theme_is_chosen_without_a_script() {
    let served = Served::new();
    assert_eq!(served.get("/assets/theme.css").text, "");
    let chosen = served.submit("/theme", &[("theme", "dark")]);
    assert_eq!((chosen.status, chosen.header("location")), (StatusCode::SEE_OTHER, "/"));
    let cookie = chosen.header("set-cookie").split(';').next().unwrap().to_owned();
    let asked = Served::request(axum::http::Method::GET, "/assets/theme.css").header("cookie", cookie);
    assert!(served.send(asked.body(axum::body::Body::empty()).unwrap()).text.contains("color-scheme: dark"));
    assert_eq!(served.submit("/theme", &[("theme", "pink")]).status, StatusCode::BAD_REQUEST);
}
