//! The questions that the model answers: runs, versions, traces, staleness, verdicts.

use std::collections::BTreeSet;

use super::facts::{Edge, Facts, Outcome, RunFacts};
use super::model::{Known, Seen, Write};

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

pub(crate) fn run_answer(known: &Known<'_>, run: &RunFacts) -> RunAnswer {
    let seen = known.seen(run);
    let inputs = run.reads.iter().zip(seen).map(|(read, seen)| InputAnswer {
        name: read.name.clone(),
        at: run.read_at(read),
        version: seen.version.clone(),
        bound: seen.bound,
        written_by: seen.written_by.clone(),
        same_content_as: seen.same_content_as.clone(),
        changed_since: seen.changed_since.clone(),
    });
    let outputs = run.writes.iter().map(|edge| {
        let write = known.writes.iter().find(|write| write.run.id == run.id && write.edge.n == edge.n);
        let version = write.map(Write::version);
        let label = version.as_ref().and_then(|version| verdict(known.facts, &edge.name, version));
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
        depends_on: seen.iter().filter_map(|seen| seen.written_by.clone()).filter(|id| *id != run.id).collect(),
        stale: seen.iter().flat_map(|seen| stale(known, run, seen)).collect(),
    }
}

/// Returns why `run` was stale with respect to what one of its reads saw, as things stood when the run started.
fn stale(known: &Known<'_>, run: &RunFacts, seen: &Seen) -> BTreeSet<(&'static str, String)> {
    let mut reasons = BTreeSet::new();
    let (Some(writer), Some(at), Some(name)) = (&seen.written_by, seen.written_at, &seen.written_as) else {
        return reasons;
    };
    if run.started_at - at > old_after_s(known.facts, &run.component) * MICROS {
        reasons.insert(("age", writer.clone()));
    }
    let later = known.writes.iter().filter(|write| {
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
    let writer = known.run(writer);
    // A run that goes on, or died, is as old as what it wrote.
    let written = (writer.ended_at.unwrap_or(at), &writer.id);
    let again = known.facts.runs.iter().filter(|other| {
        other.component == writer.component
            && other.outcome == Outcome::Completed
            && other.id != run.id
            && other.ended_at.is_some_and(|ended| ended <= run.started_at && (ended, &other.id) > written)
            && is_same_work(other, writer)
    });
    let latest = again.max_by_key(|other| (other.ended_at, &other.id));
    let is_redone = |latest: &&RunFacts| {
        let made_it = known
            .writes
            .iter()
            .any(|write| write.run.id == latest.id && write.edge.name == *name && write.version() == seen.version);
        let is_read_too = known.seen(run).iter().any(|seen| seen.written_by.as_ref() == Some(&latest.id));
        latest.started_at >= at && !made_it && !is_read_too && may_differ(known, latest, writer)
    };
    if let Some(latest) = latest.filter(is_redone) {
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

/// Returns whether a run may have made something else of the same work: nobody knows it to have had the same contents and
/// code. What it wrote itself is no input that it got.
fn may_differ(known: &Known<'_>, again: &RunFacts, first: &RunFacts) -> bool {
    let had = |read: &Edge| first.reads.iter().any(|other| other.name == read.name && other.version == read.version);
    let mut got = again.reads.iter().zip(known.seen(again));
    let has_news =
        got.any(|(read, seen)| seen.written_by.as_ref() != Some(&again.id) && (read.version.is_none() || !had(read)));
    let is_other_code = again.commit.is_some() && first.commit.is_some() && again.commit != first.commit;
    again.reads.is_empty() || has_news || is_other_code
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

/// Returns the names of all artifacts: what runs read or wrote, and what somebody judged.
pub(crate) fn names(facts: &Facts) -> BTreeSet<String> {
    let edges = facts.runs.iter().flat_map(|run| run.reads.iter().chain(&run.writes));
    let judged = facts.labels.iter().map(|label| label.name.clone());
    edges.map(|edge| edge.name.clone()).chain(judged).collect()
}

/// Returns every version of an artifact that somebody wrote, or read.
pub(crate) fn versions(known: &Known<'_>, name: &str) -> BTreeSet<String> {
    let written = known.writes.iter().filter(|write| write.edge.name == name).map(Write::version);
    let read = reads_of(known, name).into_iter().map(|(_, _, seen)| seen.version.clone());
    written.chain(read).collect()
}

/// Returns when and by whom an artifact was read, and what was seen.
fn reads_of<'k>(known: &'k Known<'_>, name: &str) -> Vec<(i64, &'k RunFacts, &'k Seen)> {
    let mut found = Vec::new();
    for run in &known.facts.runs {
        let reads = run.reads.iter().zip(known.seen(run)).filter(|(read, _)| read.name == name);
        found.extend(reads.map(|(read, seen)| (run.read_at(read), run, seen)));
    }
    found
}

/// Returns the answer to `trace NAME`, or `None` when nothing is known by that moment.
pub(crate) fn trace(known: &Known<'_>, name: &str, as_of: Option<i64>) -> Option<TraceAnswer> {
    let by_then = |at: i64| as_of.is_none_or(|as_of| at <= as_of);
    let written = known.writes.iter().filter(|write| write.edge.name == name && by_then(write.at));
    if let Some(latest) = written.max_by_key(|write| write.order()) {
        return Some(upstream(known, name, &latest.version(), Some(latest)));
    }
    let reads: Vec<_> = reads_of(known, name).into_iter().filter(|(at, _, _)| by_then(*at)).collect();
    let told = reads.iter().filter(|(_, _, seen)| seen.version != "none").max_by_key(|(at, run, _)| (*at, &run.id));
    match told.or(reads.last()) {
        Some((_, _, seen)) => Some(upstream(known, name, &seen.version, None)),
        None if as_of.is_none() => Some(upstream(known, name, "none", None)),
        None => None,
    }
}

/// Returns the answer to `trace NAME@VERSION`, or `None` when nothing is known of it by that moment.
pub(crate) fn trace_version(known: &Known<'_>, name: &str, version: &str, as_of: Option<i64>) -> Option<TraceAnswer> {
    let by_then = |at: i64| as_of.is_none_or(|as_of| at <= as_of);
    let written = known.writes.iter().filter(|write| write.edge.name == name && write.version() == version);
    if let Some(last) = written.filter(|write| by_then(write.at)).max_by_key(|write| write.order()) {
        return Some(upstream(known, name, version, Some(last)));
    }
    let mut reads = reads_of(known, name).into_iter();
    reads.any(|(at, _, seen)| seen.version == version && by_then(at)).then(|| upstream(known, name, version, None))
}

fn upstream(known: &Known<'_>, name: &str, version: &str, write: Option<&Write<'_>>) -> TraceAnswer {
    let root = write.map(|write| write.run.id.clone());
    let writers = |id: &str| known.seen(known.run(id)).iter().filter_map(|seen| seen.written_by.clone()).collect();
    let readers = reads_of(known, name).into_iter().filter(|(_, _, seen)| seen.version == version);
    let read_by = readers.map(|(_, run, _)| run.id.clone()).collect();
    TraceAnswer {
        name: name.to_owned(),
        version: version.to_owned(),
        read_by: if write.is_none() { read_by } else { BTreeSet::new() },
        runs: closure(known, root.into_iter().collect(), writers),
    }
}

/// What `impact` must tell.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImpactAnswer {
    /// The runs with their depths, in the promised order.
    pub(crate) runs: Vec<(String, u32)>,
    /// What they wrote: name, version, the last of them that wrote it, and what became of it.
    pub(crate) artifacts: BTreeSet<(String, String, String, &'static str)>,
}

/// Returns everything downstream of a run, itself at depth 0.
pub(crate) fn impact(known: &Known<'_>, run: &RunFacts) -> ImpactAnswer {
    downstream(known, vec![run.id.clone()], 0, None)
}

/// Returns everything downstream of a component's runs, of all or of those at a commit, themselves at depth 0.
pub(crate) fn impact_of_component(known: &Known<'_>, component: &str, commit: Option<&str>) -> ImpactAnswer {
    let is_one = |run: &&RunFacts| {
        run.component == component && commit.is_none_or(|commit| run.commit.as_deref() == Some(commit))
    };
    downstream(known, known.facts.runs.iter().filter(is_one).map(|run| run.id.clone()).collect(), 0, None)
}

/// Returns everything downstream of a version, its readers, under whatever name they read it, at depth 1.
pub(crate) fn impact_of_version(known: &Known<'_>, name: &str, version: &str) -> ImpactAnswer {
    let reads_it = |run: &&RunFacts| {
        let mut reads = run.reads.iter().zip(known.seen(run)).filter(|(_, seen)| seen.version == version);
        reads.any(|(read, seen)| read.name == name || seen.written_as.as_deref() == Some(name))
    };
    let roots = known.facts.runs.iter().filter(reads_it).map(|run| run.id.clone()).collect();
    downstream(known, roots, 1, Some((name, version)))
}

/// `asked`: the version that is asked about, which is no impact of itself.
fn downstream(known: &Known<'_>, roots: Vec<String>, first: u32, asked: Option<(&str, &str)>) -> ImpactAnswer {
    let readers = |id: &str| {
        let reads = |other: &&RunFacts| known.seen(other).iter().any(|seen| seen.written_by.as_deref() == Some(id));
        known.facts.runs.iter().filter(reads).map(|run| run.id.clone()).collect()
    };
    let runs: Vec<_> = closure(known, roots, readers).into_iter().map(|(id, depth)| (id, depth + first)).collect();
    let is_downstream = |write: &Write<'_>| runs.iter().any(|(id, _)| *id == write.run.id);
    let last =
        |of: &dyn Fn(&Write<'_>) -> bool| known.writes.iter().filter(|write| of(write)).max_by_key(|w| w.order());
    let mut artifacts = BTreeSet::new();
    for write in known.writes.iter().filter(|write| is_downstream(write)) {
        let (name, version) = (&write.edge.name, write.version());
        if asked == Some((name, &version)) {
            continue;
        }
        let writer = last(&|other| other.edge.name == *name && other.version() == version && is_downstream(other));
        let state = match last(&|other| other.edge.name == *name) {
            Some(latest) if !is_downstream(latest) => "rebuilt",
            Some(latest) if latest.version() == version => "current",
            _ => "superseded",
        };
        artifacts.insert((name.clone(), version, writer.unwrap_or(write).run.id.clone(), state));
    }
    ImpactAnswer { runs, artifacts }
}

/// Returns the runs that can be reached, each at its smallest distance, in the promised order.
fn closure(known: &Known<'_>, roots: Vec<String>, next: impl Fn(&str) -> Vec<String>) -> Vec<(String, u32)> {
    let mut depths: Vec<(String, u32)> = roots.into_iter().map(|root| (root, 0)).collect();
    let mut place = 0;
    while let Some((id, depth)) = depths.get(place).cloned() {
        for found in next(&id) {
            if !depths.iter().any(|(met, _)| *met == found) {
                depths.push((found, depth + 1));
            }
        }
        place += 1;
    }
    depths.sort_by_key(|(id, depth)| (*depth, known.run(id).started_at, id.clone()));
    depths
}
