//! The background thread that folds this process' journal within milliseconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::due::hash_due;
use super::fold::{fold, fold_own};
use crate::config::Home;
use crate::model::ProcessId;
use crate::store::{self, Mode};
use crate::{thread, wait};

/// How long records gather before they are folded in one transaction.
const GATHER: Duration = Duration::from_millis(5);
/// How long a store that did not take the rows is left alone, at first and at most.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MOST: Duration = Duration::from_secs(30);

/// The thread and what it is told.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    thread: Thread,
}

#[derive(Debug, Default)]
struct Shared {
    is_pending: AtomicBool,
    /// How often it was told that there is something to fold.
    told: AtomicU64,
    /// Up to which telling everything is folded.
    done: AtomicU64,
    /// Changes with `done`, for those who wait.
    changes: AtomicU32,
    is_wanted: AtomicBool,
}

impl Worker {
    /// Starts the thread, which first folds what earlier processes left.
    ///
    /// # Errors
    /// When no thread can be started; any `mltrace` command folds then.
    pub fn start(home: Home, process: ProcessId) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { is_pending: AtomicBool::new(true), ..Shared::default() });
        let its = Arc::clone(&shared);
        let handle = thread::spawn("mltrace-fold", move || work(&home, process, &its))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Tells that something was appended: a few nanoseconds while the thread is awake.
    pub fn nudge(&self) {
        self.shared.told.fetch_add(1, Ordering::Release);
        if !self.shared.is_pending.swap(true, Ordering::AcqRel) {
            self.thread.unpark();
        }
    }

    /// Waits at most `patience` until everything that was told so far is folded; returns whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        let wanted = self.shared.told.load(Ordering::Acquire);
        self.shared.is_wanted.store(true, Ordering::Release);
        self.shared.is_pending.store(true, Ordering::Release);
        self.thread.unpark();
        let begun = Instant::now();
        loop {
            let changes = self.shared.changes.load(Ordering::Acquire);
            let is_done = self.shared.done.load(Ordering::Acquire) >= wanted;
            let left = patience.saturating_sub(begun.elapsed());
            if is_done || left.is_zero() {
                return is_done;
            }
            wait::until_changed(&self.shared.changes, changes, left);
        }
    }
}

fn work(home: &Home, process: ProcessId, shared: &Shared) {
    let mut pause = PAUSE;
    let mut is_first = true;
    loop {
        while !shared.is_pending.swap(false, Ordering::AcqRel) {
            std::thread::park();
        }
        gather(shared);
        let told = shared.told.load(Ordering::Acquire);
        let folded = std::panic::catch_unwind(|| {
            // Whoever deleted the project is not given it back for nothing.
            if matches!(std::fs::exists(home.journal()), Ok(false)) {
                return Ok(());
            }
            // Opened and closed each time: an open handle inside somebody's process could lose its locks.
            let mut store = store::open(home, Mode::Fold)?;
            if is_first {
                // What earlier processes left, folded or hashed: this one may read it.
                fold(home, store.as_mut())?;
                hash_due(home, store.as_mut(), &|_| {})?;
            }
            fold_own(home, store.as_mut(), process).map(drop)
        });
        if matches!(folded, Ok(Ok(_))) {
            pause = PAUSE;
            is_first = false;
            shared.done.store(told, Ordering::Release);
            shared.changes.fetch_add(1, Ordering::Release);
            wait::wake(&shared.changes, u32::MAX);
        } else {
            // The journal keeps everything; the next try, or the next command, folds it.
            std::thread::park_timeout(pause);
            pause = pause.saturating_mul(2).min(PAUSE_MOST);
            shared.is_pending.store(true, Ordering::Release);
        }
    }
}

/// Lets more records come in, unless somebody waits.
fn gather(shared: &Shared) {
    let begun = Instant::now();
    while begun.elapsed() < GATHER && !shared.is_wanted.swap(false, Ordering::AcqRel) {
        std::thread::park_timeout(GATHER.saturating_sub(begun.elapsed()));
    }
}
