//! A program that closes what it did not open, or goes to another root, as daemons do: its runs are stored, and no file
//! of its own is written to or closed.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::fs::{self, File};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::{self, Writer};
use mltrace_core::model::{Header, ProcessId, Record, RunId, Start, Timestamp};
use mltrace_core::query::{Reader, RunFilter};
use mltrace_core::store::{self, Mode};

fn start() -> Start {
    Start {
        run: RunId::new(),
        component: "step".to_owned(),
        at: Timestamp(1_000_000),
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: Default::default(),
        inputs: Vec::new(),
        host: None,
        user: None,
    }
}

fn run() -> Record {
    Record::Start(start())
}

fn home(folder: &Path) -> Home {
    fs::create_dir_all(folder.join(".mltrace/journal")).unwrap();
    Home::find(folder, None, &Environment::default())
}

fn writer(home: &Home) -> Writer {
    let header = Header {
        format: journal::FORMAT,
        minor: journal::MINOR,
        process: Some(ProcessId::new()),
        project: home.project.clone(),
        ..Header::default()
    };
    Writer::open(&home.journal(), header, Durability::Process).unwrap()
}

fn stored(home: &Home) -> usize {
    let mut folded = ingest::open_folded(home, &|_| {}).unwrap();
    let mut reader = Reader::new(folded.store.as_mut(), home, &home.root);
    reader.recent(&RunFilter { limit: Some(1_000), ..RunFilter::default() }).unwrap().runs.len()
}

/// Returns the numbers under which this process has something below `folder` open.
fn numbers(folder: &Path) -> Vec<RawFd> {
    let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let ours = open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|path| path.starts_with(folder)));
    ours.map(|entry| entry.file_name().to_str().unwrap().parse().unwrap()).collect()
}

/// Puts `file` under a number, in the place of what is open there.
#[expect(unsafe_code, reason = "the program takes over a number that is not its own")]
fn take_over(file: &File, number: RawFd) -> OwnedFd {
    // SAFETY: both calls take numbers; the one that is made is owned by what is returned.
    unsafe {
        assert_eq!(libc::dup2(file.as_raw_fd(), number), number);
        std::os::fd::FromRawFd::from_raw_fd(number)
    }
}

fn wait_for_a_look() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(12) {
        std::thread::yield_now();
    }
}

#[test]
fn what_the_program_opens_under_our_numbers_is_neither_written_to_nor_closed() {
    for is_writable in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let mut writer = writer(&home);
        writer.append(&[run()]).unwrap();
        let path = folder.path().join("theirs");
        fs::write(&path, "").unwrap();
        let theirs = fs::OpenOptions::new().read(true).write(is_writable).open(&path).unwrap();
        let ours = numbers(&home.folder);
        assert!(ours.len() >= 2 && ours.iter().all(|number| *number >= 40), "{ours:?}: the next file gets one of them");
        let taken: Vec<OwnedFd> = ours.into_iter().map(|number| take_over(&theirs, number)).collect();
        // What cannot be written to is noticed at once.
        if is_writable {
            wait_for_a_look();
        }
        (0..20).for_each(|_| writer.append(&[run()]).unwrap());
        drop(writer);
        assert_eq!(fs::metadata(&path).unwrap().len(), 0, "records are in the program's file");
        assert!(taken.iter().all(|number| rustix::io::fcntl_getfd(number.as_fd()).is_ok()), "its file is closed");
        assert_eq!(stored(&home), 21);
    }
}

#[test]
fn a_store_that_stays_open_writes_to_no_file_that_the_program_opens_under_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "close_a_store"]).env("PROJECT", folder.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(stored(&home(folder.path())), 2, "what was not written counts as folded");
}

/// What is started to close what SQLite has open: its account of its locks is wrong from then on.
#[test]
#[ignore = "it is the process that another test starts"]
fn close_a_store() {
    let folder = std::path::PathBuf::from(std::env::var_os("PROJECT").unwrap());
    let home = home(&folder);
    let mut writer = writer(&home);
    writer.append(&[run()]).unwrap();
    let before = numbers(&home.folder);
    let mut store = store::open(&home, Mode::Fold).unwrap();
    ingest::fold(&home, store.as_mut()).unwrap();
    assert!(store.upkeep().is_in_place());
    let path = folder.join("theirs");
    fs::write(&path, "theirs").unwrap();
    let theirs = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let ours = numbers(&home.folder).into_iter().filter(|number| !before.contains(number));
    let taken: Vec<OwnedFd> = ours.map(|number| take_over(&theirs, number)).collect();
    assert!(taken.len() >= 3, "SQLite has the store, its log and its shared memory open");
    writer.append(&[run()]).unwrap();
    assert!(!store.upkeep().is_in_place());
    assert!(ingest::fold(&home, store.as_mut()).is_err());
    drop(store);
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs", "rows are in the program's file");
    assert!(taken.iter().all(|number| rustix::io::fcntl_getfd(number.as_fd()).is_ok()), "its file is closed");
    assert!(store::open(&home, Mode::Fold).is_err() && store::is_inherited(), "SQLite's account counts its locks");
}

#[test]
fn a_program_that_goes_to_another_root_goes_on_recording() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("not tried: only the superuser may go to another root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let home = home(folder.path());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "go_to_another_root"]);
    command.env("PROJECT", folder.path()).env("OTHER", other.path());
    assert!(command.output().unwrap().status.success());
    assert_eq!(stored(&home), 45);
    assert_eq!(fs::read_dir(&other).unwrap().count(), 0, "runs lie where nobody looks for them");
}

/// What is started with another root.
#[test]
#[ignore = "it is the process that another test starts"]
fn go_to_another_root() {
    let place = |name| std::path::PathBuf::from(std::env::var_os(name).unwrap());
    let mut writer = writer(&home(&place("PROJECT")));
    writer.append(&[run()]).unwrap();
    rustix::process::chroot(place("OTHER")).unwrap();
    std::env::set_current_dir("/").unwrap();
    for _ in 0..4 {
        wait_for_a_look();
        (0..10).for_each(|_| writer.append(&[run()]).unwrap());
    }
    // A part that is full is followed by another.
    let long = Start { component: "x".repeat(20 << 20), ..start() };
    writer.append(&[Record::Start(long)]).unwrap();
    (0..3).for_each(|_| writer.append(&[run()]).unwrap());
}
