//! What is counted of the values that the runs of a component have in one aspect.

use std::cmp::Ordering;

use foldhash::HashMap;
use serde_json::Value;

use super::aspects::{Aspect, Aspects};
use super::change::number;
use super::coverage::Outputs;
use super::evidence::PASSED;
use super::mask::mask;
use super::round::between;
use crate::model::Timestamp;

/// How many limits of a range are tried in each direction.
const LIMITS: usize = 16;
/// With fewer different numbers than this there are no ranges: of two, each value says as much. Of what is measured no value is
/// told, so there two are enough.
const NUMBERS: usize = 3;
const MEASURED_NUMBERS: usize = 2;

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

/// Returns whether it is known of all runs of a component what they have in an aspect: where the other runs may have it, too,
/// it is nothing that some of them share.
pub(super) fn known_to_all(known: &[Known]) -> impl Fn((&str, &Aspect)) -> bool {
    let mut cut: HashMap<&str, Vec<&Aspects>> = HashMap::default();
    for run in known.iter().filter(|run| run.aspects.is_cut()) {
        cut.entry(&run.component).or_default().push(&run.aspects);
    }
    move |(component, aspect)| cut.get(component).into_iter().flatten().all(|aspects| aspects.knows(aspect))
}

/// Returns what pays one price for all of its values: inputs whose names differ in what is masked, and all figures of a
/// table or of an observation.
pub(super) fn family(aspect: &Aspect) -> String {
    match aspect {
        Aspect::Profile { of, .. } => format!("profile of {of}"),
        Aspect::Observed { name, .. } => format!("observed {name}"),
        Aspect::Reads(_) => "reads".to_owned(),
        other => mask(&other.field()),
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
    /// Returns how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.outputs.as_ref().map_or(0, Outputs::bytes)
    }

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
    /// and the next one of those or of `others`, which no ok may choose.
    /// Of what is measured a number is hardly ever the same twice.
    pub(super) fn tallies(
        &self,
        known: &[Known],
        flagged: &Outputs,
        aspect: &Aspect,
        others: &[f64],
    ) -> Vec<(Test, Tally)> {
        let is_measured =
            matches!(aspect, Aspect::Duration | Aspect::Metric(_) | Aspect::Profile { .. } | Aspect::Observed { .. });
        let mut by_value: HashMap<&Value, Tally> = HashMap::default();
        for (place, value) in &self.runs {
            if let Some(run) = known.get(*place) {
                by_value.entry(value).or_default().add(*place, run, flagged);
            }
        }
        let bad = by_value.iter().filter(|(value, tally)| tally.first.is_some() && !value.is_null());
        let bad = bad.map(|(value, _)| number(value).unwrap_or(f64::NAN));
        let mut ends: Vec<(f64, bool)> =
            bad.map(|bad| (bad, true)).chain(others.iter().map(|number| (*number, false))).collect();
        // A metric may be no number now and then.
        let is_of_numbers = is_measured || ends.iter().all(|(number, _)| !number.is_nan());
        ends.retain(|(number, _)| !number.is_nan());
        ends.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
        ends.dedup_by_key(|(number, _)| *number);
        let mut tallies = Vec::new();
        let enough = if is_measured { MEASURED_NUMBERS } else { NUMBERS };
        if is_of_numbers && ends.len() >= enough {
            let mut numbers: Vec<(f64, &Value, &Tally)> =
                by_value.iter().filter_map(|(value, tally)| Some((number(value)?, *value, tally))).collect();
            numbers.sort_by(|a, b| a.0.total_cmp(&b.0));
            let numbers = || numbers.iter().map(|(_, value, tally)| (*value, *tally));
            let limit = if *aspect == Aspect::Duration { between_durations } else { between };
            let at_most = |inside, outside| Test::AtMost(limit(inside, outside).into());
            tallies.extend(ranges(&ends, is_measured, numbers(), at_most));
            ends.reverse();
            let at_least = |inside, outside| Test::AtLeast(limit(inside, outside).into());
            tallies.extend(ranges(&ends, is_measured, numbers().rev(), at_least));
        }
        let is_told = |value: &Value| !is_measured || number(value).is_none();
        let equal = by_value.into_iter().filter(|(value, tally)| tally.first.is_some() && is_told(value));
        let mut equal: Vec<_> = equal.collect();
        equal.sort_by_cached_key(|(value, _)| value.to_string());
        tallies.extend(equal.into_iter().map(|(value, tally)| (Test::Is(value.clone()), tally)));
        tallies
    }
}

/// Returns the roundest duration between two, in the unit in which it is reported.
fn between_durations(inside: f64, outside: f64) -> f64 {
    let unit =
        [3_600_000.0, 60_000.0, 1000.0].into_iter().find(|unit| inside.min(outside) >= 2.0 * unit).unwrap_or(1.0);
    let bound = between(inside / unit, outside / unit) * unit;
    // What is between them in other units may be none of them by a bit.
    let is_there = inside <= bound && bound < outside || outside < bound && bound <= inside;
    if is_there { bound } else { inside }
}

/// Returns the ranges from the first number on up to each of `ends` that a run upstream of a flagged output has, or to some of
/// them where they are many, but not to the last of all; the first one alone is a range of what is measured only, else it is a
/// value. `test` says how a range is reported by the last number in it and the first beyond it.
fn ranges<'v>(
    ends: &[(f64, bool)],
    is_measured: bool,
    numbers: impl Iterator<Item = (&'v Value, &'v Tally)>,
    test: impl Fn(f64, f64) -> Test,
) -> Vec<(Test, Tally)> {
    let limits: Vec<(usize, f64, f64)> = (0..)
        .zip(ends.windows(2))
        .filter_map(|(place, pair)| match pair {
            [(inside, true), (beyond, _)] => Some((place, *inside, *beyond)),
            _ => None,
        })
        .collect();
    let step = limits.len().div_ceil(LIMITS).max(1);
    let (mut sum, mut found, mut numbers) = (Tally::default(), Vec::new(), numbers.peekable());
    for (place, inside, beyond) in limits.into_iter().step_by(step) {
        let test = test(inside, beyond);
        while let Some((_, tally)) = numbers.next_if(|(value, _)| test.holds(value)) {
            sum.merge(tally);
        }
        if place > 0 || is_measured {
            found.push((test, sum.clone()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tests that tell the runs with a number that are flagged from those with another that are not.
    fn told(aspect: &Aspect, [bad, other]: [f64; 2]) -> Vec<Test> {
        let values: Vec<Value> = (0..6).map(|run| if run < 2 { bad } else { other }.into()).collect();
        let run = |run: usize| Known {
            component: "clean".to_owned(),
            began: Timestamp(0),
            depth: 0,
            outputs: Outputs::of([run]),
            aspects: Aspects::new(),
        };
        let known: Vec<Known> = (0..values.len()).map(run).collect();
        let flagged = Outputs::of([0, 1]);
        let column = Column { runs: values.iter().enumerate().collect(), is_flagged: true };
        let tallies = column.tallies(&known, &flagged, aspect, &[other]);
        tallies
            .into_iter()
            .filter(|(_, tally)| tally.outputs.as_ref() == Some(&flagged))
            .map(|(test, _)| test)
            .collect()
    }

    #[test]
    fn of_two_numbers_that_were_measured_either_side_is_a_range() {
        for aspect in [
            Aspect::Metric("ok".to_owned()),
            Aspect::Profile { of: "x.csv".to_owned(), figure: "fare.nulls".to_owned() },
        ] {
            assert!(matches!(&told(&aspect, [0.4, 0.0])[..], [Test::AtLeast(_)]), "{aspect:?}");
            assert!(matches!(&told(&aspect, [0.0, 1000.0])[..], [Test::AtMost(_)]), "{aspect:?}");
        }
        let parameter = Aspect::Parameter("rows".to_owned());
        assert_eq!(told(&parameter, [0.0, 1000.0]), [Test::Is(0.0.into())], "the value says it");
    }
}
