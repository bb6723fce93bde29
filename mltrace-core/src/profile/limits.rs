//! How much of a table is read, and for how long.

use std::time::{Duration, Instant};

/// So many columns are told of.
pub(super) const MOST_COLUMNS: usize = 500;

/// How much of a table is read, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many bytes at most.
    pub bytes: u64,
    /// So long at most.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 30, time: Duration::from_secs(60) }
    }
}

/// Sees to it that reading ends in time.
pub(super) struct Watch {
    begun: Instant,
    time: Duration,
}

impl Watch {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { begun: Instant::now(), time: limits.time }
    }

    pub(super) fn is_over(&mut self) -> bool {
        self.begun.elapsed() >= self.time
    }
}
