//! Where a series of numbers changed its level.
//!
//! Circular binary segmentation (Olshen, Venkatraman, Lucito, Wigler 2004): of all stretches of a series the one whose mean
//! is furthest from that of the rest is looked for, and believed in where shuffled series show such a one in 1 of 100 at
//! most. Why this test and no other: `docs/design/level.md`.

use super::scale::{Scaled, mean};

/// No level has fewer numbers: one alone is an odd one, and no level.
const LEAST: usize = 2;
/// With fewer numbers in all nothing is said.
pub const FEW: usize = 8;
/// How often the series is shuffled.
const SHUFFLES: u32 = 999;
/// How likely a stretch may be by chance.
const CHANCE: f64 = 0.01;
/// How likely each end of a stretch may be by chance.
const CHANCE_OF_AN_END: f64 = 0.05;
/// Numbers that follow each other on one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// The place of the first.
    pub first: usize,
    /// How many there are.
    pub count: usize,
    /// Their median.
    pub median: f64,
    /// In what share of shuffled series something as clear is found as the step from the level before; 1 for the first.
    pub chance: f64,
}

/// Returns the levels of a series of finite numbers, in their order; one where nothing changed that is not chance. Their medians
/// are those in a run of the same kind as that at the place `like`.
pub(super) fn levels(numbers: &[f64], scaled: &Scaled, like: usize) -> Vec<Level> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let mut ends = vec![(0, 1.0)];
    if numbers.len() >= FEW {
        split(&scaled.numbers, 0, &mut ends);
    }
    ends.sort_by_key(|(first, _)| *first);
    let nexts = ends.iter().skip(1).map(|(next, _)| *next).chain([numbers.len()]);
    let level = |((first, chance), next): (&(usize, f64), usize)| {
        let median = scaled.median_like(numbers, *first..next, like);
        Level { first: *first, count: next - first, median, chance: *chance }
    };
    ends.iter().zip(nexts).map(level).collect()
}

/// Adds the places at which other levels begin within a stretch that begins at `from`.
fn split(numbers: &[f64], from: usize, ends: &mut Vec<(usize, f64)>) {
    let Some((begin, end, clear)) = clearest(numbers) else { return };
    let Some(chance) = chance(numbers, CHANCE, |shuffled| clearest(shuffled).is_some_and(|(.., c)| c >= clear)) else {
        return;
    };
    let parts = [&numbers[..begin], &numbers[begin..end], &numbers[end..]];
    let is_end = |one: usize| {
        let (left, right) = (parts[one], parts[one + 1]);
        if left.is_empty() || right.is_empty() {
            return false;
        }
        let apart = |both: &[f64]| (mean(&both[..left.len()]) - mean(&both[left.len()..])).abs();
        let both = [left, right].concat();
        let found = apart(&both);
        self::chance(&both, CHANCE_OF_AN_END, |shuffled| apart(shuffled) >= found - 1e-12).is_some()
    };
    let mut cuts: Vec<usize> =
        [(0, begin), (1, end)].into_iter().filter(|(one, _)| is_end(*one)).map(|(_, at)| at).collect();
    if cuts.is_empty() {
        // The stretch is no chance, and one of its ends must be one: the one where it is furthest from its neighbour.
        let apart = |one: usize| {
            let is_inside = !parts[one].is_empty() && !parts[one + 1].is_empty();
            if is_inside { (mean(parts[one]) - mean(parts[one + 1])).abs() } else { 0.0 }
        };
        cuts.push(if apart(0) >= apart(1) { begin } else { end });
    }
    cuts.retain(|cut| *cut > 0 && *cut < numbers.len());
    let mut begin = 0;
    for cut in cuts.iter().copied().chain([numbers.len()]) {
        if cut < numbers.len() {
            ends.push((from + cut, chance));
        }
        if cut - begin < numbers.len() {
            split(&numbers[begin..cut], from + begin, ends);
        }
        begin = cut;
    }
}

/// Returns the stretch whose mean is furthest from that of the rest, by the share of the variance that this explains, and
/// how far; `None` where all numbers are the same, or they are too few for two levels.
fn clearest(numbers: &[f64]) -> Option<(usize, usize, f64)> {
    let (n, middle) = (numbers.len(), mean(numbers));
    let spread: f64 = numbers.iter().map(|number| (number - middle).powi(2)).sum();
    if n < 2 * LEAST || spread <= f64::EPSILON * (1.0 + middle * middle) * n as f64 {
        return None;
    }
    let mut sums = Vec::with_capacity(n + 1);
    sums.push(0.0);
    let mut sum = 0.0;
    sums.extend(numbers.iter().map(|number| {
        sum += number - middle;
        sum
    }));
    let mut found: Option<(usize, usize, f64)> = None;
    for begin in (0..n).filter(|begin| *begin == 0 || *begin >= LEAST) {
        for end in begin + LEAST..=n {
            let inside = end - begin;
            if n - inside < LEAST || (end < n && n - end < LEAST) {
                continue;
            }
            let clear = (sums[end] - sums[begin]).powi(2) * n as f64 / (inside as f64 * (n - inside) as f64);
            if found.is_none_or(|(.., best)| clear > best) {
                found = Some((begin, end, clear));
            }
        }
    }
    // Shuffled, the same numbers have the same spread; rounding must not distinguish them.
    found.map(|(begin, end, clear)| (begin, end, (clear / spread * 1e9).round()))
}

/// Returns in what share of shuffled series `is_as_clear` holds; `None` where in more than `most`.
fn chance(numbers: &[f64], most: f64, is_as_clear: impl Fn(&[f64]) -> bool) -> Option<f64> {
    let mut shuffled = numbers.to_vec();
    // The same series is always shuffled in the same ways.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ numbers.len() as u64;
    let mut as_clear = 1_u32;
    for _ in 0..SHUFFLES {
        for place in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(place, ((state >> 33) % (place as u64 + 1)) as usize);
        }
        as_clear += u32::from(is_as_clear(&shuffled));
        if f64::from(as_clear) > most * f64::from(SHUFFLES + 1) {
            return None;
        }
    }
    Some(f64::from(as_clear) / f64::from(SHUFFLES + 1))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::scale::By;
    use super::*;

    fn levels(numbers: &[f64], kinds: &[usize]) -> Vec<Level> {
        let scaled = Scaled::new(numbers, kinds, By::of(numbers));
        super::levels(numbers, &scaled, numbers.len().saturating_sub(1))
    }

    /// Numbers around levels, each given as its height and how many there are.
    pub(in crate::lineage) fn series(told: &[(f64, usize)], noise: f64, seed: u64) -> Vec<f64> {
        let mut state = seed.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
        let mut draw = || {
            // Twelve even numbers between 0 and 1 sum up to something normal.
            let sum: f64 = (0..12)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 11) as f64 / (1_u64 << 53) as f64
                })
                .sum();
            sum - 6.0
        };
        told.iter()
            .flat_map(|(height, count)| vec![*height; *count])
            .map(|height| height * (1.0 + noise * draw()))
            .collect()
    }

    fn begins(numbers: &[f64]) -> Vec<usize> {
        levels(numbers, &[]).iter().skip(1).map(|level| level.first).collect()
    }

    #[test]
    fn a_level_begins_where_the_numbers_change() {
        let found = levels(&series(&[(100.0, 40), (150.0, 20)], 0.05, 1), &[]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].first, found[0].count, found[1].first, found[1].count), (0, 40, 40, 20));
        assert!((found[0].median - 100.0).abs() < 3.0 && (found[1].median - 150.0).abs() < 4.0);
        assert!(found[0].chance > 0.99 && found[1].chance <= 0.002, "{found:?}");
    }

    #[test]
    fn what_began_lately_and_what_was_put_right_are_seen() {
        assert_eq!(begins(&series(&[(100.0, 57), (200.0, 3)], 0.05, 2)), [57]);
        assert_eq!(begins(&series(&[(100.0, 40), (300.0, 5), (100.0, 30)], 0.05, 3)), [40, 45]);
        assert_eq!(begins(&[vec![100.0; 9], vec![1.0; 5], vec![100.0; 4]].concat()), [9, 14], "without any noise");
    }

    #[test]
    fn one_odd_number_is_no_level_and_hides_none() {
        let mut numbers = series(&[(100.0, 30)], 0.05, 4);
        numbers[11] = 100_000.0;
        assert!(begins(&numbers).is_empty());
        let mut numbers = series(&[(100.0, 30), (140.0, 15)], 0.05, 5);
        numbers[11] = 100_000.0;
        assert_eq!(begins(&numbers), [30]);
    }

    #[test]
    fn an_odd_number_is_measured_by_those_beside_it() {
        // Most numbers are on one level, and the others climb far from it.
        let mut numbers = series(&[(100.0, 60)], 0.02, 8);
        numbers.extend((1..=20).map(|at| 100.0 + 5.0 * f64::from(at)));
        let last = levels(&numbers, &[]).last().copied();
        assert!(last.is_some_and(|level| level.median > 180.0), "{last:?}");
    }

    #[test]
    fn chance_is_seldom_taken_for_a_change() {
        let found = (0..150).filter(|seed| !begins(&series(&[(100.0, 40)], 0.2, 100 + seed)).is_empty()).count();
        assert!(found <= 5, "{found} of 150");
    }

    #[test]
    fn steps_are_placed_to_the_run_where_they_stand_out() {
        let exact = (0..24).filter(|seed| begins(&series(&[(100.0, 25), (130.0, 15)], 0.05, 900 + seed)) == [25]);
        assert!(exact.count() >= 21);
    }

    #[test]
    fn kinds_that_take_turns_are_seen_by_themselves() {
        let noise = series(&[(1.0, 48)], 0.03, 6);
        let numbers: Vec<f64> =
            (0..48).map(|n| noise[n] * [10.0, 100.0, 1000.0][n % 3] * if n < 36 { 1.0 } else { 1.4 }).collect();
        let kinds: Vec<usize> = (0..48).map(|n| n % 3).collect();
        assert!(levels(&numbers, &[]).len() == 1);
        let found = levels(&numbers, &kinds);
        assert_eq!(found.iter().skip(1).map(|level| level.first).collect::<Vec<_>>(), [36]);
        // A kind that came with the change does not hide it.
        let kinds: Vec<usize> = (0..60).map(|n| usize::from(n >= 40)).collect();
        assert_eq!(levels(&series(&[(100.0, 40), (150.0, 20)], 0.05, 1), &kinds)[1].first, 40);
    }

    #[test]
    fn levels_of_extreme_numbers_are_those_of_smaller_ones() {
        let small = series(&[(-100.0, 20), (150.0, 20)], 0.05, 7);
        let extreme: Vec<f64> = small.iter().map(|number| number * 2_f64.powi(1015)).collect();
        let told = |numbers: &[f64]| -> Vec<(usize, usize, f64)> {
            levels(numbers, &[]).iter().map(|level| (level.first, level.count, level.chance)).collect()
        };
        assert_eq!((told(&small), told(&small).len()), (told(&extreme), 2));
        let ends = [vec![f64::MIN; 10], vec![f64::MAX; 10]].concat();
        assert_eq!(levels(&ends, &[]).iter().map(|level| level.median).collect::<Vec<_>>(), [f64::MIN, f64::MAX]);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 32, ..Default::default() })]

        #[test]
        fn no_level_is_without_end(numbers in proptest::collection::vec(proptest::num::f64::NORMAL, 0..40)) {
            for level in levels(&numbers, &[]) {
                assert!(level.median.is_finite() && level.chance.is_finite(), "{level:?}");
            }
        }
    }

    #[test]
    fn few_numbers_and_equal_ones_have_one_level() {
        assert!(levels(&[], &[]).is_empty());
        assert_eq!(levels(&[1.0, 1.0, 1.0, 9.0, 9.0, 9.0], &[]).len(), 1);
        assert_eq!(levels(&[5.0; 50], &[]).len(), 1);
        assert_eq!(levels(&[0.0; 50], &[])[0].count, 50);
    }
}
