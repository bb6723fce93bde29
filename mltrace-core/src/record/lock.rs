//! A lock that nobody waits for without end: its holder may be stopped, interrupted by a signal whose handler waits for
//! us, or not exist any more, as in a forked child.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use crate::fork;
use crate::wait;

/// How long one holder is waited for. Others may take their turns meanwhile, as many as there are: honest threads lose
/// nothing, however long the queue.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same in a forked child, for a lock whose holder was in the parent.
const PATIENCE_OF_A_CHILD: Duration = Duration::from_millis(10);
/// How often is asked before one goes to sleep: it is mostly held for microseconds.
const SPINS: usize = 100;

/// What one thread at a time may use.
#[derive(Debug)]
pub(super) struct Lock<T> {
    value: Mutex<T>,
    /// How many turns have ended: what those who wait wait for.
    turns: AtomicU32,
    waiting: AtomicU32,
    /// The turn that did not end in time, and whether there is one: it is not waited for again.
    stuck_at: AtomicU32,
    is_stuck: AtomicBool,
}

/// The turn of the thread that has the lock.
pub(super) struct Turn<'l, T> {
    // Let go of before the end of the turn is reported.
    value: MutexGuard<'l, T>,
    _end: End<'l>,
}

struct End<'l> {
    turns: &'l AtomicU32,
    waiting: &'l AtomicU32,
}

impl<T> Lock<T> {
    pub(super) const fn new(value: T) -> Self {
        Self {
            value: Mutex::new(value),
            turns: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            stuck_at: AtomicU32::new(0),
            is_stuck: AtomicBool::new(false),
        }
    }

    /// Returns the lock's turn, or `None` when its holder keeps it for too long. `pid` is the process that it was made
    /// in.
    pub(super) fn take(&self, pid: u32) -> Option<Turn<'_, T>> {
        if let Some(turn) = self.try_take() {
            return Some(turn);
        }
        self.wait(if fork::id() == pid { PATIENCE } else { PATIENCE_OF_A_CHILD })
    }

    fn try_take(&self) -> Option<Turn<'_, T>> {
        let value = match self.value.try_lock() {
            Ok(value) => value,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        Some(Turn { value, _end: End { turns: &self.turns, waiting: &self.waiting } })
    }

    #[cold]
    fn wait(&self, patience: Duration) -> Option<Turn<'_, T>> {
        let mut seen = self.turns.load(Ordering::SeqCst);
        if self.is_stuck.load(Ordering::Acquire) && self.stuck_at.load(Ordering::Acquire) == seen {
            return None;
        }
        for _ in 0..SPINS {
            if let Some(turn) = self.try_take() {
                return Some(turn);
            }
            std::hint::spin_loop();
        }
        let mut since = Instant::now();
        loop {
            // Before it is tried: an end that comes in between is then seen.
            let turns = self.turns.load(Ordering::SeqCst);
            if turns != seen {
                (seen, since) = (turns, Instant::now());
            }
            if let Some(turn) = self.try_take() {
                return Some(turn);
            }
            let left = patience.saturating_sub(since.elapsed());
            if left.is_zero() {
                self.stuck_at.store(seen, Ordering::Release);
                self.is_stuck.store(true, Ordering::Release);
                return None;
            }
            self.waiting.fetch_add(1, Ordering::SeqCst);
            wait::until_changed(&self.turns, turns, left);
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.turns.fetch_add(1, Ordering::SeqCst);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            wait::wake(self.turns, 1);
        }
    }
}

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> u32 {
        std::process::id()
    }

    #[test]
    fn a_holder_that_does_not_let_go_is_not_waited_for_without_end_and_only_once() {
        let lock = Lock::new(7);
        let elsewhere = here().wrapping_add(1);
        assert_eq!(lock.take(elsewhere).map(|turn| *turn), Some(7));
        let held = lock.take(here());
        let begun = Instant::now();
        assert!(held.is_some() && lock.take(elsewhere).is_none());
        assert!(begun.elapsed() >= PATIENCE_OF_A_CHILD);
        // The longer patience is not tried on what has run out already.
        assert!((0..1_000).all(|_| lock.take(here()).is_none()) && begun.elapsed() < PATIENCE);
        drop(held);
        assert!(lock.take(here()).is_some(), "once it is let go, it is as before");
        let again = lock.take(here());
        assert!(lock.take(elsewhere).is_none() && again.is_some());
    }

    #[test]
    fn many_threads_all_get_their_turns_and_exclude_each_other() {
        const THREADS: usize = 64;
        const ROUNDS: usize = 500;
        let lock = Lock::new(0_usize);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let mut turn = lock.take(here()).expect("honest threads get their turns");
                        let before = *turn;
                        std::hint::black_box(&turn);
                        *turn = before + 1;
                    }
                });
            }
        });
        assert_eq!(lock.take(here()).map(|turn| *turn), Some(THREADS * ROUNDS));
    }

    #[test]
    fn a_long_queue_is_waited_in_as_long_as_it_moves() {
        let lock = Lock::new(());
        // Each holds it for a fraction of the patience with one holder, and all for longer than that.
        let patience = Duration::from_millis(500);
        let hold = || {
            let turn = lock.wait(patience);
            wait::until_changed(&AtomicU32::new(0), 0, patience / 6);
            turn.is_some()
        };
        std::thread::scope(|scope| {
            let holders: Vec<_> = (0..8).map(|_| scope.spawn(hold)).collect();
            assert!(holders.into_iter().all(|holder| holder.join().unwrap()));
        });
    }
}
