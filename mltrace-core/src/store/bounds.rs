//! How far a question may go before its store stops answering.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use super::error::{Result, StoreError};

/// How far a question may go: shared by who asks and the store that answers, so that either can end it.
///
/// What is counted is what the store hands out: a number or a missing value as eight bytes, a text as its length and
/// sixteen. What an answer takes in memory grows with it.
#[derive(Debug)]
pub struct Bounds {
    most_bytes: u64,
    most_steps: u64,
    until: Option<Instant>,
    held: AtomicU64,
    steps: AtomicU64,
    is_given_up: AtomicBool,
}

impl Bounds {
    /// Returns bounds for a question that may hold so many bytes of rows at once, and takes so many steps of the
    /// database, until then.
    #[must_use]
    pub fn new(most_bytes: u64, most_steps: u64, until: Option<Instant>) -> Self {
        let (held, steps, is_given_up) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Self { most_bytes, most_steps, until, held, steps, is_given_up }
    }

    /// Ends the question: nobody waits for its answer any more.
    pub fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
    }

    /// Returns whether the question may still go on, `steps` further.
    pub fn goes_on(&self, steps: u64) -> bool {
        let taken = self.steps.fetch_add(steps, Ordering::Relaxed).saturating_add(steps);
        let is_late = || self.until.is_some_and(|until| Instant::now() >= until);
        taken <= self.most_steps && !self.is_given_up.load(Ordering::Relaxed) && !is_late()
    }

    /// Returns whether the question went as far as it may.
    pub fn is_reached(&self) -> bool {
        !self.goes_on(0) || self.held() > self.most_bytes
    }

    /// Returns how many bytes of rows are held.
    pub fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// Takes note that so many bytes more are held.
    ///
    /// # Errors
    /// When that is more than the question may hold.
    pub fn hold(&self, bytes: u64) -> Result<()> {
        let held = self.held.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if held <= self.most_bytes { Ok(()) } else { Err(StoreError::TooMuch) }
    }

    /// Takes note that of what is held only so many bytes are left.
    pub fn keep(&self, bytes: u64) {
        self.held.store(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_holds_no_more_than_it_may_and_gives_back() {
        let bounds = Bounds::new(100, u64::MAX, None);
        assert!(bounds.hold(60).is_ok() && bounds.hold(40).is_ok());
        assert!(matches!(bounds.hold(1), Err(StoreError::TooMuch)));
        bounds.keep(50);
        assert!(bounds.hold(50).is_ok());
    }

    #[test]
    fn a_question_ends_after_its_steps_its_time_or_when_nobody_waits() {
        let bounds = Bounds::new(0, 10, None);
        assert!(bounds.goes_on(10) && !bounds.goes_on(1));
        assert!(!Bounds::new(0, u64::MAX, Some(Instant::now())).goes_on(1));
        let bounds = Bounds::new(0, u64::MAX, None);
        assert!(bounds.goes_on(1));
        bounds.give_up();
        assert!(!bounds.goes_on(1));
    }
}
