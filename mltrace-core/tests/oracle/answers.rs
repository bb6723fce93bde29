//! The questions that the model answers: runs, versions, traces, staleness, verdicts.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Edge, Facts, Outcome, RunFacts, is_of_other_host, plain};
use super::model::{self, Known, Part, Seen, Write};

/// After so many seconds an input is old, unless its reader's component says otherwise.
const OLD_S: i64 = 30 * 24 * 3600;
const MICROS: i64 = 1_000_000;

/// What `inspect` must say of a run.
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
    /// Name, version and writer of what else was read with it.
    pub(crate) inside: BTreeSet<(String, String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OutputAnswer {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) label: Option<&'static str>,
    pub(crate) inner: Option<String>,
}

/// What `trace` must answer.
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
        name: plain(&read.name).to_owned(),
        at: run.read_at(read),
        version: seen.version.clone(),
        bound: seen.bound,
        written_by: seen.written_by.clone().or_else(|| {
            let runs: BTreeSet<&String> = seen.parts.iter().map(|part| &part.run).collect();
            runs.first().filter(|_| runs.len() == 1).map(|run| (*run).clone())
        }),
        same_content_as: seen.same_content_as.clone(),
        changed_since: seen.changed_since.clone(),
        inside: seen
            .parts
            .iter()
            .map(|part| (plain(&part.name).to_owned(), part.version.clone(), part.run.clone()))
            .collect(),
    });
    let outputs = run.writes.iter().map(|edge| {
        let write = known.writes.iter().find(|write| write.run.id == run.id && write.edge.n == edge.n);
        let echo = known.echoes.iter().find(|(echo, _)| echo.run.id == run.id && echo.edge.n == edge.n);
        let version = write.or(echo.map(|(_, inner)| inner)).map(Write::version);
        let label_of = write.map(Write::version);
        let label = label_of.as_ref().and_then(|version| verdict(known.facts, &edge.name, version));
        OutputAnswer {
            name: plain(&edge.name).to_owned(),
            version,
            label,
            inner: echo.map(|(_, inner)| inner.run.id.clone()),
        }
    });
    RunAnswer {
        id: run.id.clone(),
        component: plain(&run.component).to_owned(),
        status: run.outcome.word(),
        started_at: run.started_at,
        ended_at: run.ended_at.filter(|_| !matches!(run.outcome, Outcome::Running | Outcome::Died)),
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        depends_on: seen.iter().flat_map(writers).filter(|id| *id != run.id).collect(),
        stale: seen.iter().flat_map(|seen| stale(known, run, seen)).collect(),
    }
}

/// Returns the runs that wrote what a read saw.
fn writers(seen: &Seen) -> Vec<String> {
    seen.written_by.iter().chain(seen.parts.iter().map(|part| &part.run)).cloned().collect()
}

/// Returns why `run` was stale with respect to what one of its reads saw, as things stood when the run started.
fn stale(known: &Known<'_>, run: &RunFacts, seen: &Seen) -> BTreeSet<(&'static str, String)> {
    let mut reasons = BTreeSet::new();
    let by_name = seen.written_by.as_ref().zip(seen.written_at).zip(seen.written_as.as_ref());
    let by_name = by_name.map(|((writer, at), name)| Part {
        name: name.clone(),
        version: seen.version.clone(),
        run: writer.clone(),
        at,
    });
    let newest = by_name.iter().chain(&seen.parts).max_by_key(|part| (part.at, &part.run));
    if let Some(newest) =
        newest.filter(|part| run.started_at - part.at > old_after_s(known.facts, &run.component) * MICROS)
    {
        reasons.insert(("age", newest.run.clone()));
    }
    // Under its name, then the last reason of all that was read with it.
    for parts in [by_name.as_slice(), &seen.parts] {
        let later = parts.iter().filter_map(|part| superseded_by(known, run, part)).max();
        let again = || parts.iter().filter_map(|part| redone_by(known, run, part)).max();
        reasons.extend(later.or_else(again).map(|(_, run)| ("superseded", run)));
    }
    reasons
}

/// Returns when a later version was written than the one that a run saw, and by whom.
fn superseded_by(known: &Known<'_>, run: &RunFacts, seen: &Part) -> Option<(i64, String)> {
    let later = known.writes.iter().filter(|write| {
        write.edge.name == seen.name
            && !is_of_other_host(&seen.name, write.run, known.run(&seen.run))
            && write.run.id != run.id
            && write.at <= run.started_at
            && (write.at, &write.run.id) > (seen.at, &seen.run)
            && write.version() != seen.version
    });
    later.max_by_key(|write| write.order()).map(|write| (write.at, write.run.id.clone()))
}

/// Returns when the work behind what a run saw was done again, and by whom.
fn redone_by(known: &Known<'_>, run: &RunFacts, seen: &Part) -> Option<(i64, String)> {
    let (name, at) = (&seen.name, seen.at);
    let writer = known.run(&seen.run);
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
        let is_read_too = known.seen(run).iter().any(|seen| seen.is_of(&latest.id));
        latest.started_at >= at && !made_it && !is_read_too && may_differ(known, latest, writer)
    };
    latest.filter(is_redone).map(|latest| (latest.ended_at.unwrap_or(at), latest.id.clone()))
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
    let names = edges.map(|edge| edge.name.clone()).chain(judged);
    names.filter(|name| plain(name) == name).collect()
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
        return Some(upstream(known, name, &latest.version(), Some(latest), as_of));
    }
    let reads: Vec<_> = reads_of(known, name).into_iter().filter(|(at, _, _)| by_then(*at)).collect();
    let told = reads.iter().filter(|(_, _, seen)| seen.version != "none").max_by_key(|(at, run, _)| (*at, &run.id));
    match told.or(reads.last()) {
        Some((_, _, seen)) => Some(upstream(known, name, &seen.version, None, as_of)),
        None => match beside(known, name, as_of) {
            Some(found) => Some(found),
            None if as_of.is_none() && names(known.facts).contains(name) => {
                Some(upstream(known, name, "none", None, as_of))
            }
            None => None,
        },
    }
}

/// Returns the answer of a name under which nothing was read or written by then: who wrote the last folder around it that may
/// have held it, and the one who wrote something in it.
fn beside(known: &Known<'_>, name: &str, as_of: Option<i64>) -> Option<TraceAnswer> {
    let before: Vec<&Write<'_>> =
        known.writes.iter().filter(|write| as_of.is_none_or(|as_of| write.at <= as_of)).collect();
    let all: BTreeSet<&str> = before.iter().map(|write| write.edge.name.as_str()).collect();
    let last = |of: &str, is_meant: &dyn Fn(&Write<'_>) -> bool| {
        let of = before.iter().copied().filter(|write| write.edge.name == of && is_meant(write));
        of.max_by_key(|write| write.order())
    };
    let around = all.iter().filter(|folder| model::is_inside(folder, name)).filter_map(|folder| {
        let path = &name[folder.len() + 1..];
        let content = |write: &Write<'_>| {
            let entries = model::folder_of(known.facts, write.edge.version.as_deref())?;
            Some((entries.entries.get(path).cloned(), entries))
        };
        let latest = last(folder, &|_| true)?;
        match content(latest) {
            Some((Some(there), _)) => Some((latest, Some(there))),
            Some((None, entries))
                if entries.is_whole && !entries.entries.keys().any(|entry| model::is_inside(path, entry)) =>
            {
                let earlier = last(folder, &|write| matches!(content(write), Some((Some(_), _))))?;
                Some((earlier, content(earlier)?.0))
            }
            _ => Some((latest, None)),
        }
    });
    let around = around.max_by_key(|(write, _)| write.order());
    let members = all.iter().filter(|other| model::is_inside(name, other)).filter_map(|other| last(other, &|_| true));
    let mut roots: BTreeSet<String> = members.map(|write| write.run.id.clone()).collect();
    let version = around.as_ref().and_then(|(_, there)| there.clone()).unwrap_or_else(|| "none".to_owned());
    roots.extend(around.map(|(write, _)| write.run.id.clone()));
    let above = |id: &str| known.seen(known.run(id)).iter().flat_map(writers).collect();
    let runs = closure(known, roots.into_iter().collect(), above);
    let answer = TraceAnswer { name: name.to_owned(), version, runs, read_by: BTreeSet::new() };
    Some(answer).filter(|answer| !answer.runs.is_empty())
}

/// Returns the answer to `trace NAME@VERSION`, or `None` when nothing is known of it by that moment.
pub(crate) fn trace_version(known: &Known<'_>, name: &str, version: &str, as_of: Option<i64>) -> Option<TraceAnswer> {
    let by_then = |at: i64| as_of.is_none_or(|as_of| at <= as_of);
    let written = known.writes.iter().filter(|write| write.edge.name == name && write.version() == version);
    if let Some(last) = written.filter(|write| by_then(write.at)).max_by_key(|write| write.order()) {
        return Some(upstream(known, name, version, Some(last), as_of));
    }
    let mut reads = reads_of(known, name).into_iter();
    if reads.any(|(at, _, seen)| seen.version == version && by_then(at)) {
        return Some(upstream(known, name, version, None, as_of));
    }
    // Nobody read or wrote it under its name by then: the last folder that is known to have held it.
    let held = known.writes.iter().filter(|write| by_then(write.at)).filter(|write| {
        let folder = model::folder_of(known.facts, write.edge.version.as_deref());
        let path = name.strip_prefix(&write.edge.name).and_then(|rest| rest.strip_prefix('/'));
        let there = path.zip(folder).and_then(|(path, folder)| folder.entries.get(path));
        there.is_some_and(|there| there == version)
    });
    let root = held.max_by_key(|write| write.order())?.run.id.clone();
    let above = |id: &str| known.seen(known.run(id)).iter().flat_map(writers).collect();
    let runs = closure(known, vec![root], above);
    Some(TraceAnswer { name: name.to_owned(), version: version.to_owned(), runs, read_by: BTreeSet::new() })
}

/// Returns the runs that made a version by then: who wrote it and what lay in it, or where its last reader found it.
fn makers(
    known: &Known<'_>,
    name: &str,
    version: &str,
    write: Option<&Write<'_>>,
    as_of: Option<i64>,
) -> BTreeSet<String> {
    let by_then = |at: i64| as_of.is_none_or(|as_of| at <= as_of);
    let Some(write) = write else {
        let reads = reads_of(known, name).into_iter().filter(|(at, _, seen)| by_then(*at) && seen.version == version);
        let last = reads.max_by_key(|(at, run, seen)| (*at, &run.id, place(known, run, seen)));
        let origins = |seen: &Seen| {
            let original = seen.written_by.iter().filter(|_| seen.bound == "copy");
            original.chain(seen.parts.iter().map(|part| &part.run)).cloned().collect()
        };
        return last.map(|(.., seen)| origins(seen)).unwrap_or_default();
    };
    let of_name = known.writes.iter().filter(|write| write.edge.name == name && by_then(write.at));
    let is_latest = of_name.max_by_key(|write| write.order()).is_some_and(|latest| latest.version() == version);
    let before: Vec<Write<'_>> =
        known.writes.iter().filter(|other| by_then(other.at) && (is_latest || other.at <= write.at)).copied().collect();
    let is_opaque = version.starts_with("w:");
    let by_name = model::ByName { is_exact: !is_opaque, is_by_time: is_opaque };
    let parts = model::parts((&before, None), name, by_name, None).map(|part| part.run.id.clone());
    parts.chain([write.run.id.clone()]).collect()
}

/// Returns the number of a read among its run's.
fn place(known: &Known<'_>, run: &RunFacts, seen: &Seen) -> u32 {
    let reads = run.reads.iter().zip(known.seen(run));
    reads.filter(|(_, other)| std::ptr::eq(*other, seen)).map(|(read, _)| read.n).next().unwrap_or_default()
}

fn upstream(
    known: &Known<'_>,
    name: &str,
    version: &str,
    write: Option<&Write<'_>>,
    as_of: Option<i64>,
) -> TraceAnswer {
    let roots = makers(known, name, version, write, as_of);
    let writers = |id: &str| known.seen(known.run(id)).iter().flat_map(writers).collect();
    let readers = reads_of(known, name).into_iter().filter(|(_, _, seen)| seen.version == version);
    let read_by = readers.map(|(_, run, _)| run.id.clone()).collect();
    TraceAnswer {
        name: name.to_owned(),
        version: version.to_owned(),
        read_by: if roots.is_empty() { read_by } else { BTreeSet::new() },
        runs: closure(known, roots.into_iter().collect(), writers),
    }
}

/// What `impact` must answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImpactAnswer {
    /// The runs with their depths, in the promised order.
    pub(crate) runs: Vec<(String, u32)>,
    /// What they wrote: name, version, the last of them that wrote it, and what became of it.
    pub(crate) artifacts: BTreeSet<(String, String, String, &'static str)>,
}

/// Returns everything downstream of a run, itself at depth 0.
pub(crate) fn impact(known: &Known<'_>, run: &RunFacts) -> ImpactAnswer {
    impact_of_runs(known, vec![run.id.clone()])
}

/// Returns everything downstream of runs, themselves at depth 0.
pub(crate) fn impact_of_runs(known: &Known<'_>, runs: Vec<String>) -> ImpactAnswer {
    downstream(known, with_inside(known, runs), 0, None)
}

/// Adds the runs that wrote, inside of these, what these only named.
fn with_inside(known: &Known<'_>, mut runs: Vec<String>) -> Vec<String> {
    let of_these = known.echoes.iter().filter(|(echo, _)| runs.contains(&echo.run.id));
    let inside: BTreeSet<String> = of_these.map(|(_, inner)| inner.run.id.clone()).collect();
    let new: Vec<String> = inside.into_iter().filter(|run| !runs.contains(run)).collect();
    runs.extend(new);
    runs
}

/// Returns everything downstream of a component's runs, of all or of those at a commit, themselves at depth 0.
pub(crate) fn impact_of_component(known: &Known<'_>, component: &str, commit: Option<&str>) -> ImpactAnswer {
    let is_one = |run: &&RunFacts| {
        run.component == component && commit.is_none_or(|commit| run.commit.as_deref() == Some(commit))
    };
    let runs = known.facts.runs.iter().filter(is_one).map(|run| run.id.clone()).collect();
    impact_of_runs(known, runs)
}

/// Returns everything downstream of a version, its readers, under whatever name they read it, at depth 1.
pub(crate) fn impact_of_version(known: &Known<'_>, name: &str, version: &str) -> ImpactAnswer {
    let reads_it = |run: &&RunFacts| {
        let mut reads = run.reads.iter().zip(known.seen(run));
        reads.any(|(read, seen)| {
            let is_it = read.name == name || seen.written_as.as_deref() == Some(name);
            let is_part = seen.parts.iter().any(|part| part.name == name && part.version == version);
            seen.version == version && is_it || is_part
        })
    };
    let roots = known.facts.runs.iter().filter(reads_it).map(|run| run.id.clone()).collect();
    downstream(known, roots, 1, Some((name, version)))
}

/// `asked`: the version that is asked about, which is no impact of itself.
fn downstream(known: &Known<'_>, roots: Vec<String>, first: u32, asked: Option<(&str, &str)>) -> ImpactAnswer {
    let readers = |id: &str| {
        let reads = |other: &&RunFacts| known.seen(other).iter().any(|seen| seen.is_of(id));
        known.facts.runs.iter().filter(reads).map(|run| run.id.clone()).collect()
    };
    let runs: Vec<_> = closure(known, roots, readers).into_iter().map(|(id, depth)| (id, depth + first)).collect();
    let is_downstream = |write: &Write<'_>| runs.iter().any(|(id, _)| *id == write.run.id);
    let last =
        |of: &dyn Fn(&Write<'_>) -> bool| known.writes.iter().filter(|write| of(write)).max_by_key(|w| w.order());
    let mut artifacts: BTreeMap<(String, String, String), &'static str> = BTreeMap::new();
    for write in known.writes.iter().filter(|write| is_downstream(write)) {
        let (name, version) = (&write.edge.name, write.version());
        if asked == Some((name, &version)) {
            continue;
        }
        let writer = last(&|other| other.edge.name == *name && other.version() == version && is_downstream(other));
        let is_same = |other: &Write<'_>| other.edge.name == *name && !is_of_other_host(name, other.run, write.run);
        let state = match last(&is_same) {
            Some(latest) if !is_downstream(latest) => "rebuilt",
            Some(latest) if latest.version() == version => "current",
            _ => "superseded",
        };
        // It is current if it is so on one host, and superseded rather than rebuilt.
        let rank = |state: &str| ["current", "superseded", "rebuilt"].iter().position(|known| *known == state);
        let of = artifacts.entry((plain(name).to_owned(), version, writer.unwrap_or(write).run.id.clone()));
        of.and_modify(|known| *known = if rank(state) < rank(known) { state } else { known }).or_insert(state);
    }
    let artifacts = artifacts.into_iter().map(|((name, version, run), state)| (name, version, run, state)).collect();
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
