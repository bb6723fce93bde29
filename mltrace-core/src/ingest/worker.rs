//! The background thread that folds this process' journal within milliseconds.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::due::{Dues, hash_due};
use super::fold::{fold, fold_own};
use super::folded::catch_up;
use super::slot::Slot;
use crate::config::Home;
use crate::model::ProcessId;
use crate::store::{self, Mode, Store, StoreError};
use crate::{thread, wait};

/// How long records gather before they are folded in one transaction: at least and at most, and how many times as long as
/// the last fold took, so that folding takes a twentieth of a processor at most while little is recorded.
const GATHER: Duration = Duration::from_millis(5);
const GATHER_MOST: Duration = Duration::from_millis(500);
const GATHER_TIMES: u32 = 20;
/// How many records are not kept waiting.
const MANY: u64 = 1_000;
/// How long a store that did not take the rows is left alone, at first and at most.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MOST: Duration = Duration::from_secs(30);

/// The thread and what it receives.
#[derive(Debug)]
pub struct Worker {
    shared: Arc<Shared>,
    thread: Thread,
    home: Home,
    process: ProcessId,
}

#[derive(Debug, Default)]
struct Shared {
    is_pending: AtomicBool,
    /// How often it was notified that there is something to fold.
    told: AtomicU64,
    /// Up to which notification everything is folded.
    done: AtomicU64,
    /// Changes with `done`, for those who wait.
    changes: AtomicU32,
    is_wanted: AtomicBool,
    slot: Slot,
}

impl Worker {
    /// Starts the thread, which first folds what earlier processes left.
    ///
    /// # Errors
    /// When no thread can be started, or this process was forked while its parent had the store open; any `mltrace`
    /// command folds then.
    pub fn start(home: Home, process: ProcessId) -> std::io::Result<Self> {
        if store::is_inherited() {
            return Err(std::io::Error::other("the store was open when this process was forked"));
        }
        let shared = Arc::new(Shared { is_pending: AtomicBool::new(true), ..Shared::default() });
        let (its, its_home) = (Arc::clone(&shared), home.clone());
        let handle = thread::spawn("mltrace-fold", move || work(&its_home, process, &its))?;
        let thread = handle.thread().clone();
        shared.slot.is_watched_by(thread.clone());
        Ok(Self { shared, thread, home, process })
    }

    /// Does `work` with the store that this process folds into, in which all is that a question must see: what this process
    /// appended is what [`flush`](Self::flush) waits for. The store stays open for a while, so that the next question finds
    /// it so.
    ///
    /// # Errors
    /// When the store cannot be had, or does not take what others recorded; `work` was not done then.
    pub fn with_store<T>(&self, which: Dues, work: impl FnOnce(&mut dyn Store) -> T) -> Result<T, StoreError> {
        let home = &self.home;
        let open = || store::open(home, Mode::Fold);
        if store::is_inherited() || !matches!(std::fs::exists(home.journal()), Ok(true)) {
            return Err(StoreError::Missing(home.store.clone()));
        }
        self.shared.slot.with(open, |store| {
            catch_up(home, store, self.process, which)?;
            Ok(work(store))
        })
    }

    /// Says that something was appended: a few nanoseconds while the thread is awake.
    pub fn nudge(&self) {
        let before = self.shared.told.fetch_add(1, Ordering::Release);
        if !self.shared.is_pending.swap(true, Ordering::AcqRel) || before.is_multiple_of(MANY) {
            self.thread.unpark();
        }
    }

    /// Waits at most `patience` until everything that was reported so far is folded; returns whether it is.
    pub fn flush(&self, patience: Duration) -> bool {
        let wanted = self.shared.told.load(Ordering::Acquire);
        if wanted > 0 && self.shared.done.load(Ordering::Acquire) >= wanted {
            return true;
        }
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
    let mut folding = Folding { home, process, slot: &shared.slot, is_first: true };
    let (mut pause, mut cost) = (PAUSE, Duration::ZERO);
    loop {
        while !shared.is_pending.swap(false, Ordering::AcqRel) {
            match shared.slot.watch() {
                Some(left) => std::thread::park_timeout(left),
                None => std::thread::park(),
            }
        }
        gather(shared, cost);
        let told = shared.told.load(Ordering::Acquire);
        if told == shared.done.load(Ordering::Acquire) && !folding.is_first {
            continue;
        }
        let begun = Instant::now();
        let folded = std::panic::catch_unwind(AssertUnwindSafe(|| folding.fold()));
        cost = begun.elapsed();
        if matches!(folded, Ok(Ok(()))) {
            pause = PAUSE;
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

/// What the thread folds into.
struct Folding<'h> {
    home: &'h Home,
    process: ProcessId,
    /// Where the store is while it stays open.
    slot: &'h Slot,
    /// Whether nothing was folded yet.
    is_first: bool,
}

impl Folding<'_> {
    fn fold(&mut self) -> Result<(), StoreError> {
        let home = self.home;
        // Somebody deleted the project: it is not made again while nothing is recorded.
        if matches!(std::fs::exists(home.journal()), Ok(false)) {
            self.slot.close();
            return Ok(());
        }
        let is_first = self.is_first;
        self.slot.with(
            || store::open(home, Mode::Fold),
            |store| {
                if is_first {
                    // What earlier processes left, folded or hashed: this one may read it.
                    fold(home, store)?;
                    hash_due(home, store, Dues::All, &|_| {})?;
                }
                fold_own(home, store, self.process).map(drop)
            },
        )?;
        self.is_first = false;
        Ok(())
    }
}

/// Lets more records come in, unless somebody waits or there are many: the longer the more the last fold cost.
fn gather(shared: &Shared, cost: Duration) {
    let begun = Instant::now();
    let patience = cost.saturating_mul(GATHER_TIMES).clamp(GATHER, GATHER_MOST);
    let waiting = || shared.told.load(Ordering::Acquire).saturating_sub(shared.done.load(Ordering::Acquire));
    while begun.elapsed() < patience && waiting() < MANY && !shared.is_wanted.swap(false, Ordering::AcqRel) {
        std::thread::park_timeout(patience.saturating_sub(begun.elapsed()));
    }
}
