//! The line between two levels that is nearest to some numbers.

use std::ops::Range;

/// A ramp climbs over so many numbers at least, because over fewer it is a step, and a level beside it has so many, because fewer
/// lie on the line.
const LEAST: usize = 4;
/// Between so many places the nearest ramp is looked for, and then among those beside it.
const PLACES: usize = 48;

/// Numbers that stay on a level, go along a line, and stay where it ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Ramp {
    /// The places of the numbers on the line.
    pub(super) line: Range<usize>,
    /// The levels before and after.
    pub(super) ends: [f64; 2],
    /// How far the numbers are from it, as a sum of squares.
    pub(super) apart: f64,
}

/// Returns the ramp that is nearest to some numbers; `None` where there are too few.
pub(super) fn ramp(numbers: &[f64]) -> Option<Ramp> {
    let last = numbers.len().checked_sub(1)?;
    let step = numbers.len().div_ceil(PLACES).max(1);
    let sums = Sums::of(numbers);
    let nearest = |starts: &[usize], ends: &[usize]| {
        let pairs = starts.iter().flat_map(|start| ends.iter().map(|end| (*start, *end)));
        let is_end = |beside: usize| beside == 0 || beside >= LEAST;
        let long = pairs
            .filter(|(start, end)| *end >= start + LEAST - 1 && *end <= last && is_end(*start) && is_end(last - end));
        long.map(|(start, end)| (sums.explained(start, end), start, end)).max_by(|one, other| one.0.total_cmp(&other.0))
    };
    let all: Vec<usize> = (0..=last).step_by(step).chain([last]).collect();
    let (_, start, end) = nearest(&all, &all)?;
    let beside = |place: usize| (place.saturating_sub(step)..=place + step).collect::<Vec<_>>();
    let (_, start, end) = nearest(&beside(start), &beside(end))?;
    let ends = sums.ends(start, end);
    let at = |place: usize| ends[0] + (ends[1] - ends[0]) * share(place, start, end);
    let apart = numbers.iter().enumerate().map(|(place, number)| (number - at(place)).powi(2)).sum();
    Some(Ramp { line: start..end + 1, ends, apart })
}

/// Returns how much of the way a ramp has climbed at a place.
fn share(place: usize, start: usize, end: usize) -> f64 {
    ((place as f64 - start as f64) / (end - start) as f64).clamp(0.0, 1.0)
}

/// Sums of numbers up to each place: alone, and times their place.
struct Sums {
    plain: Vec<f64>,
    placed: Vec<f64>,
}

impl Sums {
    fn of(numbers: &[f64]) -> Self {
        let up_to = |of: &dyn Fn((usize, &f64)) -> f64| {
            let mut sum = 0.0;
            let add = |number| {
                sum += of(number);
                sum
            };
            std::iter::once(0.0).chain(numbers.iter().enumerate().map(add)).collect::<Vec<f64>>()
        };
        Self { plain: up_to(&|(_, number)| *number), placed: up_to(&|(place, number)| place as f64 * number) }
    }

    /// Returns the normal equations of a ramp: the sums of the squares and the product of the shares of both levels, and of
    /// each share times the number.
    fn equations(&self, start: usize, end: usize) -> ([f64; 3], [f64; 2]) {
        let (count, length) = (self.plain.len() - 1, (end - start) as f64);
        // The shares on the line are 1/length, 2/length, … up to 1 at its end.
        let steps = length - 1.0;
        let (one, two) = (steps * length / 2.0, steps * length * (2.0 * length - 1.0) / 6.0);
        let after = (count - end) as f64;
        let high = two / length.powi(2) + after;
        let both = one / length - two / length.powi(2);
        let low = (start + 1) as f64 + steps - 2.0 * one / length + two / length.powi(2);
        let of = |sums: &[f64], from: usize, to: usize| sums[to] - sums[from];
        let (on_line, placed) = (of(&self.plain, start + 1, end), of(&self.placed, start + 1, end));
        let climbed = (placed - start as f64 * on_line) / length;
        let with_high = climbed + of(&self.plain, end, count);
        let with_low = self.plain[start + 1] + on_line - climbed;
        ([low, both, high], [with_low, with_high])
    }

    /// Returns the levels before and after the ramp between two places that is nearest.
    fn ends(&self, start: usize, end: usize) -> [f64; 2] {
        let ([low, both, high], [with_low, with_high]) = self.equations(start, end);
        let whole = low * high - both * both;
        [(with_low * high - with_high * both) / whole, (with_high * low - with_low * both) / whole]
    }

    /// Returns how much of the squares of the numbers it explains.
    fn explained(&self, start: usize, end: usize) -> f64 {
        let (_, with) = self.equations(start, end);
        self.ends(start, end).iter().zip(with).map(|(end, with)| end * with).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers on a ramp between two places.
    fn on_ramp(count: usize, start: usize, end: usize, ends: [f64; 2]) -> Vec<f64> {
        (0..count).map(|place| ends[0] + (ends[1] - ends[0]) * share(place, start, end)).collect()
    }

    #[test]
    fn a_ramp_is_found_where_it_is() {
        for (count, start, end, ends) in [
            (30, 10, 20, [1.0, 2.0]),
            (30, 0, 29, [1.0, 2.0]),
            (30, 0, 9, [5.0, -3.0]),
            (150, 57, 93, [1.0, 1.3]),
            (199, 120, 198, [2.0, 1.0]),
        ] {
            let numbers = on_ramp(count, start, end, ends);
            let found = ramp(&numbers).unwrap();
            assert_eq!(found.line, start..end + 1);
            assert!(found.apart < 1e-9 && found.ends.iter().zip(ends).all(|(one, other)| (one - other).abs() < 1e-6));
        }
        assert_eq!((ramp(&[]), ramp(&[1.0, 2.0, 3.0])), (None, None));
    }
}
