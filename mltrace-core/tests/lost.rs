//! What is lost is counted on the disk, and becomes a row exactly once.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::fs;
use std::path::Path;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::lost;
use mltrace_core::model::{NoteFact, Record, RunId, Timestamp};
use mltrace_core::record::{Hooks, Recorder};
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;

fn home_in(folder: &Path) -> Home {
    fs::create_dir_all(folder.join(".mltrace/journal")).unwrap();
    Home::find(folder, None, &Environment::default())
}

fn add(home: &Home, count: u64) {
    loop {
        match lost::add(&home.journal(), count, Durability::Process) {
            // Who does not get the lock in time keeps the count, and adds it with the next.
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => std::thread::yield_now(),
            added => return added.unwrap(),
        }
    }
}

fn counted(home: &Home) -> u64 {
    lost::read(&home.journal()).unwrap().map_or(0, |lost| lost.records)
}

/// Folds everything and returns how many records are lost, as the store has it.
fn folded(home: &Home) -> u64 {
    let mut store = store::open(home, Mode::Write).unwrap();
    ingest::fold(home, store.as_mut()).unwrap();
    store.upkeep().tally("lost").unwrap()
}

fn wrong(home: &Home) -> String {
    upkeep::doctor(home, false).wrong.join("\n")
}

#[test]
fn whoever_counts_at_the_same_moment_nothing_is_counted_twice_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| (0..300).for_each(|_| add(&home, 2)));
        }
        threads.spawn(|| (0..100).for_each(|_| assert!(folded(&home) <= 4_800)));
    });
    assert_eq!((counted(&home), folded(&home)), (4_800, 4_800));
}

#[test]
fn what_is_counted_is_taken_over_once_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    add(&home, 3);
    assert!(
        !home.store.file().unwrap().exists() && wrong(&home) == "3 records could not be written",
        "{}",
        wrong(&home)
    );
    assert_eq!([folded(&home), folded(&home)], [3, 3]);
    add(&home, 4);
    assert_eq!(wrong(&home), "7 records could not be written", "3 in the store and 4 beside it");
    let asked = ingest::open_folded(&home, &|_| {}).unwrap();
    assert_eq!((asked.report.lost, asked.behind.is_none()), (4, true), "a question takes it over, too");
    drop(asked);
    assert_eq!((folded(&home), wrong(&home).as_str()), (7, "7 records could not be written"));
}

#[test]
fn a_store_that_was_made_anew_takes_over_what_is_counted_and_a_cleared_project_counts_anew() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    add(&home, 5);
    assert_eq!(folded(&home), 5);
    upkeep::clear(&home).unwrap();
    assert_eq!((counted(&home), folded(&home)), (0, 0));
    add(&home, 2);
    assert_eq!(folded(&home), 2);
}

#[test]
fn a_count_that_was_deleted_goes_on_from_zero_and_one_that_was_spoilt_from_one() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    let file = home.journal().join("lost");
    add(&home, 5);
    assert_eq!(folded(&home), 5);
    fs::remove_file(&file).unwrap();
    add(&home, 3);
    assert_eq!(folded(&home), 8, "fewer than before, and yet more");
    for text in ["no count", &"x".repeat(4096)] {
        fs::write(&file, text).unwrap();
        assert!(lost::read(&home.journal()).is_err() && wrong(&home).contains("somebody changed it"));
        let before = folded(&home);
        add(&home, 3);
        assert_eq!(folded(&home), before + 4, "what it had counted is gone, that something had been is not");
    }
    // Who was killed half-way through making it.
    for length in [0, 100, 4096] {
        fs::write(&file, vec![0; length]).unwrap();
        assert_eq!(lost::read(&home.journal()).unwrap(), None);
        let before = folded(&home);
        add(&home, 3);
        assert_eq!(folded(&home), before + 3);
    }
}

#[test]
fn the_largest_count_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    add(&home, u64::MAX);
    add(&home, u64::MAX);
    assert_eq!(folded(&home), i64::MAX.unsigned_abs());
}

#[test]
fn a_count_that_is_held_by_somebody_who_has_stopped_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    add(&home, 1);
    let held = fs::File::open(home.journal().join("lost")).unwrap();
    held.lock().unwrap();
    assert!(lost::add(&home.journal(), 1, Durability::Process).is_err());
    let mut store = store::open(&home, Mode::Write).unwrap();
    let report = ingest::fold(&home, store.as_mut()).unwrap();
    assert_eq!(report.left.len(), 1, "the next fold takes it over");
    held.unlock().unwrap();
    assert_eq!(ingest::fold(&home, store.as_mut()).unwrap().lost, 1);
}

#[test]
fn a_process_that_cannot_begin_a_journal_counts_on_the_disk_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    let hooks = Hooks { warn: |_| {}, appended: || {}, here: || panic!("nobody forks here") };
    let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home.clone(), &Environment::default(), hooks)));
    let note = || {
        let (id, text) = (RunId::new().0, "n".to_owned());
        Record::Note(NoteFact { id, run: RunId::new(), text, at: Timestamp(0), by: None })
    };
    let in_its_place = home.journal().join(format!("{}.log", recorder.process()));
    fs::create_dir(&in_its_place).unwrap();
    assert!(!recorder.append(note()) && !recorder.append_all(vec![note(), note()]));
    fs::remove_dir(in_its_place).unwrap();
    assert_eq!((recorder.lost(), recorder.has_lost(), counted(&home)), (0, true, 3));
    let mut left: Vec<_> = fs::read_dir(home.journal()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["lost", "reserve"]);
    assert_eq!(folded(&home), 3);
}

#[test]
fn a_count_that_makes_no_sense_or_that_a_clone_brought_along_keeps_nothing_out() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    let write = |records: u64| {
        let line = format!("{} {records:020} {:020}\n", RunId::new(), 3);
        fs::write(home.journal().join("lost"), format!("{line:\0<4096}")).unwrap();
    };
    write(u64::MAX);
    assert!(wrong(&home).contains("somebody changed it") || folded(&home) == 0, "{}", wrong(&home));
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(arguments).current_dir(folder.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.output().is_ok_and(|output| output.status.success())
    };
    write(7);
    assert_eq!(folded(&home), 7);
    if !git(&["init", "-q"]) {
        eprintln!("SKIPPED: there is no git");
        return;
    }
    write(9);
    assert!(git(&["add", "-f", "--", "."]));
    assert_eq!(folded(&home), 7, "what was lost elsewhere is not lost here");
}
