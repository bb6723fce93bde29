//! A store that stays open is known by its own descriptors, no matter who else in the process opens and closes it meanwhile.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::sync::atomic::{AtomicBool, Ordering};

use mltrace_core::config::{Environment, Home};
use mltrace_core::store::{self, Mode};

#[test]
fn what_other_threads_open_and_close_is_not_taken_for_a_stores_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".mltrace")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    drop(store::open(&home, Mode::Write).unwrap());
    for round in 0..50 {
        let is_over = AtomicBool::new(false);
        let mut kept = std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::Relaxed) {
                        let mut reader = store::open(&home, Mode::Read).unwrap();
                        assert!(reader.look().projects().unwrap().len() < 2);
                    }
                });
            }
            let kept = store::open(&home, Mode::Fold);
            is_over.store(true, Ordering::Relaxed);
            kept.unwrap()
        });
        assert!(kept.upkeep().is_in_place(), "round {round}: it is said that the program has closed it");
    }
}
