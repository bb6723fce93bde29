//! Stores of other versions: older ones are migrated, newer ones are read if they allow it, and each one ever released
//! still answers.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod golden;

mod hostile;

mod newer;

#[cfg(unix)]
mod migration;

use std::path::Path;

use mltrace_core::config::{Environment, Home};
use mltrace_core::store::{self, Mode};

/// A project in a folder of its own.
struct Project {
    home: Home,
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = "taxi".to_owned();
        Self { home, folder }
    }

    /// Returns a project with this store.
    fn with_store(file: &Path) -> Self {
        let project = Self::new();
        std::fs::copy(file, project.home.store.file().unwrap()).unwrap();
        project
    }

    /// Returns a project with the seven runs of the taxi pipeline.
    fn taxi() -> Self {
        let project = Self::new();
        project.import();
        project
    }

    fn import(&self) {
        let lines = include_bytes!("../cases/taxi.ndjson");
        let mut store = store::open(&self.home, Mode::Write).unwrap();
        let report =
            mltrace_core::ingest::import(&self.home, store.as_mut(), &mut lines.as_slice(), &mut |_| {}).unwrap();
        assert!(report.errors.is_empty(), "{:?}", report.errors);
    }

    /// Opens the file without the product.
    fn raw(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.home.store.file().unwrap()).unwrap()
    }

    fn schema(&self) -> i64 {
        self.raw().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    fn runs(&self) -> i64 {
        self.raw().query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap()
    }
}

#[test]
fn a_store_that_is_made_meanwhile_is_no_stranger() {
    for _ in 0..200 {
        let project = Project::new();
        let gate = std::sync::Barrier::new(5);
        std::thread::scope(|scope| {
            for mode in [Mode::Write, Mode::Write, Mode::Read, Mode::Read, Mode::Read] {
                let (gate, home) = (&gate, &project.home);
                scope.spawn(move || {
                    gate.wait();
                    for _ in 0..5 {
                        match store::open(home, mode) {
                            Ok(_) | Err(store::StoreError::Missing(_)) => {}
                            Err(error) => panic!("{mode:?}: {error}"),
                        }
                    }
                });
            }
        });
    }
}
