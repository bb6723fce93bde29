//! Any words as the arguments of the command: it ends in time, with one of its exit codes and without a panic.

use std::path::Path;
use std::time::Duration;

use assert_cmd::Command;

/// What the command may end with, see `mltrace --help`.
const CODES: [i32; 4] = [0, 1, 2, 3];

/// Runs the command `exe` with the lines of `bytes` as its arguments, in a project with a run or two.
pub fn check(exe: &Path, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let arguments: Vec<&str> = text.split('\n').collect();
    if arguments.iter().any(|argument| is_dangerous(argument)) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder for the test");
    std::fs::create_dir(folder.path().join(".mltrace")).expect("a folder for the store");
    let mltrace = || {
        let mut command = Command::new(exe);
        command.current_dir(folder.path()).env_clear().env("HOME", folder.path()).env("TZ", "UTC");
        command.timeout(Duration::from_secs(20));
        command
    };
    mltrace().args(["log", "--component", "train", "-i", "s3://x/raw", "-o", "model"]).assert().success();
    let output = mltrace().args(&arguments).write_stdin("").output().expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(code.is_some_and(|code| CODES.contains(&code)), "{arguments:?}: {:?}\n{said}", output.status);
    assert!(!said.contains("panicked") && !said.contains("this is a bug"), "{arguments:?}:\n{said}");
    assert!(code == Some(0) || !said.is_empty() || !output.stdout.is_empty(), "{arguments:?}: not a word");
}

/// What would start a program, or reach out of the test's folder.
fn is_dangerous(argument: &str) -> bool {
    argument == "run"
        || argument.contains('\0')
        || argument.contains("..")
        || argument.contains("=/")
        || argument.starts_with('/')
}
