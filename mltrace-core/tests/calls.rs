//! How many calls to the system a recorded call makes where artifacts are files.
//!
//! A process that records is watched by `strace`. Where `strace` is missing or may not watch, the tests say aloud that they
//! were skipped.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![cfg(target_os = "linux")]

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use mltrace_core::config::{Environment, Home};
use mltrace_core::model::Status;
use mltrace_core::record::{Hooks, OpenRun, Opening, Recorder};
use mltrace_core::values::{Given, Named};

/// Where the watched process records, and the folder there that has its files, if there are any.
const PLACE: &str = "MLTRACE_TEST_PLACE";
const FILES: &str = "MLTRACE_TEST_FILES";
/// What the watched process looks at before a call and after it.
const MARK: &str = "/mark";
/// So many calls are watched, and each looks after its journal at most once.
const CALLS: usize = 5;

fn no_fork() -> &'static Recorder {
    unreachable!("it is not forked")
}

fn call(recorder: &'static Recorder, folder: &Path) {
    let given = |name: &str| Given::new(Named::Path(folder.join(name)));
    let opening = Opening {
        component: Cow::Borrowed("clean"),
        inputs: vec![given("raw.csv"), given("settings.toml")],
        bound: vec![(0, vec![given("clean.csv")])],
        git_commit: Some("0".repeat(40)),
        ..Opening::default()
    };
    assert!(OpenRun::begin(recorder, opening).end(Status::Completed, None, None));
}

/// The process that is watched: not a test of its own.
#[test]
#[ignore = "started by the other tests"]
fn record() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else { return };
    std::env::set_current_dir(&place).unwrap();
    let files = std::env::var_os(FILES).map(PathBuf::from);
    if let Some(folder) = &files {
        std::fs::create_dir_all(place.join(folder)).unwrap();
        for name in ["raw.csv", "settings.toml", "clean.csv"] {
            let file = std::fs::File::create(folder.join(name)).unwrap();
            (&file).write_all(&[7; 4096]).unwrap();
        }
        // What changed within the last two seconds is not believed to stand as it did.
        let begun = SystemTime::now();
        while begun.elapsed().unwrap() < Duration::from_millis(2_100) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let home = Home::find(&place, Some(Path::new(".mltrace/")), &Environment::default());
    let hooks = Hooks { warn: |_| {}, appended: || {}, here: no_fork };
    let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
    let folder = files.unwrap_or_default();
    call(recorder, &folder);
    for _ in 0..CALLS {
        let _ = std::fs::metadata(MARK);
        call(recorder, &folder);
    }
    let _ = std::fs::metadata(MARK);
}

/// Returns the calls to the system of each recorded call, the names of the files that they are about among them.
fn watch(files: Option<&str>) -> Option<Vec<Vec<String>>> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    let trace = folder.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "0", "-e", "signal=none", "-o"]).arg(&trace).arg("--");
    command.arg(std::env::current_exe().unwrap()).args(["--ignored", "--exact", "record"]);
    let project = root.join("project");
    std::fs::create_dir(&project).unwrap();
    command.env(PLACE, project).env_remove(FILES);
    command.envs(files.map(|folder| (FILES, folder)));
    let Ok(output) = command.output() else { return skip("`strace` is not installed") };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") || said.contains("PTRACE") {
        return skip(&format!("`strace` may not watch: {said}"));
    }
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stdout));
    let lines = std::fs::read_to_string(&trace).unwrap();
    let own = lines.lines().find(|line| line.contains(MARK)).unwrap().split_once(' ').unwrap().0;
    let of_thread = lines.lines().filter_map(|line| line.split_once(' ').filter(|(thread, _)| *thread == own));
    let calls: Vec<&str> = of_thread.map(|(_, call)| call.trim_start()).collect();
    let between = calls.split(|call| call.contains(MARK)).skip(1).take(CALLS);
    let told = |call: &&str| call.split(['{', ')']).next().unwrap_or_default().to_owned();
    Some(between.map(|calls| calls.iter().filter(|call| !is_of_memory(call)).map(told).collect()).collect())
}

/// Returns whether a call is about memory or threads, which come at any time.
fn is_of_memory(call: &str) -> bool {
    ["brk", "mmap", "munmap", "madvise", "mprotect", "futex", "sched_yield", "<..."]
        .iter()
        .any(|of| call.starts_with(of))
}

/// Says on the terminal, past what the test harness keeps to itself, that nothing was tested.
fn skip<T>(reason: &str) -> Option<T> {
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    None
}

#[test]
fn files_that_are_missing_cost_a_look_each() {
    check(None, 4);
}

#[test]
fn files_that_are_known_cost_a_look_each() {
    check(Some(""), 4);
}

#[test]
fn a_folder_of_several_files_costs_one_look_more() {
    check(Some("data"), 5);
}

/// The working directory, a look at each input and two at the output, and a write for the start and the end. Every 10 ms the
/// journal is looked after as well, and every 100 ms the store's own files are, so the least of the calls counts.
fn check(files: Option<&str>, looks: usize) {
    let Some(calls) = watch(files) else { return };
    assert_eq!(calls.len(), CALLS);
    let least = calls.iter().min_by_key(|calls| calls.len()).unwrap();
    let of = |name: &str| least.iter().filter(|call| call.starts_with(name)).count();
    assert_eq!((of("statx("), of("write("), of("getcwd("), least.len()), (looks, 2, 1, looks + 3), "{least:#?}");
}
