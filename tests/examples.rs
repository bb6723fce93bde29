//! Runs the examples, each in a folder of its own, and compares what they print with the transcript kept beside them.

#![allow(clippy::disallowed_methods, reason = "what is kept beside the examples")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn quickstart_prints_its_transcript() {
    check("quickstart");
}

#[test]
fn async_steps_prints_its_transcript() {
    check("async_steps");
}

#[test]
fn explicit_prints_its_transcript() {
    check("explicit");
}

#[test]
fn airflow_and_rust_prints_its_transcript() {
    use mltrace_core::config::{Environment, Home};
    use mltrace_core::{ingest, store};

    let (example, folder) = (examples().join("airflow-and-rust"), tempfile::tempdir().expect("a temporary folder"));
    let root = folder.path().canonicalize().expect("the folder is there");
    std::fs::create_dir_all(root.join(".mltrace")).expect("a folder");
    std::fs::create_dir_all(root.join("lake")).expect("a folder");
    std::fs::write(root.join("lake/clean.csv"), "day,fare\n1,12\n2,30\n").expect("a file");
    // As `mltrace import openlineage` does it.
    let events = std::fs::read_to_string(example.join("events.ndjson")).expect("events");
    let home = Home::find(&root, None, &Environment::default());
    let mut store = store::open(&home, store::Mode::Write).expect("a store");
    let report = ingest::import_events(&home, store.as_mut(), &mut events.as_bytes(), &mut |_| {}).expect("a report");
    assert_eq!((report.stored, report.errors), (2, Vec::new()));
    drop(store);
    run("airflow-and-rust", &root, &example.join("main.out"));
}

#[test]
fn every_example_has_a_transcript() {
    let entries = std::fs::read_dir(examples()).expect("there are examples");
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.extension().is_some_and(|extension| extension == "rs") {
            assert!(path.with_extension("out").exists(), "`{}` has no transcript beside it", path.display());
        }
    }
}

fn check(example: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Twice: what was recorded before changes no answer.
    for _ in 0..2 {
        run(example, folder.path(), &examples().join(example).with_extension("out"));
    }
}

/// Runs an example in a folder and compares what it prints with its transcript.
fn run(example: &str, folder: &Path, transcript: &Path) {
    let output = Command::new(program(example))
        .current_dir(folder)
        .env_remove("MLTRACE_DB")
        .env_remove("MLTRACE_DISABLED")
        .env("XDG_CONFIG_HOME", folder)
        .output()
        .expect("the example was built");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{example}` failed: {told}");
    assert_eq!(told, "", "`{example}` talks on stderr");
    let transcript = std::fs::read_to_string(transcript).expect("a transcript");
    assert_eq!(String::from_utf8_lossy(&output.stdout), transcript);
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

/// Returns the program of an example: cargo puts them beside the folder of the test programs.
fn program(example: &str) -> PathBuf {
    let test = std::env::current_exe().expect("this program has a path");
    let profile = test.parent().and_then(Path::parent).expect("tests lie in `target/PROFILE/deps`");
    profile.join("examples").join(example).with_extension(std::env::consts::EXE_EXTENSION)
}
