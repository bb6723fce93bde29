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
        let output = Command::new(program(example))
            .current_dir(folder.path())
            .env_remove("MLTRACE_DB")
            .env_remove("MLTRACE_DISABLED")
            .env("XDG_CONFIG_HOME", folder.path())
            .output()
            .expect("the example was built");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{example}` failed: {told}");
        assert_eq!(told, "", "`{example}` talks on stderr");
        let transcript = std::fs::read_to_string(examples().join(example).with_extension("out")).expect("a transcript");
        assert_eq!(String::from_utf8_lossy(&output.stdout), transcript);
    }
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
