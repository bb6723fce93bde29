//! The rules of lineage, implemented a second time: naive, and answered from the bare facts at every question.

use std::collections::{BTreeSet, HashMap};

use super::facts::{Edge, Facts, FolderFacts, Outcome, RunFacts, is_of_other_host, plain};

/// Content shorter than this links nothing to a copy of it.
const SHORT: u64 = 64;

/// So far apart may clocks be, in microseconds.
const DAY: i64 = 86_400_000_000;

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

    /// Returns whether this is the same write.
    pub(crate) fn is(&self, other: &Write<'_>) -> bool {
        self.run.id == other.run.id && self.edge.n == other.edge.n
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
    /// What else was read with it.
    pub(crate) parts: Vec<Part>,
}

/// A write of a folder around what was read, or of something in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) run: String,
    pub(crate) at: i64,
}

impl Seen {
    /// Returns whether it came from this run.
    pub(crate) fn is_of(&self, run: &str) -> bool {
        self.written_by.as_deref() == Some(run) || self.parts.iter().any(|part| part.run == run)
    }
}

fn is_content(version: &str) -> bool {
    version.starts_with("b3:") || version.starts_with("stat:")
}

/// Returns all writes that count, in no order, and each that only names what a run inside its own wrote, with that.
fn writes(facts: &Facts) -> (Vec<Write<'_>>, Vec<(Write<'_>, Write<'_>)>) {
    let all = told_writes(facts);
    let inner = |outer: &Write<'_>| {
        let inside = all.iter().copied().filter(|write| {
            let is_same = outer.edge.version.is_none() || outer.edge.version == write.edge.version;
            write.edge.name == outer.edge.name
                && is_same
                && write.at <= outer.at
                && is_within(facts, write.run, outer.run)
        });
        inside.collect::<Vec<_>>()
    };
    let (echoes, written): (Vec<_>, Vec<_>) = all.iter().copied().partition(|write| !inner(write).is_empty());
    let is_written = |write: &Write<'_>| !echoes.iter().any(|echo| echo.is(write));
    let of = |echo: &Write<'_>| last(inner(echo).into_iter().filter(is_written));
    let echoes = echoes.iter().filter_map(|echo| Some((*echo, of(echo)?))).collect();
    (written, echoes)
}

/// Returns whether a run is inside another one, or inside one that is.
fn is_within(facts: &Facts, run: &RunFacts, other: &RunFacts) -> bool {
    let parent = run.parent.as_ref().filter(|parent| **parent != run.id);
    parent.is_some_and(|parent| {
        let known = facts.runs.iter().find(|run| run.id == *parent);
        *parent == other.id || known.is_some_and(|parent| is_within(facts, parent, other))
    })
}

/// Returns the writes that count by how their runs stand.
///
/// Of a run that did not complete, a name alone is no proof that something was written there.
fn told_writes(facts: &Facts) -> Vec<Write<'_>> {
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
    let all = || facts.runs.iter().flat_map(|run| run.reads.iter().chain(&run.writes));
    let is_named = |name: &String| {
        let of_edge = all().any(|edge| edge.name == *name && edge.version.as_deref() == Some(content));
        of_edge || facts.labels.iter().any(|label| label.name == *name && label.version == content)
    };
    if facts.short.iter().any(|(name, short)| short == content && is_named(name)) {
        return true;
    }
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
        parts: Vec::new(),
    }
}

/// What follows from the facts, worked out once for all questions.
pub(crate) struct Known<'f> {
    pub(crate) facts: &'f Facts,
    /// The writes that count.
    pub(crate) writes: Vec<Write<'f>>,
    /// Those that only name what was written inside, each with that.
    pub(crate) echoes: Vec<(Write<'f>, Write<'f>)>,
    /// What each run saw, read by read.
    seen: HashMap<&'f str, Vec<Seen>>,
}

impl<'f> Known<'f> {
    pub(crate) fn new(facts: &'f Facts) -> Self {
        let (writes, echoes) = writes(facts);
        let seen_by = |run: &RunFacts| run.reads.iter().map(|read| seen(facts, &writes, run, read)).collect();
        let seen = facts.runs.iter().map(|run| (run.id.as_str(), seen_by(run))).collect();
        Self { facts, writes, echoes, seen }
    }

    pub(crate) fn run(&self, id: &str) -> &'f RunFacts {
        self.facts.runs.iter().find(|run| run.id == id).expect("only runs that are known are asked for")
    }

    /// Returns what a run saw, read by read.
    pub(crate) fn seen(&self, run: &RunFacts) -> &[Seen] {
        &self.seen[run.id.as_str()]
    }
}

/// Returns what `read` of `run` saw, under its name and around it.
fn seen(facts: &Facts, all: &[Write<'_>], run: &RunFacts, read: &Edge) -> Seen {
    let seen = seen_by_name(facts, all, run, read);
    let before: Vec<Write<'_>> = all.iter().copied().filter(|write| was_there(write, run, read)).collect();
    let is_exact = matches!(seen.bound, "content" | "declaration") && seen.written_by.is_some();
    let by_name = ByName { is_exact, is_by_time: seen.bound == "time" };
    let content = read.version.as_deref().filter(|version| version.starts_with("b3:"));
    let parts: Vec<Part> =
        parts((&before, Some(run)), &read.name, by_name, content.map(|content| (facts, content))).map(part).collect();
    let (parts, is_all_told) = match content.filter(|_| seen.bound == "unknown_writer") {
        Some(content) => with_whole_folders(facts, (&before, run), &read.name, content, parts),
        None => (parts, None),
    };
    let is_told = seen.bound == "unknown_writer" && !parts.is_empty();
    let changed_since = match seen.changed_since {
        Some(_) if is_told && is_all_told == Some(true) => None,
        None if is_told && is_all_told == Some(false) => last_around(&parts, &read.name),
        own => own,
    };
    let is_lost = seen.bound == "unknown_writer" && !is_told && changed_since.is_none();
    let moved = content.filter(|_| is_lost).and_then(|content| held_somewhere(facts, all, content, run.read_at(read)));
    let same_content_as = seen.same_content_as.or(moved);
    Seen { bound: if is_told { "inside" } else { seen.bound }, parts, changed_since, same_content_as, ..seen }
}

/// Returns the name of what last held a content in a folder that was written by then: somebody may have moved it.
fn held_somewhere(facts: &Facts, all: &[Write<'_>], content: &str, at: i64) -> Option<String> {
    let path = |write: &Write<'_>| {
        let folder = folder_of(facts, write.edge.version.as_deref())?;
        folder.entries.iter().find(|(_, there)| *there == content).map(|(path, _)| path.clone())
    };
    let holding = all.iter().copied().filter(|write| write.at <= at && path(write).is_some());
    let write = last(holding)?;
    Some(format!("{}/{}", plain(&write.edge.name), path(&write)?))
}

/// Returns the run that wrote a folder around what is called so last, of which it is a part.
fn last_around(parts: &[Part], name: &str) -> Option<String> {
    let around = parts.iter().filter(|part| is_inside(&part.name, name));
    around.max_by_key(|part| (part.at, &part.run)).map(|part| part.run.clone())
}

/// Adds the writes of a folder itself, or of one around it, that held what nobody is known to have written in it, and returns
/// whether all that lay in it has a writer then, where that is known.
fn with_whole_folders(
    facts: &Facts,
    (before, reader): (&[Write<'_>], &RunFacts),
    name: &str,
    content: &str,
    mut parts: Vec<Part>,
) -> (Vec<Part>, Option<bool>) {
    let Some(folder) = folder_of(facts, Some(content)) else { return (parts, None) };
    let inside: Vec<String> = parts.iter().map(|part| part.name.clone()).collect();
    let mut is_all_told = true;
    // Folders that nobody wrote on this host are not looked at.
    let is_here = |other: &str| {
        let mut writes = before.iter().filter(|write| write.edge.name == other);
        writes.any(|write| !is_of_other_host(other, write.run, reader))
    };
    let is_alone = !before.iter().any(|write| is_inside(&write.edge.name, name) && is_here(&write.edge.name));
    for (path, entry) in &folder.entries {
        let whole = format!("{name}/{path}");
        let by_member = |part: &String| is_inside(name, part) && (*part == whole || is_inside(part, &whole));
        if inside.iter().any(by_member) {
            continue;
        }
        let held = |write: &&Write<'_>| {
            let entries = folder_of(facts, write.edge.version.as_deref());
            let place = whole.strip_prefix(&write.edge.name).and_then(|place| place.strip_prefix('/'));
            let is_near = match write.edge.name == name {
                true => is_alone || is_here(name),
                false => is_inside(&write.edge.name, name) && is_here(&write.edge.name),
            };
            let there = entries.zip(place).and_then(|(known, place)| known.entries.get(place));
            is_near && there == Some(entry)
        };
        match last(before.iter().filter(held).copied()) {
            Some(write) if parts.iter().any(|known| *known == part(write)) => {}
            Some(write) => parts.push(part(write)),
            None => is_all_told = false,
        }
    }
    let is_known = |part: &&Part| folder_of(facts, Some(&part.version)).is_some_and(|known| known.is_whole);
    let is_known = parts.iter().filter(|part| is_inside(&part.name, name)).all(|part| is_known(&part));
    let is_told = folder.is_whole && (is_all_told || is_known);
    (parts, is_told.then_some(is_all_told))
}

fn part(write: Write<'_>) -> Part {
    let (name, run) = (write.edge.name.clone(), write.run.id.clone());
    Part { name, version: write.version(), run, at: write.at }
}

pub(crate) fn is_inside(folder: &str, name: &str) -> bool {
    name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// How what was read was bound by its own name.
#[derive(Clone, Copy)]
pub(crate) struct ByName {
    pub(crate) is_exact: bool,
    pub(crate) is_by_time: bool,
}

/// Returns what lies in folders of a content, where that is known.
pub(crate) fn folder_of<'f>(facts: &'f Facts, content: Option<&str>) -> Option<&'f FolderFacts> {
    facts.folders.iter().find(|folder| Some(folder.content.as_str()) == content)
}

/// Returns the writes that were read with `name`, of those before: the last of each thing in it, and the last of the folders
/// around it unless its own name is known to say better. Where the content that was read is known, what was not there any
/// more is left out, and of folders around it those that held something else.
pub(crate) fn parts<'f>(
    (before, reader): (&[Write<'f>], Option<&RunFacts>),
    name: &str,
    by_name: ByName,
    seen: Option<(&Facts, &str)>,
) -> impl Iterator<Item = Write<'f>> {
    let names: BTreeSet<&str> = before.iter().map(|write| write.edge.name.as_str()).collect();
    let is_here = |write: &Write<'_>| reader.is_none_or(|run| !is_of_other_host(&write.edge.name, write.run, run));
    let last_of = |name: &str| last(before.iter().copied().filter(|write| write.edge.name == name && is_here(write)));
    let entries = seen.and_then(|(facts, content)| folder_of(facts, Some(content)));
    let there = |other: &str| {
        let last_one = last_of(other)?;
        let Some(folder) = entries else { return Some(last_one) };
        let path = &other[name.len() + 1..];
        let wrote = last_one.edge.version.as_deref().filter(|version| version.starts_with("b3:"));
        match (folder.entries.get(path), wrote) {
            (Some(entry), Some(wrote)) if entry != wrote => {
                let same = |write: &Write<'_>| write.edge.name == other && write.edge.version.as_ref() == Some(entry);
                last(before.iter().copied().filter(same))
            }
            (Some(_), _) => Some(last_one),
            (None, _) => {
                let is_folder = folder.entries.keys().any(|entry| is_inside(path, entry));
                Some(last_one).filter(|_| !folder.is_whole || is_folder)
            }
        }
    };
    let inside: Vec<_> = names.iter().filter(|other| is_inside(name, other)).filter_map(|name| there(name)).collect();
    let around = names.iter().filter(|folder| is_inside(folder, name)).filter_map(|folder| {
        let last_one = last_of(folder)?;
        let Some((facts, content)) = seen else { return Some((false, last_one)) };
        let path = &name[folder.len() + 1..];
        let held = |write: &Write<'_>| {
            let entries = folder_of(facts, write.edge.version.as_deref());
            let is_folder = |known: &FolderFacts| known.entries.keys().any(|entry| is_inside(path, entry));
            entries.map(|known| (known.entries.get(path).map(String::as_str), known.is_whole, is_folder(known)))
        };
        let held_it = |write: &Write<'_>| matches!(held(write), Some((Some(entry), ..)) if entry == content);
        let holding = last(before.iter().copied().filter(|write| write.edge.name == **folder && held_it(write)));
        if let Some(holding) = holding {
            return Some((true, holding));
        }
        // What it held of a folder is compared with that thing by thing.
        let is_compared = entries.is_some_and(|read| read.is_whole);
        let is_another = match held(&last_one) {
            Some((None, is_whole, is_folder)) => is_whole && (!is_folder || is_compared),
            held => held.is_some(),
        };
        (!is_another).then_some((false, last_one))
    });
    let around = around.max_by(|(one, write), (other, later)| (one, write.order()).cmp(&(other, later.order())));
    let around = around.map(|(_, write)| write);
    let own = last_of(name);
    let is_later = |folder: &Write<'_>| !by_name.is_by_time || own.is_none_or(|own| folder.order() > own.order());
    let around = around.filter(|folder| !by_name.is_exact && is_later(folder));
    inside.into_iter().chain(around).collect::<Vec<_>>().into_iter()
}

fn seen_by_name(facts: &Facts, all: &[Write<'_>], run: &RunFacts, read: &Edge) -> Seen {
    let at = run.read_at(read);
    let before: Vec<Write<'_>> = all.iter().copied().filter(|write| was_there(write, run, read)).collect();
    let is_here = |write: &Write<'_>| !is_of_other_host(&read.name, write.run, run);
    let of_name = before.iter().copied().filter(|write| write.edge.name == read.name);
    let last_of_name = last(of_name.filter(is_here));
    let Some(version) = read.version.as_deref() else {
        return match last_of_name {
            Some(write) => saw(&write.version(), "time", Some(write)),
            None => saw("none", "unknown_writer", None),
        };
    };
    let is_it = |write: &Write<'_>| write.edge.name == read.name && write.edge.version.as_deref() == Some(version);
    let earlier = last(before.iter().copied().filter(is_it));
    // Of several runs that were at it, the first to report.
    let under_way = all
        .iter()
        .copied()
        .filter(|write| is_it(write) && write.run.id != run.id && write.run.started_at <= at && write.at > at);
    let found = earlier.or_else(|| under_way.min_by_key(|write| (write.at, write.run.id.clone(), write.edge.n)));
    let found = found.or_else(|| {
        // Clocks of two hosts differ, by a day at most; who had read it before brought nothing into the world.
        let had_read = |write: &Write<'_>| {
            let mut reads =
                write.run.reads.iter().filter(|other| other.name == read.name && other.version == read.version);
            reads.any(|other| write.run.read_at(other) <= write.at)
        };
        let is_elsewhere =
            |write: &Write<'_>| write.run.host.is_some() && run.host.is_some() && write.run.host != run.host;
        let is_telling = version.starts_with("b3:") && !is_short(facts, version);
        let began = |write: &Write<'_>| write.run.started_at > at && write.run.started_at <= at + DAY;
        let others = all.iter().copied().filter(|write| {
            is_telling && is_it(write) && write.at > at && began(write) && is_elsewhere(write) && !had_read(write)
        });
        others.min_by_key(|write| (write.at, write.run.id.clone(), write.edge.n))
    });
    match found {
        _ if !is_content(version) => saw(version, "declaration", found),
        Some(_) => saw(version, "content", found),
        None => saw_elsewhere(facts, all, (run, read), version, &before, last_of_name),
    }
}

/// What was read has a content that nobody wrote under this name: a copy, or the work of somebody unknown.
fn saw_elsewhere(
    facts: &Facts,
    all: &[Write<'_>],
    (run, read): (&RunFacts, &Edge),
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
    // Another project explains what nobody wrote in this one.
    let is_own = |original: &Write<'_>| original.run.is_next_door == run.is_next_door;
    if originals.iter().any(is_own) {
        originals.retain(is_own);
    }
    // Of one run's, the first by name.
    let likeliest = originals.iter().copied().rev().max_by_key(|write| (write.at, &write.run.id));
    let is_one_run = originals.iter().all(|original| original.run.id == originals[0].run.id);
    let same_content_as = likeliest.map(|original| plain(&original.edge.name).to_owned());
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
