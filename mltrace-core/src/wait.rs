//! Waiting that ends: for a word that another thread changes, at most so long, and for nobody where a value is missing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Waits until somebody is said to have changed `word` from `seen`, at most `patience`. It may return before.
///
/// A thread of the caller's is never parked: the token by which a thread is woken is the caller's.
pub(crate) fn until_changed(word: &AtomicU32, seen: u32, patience: Duration) {
    #[cfg(target_os = "linux")]
    {
        let seconds = patience.as_secs().try_into().unwrap_or(i64::MAX);
        let patience = rustix::thread::Timespec { tv_sec: seconds, tv_nsec: patience.subsec_nanos().into() };
        // A thread that a signal woke, or that woke too late, looks again.
        let _ = rustix::thread::futex::wait(word, rustix::thread::futex::Flags::PRIVATE, seen, Some(&patience));
    }
    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::disallowed_methods, reason = "nothing else waits for a word here")]
    if word.load(Ordering::Acquire) == seen {
        std::thread::sleep(patience.min(Duration::from_micros(200)));
    }
}

/// Wakes as many of those who wait for `word` to change.
pub(crate) fn wake(word: &AtomicU32, most: u32) {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::futex::wake(word, rustix::thread::futex::Flags::PRIVATE, most);
    #[cfg(not(target_os = "linux"))]
    let _ = (word, most);
}

/// A value that is put in place once. Nobody waits for the one that puts it there: a forked child, or a signal's handler,
/// would wait for ever.
#[derive(Debug)]
pub struct Slot<T> {
    is_claimed: AtomicBool,
    value: OnceLock<T>,
}

impl<T> Slot<T> {
    /// Returns an empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { is_claimed: AtomicBool::new(false), value: OnceLock::new() }
    }

    /// Returns the value, if it is in place.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// Puts what `make` returns in place, unless somebody has or is about to; returns it when it was put there now.
    pub fn offer(&self, make: impl FnOnce() -> T) -> Option<&T> {
        if self.is_claimed.swap(true, Ordering::AcqRel) {
            return None;
        }
        // Only the thread that has claimed the place gets here, so that this waits for nobody.
        let _ = self.value.set(make());
        self.value.get()
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}
