//! What is written through the API: runs from any language, verdicts, notes, components.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use mltrace_core::ingest;
use serde_json::json;

use crate::client::Served;

#[test]
fn a_run_from_any_language_is_recorded_once() {
    let served = Served::new();
    let line = json!({ "id": "0195e2a1-0000-7000-8000-000000000001", "component": "clean",
        "ended_at": "2021-05-01T00:00:00Z", "inputs": ["raw.csv"], "outputs": ["clean.csv"], "params": { "month": 5 } });
    let first = served.record(std::slice::from_ref(&line));
    assert_eq!((first.status, &first.json()["stored"]), (StatusCode::OK, &json!(1)));
    let again = served.record(std::slice::from_ref(&line));
    assert_eq!((again.status, &again.json()["known"]), (StatusCode::OK, &json!(1)));
    assert_eq!(served.ask("/api/v1/recent")["runs"].as_array().unwrap().len(), 1);
    let mut other = line.clone();
    other["component"] = json!("train");
    let conflict = served.record(&[other]);
    assert_eq!(conflict.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(conflict.json()["errors"][0]["message"].as_str().unwrap().contains("another component"));
}

#[test]
fn a_run_may_be_told_when_it_begins_and_when_it_ends() {
    let served = Served::new();
    let id = "0195e2a1-0000-7000-8000-000000000002";
    let begun = json!({ "id": id, "component": "train", "started_at": "2021-05-01T00:00:00Z", "inputs": ["a"] });
    assert_eq!(served.record(&[begun]).status, StatusCode::OK);
    assert_eq!(served.ask(&format!("/api/v1/inspect?run={id}"))["status"], "running");
    let ended = json!({ "id": id, "component": "train", "started_at": "2021-05-01T00:00:00Z",
        "ended_at": "2021-05-01T01:00:00Z", "inputs": ["a"], "outputs": ["m"] });
    assert_eq!(served.record(&[ended]).status, StatusCode::OK);
    let run = served.ask(&format!("/api/v1/inspect?run={id}"));
    assert_eq!((&run["status"], &run["outputs"][0]["name"]), (&json!("completed"), &json!("m")));
}

#[test]
fn a_body_is_an_object_a_list_or_lines() {
    let served = Served::new();
    let line = |name: &str| json!({ "component": name, "ended_at": "2021-05-01T00:00:00Z" });
    let pretty = serde_json::to_string_pretty(&line("a")).unwrap();
    for (body, count) in [
        (pretty.clone(), 1),
        (json!([line("a"), line("b")]).to_string(), 2),
        (format!("{}\n\n{}\r\n", line("a"), line("c")), 2),
        (String::new(), 0),
    ] {
        let asked =
            Served::request(Method::POST, "/api/v1/runs").header("content-type", "application/json; charset=utf-8");
        let told = served.send(asked.body(Body::from(body)).unwrap()).json();
        assert_eq!(told["stored"].as_u64().unwrap() + told["known"].as_u64().unwrap(), count, "{told}");
    }
    assert_eq!(served.ask("/api/v1/recent")["runs"].as_array().unwrap().len(), 3);
}

#[test]
fn wrong_lines_are_told_and_the_rest_lands() {
    let served = Served::new();
    let answer = served.record(&[
        json!({ "component": "a" }),
        json!({ "compnent": "b" }),
        json!([]),
        json!({ "component": "c" }),
    ]);
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = answer.json();
    assert_eq!(
        (&told["stored"], &told["errors"][0]["line"], &told["errors"][1]["line"]),
        (&json!(2), &json!(2), &json!(3))
    );
}

#[test]
fn a_line_with_more_facts_than_one_request_may_hold_is_refused_and_the_rest_lands() {
    let served = Served::new();
    let inputs = |count: usize| (0..count).map(|n| format!("i{n}")).collect::<Vec<_>>();
    let long = json!({ "component": "a", "inputs": inputs(mltrace_core::ingest::MOST_FACTS), "params": { "p": 1 } });
    let answer = served.record(&[long, json!({ "component": "b", "inputs": inputs(10) })]);
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let told = answer.json();
    assert_eq!((&told["stored"], &told["errors"][0]["line"]), (&json!(1), &json!(1)));
    let message = told["errors"][0]["message"].as_str().unwrap();
    assert!(
        message.contains("50001 inputs, outputs, parameters, notes, metrics and checks; the limit is 50000"),
        "{message}"
    );
}

#[test]
fn verdicts_are_given_and_taken_back() {
    let served = Served::with(&[
        json!({ "component": "predict", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["p1"] }),
        json!({ "component": "predict", "ended_at": "2021-05-02T00:00:00Z", "outputs": ["p2"] }),
    ]);
    let review = served.post("/api/v1/flag", &json!({ "artifacts": ["p1"], "reason": "all zero" }));
    assert_eq!(review.status, StatusCode::OK);
    let flagged = &review.json()["flagged"][0];
    assert_eq!(
        (&flagged["name"], &flagged["reason"], &flagged["by"]),
        (&json!("p1"), &json!("all zero"), &json!("ada"))
    );
    assert_eq!(served.post("/api/v1/flag", &json!({ "artifacts": ["p2"], "ok": true })).json()["ok"][0]["name"], "p2");
    assert_eq!(served.post("/api/v1/flag", &json!({ "artifacts": ["p1", "unknown"] })).status, StatusCode::NOT_FOUND);
    assert_eq!(served.post("/api/v1/unflag", &json!({ "artifacts": ["p1"] })).json()["flagged"], json!([]));
    assert_eq!(served.post("/api/v1/unflag", &json!({ "all": true })).json()["ok"], json!([]));
    for wrong in [json!({}), json!({ "all": true, "artifacts": ["p1"] })] {
        assert_eq!(served.post("/api/v1/unflag", &wrong).status, StatusCode::BAD_REQUEST);
    }
}

#[test]
fn many_versions_are_judged_at_once() {
    let run = |id: &str, outputs: &[&str], rows: u32| {
        json!({ "id": format!("0195e2a1-0000-7000-8000-0000000000{id}"), "component": "predict",
            "ended_at": format!("2021-05-{id}T00:00:00Z"), "outputs": outputs, "params": { "rows": rows } })
    };
    let served = Served::with(&[run("01", &["a/1", "a/2"], 9), run("02", &["b/1"], 90), run("03", &["c"], 91)]);
    let names = |verdict: &str, answer: &serde_json::Value| {
        let judged = answer[verdict].as_array().unwrap().iter();
        judged.map(|label| label["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("flagged", &served.post("/api/v1/flag", &json!({ "artifacts": ["?/1"] })).json()), ["a/1", "b/1"]);
    let more = json!({ "runs": ["0195e2a1-0000-7000-8000-000000000001"], "reason": "all of it" });
    assert_eq!(names("flagged", &served.post("/api/v1/flag", &more).json()).len(), 3);
    let fine = json!({ "where": ["param.rows>=90", "since=2021-05-03", "component=predict"], "ok": true });
    assert_eq!(names("ok", &served.post("/api/v1/flag", &fine).json()), ["c"]);
    let left = served.post("/api/v1/unflag", &json!({ "where": ["param.rows>=90"] })).json();
    assert_eq!((names("flagged", &left).len(), names("ok", &left).len()), (2, 0));
    for (wrong, status) in [
        (json!({ "artifacts": [] }), StatusCode::BAD_REQUEST),
        (json!({ "where": ["rows=3"] }), StatusCode::BAD_REQUEST),
        (json!({ "where": ["host=x"] }), StatusCode::NOT_FOUND),
        (json!({ "artifacts": ["z*"] }), StatusCode::NOT_FOUND),
    ] {
        assert_eq!(served.post("/api/v1/flag", &wrong).status, status, "{wrong}");
    }
    let page = served.get("/run?run=0195e2a1-0000-7000-8000-000000000001").text;
    let form = page.split("<form").find(|form| form.contains("Flag all as bad")).unwrap();
    assert!(form.contains("name=\"run\""), "{form}");
    let fields = [("run", "0195e2a1-0000-7000-8000-000000000001"), ("verdict", "ok"), ("back", "/review")];
    assert_eq!(served.submit("/flag", &fields).status, StatusCode::SEE_OTHER);
    assert_eq!(names("ok", &served.ask("/api/v1/review")), ["a/1", "a/2"]);
}

#[test]
fn what_is_said_now_counts_after_what_is_dated_ahead() {
    let served =
        Served::with(&[json!({ "component": "predict", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["p1"] })]);
    let end = "9999-12-31T23:59:59.999999Z";
    let label = |id: &str, name: &str, at: &str| json!({"type": "label", "id": id, "name": name, "version": "v:1", "verdict": "ok", "at": at});
    let component = json!({ "type": "component", "name": "predict", "owner": "zoe", "at": end });
    let ahead = [
        label("0195e2a1-0000-7000-8000-000000000001", "p1", "9999-12-31T23:59:59Z"),
        label("ffffffff-ffff-ffff-ffff-ffffffffffff", "p2", end),
        component,
    ];
    let refused = served.record(&ahead);
    assert_eq!((refused.status, &refused.json()["wrong"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(3)));
    // A store in which an earlier version put them.
    let root = served.folder().join("..").canonicalize().unwrap();
    let home = mltrace_core::config::Home::find(&root, None, &mltrace_core::config::Environment::default());
    let text: String = ahead.iter().map(|line| format!("{line}\n")).collect();
    let mut store = mltrace_core::store::open(&home, mltrace_core::store::Mode::Write).unwrap();
    let options =
        mltrace_core::ingest::ImportOptions { allows_future: true, ..mltrace_core::ingest::ImportOptions::default() };
    mltrace_core::ingest::import_with(&home, store.as_mut(), &mut text.as_bytes(), options, &mut |_| {}).unwrap();

    let flag = |name: &str| served.post("/api/v1/flag", &json!({ "artifacts": [name] }));
    assert_eq!(flag("p1@v:1").json()["flagged"][0]["name"], "p1");
    assert_eq!(served.post("/api/v1/unflag", &json!({ "artifacts": ["p1@v:1"] })).json()["flagged"], json!([]));
    // Nothing is later than the end of the calendar, and no id larger than the largest.
    let outdone = flag("p2@v:1");
    assert_eq!(outdone.status, StatusCode::CONFLICT);
    assert!(outdone.json()["error"]["message"].as_str().unwrap().contains("does not count"), "{}", outdone.json());
    let outdone = served.post("/api/v1/component", &json!({ "name": "predict", "owner": "ann" }));
    assert_eq!(outdone.status, StatusCode::CONFLICT);
}

#[test]
fn notes_and_components_are_amended() {
    let served = Served::with(&[json!({ "component": "train", "ended_at": "2021-05-01T00:00:00Z" })]);
    let run = served.post("/api/v1/note", &json!({ "run": "latest", "text": "looked at it" })).json();
    assert_eq!((&run["notes"][0]["text"], &run["notes"][0]["by"]), (&json!("looked at it"), &json!("ada")));
    assert_eq!(served.post("/api/v1/note", &json!({ "run": "latest", "text": "  " })).status, StatusCode::BAD_REQUEST);
    let component = served.post("/api/v1/component", &json!({ "name": "train", "owner": "shreya", "tags": ["fares"] }));
    assert_eq!((&component.json()["owner"], &component.json()["tags"]), (&json!("shreya"), &json!(["fares"])));
    let component = served.post("/api/v1/component", &json!({ "name": "train", "untag": ["fares"] })).json();
    assert_eq!((&component["owner"], &component["tags"]), (&json!("shreya"), &json!([])));
    // What the command refuses is refused here too.
    for wrong in
        [json!({ "owner": " " }), json!({ "tags": [""] }), json!({ "name": "" }), json!({ "stale_after_s": -1 })]
    {
        let mut told = json!({ "name": "train" });
        told.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(served.post("/api/v1/component", &told).status, StatusCode::BAD_REQUEST, "{told}");
    }
}

#[test]
fn runs_are_kept_in_the_journal_while_the_store_is_away() {
    let served = Served::with(&[json!({ "component": "before", "ended_at": "2021-05-01T00:00:00Z" })]);
    let (store, aside) = (served.folder().join("mltrace.db"), served.folder().join("aside.db"));
    // What the store wrote last is in the file beside it, and moves with it.
    let log = |path: &std::path::Path| path.with_extension("db-wal");
    std::fs::rename(&store, &aside).unwrap();
    std::fs::rename(log(&store), log(&aside)).unwrap();
    std::fs::create_dir(&store).unwrap();

    let away = served.get("/api/v1/recent");
    assert_eq!((away.status, away.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert_eq!(served.get("/").status, StatusCode::SERVICE_UNAVAILABLE);
    let begun = json!({ "component": "during", "started_at": "2021-05-02T00:00:00Z", "id": "0195e2a1-0000-7000-8000-000000000003" });
    let ended = json!({ "component": "during", "ended_at": "2021-05-02T00:00:00Z", "outputs": ["x"] });
    let kept = served.record(&[begun, ended, json!({ "wrong": 1 })]);
    assert_eq!((kept.status, &kept.json()["journaled"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(2)));
    let kept = served.record(&[json!({ "component": "later", "ended_at": "2021-05-03T00:00:00Z" })]);
    assert_eq!((kept.status, &kept.json()["journaled"]), (StatusCode::ACCEPTED, &json!(1)));

    std::fs::remove_dir(&store).unwrap();
    std::fs::rename(&aside, &store).unwrap();
    std::fs::rename(log(&aside), log(&store)).unwrap();
    ingest::open_folded(&served.home, &|_| {}).unwrap();
    let runs = served.ask("/api/v1/recent")["runs"].as_array().unwrap().clone();
    let told: Vec<_> = runs.iter().map(|run| format!("{} {}", run["component"], run["status"])).collect();
    let expected =
        ["\"later\" \"completed\"", "\"during\" \"running\"", "\"during\" \"completed\"", "\"before\" \"completed\""];
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(expected.iter().all(|run| told.iter().any(|other| other == run)), "{told:?}");
    // What was sent again while the journal waited is the same run.
    assert_eq!(
        served.record(&[json!({ "component": "later", "ended_at": "2021-05-03T00:00:00Z" })]).json()["known"],
        1
    );
}
