//! What Prometheus receives: in both formats, in its own words, by its own tools.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::env::TestEnv;

/// Returns whether a tool is there, and says so where it is not.
pub(crate) fn is_there(tool: &str) -> bool {
    let is_there = ["/usr/bin", "/usr/local/bin"].iter().any(|folder| Path::new(folder).join(tool).exists());
    if !is_there {
        // Straight to the terminal: what a test that passes prints is not shown.
        let _ = writeln!(std::io::stderr(), "SKIPPED: `{tool}` is not there: `.ci/run` installs it");
    }
    is_there
}

/// Runs `promtool` with that text as its input, and returns what it says where something is wrong.
pub(crate) fn promtool(arguments: &[&str], folder: &Path, input: &str) -> Option<String> {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (!output.status.success() || (arguments[0] == "check" && arguments[1] == "metrics" && !told.is_empty()))
        .then_some(told)
}

/// Returns a pipeline in which something of each kind happened, with names that are hard to write.
pub(crate) fn pipeline() -> TestEnv {
    let lines = [
        json!({"component": "etl", "started_at": "2021-05-01T00:00:00Z", "ended_at": "2021-05-01T00:00:20Z", "outputs": ["rides"]}),
        json!({"component": "train", "started_at": "2021-05-02T00:00:00Z", "ended_at": "2021-05-02T00:40:00Z",
            "inputs": ["rides", "raw"], "outputs": ["model"],
            "metrics": [{"name": "auc", "value": 0.75}, {"name": "loss", "value": "inf"}, {"name": "unlisted", "value": 1}],
            "checks": [{"name": "whole", "outcome": "failed", "severity": "warn", "message": "rows are missing"}]}),
        json!({"component": "train", "started_at": "2021-05-03T00:00:00Z", "ended_at": "2021-05-03T00:00:01Z",
            "status": "failed", "error": "no space left"}),
        json!({"component": "a \"b\" \\ c\n\u{e9}\u{1b}{}", "started_at": "2021-05-01T00:00:00Z", "ended_at": "2021-05-01T00:00:00Z"}),
    ];
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    let env = TestEnv::with_lines(&lines);
    env.write("mltrace.toml", "[prometheus]\nmetrics = [\"auc\", \"loss\", \"nothing\"]\n");
    env.done(&["flag", "model"]);
    env
}

#[test]
fn what_is_told_has_base_units_and_no_label_that_grows() {
    let env = pipeline();
    let told = env.done(&["metrics", "--prometheus"]);
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        &*format!("mltrace_build_info{{version=\"{version}\"}} 1"),
        "# TYPE mltrace_runs_total counter",
        "mltrace_runs_total{component=\"train\",status=\"failed\"} 1",
        "mltrace_runs_total{component=\"train\",status=\"died\"} 0",
        "mltrace_running_runs{component=\"etl\"} 0.0",
        "mltrace_run_duration_seconds_bucket{component=\"train\",le=\"1800\"} 0",
        "mltrace_run_duration_seconds_bucket{component=\"train\",le=\"3600\"} 1",
        "mltrace_run_duration_seconds_bucket{component=\"train\",le=\"+Inf\"} 1",
        "mltrace_run_duration_seconds_sum{component=\"train\"} 2400.0",
        "mltrace_run_duration_seconds_count{component=\"etl\"} 1",
        "mltrace_last_start_timestamp_seconds{component=\"train\"} 1620000000.0",
        "mltrace_last_success_timestamp_seconds{component=\"train\"} 1619916000.0",
        "mltrace_last_run_stale{component=\"train\"} 0.0",
        "mltrace_flagged_outputs{component=\"train\"} 1.0",
        "mltrace_flagged_sources 0.0",
        "mltrace_checks_failed_total{component=\"train\",severity=\"warn\"} 1",
        "mltrace_checks_errored_total{component=\"train\",severity=\"error\"} 0",
        "mltrace_metric_value{component=\"train\",name=\"auc\"} 0.75",
        "mltrace_metric_value{component=\"train\",name=\"loss\"} +Inf",
        "mltrace_components{state=\"left_out\"} 0.0",
        "mltrace_journal_backlog_bytes 0.0",
        "mltrace_ingest_lag_seconds 0.0",
        "mltrace_records_lost_total 0",
    ] {
        assert!(told.lines().any(|other| other == line), "`{line}` is not among\n{told}");
    }
    for never in ["unlisted", "no space left", "rows are missing", "b3:", "w:", "rides", "whole"] {
        assert!(!told.contains(never), "`{never}`:\n{told}");
    }
    let run = env.json(&["recent"])["runs"][0]["id"].as_str().unwrap().to_owned();
    assert!(!told.contains(&run) && !told.contains(&run[..8]), "{told}");
    // The last run read nothing, so nothing is said of its age.
    assert!(!told.contains("mltrace_oldest_input_timestamp_seconds{component=\"train\"}"), "{told}");
}

#[test]
fn a_component_that_only_failed_has_no_last_success() {
    let line = json!({"component": "broken", "started_at": "2021-05-03T00:00:00Z", "ended_at": "2021-05-03T00:00:01Z",
        "status": "failed"});
    let told = TestEnv::with_lines(&[line.to_string()]).done(&["metrics", "--prometheus"]);
    assert!(told.contains("mltrace_last_start_timestamp_seconds{component=\"broken\"} 1620000000.0"), "{told}");
    assert!(!told.contains("mltrace_last_success_timestamp_seconds{"), "{told}");
}

#[test]
fn without_a_store_what_is_told_is_that_there_is_nothing() {
    let env = TestEnv::new();
    let told = env.done(&["metrics", "--prometheus"]);
    assert!(
        told.contains("mltrace_components{state=\"reported\"} 0.0\n") && told.contains("mltrace_build_info{"),
        "{told}"
    );
    assert!(env.fails(2, &["metrics", "--prometheus", "--format", "json"]).contains("a format of its own"));
    assert!(env.fails(2, &["metrics", "--prometheus", "train"]).contains("cannot be used with"));
}

#[test]
fn promtool_finds_nothing_wrong_with_what_is_told() {
    if !is_there("promtool") {
        return;
    }
    for env in [pipeline(), TestEnv::new()] {
        let told = env.done(&["metrics", "--prometheus"]);
        assert_eq!(promtool(&["check", "metrics"], &env.project(), &told), None, "{told}");
    }
}
