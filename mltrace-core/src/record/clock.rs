//! The times of what a process records: they never go back, whatever becomes of the wall clock.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::Timestamp;

/// The last time that was given out.
static LAST: AtomicI64 = AtomicI64::new(i64::MIN);

/// Returns the wall clock's time; where that is not after what was returned last, the moment after that.
#[must_use]
pub fn now() -> Timestamp {
    not_before(Timestamp::MIN)
}

/// Returns [`now`], or `earliest` if that is later.
pub(super) fn not_before(earliest: Timestamp) -> Timestamp {
    let wall = Timestamp::now().max(earliest).0;
    let mut given = wall;
    let _ = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        given = wall.max(last.saturating_add(1));
        Some(given)
    });
    Timestamp(given).min(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_does_not_set_the_record_back() {
        let an_hour_on = Timestamp::now().plus_micros(3_600_000_000);
        let ahead = not_before(an_hour_on);
        let (one, other) = (now(), now());
        assert!(an_hour_on <= ahead && ahead < one && one < other);
    }
}
