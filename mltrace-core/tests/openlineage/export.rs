//! What is exported as events: what stands in them, and what they say elsewhere. Whether the specification takes them, a test
//! of the command tries.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::project::{More as _, Project, event, id};

/// The switch that lets a test write its file anew.
const UPDATE: &str = "MLTRACE_UPDATE_GOLDEN";

fn content(digit: &str) -> String {
    format!("b3:{}", digit.repeat(64))
}

/// Runs of every ending, with all that can be said of one.
fn lines() -> Vec<Value> {
    let at = |minute: u32| format!("2026-01-31T10:{minute:02}:00Z");
    let source = "fn clean() {}";
    let clean = json!({
        "id": id(1), "component": "clean", "started_at": at(0), "ended_at": at(5), "duration_ms": 299_000.5,
        "host": "forge", "user": "ada", "parent": id(3),
        "inputs": [{"name": "data/raw.csv", "version": content("1"), "size": 900, "argument": "raw", "n": 0},
                   {"name": "s3://lake//rides", "version": "v:7", "n": 1}, {"name": "warehouse:rides", "n": 2},
                   {"name": "big.bin", "version": "stat:9-1-2", "n": 3}],
        "outputs": [{"name": "data/clean.csv", "version": content("2"), "size": 700, "n": 4, "at": at(4)},
                    {"name": "shares", "kind": "model", "version": content("3"), "n": 5},
                    {"name": "report.html", "mark": "missing", "n": 6}],
        "params": {"rows": 900, "rate": "3.10", "cities": ["nyc", "sf"]},
        "git": {"commit": "1f2e3d", "branch": "main", "tags": ["v1"], "dirty": true, "remote": "git@example.test:taxi/taxi.git"},
        "code": {"file": "src/clean.rs", "line": 3, "hash": "2".repeat(64), "source": source, "is_in_work_tree": false},
        "owner": "ada", "description": "Drops rides without a fare", "tags": ["nightly"], "stale_after_s": 60,
        "notes": [{"id": "0195e2a1-7c1e-7d30-9a52-0000000000aa", "text": "slow", "at": at(9), "by": "bob"}],
        "metrics": [{"name": "rmse", "value": 0.64, "at": at(4)}, {"name": "rows", "value": 650, "about": "data/clean.csv", "at": at(4)}],
        "checks": [{"name": "no nulls", "outcome": "failed", "severity": "warn", "message": "3 of 650", "about": "data/clean.csv", "at": at(4)},
                   {"name": "drift", "outcome": "errored", "at": at(4)}],
        "subjects": ["s:0123456789abcdef0123456789abcdef"],
    });
    vec![
        json!({"id": id(3), "component": "nightly", "started_at": at(0), "ended_at": at(20)}),
        clean,
        json!({"id": id(4), "component": "train", "started_at": at(10), "ended_at": at(12), "status": "failed",
               "error": "no convergence", "inputs": ["data/clean.csv"], "outputs": ["model.json"]}),
        json!({"id": id(5), "component": "train", "started_at": at(13), "status": "died", "inputs": ["data/clean.csv"]}),
        json!({"id": id(6), "component": "train", "ended_at": at(15), "status": "cancelled"}),
        json!({"id": id(7), "component": "serve", "started_at": at(16), "status": "running", "inputs": ["shares"],
               "outputs": [{"name": "https://api.example.test/v1", "at": at(17)}]}),
        json!({"type": "component", "name": "train", "owner": "bob", "description": "Fits", "tags": ["gpu"],
               "stale_after_s": 3600, "at": at(1)}),
    ]
}

fn told() -> Project {
    let mut project = Project::new();
    project.import_lines(&lines());
    project
}

/// Returns all answers about runs and versions, without when processes were last heard of.
fn answers(project: &mut Project) -> Vec<Value> {
    let mut answers = project.export();
    for run in &mut answers {
        run.as_object_mut().unwrap().remove("last_seen");
    }
    let names = ["data/raw.csv", "data/clean.csv", "shares", "warehouse:rides", "s3://lake//rides", "big.bin"];
    answers.extend(names.map(|name| {
        let mut trace = project.trace(name);
        let runs = trace["runs"].as_array_mut().unwrap();
        runs.iter_mut().for_each(|run| drop(run.as_object_mut().unwrap().remove("last_seen")));
        trace
    }));
    let impact = |name| mltrace_core::query::ImpactOf::Artifact(name);
    answers.extend(["data/raw.csv", "data/clean.csv"].map(|name| {
        let impact = project.reader().impact(&impact(name)).unwrap();
        let runs: Vec<_> = impact.runs.iter().map(|run| (run.run.id, run.depth)).collect();
        json!([runs, impact.artifacts])
    }));
    answers
}

fn imported(events: &[Value]) -> Project {
    let mut other = Project::new();
    assert_eq!(other.import(events).errors, []);
    other
}

#[test]
fn what_is_exported_gives_the_same_answers_elsewhere() {
    let mut project = told();
    let expected = answers(&mut project);
    let events = project.export_events();
    assert_eq!(events.len(), 2 * 6 + 2);
    let mut backwards = events.clone();
    backwards.reverse();
    for events in [&events, &backwards] {
        let mut other = imported(events);
        for (answer, expected) in answers(&mut other).iter().zip(&expected) {
            assert_eq!(answer, expected);
        }
    }
    // One event after the other: what a run is built from may come at any time.
    let mut other = Project::told(&events);
    assert_eq!(answers(&mut other), expected);
    // A person's remark lands on a run that is built from events on another host.
    let mut more = project.run("clean");
    more["notes"] = json!([{"text": "seen", "at": "2026-02-01T00:00:00Z"}]);
    other.import_lines(&[
        json!({"id": id(1), "component": "clean", "started_at": more["started_at"], "notes": more["notes"]}),
    ]);
    assert_eq!(other.run("clean")["notes"].as_array().unwrap().len(), 2);
}

#[test]
fn in_another_project_files_are_those_of_their_own_folder() {
    let mut project = told();
    let events = project.export_events();
    let mut other = Project::new();
    other.home.project = "other".to_owned();
    assert_eq!(other.import(&events).errors, []);
    let clean = other.run("taxi/clean");
    let raw = project.root().join("data/raw.csv");
    assert_eq!(clean["inputs"][0]["name"], raw.to_str().unwrap());
    assert_eq!(clean["checks"][1]["about"], project.root().join("data/clean.csv").to_str().unwrap());
    assert_eq!(clean["outputs"][2]["name"], project.root().join("report.html").to_str().unwrap());
    assert_eq!(clean["outputs"][1]["name"], project.root().join("shares").to_str().unwrap());
}

#[test]
fn what_another_tool_sent_comes_back_as_it_came() {
    let sent = [
        event("START", "10:00:00", 1, "clean")
            .reads("postgres://db:5432", "shop.public.rides")
            .of_run("spark_x", json!({"a": [1.50]})),
        event("COMPLETE", "10:05:00", 1, "clean")
            .writes("duckdb:///data/shop.duckdb", "main.rides")
            .writes("file", "/data//x.csv"),
        json!({"eventTime": crate::project::time("11:00:00"), "producer": "https://example.test/try", "schemaURL": "x",
               "dataset": {"namespace": "hive", "name": "db.rides"}}),
    ];
    let mut project = Project::told(&sent);
    let events = project.export_events();
    assert_eq!(events.len(), 3);
    sent.iter().for_each(|event| assert!(events.contains(event), "{event}"));
    assert_eq!(imported(&events).export(), project.export());
}

#[test]
fn events_stay_what_they_are() {
    let mut project = told();
    let events = project.export_events();
    let root = project.root().to_str().unwrap().to_owned();
    let text: String = events.iter().map(|event| format!("{event}\n")).collect();
    let text = text.replace(&root, "/project");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/openlineage/exported.ndjson");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    for (line, kept) in text.lines().zip(kept.lines()) {
        assert_eq!(line, kept, "look at the difference, then set {UPDATE}");
    }
    assert_eq!(text.lines().count(), kept.lines().count());
}
