//! How a number moved to where it is: at once, or step by step in one direction.

use super::drift::Move;

/// Less than this, as a ratio, is no trend, however sure it is.
const LEAST: f64 = 1.1;
/// A step that is so large a share of the way is the whole of it.
const MOST_OF_IT: f64 = 2.0 / 3.0;

/// How a number moved to where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trend {
    /// Whether it crept there, along a line or in several steps of which none is most of the way.
    pub is_creeping: bool,
    /// The place of the first number after it began to move.
    pub first: usize,
    /// The median before.
    pub before: f64,
    /// The median now.
    pub after: f64,
}

/// Returns how a positive number moved to where it is; `None` where it did not.
///
/// The moves are looked at from the last one back, for as long as they go in one direction.
#[must_use]
pub fn trend(moves: &[Move]) -> Option<Trend> {
    let way = |step: &Move| {
        // The ratio may be larger than a float can be.
        (step.before > 0.0 && step.after > 0.0).then(|| step.after.ln() - step.before.ln())
    };
    let steps: Vec<(f64, &Move)> = moves.iter().rev().map_while(|step| Some((way(step)?, step))).collect();
    let (last, now) = steps.first()?;
    let is_up = *last > 0.0;
    let these: Vec<_> = steps.iter().take_while(|(step, _)| (*step > 0.0) == is_up).collect();
    let whole: f64 = these.iter().map(|(step, _)| step).sum();
    if whole.abs() < LEAST.ln() {
        return None;
    }
    let (largest, step) = these.iter().max_by(|(one, _), (other, _)| one.abs().total_cmp(&other.abs()))?;
    let is_one = largest / whole >= MOST_OF_IT;
    let (_, begin) = these.last()?;
    let from = if is_one { step } else { begin };
    let is_creeping = !is_one || step.is_creeping;
    Some(Trend { is_creeping, first: from.first, before: from.before, after: now.after })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps between levels of ten numbers each, which crept where the place of the step is told.
    fn check_with(medians: &[f64], creeping: &[usize], expected: Option<(bool, usize, f64, f64)>) {
        let step = |(place, pair): (usize, &[f64])| {
            let is_creeping = creeping.contains(&place);
            let first = (place + 1) * 10;
            Move { is_creeping, first, count: 10, before: pair[0], after: pair[1], chance: 0.001 }
        };
        let moves: Vec<Move> = medians.windows(2).enumerate().map(step).collect();
        let found = trend(&moves).map(|trend| (trend.is_creeping, trend.first, trend.before, trend.after));
        assert_eq!(found, expected, "{medians:?}");
    }

    fn check(medians: &[f64], expected: Option<(bool, usize, f64, f64)>) {
        check_with(medians, &[], expected);
    }

    #[test]
    fn one_line_is_creeping_and_a_step_after_it_is_not() {
        check_with(&[5.0, 10.0], &[0], Some((true, 10, 5.0, 10.0)));
        check_with(&[5.0, 6.0, 20.0], &[0], Some((false, 20, 6.0, 20.0)));
        check_with(&[5.0, 9.0, 10.0], &[0], Some((true, 10, 5.0, 10.0)));
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
