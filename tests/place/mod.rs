//! A pipeline's working directory, the processes that run in it, and what is recorded of them.
#![allow(dead_code, reason = "not every test that plays parts needs all of it")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use mltrace::answer::{Reader, Run};
use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;

/// The variable that says to a process which part it plays.
pub(crate) const PART: &str = "MLTRACE_TEST_PART";

/// A pipeline's working directory.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("raw.csv"), "a,b\n".repeat(50)).unwrap();
        Self { folder }
    }

    pub(crate) fn command(&self, part: &str) -> Command {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "part", "--nocapture", "--test-threads", "1"]);
        command.current_dir(self.folder.path()).env(PART, part).env("RUST_BACKTRACE", "0");
        // The settings of the person who runs the tests do not matter.
        command.env_remove("MLTRACE_DB").env_remove("HOME").env_remove("XDG_CONFIG_HOME");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, part: &str) -> Output {
        self.command(part).output().unwrap()
    }

    pub(crate) fn runs(&self) -> Vec<Run> {
        let home = Home::find(self.folder.path(), None, &Environment::default());
        let mut folded = ingest::open_folded(&home, &|_| {}).unwrap();
        let mut reader = Reader::new(folded.store.as_mut(), &home, self.folder.path());
        reader.recent(&Default::default()).unwrap().runs
    }

    pub(crate) fn only_run(&self) -> Run {
        let mut runs = self.runs();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs.remove(0)
    }
}

/// Reads the child's stdout up to a line that ends so.
pub(crate) fn until(child: &mut Child, line: &str) -> BufReader<ChildStdout> {
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.trim_end().ends_with(line) {
        text.clear();
        assert!(lines.read_line(&mut text).unwrap() > 0, "the child ended before it said `{line}`");
    }
    lines
}
