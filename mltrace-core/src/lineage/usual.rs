//! How long the runs of a component usually take.

/// With fewer runs than this nothing is usual.
const FEW_RUNS: usize = 4;
/// Less than this many milliseconds outside of what is usual are chance.
const SLACK_MS: f64 = 10.0;

/// How many times as wide as either level the gap between two has to be.
const APART: f64 = 1.0;
/// Less than this share of a metric outside of what is usual is chance.
const LEAST_SHARE: f64 = 0.05;

/// How long the middle half of some runs took, in milliseconds, or what a metric of them was.
///
/// Where they fall into two levels, as where one region takes longer than another, there are two such halves: what lies
/// between the levels is not usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The shortest of them, or the least.
    pub low: f64,
    /// The longest, or the most.
    pub high: f64,
    /// The same of the upper level, where there are two.
    pub upper: Option<(f64, f64)>,
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
        let (low, high) = middle_half(&sorted)?;
        let one = Self { low, high, upper: None };
        // The largest gap: on both sides of it there have to be enough that something is usual there.
        let places = FEW_RUNS.max(sorted.len() / 5)..=sorted.len().saturating_sub(FEW_RUNS.max(sorted.len() / 5));
        let gap = |place: &usize| Some(sorted.get(*place)? - sorted.get(place.checked_sub(1)?)?);
        let widest = places.filter_map(|place| Some((gap(&place)?, place)));
        let Some((gap, place)) = widest.max_by(|(one, _), (other, _)| one.total_cmp(other)) else { return Some(one) };
        let (below, above) = sorted.split_at(place);
        let (Some(lower), Some(upper)) = (middle_half(below), middle_half(above)) else { return Some(one) };
        let width = |level: &[f64]| level.last().zip(level.first()).map_or(0.0, |(last, first)| last - first);
        let is_apart = gap > APART * width(below).max(width(above)) && gap > LEAST_SHARE * upper.1.abs();
        Some(if is_apart { Self { low: lower.0, high: lower.1, upper: Some(upper) } } else { one })
    }

    /// Returns the halves.
    fn levels(&self) -> impl Iterator<Item = (f64, f64)> {
        [(self.low, self.high)].into_iter().chain(self.upper)
    }

    /// Returns what is usual in words, as `tell` reports one number.
    #[must_use]
    pub fn words(&self, tell: impl Fn(f64) -> String) -> String {
        let level = |(low, high): (f64, f64)| format!("{} to {}", tell(low), tell(high));
        self.levels().map(level).collect::<Vec<_>>().join(" or ")
    }

    /// Returns whether a duration lies outside: further from the middle half than three times its width, and by half or
    /// double at least.
    #[must_use]
    pub fn is_outside(&self, duration: f64) -> bool {
        self.levels().all(|(low, high)| {
            let width = high - low;
            duration < (low - 3.0 * width).min(low / 2.0) - SLACK_MS
                || duration > (high + 3.0 * width).max(high * 2.0) + SLACK_MS
        })
    }

    /// Returns how far a number lies from the nearest middle half, as a share of what is usual there.
    #[must_use]
    pub fn distance(&self, number: f64) -> f64 {
        // A difference of two numbers may be larger than a float can be, that of their quarters not.
        let number = number / 4.0;
        let far = |(low, high): (f64, f64)| {
            let (low, high) = (low / 4.0, high / 4.0);
            let outside = (low - number).max(number - high).max(0.0);
            let width = (high - low).max(LEAST_SHARE * low.abs().max(high.abs()));
            (outside / width.max(f64::MIN_POSITIVE)).min(f64::MAX)
        };
        self.levels().map(far).fold(f64::INFINITY, f64::min)
    }

    /// Returns whether a metric lies outside: further from the middle half than three times its width, and by a twentieth
    /// of what is usual at least.
    #[must_use]
    pub fn is_out_of_line(&self, metric: f64) -> bool {
        self.levels().all(|(low, high)| {
            let width = (3.0 * (high - low)).max(LEAST_SHARE * low.abs().max(high.abs()));
            metric < low - width || metric > high + width
        })
    }
}

/// Returns the first and the last of the middle half of sorted numbers.
fn middle_half(sorted: &[f64]) -> Option<(f64, f64)> {
    let quarter = |quarters: usize| sorted.get(sorted.len().saturating_sub(1) * quarters / 4).copied();
    quarter(1).zip(quarter(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_unusual_far_outside_the_middle_half() {
        let others = [100.0, 110.0, 120.0, 130.0, 140.0, 150.0];
        let usual = Usual::of(&others).unwrap();
        assert_eq!(usual, Usual { low: 110.0, high: 130.0, upper: None });
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
    fn two_levels_are_not_one_range() {
        let seconds = |number: f64| format!("{number}");
        let regions = [100.0, 104.0, 108.0, 112.0, 900.0, 910.0, 920.0, 930.0];
        let usual = Usual::of(&regions).unwrap();
        assert_eq!(usual.words(seconds), "100 to 108 or 900 to 920");
        assert!(usual.is_outside(400.0) && usual.is_out_of_line(400.0), "nothing took so long before");
        assert!(!usual.is_outside(111.0) && !usual.is_outside(905.0));
        let even: Vec<f64> = (1..40).map(|number| f64::from(number) * 50.0).collect();
        assert_eq!(Usual::of(&even).unwrap().upper, None);
        let odd = [100.0, 104.0, 108.0, 112.0, 116.0, 120.0, 900.0, 910.0];
        assert_eq!(Usual::of(&odd).unwrap().upper, None, "two are no level");
    }

    #[test]
    fn a_metric_is_out_of_line_by_its_own_width_and_a_twentieth() {
        let usual = Usual::of(&[0.80, 0.81, 0.82, 0.83, 0.84]).unwrap();
        assert!(!usual.is_out_of_line(0.78) && !usual.is_out_of_line(0.88));
        assert!(usual.is_out_of_line(0.60) && usual.is_out_of_line(0.95) && usual.is_out_of_line(-0.82));
        let even = Usual::of(&[1.0; 8]).unwrap();
        assert!(!even.is_out_of_line(1.04) && even.is_out_of_line(1.06));
        assert!(Usual::of(&[0.0; 8]).unwrap().is_out_of_line(1.0), "what was always none");
    }

    proptest::proptest! {
        #[test]
        fn of_extreme_numbers_nothing_is_without_end(
            numbers in proptest::collection::vec(proptest::num::f64::NORMAL, 4..20),
            other in proptest::num::f64::NORMAL,
        ) {
            let usual = Usual::of(&numbers).unwrap();
            assert!(usual.low.is_finite() && usual.high.is_finite() && usual.distance(other).is_finite(), "{usual:?}");
            assert!(numbers.iter().all(|number| *number < usual.low || *number > usual.high || usual.distance(*number) == 0.0));
        }
    }

    #[test]
    fn what_takes_no_time_may_take_some_milliseconds() {
        assert!(!Usual::of(&[0.1, 0.1, 0.1, 0.1]).unwrap().is_outside(5.0));
    }
}
