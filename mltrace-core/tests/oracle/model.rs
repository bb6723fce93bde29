//! The rules of lineage, told a second time: naive, and answered from the bare facts at every question.

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

fn is_declared(version: &str) -> bool {
    version.starts_with("v:")
}

/// Returns all writes that count, in no order.
///
/// Of a run that did not complete, a name alone is no proof that something was written there.
pub(crate) fn writes(facts: &Facts) -> Vec<Write<'_>> {
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

/// Returns whether `reader` could see the write at all: of its own, only what it made known before it ended.
fn is_visible(write: &Write<'_>, reader: &RunFacts) -> bool {
    let is_own_end = write.edge.at.is_none() || write.edge.at == reader.ended_at;
    write.run.id != reader.id || !is_own_end
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

/// Returns what `read` of `run` saw.
pub(crate) fn seen(facts: &Facts, run: &RunFacts, read: &Edge) -> Seen {
    let at = run.read_at(read);
    let visible: Vec<Write<'_>> = writes(facts).into_iter().filter(|write| is_visible(write, run)).collect();
    let before: Vec<Write<'_>> = visible.iter().copied().filter(|write| write.at <= at).collect();
    let last_of_name = last(before.iter().copied().filter(|write| write.edge.name == read.name));
    match read.version.as_deref() {
        Some(content) if is_content(content) => {
            saw_content(facts, run, read, content, &visible, &before, last_of_name)
        }
        Some(declared) if is_declared(declared) => saw_declared(read, declared, &visible, &before),
        _ => match last_of_name {
            Some(write) => saw(&write.version(), "time", Some(write)),
            None => saw("none", "unknown_writer", None),
        },
    }
}

fn saw_content(
    facts: &Facts,
    run: &RunFacts,
    read: &Edge,
    content: &str,
    visible: &[Write<'_>],
    before: &[Write<'_>],
    last_of_name: Option<Write<'_>>,
) -> Seen {
    let at = run.read_at(read);
    let has_content = |write: &Write<'_>| write.edge.version.as_deref() == Some(content);
    let is_same_name = |write: &Write<'_>| write.edge.name == read.name;
    if let Some(write) = last(before.iter().copied().filter(|write| has_content(write) && is_same_name(write))) {
        return saw(content, "content", Some(write));
    }
    let under_way = visible.iter().copied().filter(|write| {
        has_content(write) && is_same_name(write) && write.run.id != run.id && write.run.started_at <= at
    });
    if let Some(write) = last(under_way) {
        return saw(content, "content", Some(write));
    }
    let copies: Vec<Write<'_>> =
        before.iter().copied().filter(|write| has_content(write) && !is_same_name(write)).collect();
    let likeliest = last(copies.iter().copied());
    let is_one_run = copies.iter().all(|copy| copy.run.id == copies[0].run.id);
    if let Some(original) = likeliest.filter(|_| is_one_run && !is_short(facts, content)) {
        let same_content_as = Some(original.edge.name.clone());
        return Seen { same_content_as, ..saw(content, "copy", Some(original)) };
    }
    Seen {
        same_content_as: likeliest.map(|original| original.edge.name.clone()),
        changed_since: last_of_name.map(|write| write.run.id.clone()),
        ..saw(content, "unknown_writer", None)
    }
}

fn saw_declared(read: &Edge, declared: &str, visible: &[Write<'_>], before: &[Write<'_>]) -> Seen {
    let is_it = |write: &Write<'_>| write.edge.version.as_deref() == Some(declared) && write.edge.name == read.name;
    let earlier = last(before.iter().copied().filter(is_it));
    let any = last(visible.iter().copied().filter(is_it));
    match earlier.or(any) {
        Some(write) => saw(declared, "declaration", Some(write)),
        None => saw(declared, "unknown_writer", None),
    }
}
