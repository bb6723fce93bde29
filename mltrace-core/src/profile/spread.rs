//! How numbers spread, in few buckets however far they do, and how one spread differs from another.
//!
//! A bucket holds the numbers that are alike but for a share of their size. Where there are too many buckets each two
//! neighbours become one, so all quantiles lose the same share of exactness (UDDSketch, Epicoco et al. 2020), and two
//! sketches are merged by bringing them to the same level.

use std::collections::BTreeMap;

use super::stability::{are_disjoint, of_disjoint, part};
use super::tally::rounded;
use crate::model::{Observation, Spread, TopValue};

/// No observation of a run has more.
const MOST_BUCKETS: usize = 1024;
const MOST_TEXTS: usize = 256;

/// The width of a bucket at the first level: quantiles are off by one in a hundred at most.
const GAMMA: f64 = 1.01 / 0.99;
/// No bucket at this level or above distinguishes a number from another.
const HIGHEST: u32 = 24;
/// The shares for which quantiles are reported.
pub const SHARES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

impl Spread {
    /// Returns the spread of one number.
    #[must_use]
    pub fn of(value: f64, most: usize) -> Self {
        let (negative, positive) = (Vec::new(), Vec::new());
        let mut spread = Self { sum: 0.0, min: value, max: value, level: 0, zeros: 0, negative, positive };
        spread.add(value, most);
        spread
    }

    /// Counts a number that is one and finite, in `most` buckets.
    #[inline]
    pub fn add(&mut self, value: f64, most: usize) {
        self.sum = (self.sum + value).clamp(f64::MIN, f64::MAX);
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        let size = value.abs();
        if size < f64::MIN_POSITIVE {
            self.zeros = self.zeros.saturating_add(1);
            return;
        }
        let bucket = bucket(size, self.level);
        let buckets = if value > 0.0 { &mut self.positive } else { &mut self.negative };
        match buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => buckets.get_mut(at).into_iter().for_each(|(_, count)| *count = count.saturating_add(1)),
            Err(at) => {
                // No room is made for what may never come: all of a run has little.
                buckets.reserve_exact(1);
                buckets.insert(at, (bucket, 1));
                self.fit(most);
            }
        }
    }

    /// Makes pairs of buckets one until there are no more than so many.
    pub fn fit(&mut self, most: usize) {
        while self.negative.len().saturating_add(self.positive.len()) > most.max(2) && self.level < HIGHEST {
            self.raise();
        }
    }

    fn raise(&mut self) {
        self.level = self.level.saturating_add(1);
        for buckets in [&mut self.negative, &mut self.positive] {
            for (bucket, _) in buckets.iter_mut() {
                *bucket = bucket.saturating_add(1).div_euclid(2);
            }
            buckets.dedup_by(|next, one| {
                let is_same = next.0 == one.0;
                if is_same {
                    one.1 = one.1.saturating_add(next.1);
                }
                is_same
            });
            buckets.shrink_to_fit();
        }
    }

    /// Adds what another one counted.
    pub fn merge(&mut self, other: &Self) {
        let mut other = other.clone();
        self.level_with(&mut other);
        self.sum = (self.sum + other.sum).clamp(f64::MIN, f64::MAX);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.zeros = self.zeros.saturating_add(other.zeros);
        for (buckets, more) in [(&mut self.negative, other.negative), (&mut self.positive, other.positive)] {
            for (bucket, count) in more {
                match buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
                    Ok(at) => buckets.get_mut(at).into_iter().for_each(|(_, sum)| *sum = sum.saturating_add(count)),
                    Err(at) => buckets.insert(at, (bucket, count)),
                }
            }
        }
    }

    fn level_with(&mut self, other: &mut Self) {
        let level = self.level.max(other.level).min(HIGHEST);
        for one in [self, other] {
            while one.level < level {
                one.raise();
            }
        }
    }

    /// Returns how many numbers there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        let counts = self.negative.iter().chain(&self.positive).map(|(_, count)| *count);
        counts.fold(self.zeros, u64::saturating_add)
    }

    /// Returns their mean; where their sum is larger than a float can be, as near as the buckets show.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean is no count")]
    pub fn mean(&self) -> f64 {
        let count = self.count().max(1) as f64;
        if self.sum.abs() < f64::MAX {
            return rounded(self.sum / count);
        }
        let part = |(place, times): (Place, u64)| self.size_at(place) * (times as f64 / count);
        let mean =
            self.steps().into_iter().map(part).fold(0.0, |sum: f64, part| (sum + part).clamp(f64::MIN, f64::MAX));
        rounded(mean.clamp(self.min, self.max))
    }

    /// Returns how far a quantile may be off, as a share of it.
    #[must_use]
    pub fn error(&self) -> f64 {
        let width = width(self.level);
        if width.is_finite() { rounded((width - 1.0) / (width + 1.0)) } else { 1.0 }
    }

    /// Returns shares, and the numbers that such a share of the numbers does not exceed.
    #[must_use]
    pub fn quantiles(&self) -> Vec<(f64, f64)> {
        SHARES.into_iter().filter_map(|share| Some((share, rounded(self.quantile(share)?)))).collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "a share is no count")]
    fn quantile(&self, share: f64) -> Option<f64> {
        let wanted = share * self.count() as f64;
        let mut seen = 0_u64;
        let steps = self.steps();
        let found = steps.iter().find(|(_, count)| {
            seen = seen.saturating_add(*count);
            seen as f64 >= wanted
        });
        let (place, _) = found.or(steps.last())?;
        Some(self.size_at(*place))
    }

    /// Returns the number that stands for those of a bucket: its middle, by shares.
    fn size_at(&self, place: Place) -> f64 {
        let width = width(self.level);
        let size = |bucket: i32| (f64::from(bucket) * width.ln()).exp() / (width / 2.0 + 0.5);
        let (value, end) = match place {
            Place::Below(std::cmp::Reverse(bucket)) => (-size(bucket), self.min),
            Place::Zero => (0.0, 0.0),
            Place::Above(bucket) => (size(bucket), self.max),
        };
        let value = if value.is_finite() { value } else { end };
        value.clamp(self.min, self.max)
    }

    /// Returns the buckets from the least numbers to the greatest.
    fn steps(&self) -> Vec<(Place, u64)> {
        let below =
            self.negative.iter().rev().map(|(bucket, count)| (Place::Below(std::cmp::Reverse(*bucket)), *count));
        let zero = (self.zeros > 0).then_some((Place::Zero, self.zeros));
        let above = self.positive.iter().map(|(bucket, count)| (Place::Above(*bucket), *count));
        below.chain(zero).chain(above).collect()
    }

    /// Returns whether it may be what was counted: an import may say anything.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let is_sorted = |buckets: &[(i32, u64)]| buckets.is_sorted_by(|one, other| one.0 < other.0);
        let numbers = [self.sum, self.min, self.max];
        self.level <= HIGHEST
            && is_sorted(&self.negative)
            && is_sorted(&self.positive)
            && self.count() > 0
            && self.min <= self.max
            && numbers.iter().all(|number| number.is_finite())
    }
}

/// Where a bucket stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Below(std::cmp::Reverse<i32>),
    Zero,
    Above(i32),
}

/// Returns how much greater the end of a bucket is than its start.
fn width(level: u32) -> f64 {
    GAMMA.powf(f64::from(level).exp2())
}

/// Returns the bucket of a size above zero.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "no float has so great a logarithm")]
fn bucket(size: f64, level: u32) -> i32 {
    // The logarithm of the width at the first level.
    const LN: f64 = 0.020_000_666_706_669_525;
    let wide = LN * f64::from(1_u32.checked_shl(level).unwrap_or(u32::MAX));
    (size.ln() / wide).ceil() as i32
}

impl Observation {
    /// Adds what another run observed under the same name.
    pub fn merge(&mut self, other: &Self) {
        let sums = [
            (&mut self.count, other.count),
            (&mut self.missing, other.missing),
            (&mut self.nans, other.nans),
            (&mut self.infinite, other.infinite),
            (&mut self.others, other.others),
        ];
        for (sum, more) in sums {
            *sum = sum.saturating_add(more);
        }
        self.is_whole &= other.is_whole;
        match (&mut self.spread, &other.spread) {
            (Some(spread), Some(more)) => spread.merge(more),
            (spread @ None, Some(more)) => *spread = Some(more.clone()),
            (_, None) => {}
        }
        for TopValue { value, count } in &other.top {
            match self.top.iter_mut().find(|known| known.value == *value) {
                Some(known) => known.count = known.count.saturating_add(*count),
                None => self.top.push(TopValue { value: value.clone(), count: *count }),
            }
        }
        self.sort();
        let rest = self.top.split_off(self.top.len().min(MOST_TEXTS));
        self.others = rest.iter().fold(self.others, |sum, top| sum.saturating_add(top.count));
    }

    /// Returns what is wrong with it, if it does not hold together or is larger than any that is recorded.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let spread = self.spread.as_ref();
        let buckets = spread.map_or(0, |spread| spread.negative.len().saturating_add(spread.positive.len()));
        if buckets > MOST_BUCKETS || self.top.len() > MOST_TEXTS {
            return Some(format!("an observation has more than {MOST_BUCKETS} buckets or {MOST_TEXTS} texts"));
        }
        let texts = self.top.iter().fold(self.others, |sum, top| sum.saturating_add(top.count));
        let counted = [self.missing, self.nans, self.infinite, spread.map_or(0, Spread::count)];
        let counted = counted.into_iter().fold(texts, u64::saturating_add);
        let is_wrong = counted > self.count || spread.is_some_and(|spread| !spread.is_sound());
        is_wrong.then(|| format!("the observation `{}` counts what it does not hold", self.name))
    }

    /// Forgets its values where they do not hold together: a journal is whatever somebody wrote. How many there were stays.
    pub fn keep_if_sound(&mut self) {
        if self.fault().is_some() {
            (self.missing, self.nans, self.infinite, self.others) = (0, 0, 0, 0);
            (self.spread, self.is_whole) = (None, false);
            self.top.clear();
        }
    }

    /// Puts the most frequent texts first.
    pub fn sort(&mut self) {
        self.top.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.value.cmp(&other.value)));
    }
}

/// Returns the population stability index of what was observed: over the tenths of the earlier numbers, or over the texts.
/// `None` where the values are not known well enough.
#[must_use]
pub fn psi(before: &Observation, after: &Observation) -> Option<f64> {
    match (&before.spread, &after.spread) {
        (Some(before), Some(after)) => Some(rounded(of_numbers(before.clone(), after.clone()))),
        (None, None) => of_texts(before, after).map(rounded),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a share is no count")]
fn of_numbers(mut before: Spread, mut after: Spread) -> f64 {
    before.level_with(&mut after);
    let parts = parts(&before, &after);
    let (all_before, all) = (before.count() as f64, after.count() as f64);
    if are_disjoint([before.min, before.max], [after.min, after.max]) {
        return of_disjoint(parts.into_iter().map(|(old, _)| old as f64 / all_before));
    }
    parts.into_iter().fold(0.0, |index, (old, new)| index + part(old as f64 / all_before, new as f64 / all))
}

/// Returns how many numbers of either are in each tenth of the earlier ones. A bucket with a tenth of them or more stands alone:
/// what is less, or greater, is not taken for it.
#[expect(clippy::cast_precision_loss, reason = "a share is no count")]
fn parts(before: &Spread, after: &Spread) -> Vec<(u64, u64)> {
    let all = before.count();
    let mut counts: BTreeMap<Place, (u64, u64)> = BTreeMap::new();
    before.steps().into_iter().for_each(|(place, count)| counts.entry(place).or_default().0 = count);
    after.steps().into_iter().for_each(|(place, count)| counts.entry(place).or_default().1 = count);
    let (mut parts, mut seen, mut tenth) = (Vec::new(), 0_u64, 1.0);
    let (mut open, mut is_alone) = ((0_u64, 0_u64), false);
    for (old, new) in counts.into_values() {
        // One of few numbers is not frequent, unless it is the only one.
        is_alone = if old > 0 { old.saturating_mul(10) >= all && (old > 1 || all == 1) } else { is_alone };
        if is_alone && old > 0 {
            parts.push(std::mem::take(&mut open));
        }
        open = (open.0.saturating_add(old), open.1.saturating_add(new));
        seen = seen.saturating_add(old);
        let share = seen as f64 / all as f64;
        if old > 0 && (is_alone || share >= tenth / 10.0) {
            parts.push(std::mem::take(&mut open));
            tenth = (share * 10.0).floor() + 1.0;
        }
    }
    match parts.last_mut() {
        // What is beyond the last tenth belongs to it.
        Some(last) if !is_alone => last.1 = last.1.saturating_add(open.1),
        _ => parts.push(open),
    }
    parts
}

#[expect(clippy::cast_precision_loss, reason = "a share is no count")]
fn of_texts(before: &Observation, after: &Observation) -> Option<f64> {
    let all = |of: &Observation| of.top.iter().fold(0_u64, |sum, top| sum.saturating_add(top.count));
    let (all_before, all_after) = (all(before), all(after));
    // A text that is not listed may be any of those that were only counted.
    if before.others > 0 || after.others > 0 || all_before == 0 || all_after == 0 {
        return None;
    }
    let share = |of: &Observation, value: &str, all: u64| {
        of.top.iter().find(|top| top.value == value).map_or(0.0, |top| top.count as f64 / all as f64)
    };
    let (mut index, mut left) = (0.0, 1.0);
    for TopValue { value, .. } in &before.top {
        let (old, new) = (share(before, value, all_before), share(after, value, all_after));
        index += part(old, new);
        left -= new;
    }
    Some(index + part(0.0, left))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>, most: usize) -> Spread {
        let mut values = values.into_iter();
        let mut spread = Spread::of(values.next().unwrap(), most);
        values.for_each(|value| spread.add(value, most));
        spread
    }

    fn seen(spread: Spread) -> Observation {
        Observation { count: spread.count(), spread: Some(spread), ..Observation::default() }
    }

    #[test]
    fn what_does_not_hold_together_keeps_no_values() {
        let text = r#"{"name": "x", "count": 9, "is_whole": true,
            "spread": {"level": 0, "negative": [], "zeros": 1, "positive": [], "sum": 1.0, "min": 5.0, "max": -5.0}}"#;
        let mut found: Observation = serde_json::from_str(text).unwrap();
        assert!(found.fault().is_some());
        found.keep_if_sound();
        assert_eq!((found.count, found.is_whole, found.spread.is_none(), found.fault()), (9, false, true, None));
        let top =
            |from: usize| (from..from + MOST_TEXTS).map(|n| TopValue { value: n.to_string(), count: 1 }).collect();
        let of = |top: Vec<TopValue>| Observation { count: top.len() as u64, top, ..found.clone() };
        let mut one = of(top(0));
        one.merge(&of(top(1_000)));
        assert_eq!((one.top.len(), one.others), (MOST_TEXTS, MOST_TEXTS as u64), "more are counted, not kept");
        assert!(of([top(0), top(1_000)].concat()).fault().is_some());
    }

    #[test]
    fn quantiles_are_as_exact_as_is_said_however_few_buckets_there_are() {
        assert!((GAMMA.ln() - 0.020_000_666_706_669_525).abs() < 1e-15);
        for most in [16, 40, 96] {
            let spread = of((1..=10_000).map(|n| f64::from(n) * 1e-3), most);
            assert!(spread.positive.len() <= most && spread.count() == 10_000);
            for (share, value) in spread.quantiles() {
                let wanted = share * 10.0;
                assert!((value - wanted).abs() <= wanted * spread.error() + 2e-3, "{most}: {share}: {value}");
            }
            assert_eq!((spread.min, spread.max, spread.mean()), (0.001, 10.0, 5.0005));
        }
        let wide = of([-1e300, -2.0, 0.0, 0.0, 1e-300, 5.0, f64::MAX, f64::MAX], 4);
        assert!(wide.is_sound() && wide.negative.len() + wide.positive.len() <= 4, "{wide:?}");
        assert!(wide.quantiles().iter().all(|(_, value)| value.is_finite()), "{wide:?}");
    }

    #[test]
    fn the_mean_of_numbers_whose_sum_has_no_end_is_near_theirs() {
        for sign in [1.0, -1.0] {
            let spread = of([1.7e308, 1.6e308, 1.5e308, 1.7e308].map(|number| number * sign), 96);
            assert!((spread.mean() / sign / 1.625e308 - 1.0).abs() <= spread.error(), "{spread:?}");
            assert!(spread.quantiles().iter().all(|(_, value)| *value * sign > 1.4e308), "{:?}", spread.quantiles());
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_of_extreme_numbers_is_without_end(
            numbers in proptest::collection::vec(proptest::num::f64::NORMAL, 1..50),
            others in proptest::collection::vec(proptest::num::f64::NORMAL, 1..50),
        ) {
            let (one, other) = (of(numbers, 20), of(others, 20));
            let told = one.quantiles().into_iter().map(|(_, value)| value).chain([one.mean(), one.error()]);
            let index = psi(&seen(one.clone()), &seen(other)).unwrap();
            assert!(told.chain([index]).all(f64::is_finite) && one.mean() >= one.min.min(rounded(one.min)), "{one:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn numbers_that_have_nothing_in_common_are_far_apart(
            numbers in proptest::collection::vec(0_u32..40, 1..200),
            often in 0_usize..400,
            below in proptest::collection::vec(1_u32..40, 1..200),
        ) {
            let mode = vec![numbers[0]; often];
            let before = seen(of(numbers.iter().chain(&mode).map(|n| f64::from(*n) - 20.0), 96));
            let least = before.spread.as_ref().unwrap().min;
            let after = seen(of(below.iter().map(|n| least - f64::from(*n)), 96));
            assert!(psi(&before, &after).unwrap() > 1.0 && psi(&after, &before).unwrap() > 1.0);
        }
    }

    #[test]
    fn what_leaves_a_frequent_number_is_seen_on_either_side_of_it() {
        let numbers = |values: &[(f64, usize)]| {
            let all = values.iter().flat_map(|(value, times)| std::iter::repeat_n(*value, *times));
            seen(of(all, 96))
        };
        let before = numbers(&[(0.0, 900), (5.0, 60), (9.0, 40)]);
        assert!(psi(&before, &numbers(&[(0.0, 90), (5.0, 6), (9.0, 4)])).unwrap() < 1e-6);
        assert!(psi(&before, &numbers(&[(-1.0, 900), (0.0, 1), (5.0, 60), (9.0, 40)])).unwrap() > 1.0);
        assert!(psi(&before, &numbers(&[(0.0, 1), (1.0, 900), (5.0, 60), (9.0, 40)])).unwrap() > 1.0);
        let greatest = numbers(&[(-5.0, 100), (0.0, 900)]);
        assert!(psi(&greatest, &numbers(&[(-5.0, 100), (0.0, 1), (3.0, 900)])).unwrap() > 1.0);
    }

    #[test]
    fn what_is_merged_is_what_was_counted_at_once() {
        let all = (1..=9_000).map(|n| f64::from(n % 977) - 300.0);
        let (mut one, two) = (of(all.clone().take(3_000), 20), of(all.clone().skip(3_000), 90));
        let mut at_once = of(all, 90);
        one.merge(&two);
        while at_once.level < one.level {
            at_once.raise();
        }
        one.sum = at_once.sum;
        assert_eq!(one, at_once);
    }

    #[test]
    fn the_index_tells_how_far_values_moved_and_nothing_of_what_is_not_known() {
        let numbers = |from: u32, to: u32, most| seen(of((from..to).map(f64::from), most));
        let (may, june) = (numbers(1, 10_000, 112), numbers(1, 10_000, 30));
        assert!(psi(&may, &june).unwrap() < 0.01);
        assert!(psi(&may, &numbers(5_000, 15_000, 112)).unwrap() > 1.0);
        let texts = |texts: &[(&str, u64)], others| {
            let top = texts.iter().map(|(value, count)| TopValue { value: (*value).to_owned(), count: *count });
            Observation { top: top.collect(), others, ..Observation::default() }
        };
        let before = texts(&[("a", 50), ("b", 50)], 0);
        assert_eq!(psi(&before, &texts(&[("b", 500), ("a", 500)], 0)), Some(0.0));
        assert!(psi(&before, &texts(&[("a", 1), ("c", 9)], 0)).unwrap() > 1.0);
        assert_eq!(psi(&before, &texts(&[("a", 1)], 1)), None);
        assert_eq!(psi(&before, &may), None);
    }
}
