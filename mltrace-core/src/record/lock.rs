//! A lock that a forked child does not wait for: the thread that held it may not exist there.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use crate::fork;

/// How often a forked child asks for a lock.
const PATIENCE: usize = 1_000;

/// Returns the guard of a lock that was made in the process `pid`; in a forked child `None` when it is not to be had.
pub(super) fn lock<T>(mutex: &Mutex<T>, pid: u32) -> Option<MutexGuard<'_, T>> {
    if fork::id() == pid {
        return Some(mutex.lock().unwrap_or_else(PoisonError::into_inner));
    }
    (0..PATIENCE).find_map(|_| match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => {
            std::thread::yield_now();
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_made_a_lock_waits_for_it() {
        let mutex = Mutex::new(7);
        let (here, elsewhere) = (std::process::id(), std::process::id().wrapping_add(1));
        assert_eq!(lock(&mutex, elsewhere).map(|guard| *guard), Some(7));
        let held = lock(&mutex, here);
        assert!(held.is_some() && lock(&mutex, elsewhere).is_none());
    }
}
