//! What differs between two traces: causes, told apart from what merely follows from them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use foldhash::HashMap;
use serde_json::Value;

use super::align::{Aligned, Pair, align, by_name_and_argument};
use super::change::{changes, effects};
use super::side::{ComparedRun, Side, Source};
use crate::model::{RunId, VersionId};

/// A cause: something that differs and follows from no other difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The component; `None` when no run wrote what was asked for.
    pub component: Option<String>,
    /// What differs: `git.commit`, `code`, `param:NAME`, `input:NAME`, `missing`, ….
    pub field: String,
    /// Its value on each side; `None`: it has none.
    pub values: [Option<Value>; 2],
    /// The run on each side.
    pub runs: [Option<RunId>; 2],
}

/// What differs between two traces.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Differences {
    /// The causes, first divergence first.
    pub causes: Vec<Cause>,
    /// How many pairs of runs differ only because of them.
    pub followers: usize,
    /// What was measured and checked otherwise in pairs of runs, which is no cause, the furthest upstream first.
    pub effects: Vec<Cause>,
    /// Whether of a run not everything was known that may differ.
    pub is_cut: bool,
}

/// Returns what differs between two traces: causes, told apart from what follows from them.
#[must_use]
pub fn diff(a: &Side, b: &Side) -> Differences {
    let aligned = align(a, b);
    let mut comparison = Comparison { a, b, is_tainted: vec![false; aligned.pairs.len()], aligned, causes: Vec::new() };
    let (mut followers, mut measured) = (0_usize, Vec::new());
    for number in comparison.order() {
        let Some(pair) = comparison.aligned.pairs.get(number).copied() else { continue };
        let before = comparison.causes.len();
        let follows = comparison.compare(pair);
        let is_cause = comparison.causes.len() > before;
        // How long a run took changes nothing about what it wrote.
        let (left, right) = comparison.steps(pair);
        comparison.causes.extend(left.zip(right).and_then(|(left, right)| duration(left, right)));
        measured.extend(left.zip(right).into_iter().flat_map(|(left, right)| measures(left, right)));
        if let Some(is_tainted) = comparison.is_tainted.get_mut(number) {
            *is_tainted = is_cause || follows;
        }
        followers = followers.saturating_add(usize::from(follows && !is_cause));
    }
    comparison.compare_asked();
    let is_cut = a.steps.iter().chain(&b.steps).any(|step| step.aspects.is_cut());
    Differences { causes: comparison.causes, followers, effects: measured, is_cut }
}

/// Returns what was measured and checked otherwise in two runs.
fn measures<'s>(left: &'s ComparedRun, right: &'s ComparedRun) -> impl Iterator<Item = Cause> + 's {
    effects(&left.aspects, &right.aspects).into_iter().map(|change| Cause {
        component: Some(left.component.clone()),
        field: change.aspect.field(),
        values: change.values,
        runs: [Some(left.id), Some(right.id)],
    })
}

/// Two traces while they are compared, upstream first.
struct Comparison<'s> {
    a: &'s Side,
    b: &'s Side,
    aligned: Aligned,
    /// Whether what a pair wrote must be expected to differ.
    is_tainted: Vec<bool>,
    causes: Vec<Cause>,
}

/// What two sources that stand in the same place say of each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Same,
    /// The difference follows from one that is listed further up.
    Follows,
    /// Nothing further up explains it.
    Cause,
}

impl<'s> Comparison<'s> {
    fn steps(&self, (left, right): Pair) -> (Option<&'s ComparedRun>, Option<&'s ComparedRun>) {
        (left.and_then(|place| self.a.steps.get(place)), right.and_then(|place| self.b.steps.get(place)))
    }

    /// Returns the pairs upstream first, of those that are free to go the earliest first.
    fn order(&self) -> Vec<usize> {
        let mut downstream: HashMap<usize, BTreeSet<usize>> = HashMap::default();
        let mut upstream = vec![0_usize; self.aligned.pairs.len()];
        for (number, pair) in self.aligned.pairs.iter().enumerate() {
            for writer in self.writers(*pair) {
                if writer != number && downstream.entry(writer).or_default().insert(number) {
                    upstream[number] += 1;
                }
            }
        }
        let key = |number: usize| {
            let (left, right) = self.steps(self.aligned.pairs[number]);
            let steps = || [left, right].into_iter().flatten();
            Reverse((steps().map(|step| step.started_at).min(), steps().map(|step| step.id).min(), number))
        };
        let mut ready: BinaryHeap<_> = (0..upstream.len()).filter(|number| upstream[*number] == 0).map(key).collect();
        let mut order = Vec::with_capacity(upstream.len());
        while let Some(Reverse((_, _, number))) = ready.pop() {
            order.push(number);
            for reader in downstream.get(&number).into_iter().flatten() {
                upstream[*reader] -= 1;
                if upstream[*reader] == 0 {
                    ready.push(key(*reader));
                }
            }
        }
        // What is left lies on a cycle: runs that read from each other while both ran.
        order.extend((0..upstream.len()).filter(|number| upstream[*number] > 0));
        order
    }

    fn writers(&self, pair: Pair) -> Vec<usize> {
        let (left, right) = self.steps(pair);
        let of_a = left.into_iter().flat_map(|step| &step.inputs).filter_map(|input| self.pair_of_a(input));
        let of_b = right.into_iter().flat_map(|step| &step.inputs).filter_map(|input| self.pair_of_b(input));
        of_a.chain(of_b).collect()
    }

    fn pair_of_a(&self, source: &Source) -> Option<usize> {
        self.aligned.of_a.get(&source.writer?).copied()
    }

    fn pair_of_b(&self, source: &Source) -> Option<usize> {
        self.aligned.of_b.get(&source.writer?).copied()
    }

    /// Lists what differs within a pair for no reason further up; returns whether something else does for one.
    fn compare(&mut self, pair: Pair) -> bool {
        let (left, right) = match self.steps(pair) {
            (Some(left), Some(right)) if left.id == right.id => return false,
            (Some(left), Some(right)) => (left, right),
            (Some(alone), None) | (None, Some(alone)) => {
                let id = |place: Option<usize>| place.map(|_| alone.id);
                let value = |place: Option<usize>| place.map(|_| Value::String(alone.id.to_string()));
                self.causes.push(Cause {
                    component: Some(alone.component.clone()),
                    field: "missing".to_owned(),
                    values: [value(pair.0), value(pair.1)],
                    runs: [id(pair.0), id(pair.1)],
                });
                return false;
            }
            (None, None) => return false,
        };
        let own = changes(&left.aspects, &right.aspects).into_iter();
        let mut found: Vec<Difference> = own.map(|change| (change.aspect.field(), change.values)).collect();
        let mut follows = false;
        for (a, b) in self.same_place(&left.inputs, &right.inputs) {
            match self.judge(a, b) {
                Likeness::Same => {}
                Likeness::Follows => follows = true,
                Likeness::Cause => found.push(input(a, b)),
            }
        }
        let cause = |(field, values)| Cause {
            component: Some(left.component.clone()),
            field,
            values,
            runs: [Some(left.id), Some(right.id)],
        };
        self.causes.extend(found.into_iter().map(cause));
        follows
    }

    /// Returns the inputs of two runs that stand in the same place: by name, by argument, or by who wrote them.
    fn same_place(&self, a: &'s [Source], b: &'s [Source]) -> Vec<(Option<&'s Source>, Option<&'s Source>)> {
        let found = by_name_and_argument(a, b);
        let (alone, mut together): (Vec<_>, Vec<_>) = found.into_iter().partition(|(a, b)| a.is_none() || b.is_none());
        let mut right: Vec<Option<&Source>> = alone.iter().filter_map(|(_, b)| b.map(Some)).collect();
        for source in alone.iter().filter_map(|(a, _)| *a) {
            let writer = self.pair_of_a(source);
            let is_partner =
                |b: &&mut Option<&Source>| b.is_some_and(|b| writer.is_some() && self.pair_of_b(b) == writer);
            together.push((Some(source), right.iter_mut().find(is_partner).and_then(Option::take)));
        }
        together.extend(right.into_iter().flatten().map(|source| (None, Some(source))));
        together
    }

    fn judge(&self, a: Option<&Source>, b: Option<&Source>) -> Likeness {
        let writers = [a.and_then(|a| self.pair_of_a(a)), b.and_then(|b| self.pair_of_b(b))];
        let is_alone = |number: usize| self.aligned.pairs.get(number).is_some_and(|(a, b)| a.is_none() || b.is_none());
        let is_explained =
            writers.iter().flatten().any(|number| self.is_tainted.get(*number) == Some(&true) || is_alone(*number));
        let is_same = match (a, b) {
            (Some(a), Some(b)) => is_same(a, b, writers[0].is_some() && writers[0] == writers[1]),
            _ => false,
        };
        match (is_same, is_explained) {
            // The writers differ, and nobody can say whether what they wrote does.
            (true, true) if a.map(|a| &a.version) != b.map(|b| &b.version) => Likeness::Follows,
            (true, _) => Likeness::Same,
            (false, true) => Likeness::Follows,
            (false, false) => Likeness::Cause,
        }
    }

    /// What was asked for may differ although nothing upstream does.
    fn compare_asked(&mut self) {
        let (a, b) = (&self.a.asked, &self.b.asked);
        if self.judge(Some(a), Some(b)) != Likeness::Cause || !(is_content(&a.version) && is_content(&b.version)) {
            return;
        }
        let component = self.a.steps.iter().find(|step| Some(step.id) == a.writer).map(|step| step.component.clone());
        let value = |source: &Source| Some(Value::String(source.version.to_string()));
        let cause =
            Cause { component, field: "content".to_owned(), values: [value(a), value(b)], runs: [a.writer, b.writer] };
        self.causes.push(cause);
    }
}

/// Returns whether two sources are as good as equal; what is opaque is when the same part wrote it, or nobody known did.
fn is_same(a: &Source, b: &Source, have_one_writer: bool) -> bool {
    if is_content(&a.version) && is_content(&b.version) {
        return a.version == b.version;
    }
    have_one_writer || (a.writer.is_none() && b.writer.is_none() && a.name == b.name)
}

fn is_content(version: &VersionId) -> bool {
    version.is_known_content() || matches!(version, VersionId::Declared(_))
}

type Difference = (String, [Option<Value>; 2]);

fn input(a: Option<&Source>, b: Option<&Source>) -> Difference {
    let is_renamed = a.zip(b).is_some_and(|(a, b)| a.name != b.name);
    let named = a.or(b);
    let argument = named.and_then(|source| source.argument.clone()).filter(|_| is_renamed);
    let name = argument.or_else(|| named.map(|source| source.name.to_string())).unwrap_or_default();
    let value = |source: &Source| match (is_renamed, &source.version) {
        (false, version) => Value::String(version.to_string()),
        (true, VersionId::None) => Value::String(source.name.to_string()),
        (true, version) => Value::String(format!("{}@{version}", source.name)),
    };
    (format!("input:{name}"), [a.map(value), b.map(value)])
}

/// Less than this many milliseconds are nobody's concern.
const FEW_MS: f64 = 100.0;

fn duration(a: &ComparedRun, b: &ComparedRun) -> Option<Cause> {
    let (left, right) = (a.duration_ms?, b.duration_ms?);
    if a.id == b.id || a.is_unusually_long_or_short == b.is_unusually_long_or_short || (left - right).abs() < FEW_MS {
        return None;
    }
    Some(Cause {
        component: Some(a.component.clone()),
        field: "duration".to_owned(),
        values: [Some(left.into()), Some(right.into())],
        runs: [Some(a.id), Some(b.id)],
    })
}
