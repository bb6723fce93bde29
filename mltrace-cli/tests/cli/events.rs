//! `mltrace import openlineage`: events of other tools become runs.

use crate::env::TestEnv;

/// What Airflow reports of a task that reads a file and writes another one.
fn events(run: u32, kind: &str, output: &str) -> String {
    let side = |name: &str| format!(r#"[{{"namespace":"file","name":"{name}"}}]"#);
    let minute = if kind == "START" { 0 } else { 5 };
    format!(
        r#"{{"eventType":"{kind}","eventTime":"2026-01-31T10:{minute:02}:00Z","producer":"https://example.test/try","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json","run":{{"runId":"0195e2a1-7c1e-7d30-9a52-{run:012}"}},"job":{{"namespace":"airflow","name":"rides.clean"}},"inputs":{},"outputs":{}}}"#,
        side("/data/raw.csv"),
        if kind == "START" { "[]".to_owned() } else { side(output) },
    ) + "\n"
}

#[test]
fn events_become_runs_from_a_file_a_folder_and_stdin() {
    let env = TestEnv::new();
    let output = env.project().canonicalize().unwrap().join("clean.csv");
    let output = output.to_str().unwrap();
    env.write("log/b.ndjson", &events(1, "START", output));
    env.write("log/a.ndjson", &events(1, "COMPLETE", output));
    env.write("log/.hidden", "no event");
    assert_eq!(env.done(&["import", "openlineage", "log"]), "2 lines: 2 stored, 0 known already\n");
    let answer = env.call_with_input(&["import", "openlineage", "-"], &events(1, "START", output));
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "1 line: 0 stored, 1 known already\n"));
    let trace = env.json(&["trace", "clean.csv"]);
    assert_eq!(trace["runs"][0]["component"], "airflow/rides.clean");
    assert_eq!(trace["runs"][0]["duration_ms"], 300_000.0);
    // What anybody exports is reported elsewhere without the events.
    let other = TestEnv::new();
    let exported = env.done(&["export"]);
    assert_eq!(other.call_with_input(&["import", "-"], &exported).code, 0);
    assert_eq!(other.json(&["recent"])["runs"][0]["status"], "completed");
}

#[test]
fn a_parent_of_which_nothing_was_sent_is_said_to_be_not_recorded() {
    let env = TestEnv::new();
    let parent = r#""facets":{"parent":{"run":{"runId":"0195e2a1-7c1e-7d30-9a52-000000000009"},"job":{"namespace":"airflow","name":"rides"}}},"runId""#;
    let event = events(1, "COMPLETE", "/data/a").replace("\"runId\"", parent);
    assert_eq!(env.call_with_input(&["import", "openlineage", "-"], &event).code, 0);
    let row = "  parent       0195e2a1-7c1e-7d30-9a52-000000000009";
    assert!(env.done(&["inspect", "latest"]).contains(&format!("{row} (not recorded)\n")));
    let event = events(9, "COMPLETE", "/data/b");
    assert_eq!(env.call_with_input(&["import", "openlineage", "-"], &event).code, 0);
    assert!(env.done(&["inspect", "0195e2a1-7c1e-7d30-9a52-000000000001"]).contains(&format!("{row}\n")));
}

#[test]
fn what_a_job_alone_declares_was_never_run() {
    let env = TestEnv::new();
    let event = r#"{"eventTime":"2026-01-31T10:00:00Z","producer":"https://example.test","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json","job":{"namespace":"airflow","name":"rides.clean"},"outputs":[{"namespace":"s3://b","name":"out"}]}"#;
    assert_eq!(env.call_with_input(&["import", "openlineage", "-"], event).code, 0);
    let said = "`s3://b/out` was declared, never run: an output of airflow/rides.clean\n";
    assert_eq!(env.done(&["trace", "s3://b/out"]), said);
}

#[test]
fn an_event_that_can_never_be_read_is_told_by_its_file_and_line() {
    let env = TestEnv::new();
    env.write("log/a.ndjson", &(events(1, "COMPLETE", "/data/a") + "{\"eventType\": 3}\n"));
    env.write("log/b.ndjson", &events(2, "COMPLETE", "/data/b"));
    let answer = env.call(&["import", "openlineage", "log"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (1, "3 lines: 2 stored, 0 known already, 1 wrong\n"));
    assert_eq!(answer.stderr, "error: log/a.ndjson, line 2: `producer` is missing\n");
    let answer = env.call(&["import", "openlineage", "log/a.ndjson"]);
    assert_eq!(answer.stderr, "error: line 2: `producer` is missing\n");
    assert_eq!(env.call(&["import", "openlineage", "nowhere"]).code, 1);
    assert_ne!(env.call(&["import"]).code, 0);
}
