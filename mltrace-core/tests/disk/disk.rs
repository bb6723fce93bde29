//! A folder under watch: which request to its files fails, and what was changed in them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::ffi;

use crate::vfs;

/// What SQLite asks of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    Open,
    Read,
    Write,
    Truncate,
    Sync,
    Delete,
}

/// How a disk fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It has no room: what is there can be read and removed.
    Full,
    /// It is broken.
    Broken,
}

/// Which requests fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    /// How.
    pub(crate) failure: Failure,
    /// The number of the first request that fails, of those that can fail so, from 0.
    pub(crate) nth: usize,
    /// Whether all later ones fail too.
    pub(crate) is_lasting: bool,
}

/// What happened to a file.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Made,
    Written { at: usize, bytes: Vec<u8> },
    Cut { size: usize },
    Synced,
    Deleted { is_synced: bool },
}

/// A change with the journals that were there when it had happened.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) change: Change,
    pub(crate) journals: Vec<String>,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    asked: usize,
    is_traced: bool,
    events: Vec<Event>,
}

/// A folder under watch.
pub(crate) struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

fn disks() -> MutexGuard<'static, HashMap<PathBuf, Arc<Disk>>> {
    static DISKS: OnceLock<Mutex<HashMap<PathBuf, Arc<Disk>>>> = OnceLock::new();
    DISKS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// Returns the disk of a folder that is watched.
    pub(crate) fn of(folder: &Path) -> Option<Arc<Self>> {
        disks().get(folder).cloned()
    }

    /// Watches a folder.
    pub(crate) fn watch(folder: &Path) -> Arc<Self> {
        vfs::install();
        let disk = Arc::new(Self { folder: folder.to_owned(), state: Mutex::default() });
        disks().insert(folder.to_owned(), Arc::clone(&disk));
        disk
    }

    /// Ends the watch.
    pub(crate) fn leave(&self) {
        disks().remove(&self.folder);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails as asked while `work` is done; returns its result and whether it met the fault.
    pub(crate) fn fail_while<T>(&self, fault: Fault, work: impl FnOnce() -> T) -> (T, bool) {
        *self.state() = State { fault: Some(fault), ..State::default() };
        let result = work();
        let asked = std::mem::take(&mut *self.state()).asked;
        (result, asked > fault.nth)
    }

    /// Writes down from now on what is changed.
    pub(crate) fn trace(&self) {
        self.state().is_traced = true;
    }

    /// Returns how many changes were written down.
    pub(crate) fn count(&self) -> usize {
        self.state().events.len()
    }

    /// Returns the changes that were written down.
    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.state().events)
    }

    /// Returns SQLite's number for the error when this request is one that fails.
    pub(crate) fn refuses(&self, request: Request) -> Option<i32> {
        let mut state = self.state();
        let fault = state.fault?;
        if fault.failure == Failure::Full && request != Request::Write {
            return None;
        }
        let number = state.asked;
        state.asked += 1;
        let fails = if fault.is_lasting { number >= fault.nth } else { number == fault.nth };
        fails.then_some(match (fault.failure, request) {
            (Failure::Full, _) => ffi::SQLITE_FULL,
            (Failure::Broken, Request::Open) => ffi::SQLITE_CANTOPEN,
            (Failure::Broken, Request::Read) => ffi::SQLITE_IOERR_READ,
            (Failure::Broken, Request::Write) => ffi::SQLITE_IOERR_WRITE,
            (Failure::Broken, Request::Truncate) => ffi::SQLITE_IOERR_TRUNCATE,
            (Failure::Broken, Request::Sync) => ffi::SQLITE_IOERR_FSYNC,
            (Failure::Broken, Request::Delete) => ffi::SQLITE_IOERR_DELETE,
        })
    }

    /// Takes note of what happened to a file.
    pub(crate) fn changed(&self, name: &str, change: Change) {
        let mut state = self.state();
        if state.is_traced {
            let journals = names_in(&self.folder.join("journal"));
            state.events.push(Event { name: name.to_owned(), change, journals });
        }
    }
}

/// Returns the journals in a folder.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| name.ends_with(".log")).collect()
}
