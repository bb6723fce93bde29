//! Whether a record is on the disk when the call returns, if power loss is to cost nothing.
//!
//! A process that records is watched by `strace`: when it says that a record was acknowledged, every byte of its journal
//! must have been synced, and so must every folder in which it made a file or folder. Where `strace` is missing or may
//! not watch, the tests say aloud that they were skipped.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use mltrace_core::config::Durability;
use mltrace_core::journal::Writer;
use mltrace_core::model::{Header, NoteFact, ProcessId, Record, RunId, Timestamp};

/// Where the watched process records, and how sure its records are.
const PLACE: &str = "MLTRACE_TEST_PLACE";
const SURE: &str = "MLTRACE_TEST_SURE";
/// What the watched process says it with.
const WITNESS: &str = "/dev/null";
/// More than one part of a journal holds.
const NOTES: usize = 300;

/// The process that is watched: not a test of its own.
#[test]
#[ignore = "started by the other tests"]
#[expect(clippy::disallowed_methods, reason = "the test that starts this process tells it where to record")]
fn record() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    let durability = if std::env::var_os(SURE).is_some() { Durability::Power } else { Durability::Process };
    let mut witness = std::fs::File::options().write(true).open(WITNESS).unwrap();
    let process = ProcessId::new();
    let header = Header { process: Some(process), project: "p".to_owned(), ..Header::default() };
    let mut writer = Writer::open(&place, header, durability).unwrap();
    witness.write_all(b"acknowledged").unwrap();
    for _ in 0..NOTES {
        let (id, at) = (RunId::new(), Timestamp::now());
        let text = "n".repeat(60_000);
        writer.append(&[Record::Note(NoteFact { id: id.0, run: id, text, at, by: None })]).unwrap();
        witness.write_all(b"acknowledged").unwrap();
    }
}

/// What the process had made and written, and not synced, at some moment.
#[derive(Debug, Default)]
struct Unsynced {
    bytes: BTreeSet<String>,
    names: BTreeMap<String, String>,
}

impl Unsynced {
    /// Takes a call that is done into account; returns whether it acknowledges a record.
    fn take(&mut self, call: &str) -> bool {
        let Some((name, rest)) = call.split_once('(') else { return false };
        if call.contains(") = -1 ") {
            return false;
        }
        // The file behind a descriptor stands in angle brackets, a path in quotes: from the folder before it, if any.
        let file = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(file, _)| file.to_owned());
        let path = rest.split('"').nth(1).map(|path| Path::new(file.as_deref().unwrap_or_default()).join(path));
        let path = path.map(|path| path.display().to_string());
        match (name, file, path) {
            ("write", Some(file), _) if file == WITNESS => return true,
            ("write", Some(file), _) if file.ends_with(".log") => drop(self.bytes.insert(file)),
            ("fsync" | "fdatasync", Some(file), _) => {
                self.bytes.remove(&file);
                self.names.retain(|_, folder| *folder != file);
            }
            ("openat", _, Some(path)) if rest.contains("O_CREAT") && path.ends_with(".log") => self.made(path),
            ("mkdir" | "mkdirat", _, Some(path)) => self.made(path),
            _ => {}
        }
        false
    }

    fn made(&mut self, path: String) {
        let folder = Path::new(&path).parent().unwrap().display().to_string();
        self.names.insert(path, folder);
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.names.is_empty()
    }
}

/// Watches a process that records; returns of how many acknowledgements how many came too early, and the first such.
fn watch(is_sure: bool) -> Option<(usize, usize, String)> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let trace = root.join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-s", "0", "-e", "signal=none", "-o"]).arg(&trace);
    command.args(["-e", "trace=openat,mkdir,mkdirat,write,fsync,fdatasync", "--"]);
    command.arg(std::env::current_exe().unwrap()).args(["--ignored", "--exact", "record"]);
    command.env(PLACE, root.join("new/.mltrace/journal")).env_remove(SURE);
    if is_sure {
        command.env(SURE, "1");
    }
    let Ok(output) = command.output() else { return skip("`strace` is not installed") };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") || said.contains("PTRACE") {
        return skip(&format!("`strace` may not watch: {said}"));
    }
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    let (mut unsynced, mut begun) = (Unsynced::default(), BTreeMap::new());
    let (mut count, mut early, mut first) = (0, 0, String::new());
    for line in std::fs::read_to_string(&trace).unwrap().lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        let call = if let Some(start) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(thread.to_owned(), start.to_owned());
            continue;
        } else if call.starts_with("<...") {
            let end = call.split_once("resumed>").unwrap().1;
            begun.remove(thread).unwrap() + end
        } else {
            call.to_owned()
        };
        if unsynced.take(&call) {
            count += 1;
            if !unsynced.is_empty() {
                early += 1;
                first = if first.is_empty() { format!("{unsynced:?}") } else { first };
            }
        }
    }
    Some((count, early, first))
}

/// Says on the terminal, past what the test harness keeps to itself, that nothing was tested.
fn skip<T>(reason: &str) -> Option<T> {
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    None
}

#[test]
fn with_durability_power_a_record_is_synced_before_the_call_returns() {
    let Some((count, early, first)) = watch(true) else { return };
    assert_eq!((count, early), (NOTES + 1, 0), "{first}");
    let _ = writeln!(std::io::stderr(), "{count} acknowledgements, {early} before the record was synced");
}

#[test]
fn records_that_are_not_synced_are_seen() {
    let Some((count, early, _)) = watch(false) else { return };
    assert_eq!((count, early), (NOTES + 1, NOTES + 1), "the watch is blind");
}
