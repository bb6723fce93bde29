//! What must hold while a store is open in a process that forks, and whose other code may close the store's files.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::explain::unreachable;
use super::file::StoreFile;
use crate::fork;
use crate::store::StoreError;

/// The process that has stores open, above the count of these.
static OPEN: AtomicU64 = AtomicU64::new(0);
const COUNT: u64 = 0xFFFF_FFFF;
/// Whether the program has closed what SQLite had open, in this process or in one that it was forked from.
static SPOILT: AtomicBool = AtomicBool::new(false);

/// Takes note that a connection was left open whose descriptors are gone: SQLite's account counts its locks for ever.
pub(super) fn spoil() {
    SPOILT.store(true, Ordering::Release);
}

/// Whether a store is being opened, and what wakes those who wait that it is over.
static OPENING: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());

/// The one who opens a store.
#[derive(Debug)]
pub(super) struct Alone;

/// Keeps other threads from opening a store meanwhile: what one opens is then not taken for what another opened. `None` when
/// another one still opens its store after `patience`: it may wait for a lock, or migrate, and each that waits behind it
/// would wait anew.
///
/// Anyone who waits here has [entered](Open::enter), so a child that was forked meanwhile does not come here.
pub(super) fn alone(patience: Duration) -> Option<Alone> {
    let (opening, over) = &OPENING;
    let is_opening = opening.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = over.wait_timeout_while(is_opening, patience, |is_opening| *is_opening);
    let (mut is_opening, _) = waited.unwrap_or_else(PoisonError::into_inner);
    (!std::mem::replace(&mut *is_opening, true)).then(|| Alone)
}

impl Drop for Alone {
    fn drop(&mut self) {
        let (opening, over) = &OPENING;
        *opening.lock().unwrap_or_else(PoisonError::into_inner) = false;
        over.notify_one();
    }
}

/// A store that is open in this process.
#[derive(Debug)]
pub(super) struct Open {
    process: u32,
}

impl Open {
    /// Takes note that a store is opened.
    ///
    /// SQLite keeps account, for the whole process, of which files it has locked. A forked child inherits the account and
    /// not the locks, so it must not open a store when its parent had one open: it would take part in nobody's locking
    /// (<https://www.sqlite.org/howtocorrupt.html>, section 2.6).
    pub(super) fn enter(store: &Path) -> Result<Self, StoreError> {
        if SPOILT.load(Ordering::Acquire) {
            let reason = "this program has closed what the store had open; any `mltrace` command can open it";
            return Err(unreachable(store, reason));
        }
        let process = fork::id();
        let entered = OPEN.fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| match owner(open) == process {
            true => Some(open.saturating_add(1)),
            false => (open & COUNT == 0).then_some((u64::from(process) << 32) | 1),
        });
        entered.map(|_| Self { process }).map_err(|_| {
            let reason = "this process was forked from one that had the store open; any `mltrace` command can open it";
            unreachable(store, reason)
        })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let _ = OPEN.fetch_update(Ordering::AcqRel, Ordering::Acquire, |open| {
            (owner(open) == self.process && self.process == fork::id()).then(|| open.saturating_sub(1))
        });
    }
}

fn owner(open: u64) -> u32 {
    u32::try_from(open >> 32).unwrap_or(0)
}

/// Returns whether SQLite's account of its locks is wrong in this process, so that it must not open any store: it was
/// forked from one that had a store open, or the program has closed what one had open.
pub(crate) fn is_inherited() -> bool {
    let open = OPEN.load(Ordering::Acquire);
    SPOILT.load(Ordering::Acquire) || (open & COUNT != 0 && owner(open) != fork::id())
}

/// The files of a store that stays open.
///
/// POSIX drops a process' locks on a file when any handle to it is closed, such as that of a pipeline that copies its
/// folder. Another program may then take itself for the last user of the store, and remove the log that is still written
/// here. What is committed to a log that has gone is nowhere, so nobody may rely on it.
#[derive(Debug)]
pub(super) struct Held {
    file: StoreFile,
    opened: [Option<(u64, u64)>; 2],
}

impl Held {
    pub(super) fn new(file: StoreFile) -> Self {
        let [store, log, _] = file.identities();
        let opened = [store, log];
        Self { file, opened }
    }

    /// Returns whether the files that were opened are those that lie there now.
    pub(super) fn is_in_place(&mut self) -> bool {
        let [now_store, now_log, _] = self.file.identities();
        let [store, log] = self.opened;
        // The log is made with the first row.
        let is_in_place = store.is_some() && store == now_store && (log.is_none() || log == now_log);
        self.opened = [store, log.or(now_log)];
        is_in_place
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_opens_a_store_keeps_the_others_waiting_and_not_for_ever() {
        // Other tests of this process open stores too, each for an instant.
        let first = alone(Duration::from_secs(60)).unwrap();
        let others: Vec<_> = (0..6).map(|_| std::thread::spawn(|| alone(Duration::from_millis(50)))).collect();
        assert!(others.into_iter().all(|other| other.join().unwrap().is_none()));
        let next = std::thread::spawn(|| alone(Duration::from_secs(60)).is_some());
        drop(first);
        assert!(next.join().unwrap());
    }
}
