//! How a number moved that has levels: at once, or step by step in one direction.

use super::level::Level;

/// Less than this, as a ratio, is no trend, however sure it is.
const LEAST: f64 = 1.1;
/// A step that is so large a share of the way is the whole of it.
const MOST_OF_IT: f64 = 2.0 / 3.0;

/// How a number moved to where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Whether it crept there, in several steps of which none is most of the way.
    pub is_creeping: bool,
    /// The place of the first number after it began to move.
    pub first: usize,
    /// The median before.
    pub before: f64,
    /// The median now.
    pub after: f64,
}

/// Returns how a positive number moved to its last level; `None` where it did not.
///
/// The steps are looked at from the last one back, for as long as they go in one direction.
#[must_use]
pub fn trend(levels: &[Level]) -> Option<Trend> {
    let steps: Vec<(f64, &Level, &Level)> = levels
        .windows(2)
        .filter_map(|pair| match pair {
            [before, after] if before.median > 0.0 && after.median > 0.0 => {
                // The ratio may be larger than a float can be.
                Some((after.median.ln() - before.median.ln(), before, after))
            }
            _ => None,
        })
        .collect();
    let (last, ..) = steps.last()?;
    let is_up = *last > 0.0;
    let these: Vec<_> = steps.iter().rev().take_while(|(step, ..)| (*step > 0.0) == is_up).collect();
    let whole: f64 = these.iter().map(|(step, ..)| step).sum();
    if whole.abs() < LEAST.ln() {
        return None;
    }
    let (_, now) = these.first().map(|(step, _, after)| (step, after))?;
    let largest = these.iter().max_by(|(one, ..), (other, ..)| one.abs().total_cmp(&other.abs()))?;
    if largest.0 / whole >= MOST_OF_IT {
        let (_, before, after) = largest;
        return Some(Trend { is_creeping: false, first: after.first, before: before.median, after: now.median });
    }
    let (_, before, after) = these.last()?;
    Some(Trend { is_creeping: true, first: after.first, before: before.median, after: now.median })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels of ten numbers each.
    fn check(medians: &[f64], expected: Option<(bool, usize, f64, f64)>) {
        let level =
            |(place, median): (usize, &f64)| Level { first: place * 10, count: 10, median: *median, chance: 0.001 };
        let levels: Vec<Level> = medians.iter().enumerate().map(level).collect();
        let found = trend(&levels).map(|trend| (trend.is_creeping, trend.first, trend.before, trend.after));
        assert_eq!(found, expected, "{medians:?}");
    }

    #[test]
    fn one_step_is_a_step() {
        check(&[5.0, 10.0], Some((false, 10, 5.0, 10.0)));
        check(&[10.0, 5.0], Some((false, 10, 10.0, 5.0)));
        check(&[5.0, 5.2, 10.0], Some((false, 20, 5.2, 10.0)));
    }

    #[test]
    fn several_steps_in_one_direction_are_creeping() {
        check(&[5.0, 6.0, 7.2, 8.6], Some((true, 10, 5.0, 8.6)));
        check(&[9.0, 5.0, 6.0, 7.2], Some((true, 20, 5.0, 7.2)));
    }

    #[test]
    fn a_step_from_nearly_nothing_to_the_greatest_number_is_one() {
        check(&[f64::MIN_POSITIVE, f64::MAX], Some((false, 10, f64::MIN_POSITIVE, f64::MAX)));
    }

    #[test]
    fn what_does_not_move_or_hardly_has_no_trend() {
        check(&[], None);
        check(&[5.0], None);
        check(&[5.0, 5.2], None);
        check(&[0.0, 5.0], None);
    }
}
