//! The exporters of OpenTelemetry for Python report to a running server: over HTTP and over gRPC, packed or not.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::env::TestEnv;
use crate::serve::Serving;

/// Returns the interpreter that has the exporters, where `.ci/run` puts it.
fn python() -> Option<PathBuf> {
    let python = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/opentelemetry/bin/python");
    if !python.exists() {
        // Straight to the terminal: what a test that passes prints is not shown.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: the exporters of OpenTelemetry are not there: `.ci/run` installs them"
        );
        return None;
    }
    Some(python)
}

/// Runs a script with these arguments; returns whether it came to its end, and what it printed.
fn run(env: &TestEnv, script: &str, arguments: &[&str]) -> Option<(bool, String)> {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/opentelemetry").join(script);
    let mut command = Command::new(python()?);
    command.arg(script).args(arguments).current_dir(env.project()).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = command.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&printed).into_owned()))
}

const PROTOCOLS: [&str; 4] = ["http", "gzip", "grpc", "grpc-gzip"];

#[test]
fn the_exporters_report_over_each_protocol() {
    let env = TestEnv::new();
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    let url = serving.told["url"].as_str().unwrap();
    for protocol in PROTOCOLS {
        let Some((is_done, printed)) = run(&env, "client.py", &[protocol, url]) else { return };
        assert!(is_done && printed.is_empty(), "{protocol}: {printed}");
    }
    env.done(&["ingest"]);
    for protocol in PROTOCOLS {
        let runs = env.json(&["history", &format!("{protocol}/train")]);
        let [train] = runs["runs"].as_array().unwrap().as_slice() else { panic!("{protocol}: {runs}") };
        assert_eq!((&train["status"], &train["error"]), (&"failed".into(), &"no convergence".into()), "{protocol}");
        assert_eq!((&train["params"]["lr"], &train["git"]["commit"]), (&0.5.into(), &"9d59409".into()), "{train}");
        let around = env.json(&["history", &format!("{protocol}/pipeline")]);
        assert_eq!(train["parent"], around["runs"][0]["id"], "{protocol}");
        let trace = env.json(&["trace", &format!("s3://lake/{protocol}/clean.csv")]);
        assert_eq!(trace["runs"][0]["component"], format!("{protocol}/clean"));
    }
    assert_eq!(env.json(&["components"])["components"].as_array().unwrap().len(), 12, "others are dropped");
}

#[test]
fn the_published_messages_are_those_of_the_server_and_the_token_is_asked_for() {
    const TOKEN: &str = "correct-horse-battery-staple";
    let env = TestEnv::new();
    env.write("token.txt", TOKEN);
    let token = env.project().join("token.txt");
    #[cfg(unix)]
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0", "--token-file", token.to_str().unwrap()]);
    let url = serving.told["url"].as_str().unwrap();
    for protocol in ["http", "grpc"] {
        let Some((is_done, printed)) = run(&env, "client.py", &[protocol, url, TOKEN]) else { return };
        assert!(is_done && printed.is_empty(), "{protocol}: {printed}");
        let (is_done, printed) = run(&env, "client.py", &[protocol, url, "another-token-than-that"]).unwrap();
        assert!(!is_done, "{protocol}: {printed}");
    }
    let messages = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../mltrace-server/proto");
    let (is_done, printed) = run(&env, "lineage.py", &[messages.to_str().unwrap(), url, TOKEN]).unwrap();
    assert!(is_done && printed.is_empty(), "{printed}");
}

/// What the collector's file exporter writes of a step.
fn export(span: u32, output: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"rides"}}}}]}},"scopeSpans":[{{"spans":[{{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"{span:016x}","name":"clean","kind":1,"startTimeUnixNano":"1769853600000000000","endTimeUnixNano":"1769853900000000000","attributes":[{{"key":"mltrace.outputs","value":{{"stringValue":"{output}"}}}}],"status":{{}}}}]}}]}}]}}"#
    ) + "\n"
}

#[test]
fn what_the_collector_wrote_to_a_file_becomes_runs() {
    let env = TestEnv::new();
    let output = env.project().canonicalize().unwrap().join("clean.csv");
    let output = output.to_str().unwrap();
    env.write("spans.json", &(export(1, output) + &export(2, output) + &export(1, output)));
    assert_eq!(env.done(&["import", "otlp", "spans.json"]), "3 lines: 2 stored, 1 known already\n");
    let trace = env.json(&["trace", "clean.csv"]);
    assert_eq!(
        (&trace["runs"][0]["component"], &trace["runs"][0]["duration_ms"]),
        (&"rides/clean".into(), &300_000.0.into())
    );
    let answer =
        env.call_with_input(&["import", "otlp", "-"], &(export(0, output) + "nonsense\n\n" + &export(3, output)));
    assert_eq!((answer.code, answer.stdout.as_str()), (1, "4 lines: 1 stored, 0 known already, 2 wrong\n"));
    assert!(
        answer.stderr.starts_with("error: line 1: 1 of its spans: its span id is not 8 bytes"),
        "{}",
        answer.stderr
    );
}
