//! The questions that the model answers: runs, versions, traces, staleness, verdicts.

use std::collections::BTreeSet;

use super::facts::{Edge, Facts, Outcome, RunFacts};
use super::model::{Seen, Write, seen, writes};

/// After so many seconds an input is old, unless its reader's component says otherwise.
const OLD_S: i64 = 30 * 24 * 3600;
const MICROS: i64 = 1_000_000;

/// What `inspect` must tell of a run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunAnswer {
    pub(crate) id: String,
    pub(crate) component: String,
    pub(crate) status: &'static str,
    pub(crate) started_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) inputs: Vec<InputAnswer>,
    pub(crate) outputs: Vec<OutputAnswer>,
    pub(crate) depends_on: BTreeSet<String>,
    /// Reason and run.
    pub(crate) stale: BTreeSet<(&'static str, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct InputAnswer {
    pub(crate) name: String,
    pub(crate) at: i64,
    pub(crate) version: String,
    pub(crate) bound: &'static str,
    pub(crate) written_by: Option<String>,
    pub(crate) same_content_as: Option<String>,
    pub(crate) changed_since: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutputAnswer {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) label: Option<&'static str>,
}

/// What `trace` must tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TraceAnswer {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The runs with their depths, in the promised order.
    pub(crate) runs: Vec<(String, u32)>,
    pub(crate) read_by: BTreeSet<String>,
}

pub(crate) fn run_answer(facts: &Facts, run: &RunFacts) -> RunAnswer {
    let seen: Vec<(&Edge, Seen)> = run.reads.iter().map(|read| (read, seen(facts, run, read))).collect();
    let inputs = seen.iter().map(|(read, seen)| InputAnswer {
        name: read.name.clone(),
        at: run.read_at(read),
        version: seen.version.clone(),
        bound: seen.bound,
        written_by: seen.written_by.clone(),
        same_content_as: seen.same_content_as.clone(),
        changed_since: seen.changed_since.clone(),
    });
    let counted = writes(facts);
    let outputs = run.writes.iter().map(|edge| {
        let write = counted.iter().find(|write| write.run.id == run.id && write.edge.n == edge.n);
        let version = write.map(Write::version);
        let label = version.as_ref().and_then(|version| verdict(facts, &edge.name, version));
        OutputAnswer { name: edge.name.clone(), version, label }
    });
    RunAnswer {
        id: run.id.clone(),
        component: run.component.clone(),
        status: run.outcome.word(),
        started_at: run.started_at,
        ended_at: run.ended_at.filter(|_| !matches!(run.outcome, Outcome::Running | Outcome::Died)),
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        depends_on: seen.iter().filter_map(|(_, seen)| seen.written_by.clone()).filter(|id| *id != run.id).collect(),
        stale: seen.iter().flat_map(|(_, seen)| stale(facts, run, seen)).collect(),
    }
}

/// Returns why `run` was stale with respect to what one of its reads saw, as things stood when the run started.
fn stale(facts: &Facts, run: &RunFacts, seen: &Seen) -> BTreeSet<(&'static str, String)> {
    let mut reasons = BTreeSet::new();
    let (Some(writer), Some(at), Some(name)) = (&seen.written_by, seen.written_at, &seen.written_as) else {
        return reasons;
    };
    if run.started_at - at > old_after_s(facts, &run.component) * MICROS {
        reasons.insert(("age", writer.clone()));
    }
    let counted = writes(facts);
    let later = counted.iter().filter(|write| {
        write.edge.name == *name
            && write.run.id != run.id
            && write.at <= run.started_at
            && (write.at, &write.run.id) > (at, writer)
            && write.version() != seen.version
    });
    if let Some(latest) = later.max_by_key(|write| write.order()) {
        reasons.insert(("superseded", latest.run.id.clone()));
        return reasons;
    }
    let writer = facts.runs.iter().find(|other| other.id == *writer).expect("a write has a run");
    let again = facts.runs.iter().filter(|other| {
        other.component == writer.component
            && other.outcome == Outcome::Completed
            && other.id != run.id
            && other.ended_at.is_some_and(|ended| ended <= run.started_at)
            && (other.ended_at, &other.id) > (writer.ended_at, &writer.id)
            && is_same_work(other, writer)
    });
    if let Some(latest) = again.max_by_key(|other| (other.ended_at, &other.id)) {
        reasons.insert(("superseded", latest.id.clone()));
    }
    reasons
}

/// A run that names neither inputs nor parameters redoes nobody's work.
fn is_same_work(one: &RunFacts, other: &RunFacts) -> bool {
    let names = |run: &RunFacts| run.reads.iter().map(|read| read.name.clone()).collect::<BTreeSet<_>>();
    let has_something = !one.reads.is_empty() || !one.params.is_empty();
    has_something && names(one) == names(other) && one.params == other.params
}

fn old_after_s(facts: &Facts, component: &str) -> i64 {
    let said = facts.components.iter().filter(|said| said.name == component);
    said.max_by_key(|said| said.at).map_or(OLD_S, |said| said.stale_after_s)
}

/// Returns the last verdict on a version, unless it was taken back.
pub(crate) fn verdict(facts: &Facts, name: &str, version: &str) -> Option<&'static str> {
    let said = facts.labels.iter().filter(|label| label.name == name && label.version == version);
    said.max_by_key(|label| (label.at, &label.id)).map(|label| label.verdict).filter(|verdict| *verdict != "none")
}

/// Returns the names of all artifacts.
pub(crate) fn names(facts: &Facts) -> BTreeSet<String> {
    let edges = facts.runs.iter().flat_map(|run| run.reads.iter().chain(&run.writes));
    edges.map(|edge| edge.name.clone()).collect()
}

/// Returns every version of an artifact that somebody wrote, or read.
pub(crate) fn versions(facts: &Facts, name: &str) -> BTreeSet<String> {
    let written = writes(facts).into_iter().filter(|write| write.edge.name == name).map(|write| write.version());
    let read = reads_of(facts, name).into_iter().map(|(_, _, seen)| seen.version);
    written.chain(read).collect()
}

/// Returns when and by whom an artifact was read, and what was seen.
fn reads_of<'f>(facts: &'f Facts, name: &str) -> Vec<(i64, &'f RunFacts, Seen)> {
    let mut found = Vec::new();
    for run in &facts.runs {
        for read in run.reads.iter().filter(|read| read.name == name) {
            found.push((run.read_at(read), run, seen(facts, run, read)));
        }
    }
    found
}

/// Returns the answer to `trace NAME`, or `None` when nothing is known by that moment.
pub(crate) fn trace(facts: &Facts, name: &str, as_of: Option<i64>) -> Option<TraceAnswer> {
    let by_then = |at: i64| as_of.is_none_or(|as_of| at <= as_of);
    let counted = writes(facts);
    let written = counted.iter().filter(|write| write.edge.name == name && by_then(write.at));
    if let Some(latest) = written.max_by_key(|write| write.order()) {
        return Some(upstream(facts, name, &latest.version(), Some(latest)));
    }
    let reads = reads_of(facts, name).into_iter().filter(|(at, _, _)| by_then(*at));
    match reads.max_by_key(|(at, run, _)| (*at, run.id.clone())) {
        Some((_, _, seen)) => Some(upstream(facts, name, &seen.version, None)),
        None if as_of.is_none() => Some(upstream(facts, name, "none", None)),
        None => None,
    }
}

/// Returns the answer to `trace NAME@VERSION`, or `None` when nothing is known of it by that moment.
pub(crate) fn trace_version(facts: &Facts, name: &str, version: &str, as_of: Option<i64>) -> Option<TraceAnswer> {
    let by_then = |at: i64| as_of.is_none_or(|as_of| at <= as_of);
    let counted = writes(facts);
    let written: Vec<&Write<'_>> =
        counted.iter().filter(|write| write.edge.name == name && write.version() == version).collect();
    let last = written.iter().filter(|write| by_then(write.at)).max_by_key(|write| write.order());
    if let Some(last) = last {
        return Some(upstream(facts, name, version, Some(last)));
    }
    let mut reads = reads_of(facts, name).into_iter();
    reads.any(|(at, _, seen)| seen.version == version && by_then(at)).then(|| upstream(facts, name, version, None))
}

fn upstream(facts: &Facts, name: &str, version: &str, write: Option<&Write<'_>>) -> TraceAnswer {
    let mut depths: Vec<(String, u32)> = write.map(|write| (write.run.id.clone(), 0)).into_iter().collect();
    let mut next = 0;
    while next < depths.len() {
        let (id, depth) = depths[next].clone();
        let run = facts.runs.iter().find(|run| run.id == id).expect("a reached run is known");
        for read in &run.reads {
            if let Some(writer) = seen(facts, run, read).written_by
                && !depths.iter().any(|(known, _)| *known == writer)
            {
                depths.push((writer, depth + 1));
            }
        }
        next += 1;
    }
    let started = |id: &str| facts.runs.iter().find(|run| run.id == id).map(|run| run.started_at);
    depths.sort_by_key(|(id, depth)| (*depth, started(id), id.clone()));
    let readers = reads_of(facts, name).into_iter().filter(|(_, _, seen)| seen.version == version);
    let read_by = readers.map(|(_, run, _)| run.id.clone()).collect();
    TraceAnswer {
        name: name.to_owned(),
        version: version.to_owned(),
        read_by: if write.is_none() { read_by } else { BTreeSet::new() },
        runs: depths,
    }
}
