//! How long the runs of a component usually take.

/// With fewer runs than this nothing is usual.
const FEW_RUNS: usize = 4;
/// Less than this many milliseconds outside of what is usual are chance.
const SLACK_MS: f64 = 10.0;

/// How long the middle half of some runs took, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The shortest of them.
    pub low: f64,
    /// The longest.
    pub high: f64,
}

impl Usual {
    /// Returns what is usual for runs that took `durations`; `None` when they are too few to say.
    #[must_use]
    pub fn of(durations: &[f64]) -> Option<Self> {
        if durations.len() < FEW_RUNS {
            return None;
        }
        let mut sorted = durations.to_vec();
        sorted.sort_by(f64::total_cmp);
        let quarter = |quarters: usize| sorted.get(sorted.len().saturating_sub(1) * quarters / 4).copied();
        Some(Self { low: quarter(1)?, high: quarter(3)? })
    }

    /// Returns whether a duration lies outside: further from the middle half than three times its width, and by half or
    /// double at least.
    #[must_use]
    pub fn is_outside(&self, duration: f64) -> bool {
        let width = self.high - self.low;
        duration < (self.low - 3.0 * width).min(self.low / 2.0) - SLACK_MS
            || duration > (self.high + 3.0 * width).max(self.high * 2.0) + SLACK_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_unusual_far_outside_the_middle_half() {
        let others = [100.0, 110.0, 120.0, 130.0, 140.0, 150.0];
        let usual = Usual::of(&others).unwrap();
        assert_eq!(usual, Usual { low: 110.0, high: 130.0 });
        assert!(!usual.is_outside(200.0) && !usual.is_outside(60.0));
        assert!(usual.is_outside(400.0) && usual.is_outside(10.0));
        assert_eq!(Usual::of(&others[..3]), None, "too few to say");
    }

    #[test]
    fn one_odd_run_does_not_make_another_usual() {
        let usual = Usual::of(&[100.0, 105.0, 900.0, 95.0, 110.0]).unwrap();
        assert!(usual.is_outside(900.0));
    }

    #[test]
    fn what_takes_no_time_may_take_some_milliseconds() {
        assert!(!Usual::of(&[0.1, 0.1, 0.1, 0.1]).unwrap().is_outside(5.0));
    }
}
