//! The rules of lineage, told a second time: naive, and answered from the bare facts at every question.

use std::collections::{BTreeSet, HashMap};

use super::facts::{Edge, Facts, Outcome, RunFacts};

/// Content shorter than this links nothing to a copy of it.
const SHORT: u64 = 64;

/// A write that counts.
#[derive(Clone, Copy)]
pub(crate) struct Write<'f> {
    pub(crate) run: &'f RunFacts,
    pub(crate) edge: &'f Edge,
    pub(crate) at: i64,
}

impl Write<'_> {
    /// The later of two writes is the one with the greater of these.
    pub(crate) fn order(&self) -> (i64, &str, u32) {
        (self.at, &self.run.id, self.edge.n)
    }

    /// What was written: its content or declared version, else a version that is named after the run.
    pub(crate) fn version(&self) -> String {
        self.edge.version.clone().unwrap_or_else(|| format!("w:{}", self.run.id))
    }
}

/// What a read saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) version: String,
    pub(crate) bound: &'static str,
    /// The write: the run, when, and the name under which it was written.
    pub(crate) written_by: Option<String>,
    pub(crate) written_at: Option<i64>,
    pub(crate) written_as: Option<String>,
    pub(crate) same_content_as: Option<String>,
    pub(crate) changed_since: Option<String>,
}

fn is_content(version: &str) -> bool {
    version.starts_with("b3:") || version.starts_with("stat:")
}

/// Returns all writes that count, in no order.
///
/// Of a run that did not complete, a name alone is no proof that something was written there.
fn writes(facts: &Facts) -> Vec<Write<'_>> {
    let mut found = Vec::new();
    for run in &facts.runs {
        for edge in &run.writes {
            let Some(at) = run.written_at(edge) else { continue };
            let has_content = edge.version.as_deref().is_some_and(is_content);
            let counts = match run.outcome {
                Outcome::Completed | Outcome::Running => true,
                Outcome::Failed | Outcome::Cancelled | Outcome::Died => has_content,
            };
            if counts {
                found.push(Write { run, edge, at });
            }
        }
    }
    found
}

/// Returns whether a write was there for a read of `reader` at `at`: of its own, only what it had made known before.
fn was_there(write: &Write<'_>, reader: &RunFacts, read: &Edge) -> bool {
    let at = reader.read_at(read);
    match write.run.id == reader.id {
        true => write.edge.at.is_some() && (write.at, write.edge.n) < (at, read.n),
        false => write.at <= at,
    }
}

fn last<'f>(writes: impl Iterator<Item = Write<'f>>) -> Option<Write<'f>> {
    writes.fold(None, |last: Option<Write<'f>>, write| match last {
        Some(last) if last.order() >= write.order() => Some(last),
        _ => Some(write),
    })
}

/// Returns whether anybody knows this content to be too short to tell files apart.
fn is_short(facts: &Facts, content: &str) -> bool {
    let mut edges = facts.runs.iter().flat_map(|run| run.reads.iter().chain(&run.writes));
    edges.any(|edge| edge.version.as_deref() == Some(content) && edge.size.is_some_and(|size| size < SHORT))
}

fn saw(version: &str, bound: &'static str, write: Option<Write<'_>>) -> Seen {
    Seen {
        version: version.to_owned(),
        bound,
        written_by: write.map(|write| write.run.id.clone()),
        written_at: write.map(|write| write.at),
        written_as: write.map(|write| write.edge.name.clone()),
        same_content_as: None,
        changed_since: None,
    }
}

/// What follows from the facts, worked out once for all questions.
pub(crate) struct Known<'f> {
    pub(crate) facts: &'f Facts,
    /// The writes that count.
    pub(crate) writes: Vec<Write<'f>>,
    /// What each run saw, read by read.
    seen: HashMap<&'f str, Vec<Seen>>,
}

impl<'f> Known<'f> {
    pub(crate) fn new(facts: &'f Facts) -> Self {
        let writes = writes(facts);
        let seen_by = |run: &RunFacts| run.reads.iter().map(|read| seen(facts, &writes, run, read)).collect();
        let seen = facts.runs.iter().map(|run| (run.id.as_str(), seen_by(run))).collect();
        Self { facts, writes, seen }
    }

    pub(crate) fn run(&self, id: &str) -> &'f RunFacts {
        self.facts.runs.iter().find(|run| run.id == id).expect("only runs that are known are asked for")
    }

    /// Returns what a run saw, read by read.
    pub(crate) fn seen(&self, run: &RunFacts) -> &[Seen] {
        &self.seen[run.id.as_str()]
    }
}

/// Returns what `read` of `run` saw.
fn seen(facts: &Facts, all: &[Write<'_>], run: &RunFacts, read: &Edge) -> Seen {
    let at = run.read_at(read);
    let before: Vec<Write<'_>> = all.iter().copied().filter(|write| was_there(write, run, read)).collect();
    let last_of_name = last(before.iter().copied().filter(|write| write.edge.name == read.name));
    let Some(version) = read.version.as_deref() else {
        return match last_of_name {
            Some(write) => saw(&write.version(), "time", Some(write)),
            None => saw("none", "unknown_writer", None),
        };
    };
    let is_it = |write: &Write<'_>| write.edge.name == read.name && write.edge.version.as_deref() == Some(version);
    let earlier = last(before.iter().copied().filter(is_it));
    // Of several runs that were at it, the first to tell.
    let under_way = all
        .iter()
        .copied()
        .filter(|write| is_it(write) && write.run.id != run.id && write.run.started_at <= at && write.at > at);
    let found = earlier.or_else(|| under_way.min_by_key(|write| (write.at, write.run.id.clone(), write.edge.n)));
    match found {
        _ if !is_content(version) => saw(version, "declaration", found),
        Some(_) => saw(version, "content", found),
        None => saw_elsewhere(facts, all, read, version, &before, last_of_name),
    }
}

/// What was read has a content that nobody wrote under this name: a copy, or the work of somebody unknown.
fn saw_elsewhere(
    facts: &Facts,
    all: &[Write<'_>],
    read: &Edge,
    content: &str,
    before: &[Write<'_>],
    last_of_name: Option<Write<'_>>,
) -> Seen {
    let mut originals = Vec::new();
    // By whom and when this content was read under this name.
    let reads = facts.runs.iter().flat_map(|run| run.reads.iter().map(move |read| (run, read)));
    let same = reads.filter(|(_, other)| other.name == read.name && other.version == read.version);
    let sightings: Vec<(&str, i64)> = same.map(|(run, read)| (run.id.as_str(), run.read_at(read))).collect();
    let first_seen = sightings.iter().map(|(_, at)| *at).min();
    // Size and times are no content: they say nothing of a file of another name.
    if content.starts_with("b3:") {
        let names: BTreeSet<&str> = before.iter().map(|write| write.edge.name.as_str()).collect();
        for name in names.into_iter().filter(|name| *name != read.name) {
            let has_it = |write: &Write<'_>| write.edge.name == name && write.edge.version.as_deref() == Some(content);
            let was_there_first = all.iter().any(|write| has_it(write) && Some(write.at) <= first_seen);
            let is_origin = |write: &Write<'_>| {
                has_it(write) && !sightings.iter().any(|(run, at)| *run == write.run.id && *at <= write.at)
            };
            originals.extend(last(before.iter().copied().filter(is_origin)).filter(|_| was_there_first));
        }
    }
    // Of one run's, the first by name.
    let likeliest = originals.iter().copied().rev().max_by_key(|write| (write.at, &write.run.id));
    let is_one_run = originals.iter().all(|original| original.run.id == originals[0].run.id);
    let same_content_as = likeliest.map(|original| original.edge.name.clone());
    match likeliest {
        Some(_) if is_one_run && !is_short(facts, content) => {
            Seen { same_content_as, ..saw(content, "copy", likeliest) }
        }
        _ => Seen {
            same_content_as,
            changed_since: last_of_name.map(|write| write.run.id.clone()),
            ..saw(content, "unknown_writer", None)
        },
    }
}
