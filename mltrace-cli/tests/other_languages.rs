//! Runs the shell script of `examples/other-languages` and compares what it prints with the transcript in its README.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::Path;
use std::process::Command;

#[test]
#[cfg(unix)]
fn the_script_prints_its_transcript() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/other-languages");
    let example = example.canonicalize().expect("the example is there");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mltrace = Path::new(env!("CARGO_BIN_EXE_mltrace"));
    let programs = [mltrace.parent().expect("programs lie in a folder"), "/usr/bin".as_ref(), "/bin".as_ref()];
    let output = Command::new("sh")
        .arg(example.join("pipeline.sh"))
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::join_paths(programs).expect("plain folders"))
        .output()
        .expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.success());

    let readme = std::fs::read_to_string(example.join("README.md")).expect("a README");
    let transcript = readme.split("```console\n$ ./pipeline.sh\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(String::from_utf8_lossy(&output.stdout), transcript.expect("the README has a transcript"));
}
