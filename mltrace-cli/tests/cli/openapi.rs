//! The server keeps what its OpenAPI document says: a tool sends what the document allows, and what it does not.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::env::TestEnv;
use crate::serve::Serving;

/// Where `.ci/run` puts the tool.
fn tool() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/tools/schemathesis/bin/schemathesis")
}

#[test]
fn the_server_and_its_document_agree() {
    let tool = tool();
    if !tool.exists() {
        // Straight to the terminal: what a test that passes prints is not shown.
        let _ = writeln!(std::io::stderr(), "SKIPPED: schemathesis is not there: `.ci/run` installs it");
        return;
    }
    let env = TestEnv::new();
    let serving = Serving::start(&env, &["--bind", "127.0.0.1:0"]);
    // What a tool tries first exists, so that it comes further than to what is not there.
    let lines: String = (1..=9).map(|day| line(day) + "\n").collect();
    let head = "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson";
    assert!(serving.send(head, &lines).starts_with("HTTP/1.1 200"));
    let url = serving.told["url"].as_str().unwrap();
    let config = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/schemathesis/schemathesis.toml");
    let mut command = Command::new(tool);
    command.arg("--config-file").arg(config).args(["run", &format!("{url}api/v1/openapi.json")]);
    command.args(["--checks", "all", "--continue-on-failure", "--no-shrink"]).current_dir(env.project());
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("Tested: 42"), "every operation is tried: {told}");
}

/// Returns a run of the step, from the file and to the file that are each called `0`.
fn line(day: u8) -> String {
    let at = format!("2026-01-{day:02}T00:00:00Z");
    let id = format!("0195e2a1-7c1e-7d30-9a52-3f1d5c0b8a1{day}");
    serde_json::json!({ "id": id, "component": "0", "owner": "0", "tags": ["0"], "started_at": at, "ended_at": at,
        "inputs": ["00"], "outputs": ["0"], "params": { "0": day } })
    .to_string()
}
