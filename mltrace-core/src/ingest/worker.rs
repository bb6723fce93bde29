//! The background thread that folds this process' journal within milliseconds.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::due::hash_due;
use super::fold::{fold, fold_own};
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
/// How long the store stays open after a fold: to open it reads its log and its schema again, and costs ten folds.
const KEPT: Duration = Duration::from_secs(1);
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
    /// When no thread can be started, or this process was forked while its parent had the store open; any `mltrace`
    /// command folds then.
    pub fn start(home: Home, process: ProcessId) -> std::io::Result<Self> {
        if store::is_inherited() {
            return Err(std::io::Error::other("the store was open when this process was forked"));
        }
        let shared = Arc::new(Shared { is_pending: AtomicBool::new(true), ..Shared::default() });
        let its = Arc::clone(&shared);
        let handle = thread::spawn("mltrace-fold", move || work(&home, process, &its))?;
        Ok(Self { shared, thread: handle.thread().clone() })
    }

    /// Tells that something was appended: a few nanoseconds while the thread is awake.
    pub fn nudge(&self) {
        let before = self.shared.told.fetch_add(1, Ordering::Release);
        if !self.shared.is_pending.swap(true, Ordering::AcqRel) || before.is_multiple_of(MANY) {
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
    let mut folding = Folding { home, process, store: None, is_first: true };
    let (mut pause, mut cost) = (PAUSE, Duration::ZERO);
    loop {
        let begun = Instant::now();
        while !shared.is_pending.swap(false, Ordering::AcqRel) {
            let left = KEPT.saturating_sub(begun.elapsed());
            if left.is_zero() {
                folding.store = None;
            }
            match folding.store {
                Some(_) => std::thread::park_timeout(left),
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
            folding.store = None;
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
    /// The store, while it stays open.
    store: Option<Box<dyn Store>>,
    /// Whether nothing was folded yet.
    is_first: bool,
}

impl Folding<'_> {
    fn fold(&mut self) -> Result<(), StoreError> {
        let home = self.home;
        // Whoever deleted the project is not given it back for nothing.
        if matches!(std::fs::exists(home.journal()), Ok(false)) {
            self.store = None;
            return Ok(());
        }
        let kept = self.store.take().and_then(in_place);
        let mut store = kept.map_or_else(|| store::open(home, Mode::Fold), Ok)?;
        if self.is_first {
            // What earlier processes left, folded or hashed: this one may read it.
            fold(home, store.as_mut())?;
            hash_due(home, store.as_mut(), &|_| {})?;
        }
        fold_own(home, store.as_mut(), self.process)?;
        self.is_first = false;
        self.store = in_place(store);
        Ok(())
    }
}

fn in_place(mut store: Box<dyn Store>) -> Option<Box<dyn Store>> {
    store.upkeep().is_in_place().then_some(store)
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
