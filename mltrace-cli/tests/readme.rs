//! Replays what the README shows: what the wine pipeline says, then the trace.

#![allow(clippy::disallowed_methods, reason = "the README is read")]

use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_shows_what_trace_prints() {
    let mltrace = Path::new(env!("CARGO_BIN_EXE_mltrace"));
    let pipeline = mltrace.with_file_name("wine-quality").with_extension(std::env::consts::EXE_EXTENSION);
    if !pipeline.exists() {
        // A package cannot ask for the program of another: `cargo test --workspace` builds it.
        eprintln!("skipped: the wine pipeline was not built");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let run = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).env_clear().env("TZ", "UTC");
        let output = command.output().expect("the program was built");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };

    let said = run(&pipeline, &[]);
    let printed = run(mltrace, &["trace", "wine-out/predictions/batch-01.csv"]);
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).expect("a README");
    let shown = readme.split("$ mltrace trace wine-out/predictions/batch-01.csv\n").nth(1);
    let shown = shown.and_then(|rest| rest.split("```").next());
    assert_eq!(printed, shown.expect("the README shows a trace"));
    let shown = readme.split("```text\nfirst run").nth(1).and_then(|rest| rest.split("```").next());
    let shown = format!("first run{}\n", shown.expect("the README shows what the pipeline says"));
    assert!(said.starts_with(&shown), "{said}");
}
