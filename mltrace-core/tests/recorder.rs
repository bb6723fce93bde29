//! What a recorder counts and says when it cannot write.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mltrace_core::config::{Environment, Home};
use mltrace_core::journal;
use mltrace_core::model::{NoteFact, Record, RunId, Status, Timestamp};
use mltrace_core::record::{Hooks, OpenRun, Opening, Recorder, Warning};

fn no_other() -> &'static Recorder {
    panic!("nobody forks here")
}

fn home_in(folder: &Path) -> Home {
    fs::create_dir_all(folder.join(".mltrace")).unwrap();
    Home::find(folder, None, &Environment::default())
}

fn recorder_of(home: &Home, warn: fn(&str)) -> &'static Recorder {
    let hooks = Hooks { warn, appended: || {}, here: no_other };
    Box::leak(Box::new(Recorder::new(home.clone(), &Environment::default(), hooks)))
}

fn note() -> Record {
    let note = NoteFact { id: RunId::new().0, run: RunId::new(), text: "n".into(), at: Timestamp(0), by: None };
    Record::Note(note)
}

fn records_in(home: &Home) -> Vec<Record> {
    let mut records = Vec::new();
    for part in journal::list(&home.journal()).unwrap().into_iter().flat_map(|journal| journal.parts) {
        let mut offset = 0;
        loop {
            let piece = journal::read(&part.path, offset).unwrap();
            offset = piece.next;
            records.extend(piece.records);
            if piece.is_end {
                break;
            }
        }
    }
    records
}

/// Takes the folder of the journals away from a recorder that writes to it, and gives it back, while others append.
#[cfg(unix)]
#[test]
fn what_many_threads_could_not_write_is_counted_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    let recorder = recorder_of(&home, |_| {});
    assert!(recorder.append(note()));
    let [written, refused] = [AtomicU64::new(0), AtomicU64::new(0)];
    let is_over = AtomicBool::new(false);
    let wait_for_another = |count: &AtomicU64| {
        let before = count.load(Ordering::Relaxed);
        while count.load(Ordering::Relaxed) < before + 2 {
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    let count = if recorder.append(note()) { &written } else { &refused };
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for _ in 0..200 {
            while fs::remove_dir_all(home.journal()).is_err() || fs::write(home.journal(), "").is_err() {}
            wait_for_another(&refused);
            fs::remove_file(home.journal()).unwrap();
            wait_for_another(&written);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert!(recorder.append(note()));
    let refused = refused.into_inner();
    assert!(recorder.lost() == 0 && refused > 0, "{} of {refused}", recorder.lost());
    // A count that was taken off twice would be larger than all there is.
    let lost = |record: &Record| if let Record::Lost(count) = record { *count } else { 0 };
    assert!(records_in(&home).iter().map(lost).all(|count| count <= refused));
}

#[test]
fn one_kind_of_warning_does_not_keep_back_another() {
    static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let folder = tempfile::tempdir().unwrap();
    let home = home_in(folder.path());
    fs::write(home.journal(), "").unwrap();
    let recorder = recorder_of(&home, |text| SAID.lock().unwrap().push(text.to_owned()));
    recorder.warn(Warning::OutsideRun, "outside");
    recorder.warn(Warning::OutsideRun, "outside again");
    assert!(!recorder.append(note()) && !recorder.append(note()));
    let said = SAID.lock().unwrap();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0] == "outside" && said[1].starts_with("runs are not recorded: "), "{said:?}");
}

#[test]
fn settings_that_cannot_be_read_keep_a_run_from_another_store_and_the_run_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    // A folder in place of the file: it is there, and cannot be read.
    fs::create_dir(folder.path().join("mltrace.toml")).unwrap();
    let home = home_in(folder.path());
    assert!(home.is_unsettled && !home.is_enabled && home.warnings.len() == 1, "{:?}", home.warnings);
    let unsettled = recorder_of(&home, |_| {});
    let begin = |recorder| OpenRun::begin(recorder, Opening { component: Cow::Borrowed("x"), ..Opening::default() });
    assert!(!begin(unsettled).end(Status::Completed, None, None));
    assert_eq!((unsettled.lost(), home.journal().exists()), (1, false));

    fs::remove_dir(folder.path().join("mltrace.toml")).unwrap();
    let home = home_in(folder.path());
    assert!(!home.is_unsettled && home.is_enabled);
    let settled = recorder_of(&home, |_| {});
    settled.take_over(unsettled);
    assert!(begin(settled).end(Status::Completed, None, None));
    assert!(records_in(&home).contains(&Record::Lost(1)));
    assert_eq!((unsettled.lost(), settled.lost()), (0, 0));
}
