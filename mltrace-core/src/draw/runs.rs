//! A trace whose runs alone have boxes, and what shares one where nobody could read as many.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::drawing::{Content, Drawing, Edge};
use crate::model::{Bound, RunId};
use crate::query::{Input, Run, Trace};

/// From how many on runs that are alike, and what comes from outside, share a box although there is room.
const ALIKE: usize = 3;

/// What shares a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shared {
    /// Each has its own.
    Nothing,
    /// Runs of one component that are as far away do; and what comes from outside for one box alone.
    Siblings,
    /// All runs of a component do, and all that comes from outside.
    All,
}

/// How a trace is divided into boxes. What was asked about has its own, except where nearly everything shares one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing<'o> {
    /// Which runs share a box.
    pub runs: Shared,
    /// What shares one of that which comes from outside.
    pub sources: Shared,
    /// How many boxes of runs there are, the last of which takes all that is further up.
    pub most: usize,
    /// The components whose runs have boxes of their own all the same.
    pub open: &'o BTreeSet<String>,
}

impl<'o> Sharing<'o> {
    /// Returns the ways to draw a trace with at most `most` boxes, that which shows most first; sharing as much as `least` in
    /// any case.
    pub fn ways(trace: &Trace, most: usize, least: Shared, open: &'o BTreeSet<String>) -> impl Iterator<Item = Self> {
        let way = move |(runs, sources)| Self { runs, sources, most: usize::MAX, open };
        let shares = [Shared::Nothing, Shared::Siblings, Shared::All];
        let pairs = shares.into_iter().flat_map(move |runs| shares.into_iter().map(move |sources| (runs, sources)));
        let allowed = pairs.filter(move |(runs, sources)| *runs >= least && *sources >= least);
        let whole = allowed.map(way).filter(move |way| self::runs(trace, *way).boxes.len() <= most);
        // In the end there is one box for everything, which always fits.
        let halves = std::iter::successors(Some(most), |most| (*most > 1).then_some(*most / 2));
        let few = move |most| Self { runs: Shared::All, sources: Shared::All, most, open };
        whole.chain(halves.map(few))
    }
}

/// Returns whether something was read that no run wrote, nor anything in it or around it.
fn is_source(input: &Input) -> bool {
    input.written_by.is_none() && (input.inside.is_empty() || input.changed_since.is_some())
}

/// Returns the drawing of a trace with boxes for its runs and for what comes from outside.
#[must_use]
pub fn runs<'t>(trace: &'t Trace, sharing: Sharing<'_>) -> Drawing<'t> {
    let (mut boxes, box_of) = of_runs(trace, sharing);
    let mut sources = Sources::of(trace, sharing.sources, &box_of);
    let mut edges: BTreeMap<(usize, usize), Edge<'_>> = BTreeMap::new();
    for run in trace.runs.iter().map(|step| &step.run) {
        let Some(to) = box_of.get(&run.id).copied() else { continue };
        for input in &run.inputs {
            let name = input.name.as_str();
            for part in &input.inside {
                let from = box_of.get(&part.written_by).copied().filter(|from| *from != to);
                let Some(from) = from else { continue };
                join(&mut edges, (from, to), Bound::Inside, name);
            }
            if input.written_by.is_none() && !is_source(input) {
                continue;
            }
            let from = match input.written_by.map(|writer| box_of.get(&writer).copied()) {
                Some(Some(from)) => from,
                // The trace was cut before that run.
                Some(None) => continue,
                None => sources.place(&mut boxes, input, (run.id, to)),
            };
            if from == to {
                continue;
            }
            join(&mut edges, (from, to), input.bound, name);
        }
    }
    Drawing { boxes, edges: edges.into_values().collect() }
}

/// The boxes of what comes from outside.
struct Sources<'t> {
    shared: Shared,
    /// Of what is read for one box alone, which one that is.
    only_reader: HashMap<&'t str, usize>,
    /// How many such things are read for a box.
    alone: HashMap<usize, usize>,
    known: HashMap<(&'t str, Option<usize>), usize>,
}

impl<'t> Sources<'t> {
    fn of(trace: &'t Trace, shared: Shared, box_of: &HashMap<RunId, usize>) -> Self {
        let mut readers: HashMap<&str, BTreeSet<usize>> = HashMap::new();
        for run in trace.runs.iter().map(|step| &step.run) {
            for input in run.inputs.iter().filter(|input| is_source(input)) {
                readers.entry(input.name.as_str()).or_default().extend(box_of.get(&run.id));
            }
        }
        let only = readers.iter().filter(|(_, readers)| readers.len() == 1);
        let only_reader: HashMap<&str, usize> =
            only.filter_map(|(name, readers)| Some((*name, *readers.first()?))).collect();
        let mut alone = HashMap::new();
        for reader in only_reader.values() {
            *alone.entry(*reader).or_insert(0) += 1;
        }
        Self { shared, only_reader, alone, known: HashMap::new() }
    }

    /// Returns the box of something that a run read in the box `to`, which is added where it is not there yet.
    fn place(&mut self, boxes: &mut Vec<Content<'t>>, input: &'t Input, (reader, to): (RunId, usize)) -> usize {
        let name = input.name.as_str();
        let has_siblings = self.only_reader.contains_key(name) && self.alone.get(&to).is_some_and(|all| *all >= ALIKE);
        let key = match self.shared {
            // What somebody changed beside the record is news, and never one among many.
            _ if input.changed_since.is_some() => (name, None),
            Shared::Siblings if has_siblings => ("", Some(to)),
            Shared::Nothing | Shared::Siblings => (name, None),
            Shared::All => ("", None),
        };
        let place = *self.known.entry(key).or_insert_with(|| {
            let one = || Content::Source(name, input.changed_since);
            boxes.push(if key.0.is_empty() { Content::Sources(BTreeSet::new(), reader) } else { one() });
            boxes.len() - 1
        });
        match boxes.get_mut(place) {
            Some(Content::Sources(names, _)) => drop(names.insert(name)),
            Some(Content::Source(_, changed)) => *changed = changed.or(input.changed_since),
            _ => {}
        }
        place
    }
}

/// Adds a name to the edge between two boxes; what is known worst decides how the edge looks.
fn join<'t>(edges: &mut BTreeMap<(usize, usize), Edge<'t>>, ends: (usize, usize), bound: Bound, name: &'t str) {
    let edge = edges.entry(ends).or_insert_with(|| Edge { ends, names: BTreeSet::new(), bound });
    edge.bound = edge.bound.max(bound);
    edge.names.insert(name);
}

/// Returns the boxes of runs, the nearest first, and which box each run is in.
fn of_runs<'t>(trace: &'t Trace, sharing: Sharing<'_>) -> (Vec<Content<'t>>, HashMap<RunId, usize>) {
    let mut siblings: HashMap<(&str, u32), usize> = HashMap::new();
    for step in trace.runs.iter().skip(1) {
        *siblings.entry((step.run.component.as_str(), step.depth)).or_insert(0) += 1;
    }
    let mut members: Vec<Vec<&Run>> = Vec::new();
    let mut known: HashMap<(&str, Option<u32>), usize> = HashMap::new();
    for (number, step) in trace.runs.iter().enumerate() {
        let component = step.run.component.as_str();
        let has_siblings = || siblings.get(&(component, step.depth)).is_some_and(|all| *all >= ALIKE);
        let key = match sharing.runs {
            // What was asked about.
            _ if number == 0 || sharing.open.contains(component) => None,
            Shared::Nothing => None,
            Shared::Siblings => has_siblings().then_some((component, Some(step.depth))),
            Shared::All => Some((component, None)),
        };
        let last = members.len().min(sharing.most - 1);
        let place = key.map_or(last, |key| *known.entry(key).or_insert(last));
        match members.get_mut(place) {
            Some(others) => others.push(&step.run),
            None => members.push(vec![&step.run]),
        }
    }
    let box_of =
        members.iter().enumerate().flat_map(|(place, runs)| runs.iter().map(move |run| (run.id, place))).collect();
    let content = |runs: Vec<&'t Run>| match runs[..] {
        [only] => Content::Run(only),
        [first, ..] if runs.iter().all(|run| run.component == first.component) => {
            Content::Group(first.component.as_str(), runs)
        }
        _ => Content::Rest(runs),
    };
    (members.into_iter().map(content).collect(), box_of)
}
