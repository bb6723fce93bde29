//! The population stability index: how far the shares of values moved from one table, or one run, to another.

/// A share of nothing counts as so much: the index has no end otherwise.
const LEAST_SHARE: f64 = 1e-4;

/// Returns what one part of the values adds to the index, by its shares before and after.
pub(super) fn part(before: f64, after: f64) -> f64 {
    let (before, after) = (before.max(LEAST_SHARE), after.max(LEAST_SHARE));
    (after - before) * (after / before).ln()
}

/// Returns the index of numbers of which none is where an earlier one was: however the parts are cut, none is shared.
pub(super) fn of_disjoint(before: impl Iterator<Item = f64>) -> f64 {
    before.fold(part(0.0, 1.0), |index, share| index + part(share, 0.0))
}

/// Returns whether two ranges, each from its least number to its greatest, have no number in common.
pub(super) fn are_disjoint(one: [f64; 2], other: [f64; 2]) -> bool {
    let [[least, greatest], [other_least, other_greatest]] = [one, other];
    greatest < other_least || other_greatest < least
}
