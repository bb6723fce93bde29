//! What a run observes many times, in four kilobytes whatever comes.

use super::lock::Lock;
use crate::model::{Observation, Spread, TopValue};

/// So many names are kept; what comes under another one is counted.
const MOST_NAMES: usize = 6;
/// Longer ones are counted only.
const LONGEST_NAME: usize = 64;
/// So many buckets all names have together.
const MOST_BUCKETS: usize = 96;
/// So many texts all names have together, and none longer.
const MOST_TEXTS: usize = 12;
const LONGEST_TEXT: usize = 32;
/// From so many values on what was observed is written whenever their count has doubled: what is killed keeps more than half.
const WRITTEN_FROM: u64 = 1024;

/// What is observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sighting<'a> {
    /// A number.
    Number(f64),
    /// A text.
    Text(&'a str),
    /// No value.
    Nothing,
}

/// What a run has observed so far.
#[derive(Default)]
pub(super) struct Observed {
    all: Vec<Observation>,
    texts: usize,
    left_out: u64,
    is_over: bool,
}

/// What became of a value.
pub(super) enum Seen {
    Counted,
    /// It is counted, and what is known by now is to be written.
    Due(Box<Observation>),
    /// The run has ended.
    Late,
}

impl Observed {
    pub(super) fn lock() -> Lock<Self> {
        Lock::new(Self::default())
    }

    /// Counts a value.
    pub(super) fn add(&mut self, name: &str, value: Sighting<'_>) -> Seen {
        if self.is_over {
            return Seen::Late;
        }
        let Some(at) = self.place_of(name) else {
            self.left_out = self.left_out.saturating_add(1);
            return Seen::Counted;
        };
        let most = MOST_BUCKETS.checked_div(self.all.len()).unwrap_or(MOST_BUCKETS);
        let Some(of) = self.all.get_mut(at) else { return Seen::Counted };
        of.count = of.count.saturating_add(1);
        match value {
            Sighting::Nothing => of.missing = of.missing.saturating_add(1),
            Sighting::Number(value) if value.is_nan() => of.nans = of.nans.saturating_add(1),
            Sighting::Number(value) if value.is_infinite() => of.infinite = of.infinite.saturating_add(1),
            Sighting::Number(value) => match &mut of.spread {
                Some(spread) => spread.add(value, most),
                none @ None => *none = Some(Spread::of(value, most)),
            },
            Sighting::Text(text) => match of.top.iter_mut().find(|known| known.value == text) {
                Some(known) => known.count = known.count.saturating_add(1),
                None if self.texts < MOST_TEXTS && text.len() <= LONGEST_TEXT => {
                    self.texts = self.texts.saturating_add(1);
                    of.top.reserve_exact(1);
                    of.top.push(TopValue { value: text.to_owned(), count: 1 });
                }
                None => of.others = of.others.saturating_add(1),
            },
        }
        match of.count >= WRITTEN_FROM && of.count.is_power_of_two() {
            true => Seen::Due(Box::new(sorted(of.clone()))),
            false => Seen::Counted,
        }
    }

    /// Returns where a name stands, which may be new.
    #[inline]
    fn place_of(&mut self, name: &str) -> Option<usize> {
        let known = self.all.iter().position(|known| known.name == name);
        if known.is_some() || self.all.len() >= MOST_NAMES || name.len() > LONGEST_NAME {
            return known;
        }
        self.all.reserve_exact(1);
        self.all.push(Observation { name: name.to_owned(), ..Observation::default() });
        let most = MOST_BUCKETS.checked_div(self.all.len()).unwrap_or(MOST_BUCKETS);
        self.all.iter_mut().filter_map(|known| known.spread.as_mut()).for_each(|spread| spread.fit(most));
        self.all.len().checked_sub(1)
    }

    /// Ends it: returns what was observed, and how many values were left out.
    pub(super) fn end(&mut self) -> (Vec<Observation>, u64) {
        self.is_over = true;
        let all = std::mem::take(&mut self.all).into_iter();
        (all.map(|of| Observation { is_whole: true, ..sorted(of) }).collect(), self.left_out)
    }
}

fn sorted(mut of: Observation) -> Observation {
    of.sort();
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_observes_in_four_kilobytes_whatever_comes_and_counts_what_does_not_fit() {
        let mut observed = Observed::default();
        let mut below = 1_u64;
        for n in 0..200_000_u32 {
            below = below.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let name = format!("{}{}", n % 12, "x".repeat(40));
            let text = format!("{}{}", below % 50, "y".repeat(20));
            let value = f64::from_bits(below);
            observed.add(&name, Sighting::Number(value));
            observed.add(&name, Sighting::Text(&text));
        }
        let held = size_of::<Observed>() + observed.all.iter().map(held).sum::<usize>();
        assert!(held <= 4096, "{held}");
        let (all, left_out) = observed.end();
        let counted: u64 = all.iter().map(|of| of.count).sum();
        assert_eq!((all.len(), counted + left_out), (6, 400_000));
        for of in all {
            let texts = of.top.iter().fold(of.others, |sum, top| sum + top.count);
            let numbers = of.spread.as_ref().map_or(0, Spread::count);
            assert_eq!(numbers + texts + of.nans + of.infinite, of.count, "{of:?}");
        }
        assert!(matches!(observed.add("late", Sighting::Nothing), Seen::Late));
    }

    /// Returns how many bytes one holds.
    fn held(of: &Observation) -> usize {
        let buckets = of.spread.as_ref().map_or(0, |spread| spread.negative.capacity() + spread.positive.capacity());
        let texts: usize = of.top.iter().map(|top| top.value.capacity()).sum();
        let texts = texts + of.top.capacity() * size_of::<TopValue>();
        size_of::<Observation>() + of.name.capacity() + buckets * size_of::<(i32, u64)>() + texts
    }

    #[test]
    fn what_is_known_is_to_be_written_whenever_the_count_has_doubled() {
        let mut observed = Observed::default();
        let due = (1..=10_000_u64).filter(|n| matches!(observed.add("x", Sighting::Number(*n as f64)), Seen::Due(_)));
        assert_eq!(due.collect::<Vec<_>>(), [1024, 2048, 4096, 8192]);
    }
}
