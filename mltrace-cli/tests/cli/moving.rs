//! `mltrace import` and `export`.

use crate::env::{MODEL, TestEnv};

const TAXI: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/taxi.ndjson");

#[test]
fn importing_twice_changes_nothing() {
    let env = TestEnv::new();
    assert_eq!(env.done(&["import", TAXI]), "7 lines: 7 stored, 0 known already\n");
    let before = env.json(&["trace", MODEL]);
    assert_eq!(env.done(&["import", TAXI]), "7 lines: 0 stored, 7 known already\n");
    assert_eq!(env.json(&["trace", MODEL]), before);
    assert_eq!(env.json(&["import", TAXI]), serde_json::json!({"lines": 7, "stored": 0, "known": 7, "errors": []}));
}

#[test]
fn wrong_lines_are_told_by_number_and_the_rest_lands() {
    let env = TestEnv::new();
    let lines = "{\"component\":\"a\",\"outputs\":[\"x\"],\"ended_at\":\"2021-01-01T00:00:00Z\"}\nno json\n\n{\"inputs\":[]}\n{\"component\":\"b\",\"outputs\":[\"y\"],\"ended_at\":\"2021-01-01T00:00:00Z\"}\n";
    let answer = env.call_with_input(&["import", "-"], lines);
    assert_eq!(answer.code, 1);
    insta::assert_snapshot!(answer.stdout, @r"5 lines: 2 stored, 0 known already, 2 wrong");
    insta::assert_snapshot!(answer.stderr, @r"
    error: line 2: it is not JSON: expected ident
    error: line 4: missing field `component`
    ");
    assert_eq!(env.json(&["recent"])["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let env = TestEnv::new();
    insta::assert_snapshot!(env.fails(1, &["import", "missing.ndjson"]), @r"error: `missing.ndjson` cannot be read: No such file or directory (os error 2)");
    env.fails(1, &["import", "."]);
    assert!(!env.project().join(".mltrace/mltrace.db").exists());
}

#[test]
fn an_export_imported_elsewhere_gives_the_same_answers() {
    let one = TestEnv::taxi();
    one.done(&["note", "latest", "the first one"]);
    one.done(&["component", "train", "--owner", "ada", "--description", "fits the model", "--tag", "slow"]);
    one.done(&["flag", MODEL, "--reason", "too low"]);
    let exported = one.done(&["export"]);
    let other = TestEnv::new();
    let answer = other.call_with_input(&["import", "-"], &exported);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    for arguments in [
        &["trace", MODEL][..],
        &["recent"],
        &["history", "cleaning"],
        &["components"],
        &["component", "train"],
        &["tags"],
        &["review"],
        &["inspect", "latest"],
    ] {
        assert_eq!(other.json(arguments), one.json(arguments), "{arguments:?}");
    }
    // A component's line tells when it was exported.
    let told = |env: &TestEnv| {
        let lines = env.done(&["export"]);
        lines.lines().filter(|line| !line.contains(r#""type":"component""#)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&other), told(&one));
    assert_eq!(other.call_with_input(&["import", "-"], &exported).code, 0);
}

#[test]
fn an_export_can_begin_late() {
    let env = TestEnv::taxi();
    let lines = env.done(&["export", "--since", "2021-05-01"]);
    assert_eq!(lines.lines().filter(|line| line.contains("\"started_at\"")).count(), 3, "{lines}");
    assert_eq!(TestEnv::new().done(&["export"]), "");
}
