//! What is counted of the values that the runs of a component have in one aspect.

use std::cmp::Ordering;

use foldhash::HashMap;
use serde_json::Value;

use super::change::{Aspect, Aspects, number};
use super::coverage::Outputs;
use super::evidence::PASSED;
use super::round::between;
use crate::model::Timestamp;

/// How many limits of a range are tried in each direction.
const LIMITS: usize = 16;
/// With fewer different numbers than this there are no ranges.
const NUMBERS: usize = 3;

/// A run upstream of judged outputs.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its component.
    pub component: String,
    /// When it began.
    pub began: Timestamp,
    /// How far it is from a judged output.
    pub depth: u32,
    /// Which judged outputs it is upstream of.
    pub outputs: Outputs,
    /// What it has.
    pub aspects: Aspects,
}

impl Known {
    /// Returns whether a check of it failed or errored.
    pub(super) fn has_failed_check(&self) -> bool {
        self.aspects.iter().any(|(aspect, value)| matches!(aspect, Aspect::Check(_)) && *value != PASSED)
    }
}

/// What a value has to be like.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// This one.
    Is(Value),
    /// A number up to this one, which is a round one.
    AtMost(Value),
    /// A number from this one on, which is a round one.
    AtLeast(Value),
}

impl Test {
    /// Returns whether a value is like that.
    #[must_use]
    pub fn holds(&self, value: &Value) -> bool {
        let compared = |limit: &Value| number(value).zip(number(limit)).map(|(value, limit)| value.total_cmp(&limit));
        match self {
            Self::Is(other) => value == other,
            Self::AtMost(limit) => compared(limit).is_some_and(Ordering::is_le),
            Self::AtLeast(limit) => compared(limit).is_some_and(Ordering::is_ge),
        }
    }
}

/// What the runs of a component have in one aspect.
#[derive(Default)]
pub(super) struct Column<'k> {
    pub(super) runs: Vec<(usize, &'k Value)>,
    /// Whether one of them is upstream of a flagged output.
    pub(super) is_flagged: bool,
}

/// What is counted of runs that share something.
#[derive(Clone, Default)]
pub(super) struct Tally {
    pub(super) outputs: Option<Outputs>,
    pub(super) first: Option<usize>,
    /// When the first and the last of those upstream of a flagged output began.
    pub(super) bad: Option<[Timestamp; 2]>,
    pub(super) depth: u32,
}

impl Tally {
    pub(super) fn add(&mut self, place: usize, run: &Known, flagged: &Outputs) {
        let first = Some(place).filter(|_| run.outputs.meets(flagged));
        self.merge(&Self { outputs: None, first, bad: first.map(|_| [run.began; 2]), depth: run.depth });
        match &mut self.outputs {
            Some(outputs) => drop(outputs.add(&run.outputs)),
            none => *none = Some(run.outputs.clone()),
        }
    }

    fn merge(&mut self, other: &Self) {
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.bad = match (self.bad, other.bad) {
            (Some([since, until]), Some([from, to])) => Some([since.min(from), until.max(to)]),
            (mine, theirs) => mine.or(theirs),
        };
        self.depth = self.depth.max(other.depth);
        match (&mut self.outputs, &other.outputs) {
            (Some(outputs), Some(more)) => drop(outputs.add(more)),
            (none @ None, Some(more)) => *none = Some(more.clone()),
            (_, None) => {}
        }
    }
}

impl Column<'_> {
    /// Returns each value that a run upstream of a flagged output has, and ranges of numbers that end between such a one
    /// and the next.
    /// Of what is measured a number is hardly ever the same twice.
    pub(super) fn tallies(&self, known: &[Known], flagged: &Outputs, aspect: &Aspect) -> Vec<(Test, Tally)> {
        let is_measured =
            matches!(aspect, Aspect::Duration | Aspect::Metric(_) | Aspect::Profile { .. } | Aspect::Observed { .. });
        let mut by_value: HashMap<&Value, Tally> = HashMap::default();
        for (place, value) in &self.runs {
            if let Some(run) = known.get(*place) {
                by_value.entry(value).or_default().add(*place, run, flagged);
            }
        }
        let mut numbers: Vec<(f64, &Value, &Tally)> =
            by_value.iter().filter_map(|(value, tally)| Some((number(value)?, *value, tally))).collect();
        let there = by_value.keys().filter(|value| !value.is_null()).count();
        // A metric may be no number now and then.
        let is_of_numbers = (is_measured || numbers.len() == there) && numbers.len() >= NUMBERS;
        numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut tallies = Vec::new();
        if is_of_numbers {
            let numbers = || numbers.iter().map(|(number, _, tally)| (*number, *tally));
            let limit = if *aspect == Aspect::Duration { between_durations } else { between };
            tallies.extend(ranges(numbers(), |inside, outside| Test::AtMost(limit(inside, outside).into())));
            tallies.extend(ranges(numbers().rev(), |inside, outside| Test::AtLeast(limit(inside, outside).into())));
        }
        let is_told = |value: &Value| !is_measured || number(value).is_none();
        let equal = by_value.into_iter().filter(|(value, tally)| tally.first.is_some() && is_told(value));
        let mut equal: Vec<_> = equal.collect();
        equal.sort_by_cached_key(|(value, _)| value.to_string());
        tallies.extend(equal.into_iter().map(|(value, tally)| (Test::Is(value.clone()), tally)));
        tallies
    }
}

/// Returns the roundest duration between two, in the unit in which it is told.
fn between_durations(inside: f64, outside: f64) -> f64 {
    let unit =
        [3_600_000.0, 60_000.0, 1000.0].into_iter().find(|unit| inside.min(outside) >= 2.0 * unit).unwrap_or(1.0);
    let bound = between(inside / unit, outside / unit) * unit;
    // What is between them in other units may be none of them by a bit.
    let is_there = inside <= bound && bound < outside || outside < bound && bound <= inside;
    if is_there { bound } else { inside }
}

/// Returns the ranges from the first number on up to each that a run upstream of a flagged output has, or to some of them
/// where they are many, but not to the last of all. `test` says how a range is told by the last number in it and the first
/// beyond it.
fn ranges<'v>(
    numbers: impl ExactSizeIterator<Item = (f64, &'v Tally)> + Clone,
    test: impl Fn(f64, f64) -> Test,
) -> Vec<(Test, Tally)> {
    let last = numbers.len().saturating_sub(1);
    let is_limit = |(place, (_, tally)): &(usize, (f64, &Tally))| *place < last && tally.first.is_some();
    let limits = numbers.clone().enumerate().filter(is_limit).count();
    let step = limits.div_ceil(LIMITS).max(1);
    let mut sum = Tally::default();
    let mut met = 0_usize;
    let mut found = Vec::new();
    let beyond = numbers.clone().skip(1).map(|(number, _)| Some(number)).chain([None]);
    for ((place, (number, tally)), beyond) in numbers.enumerate().zip(beyond) {
        sum.merge(tally);
        if is_limit(&(place, (number, tally))) {
            // The first number alone is that number.
            if met.is_multiple_of(step) && place > 0 {
                found.extend(beyond.map(|beyond| (test(number, beyond), sum.clone())));
            }
            met += 1;
        }
    }
    found
}
