//! A trace whose runs alone have boxes, and what shares one where nobody could read as many.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::drawing::{Content, Drawing, Edge};
use crate::model::{Bound, RunId};
use crate::query::{Input, Run, Trace};

/// What shares a box: the further down, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Whether runs of a component do.
    pub of_components: bool,
    /// Whether all that comes from outside does.
    pub of_sources: bool,
    /// How many boxes of runs there are, the last of which takes all that is further up.
    pub most: usize,
}

impl Sharing {
    /// Returns the ways to draw a trace with at most `most` boxes, that which shows most first.
    pub fn ways(trace: &Trace, most: usize) -> impl Iterator<Item = Self> {
        let runs = trace.runs.len();
        let components: BTreeSet<&str> = trace.runs.iter().map(|step| step.run.component.as_str()).collect();
        let read = trace.runs.iter().flat_map(|step| &step.run.inputs);
        let sources: BTreeSet<&str> = read.filter(|input| is_source(input)).map(|input| input.name.as_str()).collect();
        let (components, sources) = (components.len(), sources.len());
        let each = [(false, false), (false, true), (true, false), (true, true)].into_iter();
        let fitting = each.filter(move |(of_components, of_sources)| {
            let boxes = if *of_components { components } else { runs };
            boxes + if *of_sources { sources.min(1) } else { sources } <= most
        });
        let whole = fitting.map(|(of_components, of_sources)| Self { of_components, of_sources, most: usize::MAX });
        // In the end there is one box for everything, which always fits.
        let halves = std::iter::successors(Some(most), |most| (*most > 1).then_some(*most / 2));
        whole.chain(halves.map(|most| Self { of_components: true, of_sources: true, most }))
    }
}

/// Returns whether something was read that no run wrote, nor anything in it or around it.
fn is_source(input: &Input) -> bool {
    input.written_by.is_none() && (input.inside.is_empty() || input.changed_since.is_some())
}

/// Returns the drawing of a trace with boxes for its runs and for what comes from outside.
#[must_use]
pub fn runs(trace: &Trace, sharing: Sharing) -> Drawing<'_> {
    let runs: Vec<&Run> = trace.runs.iter().map(|step| &step.run).collect();
    let (mut boxes, box_of) = of_runs(&runs, sharing);
    let mut sources: HashMap<&str, usize> = HashMap::new();
    let mut edges: BTreeMap<(usize, usize), Edge<'_>> = BTreeMap::new();
    for run in &runs {
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
                None => {
                    // What somebody changed beside the record is news, and never one among many.
                    let is_one = !sharing.of_sources || input.changed_since.is_some();
                    *sources.entry(if is_one { name } else { "" }).or_insert_with(|| {
                        let several = || Content::Sources(BTreeSet::new(), run.id);
                        boxes.push(if is_one { Content::Source(name, input.changed_since) } else { several() });
                        boxes.len() - 1
                    })
                }
            };
            match boxes.get_mut(from) {
                Some(Content::Sources(names, _)) => drop(names.insert(name)),
                Some(Content::Source(_, changed)) => *changed = changed.or(input.changed_since),
                _ => {}
            }
            if from == to {
                continue;
            }
            join(&mut edges, (from, to), input.bound, name);
        }
    }
    Drawing { boxes, edges: edges.into_values().collect() }
}

/// Adds a name to the edge between two boxes; what is known worst decides how the edge looks.
fn join<'t>(edges: &mut BTreeMap<(usize, usize), Edge<'t>>, ends: (usize, usize), bound: Bound, name: &'t str) {
    let edge = edges.entry(ends).or_insert_with(|| Edge { ends, names: BTreeSet::new(), bound });
    edge.bound = edge.bound.max(bound);
    edge.names.insert(name);
}

/// Returns the boxes of runs, the nearest first, and which box each run is in.
fn of_runs<'t>(runs: &[&'t Run], sharing: Sharing) -> (Vec<Content<'t>>, HashMap<RunId, usize>) {
    let mut members: Vec<Vec<&'t Run>> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    for run in runs {
        let next = members.len().min(sharing.most - 1);
        let place = if sharing.of_components { *known.entry(run.component.as_str()).or_insert(next) } else { next };
        match members.get_mut(place) {
            Some(others) => others.push(run),
            None => members.push(vec![run]),
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
