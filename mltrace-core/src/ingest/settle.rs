//! What follows from the facts: which writes count and from when, and which reads must be bound again.
//!
//! All that is touched is settled at once: what it takes is loaded, what follows is worked out, and what changed is stored.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use super::bind::{COMMON, MOST_SKEW_US, bind_again, bindings};
use super::offered::find_last;
use super::stored::{Stored, stored};
use super::touched::Touched;
use crate::lineage::LastSeen;
use crate::model::{Bound, Mark, RunId, Status, Timestamp, VersionId};
use crate::store::{
    Among, ArtifactKey, Asked, Change, Of, ReadRow, Result, RowsOf, RunKey, RunRow, VersionAsked, VersionKey,
    VersionRow, When, WriteKey, WriteRow, Writer,
};

/// Stores what is new and brings everything up to date that follows from what was touched.
///
/// `rows` holds the rows of all runs that were touched, and `stored` what is stored of those that are not new.
pub(super) fn settle(
    writer: &mut dyn Writer,
    mut touched: Touched,
    rows: &HashMap<RunKey, RunRow>,
    stored: &mut Stored,
) -> Result<()> {
    let mut changes: Vec<Change> = touched.weak.iter().copied().map(Change::Weaker).collect();
    let writers: BTreeSet<RunKey> = touched.new_writes.keys().chain(&touched.writes).map(|(run, _)| *run).collect();
    learn_writes(&mut touched, stored);
    settle_writes(writer, &mut touched, rows, stored, &mut changes)?;
    settle_moved(&touched, rows, stored, &mut changes);
    settle_around(writer, &touched, &writers, rows, &mut changes)?;
    let learned = learn_reads(writer, &mut touched, stored)?;
    let not_fresh = touched.new_reads.keys().chain(&touched.reads).map(|(run, _)| *run);
    let had_written: BTreeSet<RunKey> = not_fresh.filter(|run| !touched.fresh.contains(run)).collect();
    for write in had_written.iter().filter_map(|run| stored.get(run)).flat_map(|run| &run.writes) {
        // What its run is now known to have read it did not bring into the world.
        changes.push(Change::Wrote(write.key));
    }
    let mut rebind: BTreeSet<(RunKey, u32)> = touched.reads.union(&touched.again).copied().collect();
    let moved = touched.moved.keys().filter_map(|run| stored.get(run));
    rebind.extend(moved.flat_map(|run| &run.reads).map(|read| (read.run, read.n)));
    if !changes.is_empty() {
        rebind.extend(writer.touched_by(&changes)?);
    }
    let mut sightings = Sightings::default();
    learned.iter().for_each(|read| sightings.add(read));
    add_reads(writer, touched, &mut sightings, &mut rebind)?;
    if !sightings.0.is_empty() {
        let sighted: Vec<Change> = sightings.0.into_iter().map(|(seen, first)| Change::Sighted(seen, first)).collect();
        rebind.extend(writer.touched_by(&sighted)?);
    }
    bind_again(writer, &rebind)
}

/// Where contents were seen under a name, each with the first time: what is written elsewhere later is no origin of them.
#[derive(Default)]
struct Sightings(BTreeMap<VersionKey, Timestamp>);

impl Sightings {
    fn add(&mut self, read: &ReadRow) {
        if let Some(seen) = read.seen {
            self.0.entry(seen).and_modify(|first| *first = read.at.min(*first)).or_insert(read.at);
        }
    }
}

/// Takes from the new writes those that are stored already: what they say that was not known is kept with these.
fn learn_writes(touched: &mut Touched, stored: &mut Stored) {
    let Touched { new_writes, writes, .. } = touched;
    new_writes.retain(|(run, n), told| {
        let known = stored.get_mut(run).and_then(|stored| stored.write_mut(*n));
        let Some(known) = known else { return true };
        let is_same = known.artifact == told.artifact;
        if is_same && known.mark == Some(Mark::Maybe) && told.mark != known.mark {
            let (key, version, at, echo) = (known.key, known.version, known.at, known.echo);
            *known = WriteRow { key, version, at, echo, ..told.clone() };
            writes.insert((*run, *n));
        } else if is_same && known.seen.is_none() && told.seen.is_some() {
            known.seen = told.seen;
            writes.insert((*run, *n));
        }
        false
    });
}

/// Takes from the new reads those that are stored already, keeps what they say that was not known, and returns all stored
/// reads whose content became known.
fn learn_reads(writer: &mut dyn Writer, touched: &mut Touched, stored: &mut Stored) -> Result<Vec<ReadRow>> {
    let Touched { new_reads, reads, .. } = touched;
    new_reads.retain(|(run, n), told| {
        let known = stored.get_mut(run).and_then(|stored| stored.read_mut(*n));
        let Some(known) = known else { return true };
        if known.artifact == told.artifact && known.seen.is_none() && told.seen.is_some() {
            known.seen = told.seen;
            reads.insert((*run, *n));
        }
        false
    });
    let of = |(run, n): &(RunKey, u32)| stored.get(run)?.read(*n).cloned();
    let learned: Vec<ReadRow> = touched.reads.iter().filter_map(of).collect();
    if !learned.is_empty() {
        writer.put_reads(&learned)?;
    }
    Ok(learned)
}

/// Stores the new reads, bound by all that is known.
fn add_reads(
    writer: &mut dyn Writer,
    touched: Touched,
    sightings: &mut Sightings,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    if touched.new_reads.is_empty() {
        return Ok(());
    }
    let bindings = bindings(writer, touched.new_reads.values())?;
    let mut reads = Vec::with_capacity(touched.new_reads.len());
    for (read, binding) in touched.new_reads.into_values().zip(bindings) {
        // Who is now stored as a reader may have read what it wrote before it wrote it.
        if binding.is_apart {
            rebind.insert((read.run, read.n));
        }
        let bound = binding.of(read);
        if matches!(bound.bound, Bound::Copy | Bound::UnknownWriter | Bound::Inside) {
            sightings.add(&bound);
        }
        reads.push(bound);
    }
    writer.add_reads(&reads)
}

/// Stores the new writes, and brings those up to date whose content became known, or whose run began, ended or died.
fn settle_writes(
    writer: &mut dyn Writer,
    touched: &mut Touched,
    rows: &HashMap<RunKey, RunRow>,
    stored: &mut Stored,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let mut old: Vec<(&RunRow, WriteRow)> = Vec::new();
    let told: BTreeSet<RunKey> = touched.writes.iter().map(|(run, _)| *run).collect();
    for run in touched.statuses.union(&told) {
        let (Some(row), Some(stored)) = (rows.get(run), stored.get(run)) else { continue };
        let is_meant = |write: &&WriteRow| touched.statuses.contains(run) || touched.writes.contains(&(*run, write.n));
        old.extend(stored.writes.iter().filter(is_meant).map(|write| (row, write.clone())));
    }
    let is_told = |write: &WriteRow| touched.writes.contains(&(write.run, write.n));
    settle_stored(writer, old, is_told, changes)?;
    let new = std::mem::take(&mut touched.new_writes);
    let mut new: Vec<(&RunRow, WriteRow)> =
        new.into_values().filter_map(|write| Some((rows.get(&write.run)?, write))).collect();
    if new.is_empty() {
        return Ok(());
    }
    let all = what_counts(writer, &new)?;
    for ((run, write), (counts, echo)) in new.iter_mut().zip(all) {
        (write.version, write.at) = counts.unzip();
        write.echo = echo;
        changes.extend(counts.map(|(version, at)| counting(run, write.artifact, version, at)));
    }
    let new: Vec<WriteRow> = new.into_iter().map(|(_, write)| write).collect();
    writer.add_writes(&new).map(drop)
}

/// Brings stored writes up to date; those of which more `is_told` are stored again whatever counts of them.
fn settle_stored(
    writer: &mut dyn Writer,
    writes: Vec<(&RunRow, WriteRow)>,
    is_told: impl Fn(&WriteRow) -> bool,
    changes: &mut Vec<Change>,
) -> Result<()> {
    if writes.is_empty() {
        return Ok(());
    }
    let mut changed = Vec::new();
    let all = what_counts(writer, &writes)?;
    for ((run, mut write), (counts, echo)) in writes.into_iter().zip(all) {
        let counted = write.version.zip(write.at);
        let is_other = counts != counted;
        if is_other {
            changes.push(Change::Wrote(write.key));
            for (version, at) in [counts, counted].into_iter().flatten() {
                changes.push(counting(run, write.artifact, version, at));
            }
        }
        if is_other || write.echo != echo || is_told(&write) {
            (write.version, write.at) = counts.unzip();
            write.echo = echo;
            changed.push(write);
        }
    }
    if changed.is_empty() { Ok(()) } else { writer.put_writes(&changed) }
}

/// Brings the writes of all runs up to date that others are inside of.
pub(super) fn settle_parents(writer: &mut dyn Writer) -> Result<()> {
    let rows: HashMap<RunKey, RunRow> = writer.run_rows(RowsOf::Parents)?.into_iter().collect();
    let runs: BTreeSet<RunKey> = rows.keys().copied().collect();
    // Those further inside first: of an echo there is none.
    let mut stored = stored(writer, &runs.iter().copied().collect::<Vec<_>>())?;
    let touched = Touched { statuses: runs, ..Touched::default() };
    settle(writer, touched, &rows, &mut stored)
}

/// What of the runs around others is looked at: all that they wrote, or what names these artifacts.
#[derive(Clone, Debug, Default)]
struct Around {
    is_whole: bool,
    artifacts: BTreeSet<ArtifactKey>,
}

/// Brings the writes of runs around those that began, ended or wrote up to date: they may only name what was written inside.
fn settle_around(
    writer: &mut dyn Writer,
    touched: &Touched,
    writers: &BTreeSet<RunKey>,
    rows: &HashMap<RunKey, RunRow>,
    changes: &mut Vec<Change>,
) -> Result<()> {
    let runs = touched.fresh.iter().chain(&touched.statuses).chain(writers);
    let runs: BTreeSet<RunKey> = runs.copied().collect();
    let inside: Vec<(RunKey, &RunRow, RunId)> =
        runs.iter().filter_map(|run| rows.get(run).and_then(|row| Some((*run, row, row.parent?)))).collect();
    if inside.is_empty() {
        return Ok(());
    }
    // One that others wait inside of joins them to what is around it.
    let ids: Vec<RunId> = inside.iter().map(|(_, row, _)| row.id).collect();
    let parents: BTreeSet<RunId> = writer.among(&ids, Among::Parents)?.into_iter().collect();
    let wrote = stored(writer, &inside.iter().map(|(run, ..)| *run).collect::<Vec<_>>())?;
    let mut around: BTreeMap<RunId, Around> = BTreeMap::new();
    for (run, row, parent) in inside {
        let began = touched.fresh.contains(&run) || touched.statuses.contains(&run);
        let is_whole = began && parents.contains(&row.id);
        let artifacts = wrote.get(&run).into_iter().flat_map(|run| &run.writes).map(|write| write.artifact);
        let of = around.entry(parent).or_default();
        of.is_whole |= is_whole;
        of.artifacts.extend(artifacts);
    }
    around.retain(|_, around| around.is_whole || !around.artifacts.is_empty());
    // As many levels as there are runs, for those that are inside of each other would have no end.
    let mut met: BTreeSet<RunId> = BTreeSet::new();
    let mut level = 0;
    while !around.is_empty() && level <= met.len() {
        level = level.saturating_add(1);
        met.extend(around.keys());
        around = settle_level(writer, &around, changes)?;
    }
    Ok(())
}

/// Brings the writes of these runs up to date, and returns what is around them.
fn settle_level(
    writer: &mut dyn Writer,
    around: &BTreeMap<RunId, Around>,
    changes: &mut Vec<Change>,
) -> Result<BTreeMap<RunId, Around>> {
    let ids: Vec<RunId> = around.keys().copied().collect();
    let rows: BTreeMap<RunKey, RunRow> = writer.run_rows(RowsOf::Ids(&ids))?.into_iter().collect();
    let wrote = stored(writer, &rows.keys().copied().collect::<Vec<_>>())?;
    let mut writes = Vec::new();
    let mut further: BTreeMap<RunId, Around> = BTreeMap::new();
    for (run, row) in &rows {
        let Some(of) = around.get(&row.id) else { continue };
        let is_meant = |write: &&WriteRow| of.is_whole || of.artifacts.contains(&write.artifact);
        let own = wrote.get(run).into_iter().flat_map(|run| &run.writes).filter(is_meant);
        writes.extend(own.map(|write| (row, write.clone())));
        if let Some(parent) = row.parent {
            let next = further.entry(parent).or_default();
            next.is_whole |= of.is_whole;
            next.artifacts.extend(&of.artifacts);
        }
    }
    settle_stored(writer, writes, |_| false, changes)?;
    Ok(further)
}

/// Finds the reads that saw what a run was at, or would have, which began at another time than was known or on a host that
/// was not.
fn settle_moved(touched: &Touched, rows: &HashMap<RunKey, RunRow>, stored: &Stored, changes: &mut Vec<Change>) {
    for (run, before) in &touched.moved {
        let (Some(row), Some(stored)) = (rows.get(run), stored.get(run)) else { continue };
        let from = row.started_at.map_or(*before, |began| began.min(*before));
        for write in &stored.writes {
            if let (Some(version), Some(at)) = (write.version, write.at) {
                let (artifact, from) = (write.artifact, from.min(at));
                let early = from.plus_micros(-MOST_SKEW_US);
                // On which host a run was decides what its names mean.
                changes.push(Change::Counts { artifact, version, at, from, early, by_name: true });
            }
        }
        // A content may have been seen under a name later than was known.
        for read in &stored.reads {
            changes.extend(read.seen.map(|seen| Change::Sighted(seen, from.min(read.at))));
        }
    }
}

/// Returns the change that a write of this version counts from then on, or no longer does.
fn counting(run: &RunRow, artifact: ArtifactKey, version: VersionKey, at: Timestamp) -> Change {
    // Another run may have read the bytes before the write was known to be complete.
    let from = run.started_at.map_or(at, |started| started.min(at));
    Change::Counts { artifact, version, at, from, early: from.plus_micros(-MOST_SKEW_US), by_name: true }
}

/// A write that counts unless a run inside its own had written the same.
struct Counting<'r> {
    place: usize,
    run: &'r RunRow,
    seen: Option<VersionRow>,
    artifact: ArtifactKey,
    at: Timestamp,
}

/// Returns for each the last write of the same at or before it by a run inside its own.
fn inner_writes(writer: &mut dyn Writer, counting: &[Counting<'_>]) -> Result<Vec<Option<WriteKey>>> {
    let inside = |Counting { run, seen, artifact, at, .. }: &Counting<'_>| Asked {
        of: Of::Inside(run.id, *artifact, seen.as_ref().map(|seen| seen.key)),
        when: When::By(*at),
        reader: None,
        like: None,
    };
    let asked: Vec<Asked<'_>> = counting.iter().map(inside).collect();
    let mut last: Vec<LastSeen<WriteKey, RunKey>> = counting.iter().map(|_| LastSeen::of_all()).collect();
    find_last(writer, &asked, &mut last, |candidate| candidate.write)?;
    Ok(last.iter().map(|last| last.found().map(|(_, write, _)| write)).collect())
}

/// The version that a write made, and from when it counts; else the write inside that it only names.
type Counts = (Option<(VersionKey, Timestamp)>, Option<WriteKey>);

/// Returns for each write the version that it made, and from when it counts.
///
/// A run that names what a run inside it wrote wrote nothing more: the same version, or one about which nothing is known.
///
/// A completed run's outputs all count; a run's that goes on, those it made known so far. Of a run that did not
/// complete only a known content counts: an opaque name may never have been written.
fn what_counts(writer: &mut dyn Writer, writes: &[(&RunRow, WriteRow)]) -> Result<Vec<Counts>> {
    let seen: Vec<VersionKey> = writes.iter().filter_map(|(_, write)| write.seen).collect();
    let mut seen = if seen.is_empty() { Vec::new() } else { writer.version_rows(&seen)? }.into_iter();
    let mut counting: Vec<Counting<'_>> = Vec::new();
    for (place, (run, write)) in writes.iter().enumerate() {
        let seen = write.seen.and_then(|_| seen.next());
        let is_content = seen.as_ref().is_some_and(|seen| seen.id.is_known_content());
        let is_kept = match run.status {
            Status::Completed => true,
            Status::Running => write.said_at.is_some(),
            Status::Failed | Status::Cancelled | Status::Died | Status::Unknown => is_content,
        };
        let at = write.said_at.or(run.ended_at).filter(|_| is_kept && write.mark.is_none());
        let Some(at) = at else { continue };
        counting.push(Counting { place, run, seen, artifact: write.artifact, at });
    }
    let mut counts: Vec<Counts> = vec![(None, None); writes.len()];
    if counting.is_empty() {
        return Ok(counts);
    }
    let inner = inner_writes(writer, &counting)?;
    let mut opaque: Vec<(usize, ArtifactKey, VersionId, Timestamp)> = Vec::new();
    for (Counting { place, run, seen, artifact, at }, inner) in counting.into_iter().zip(inner) {
        let Some(counts) = counts.get_mut(place) else { continue };
        match (inner, seen) {
            (Some(inner), _) => *counts = (None, Some(inner)),
            (None, Some(seen)) => *counts = (Some((seen.key, at)), None),
            (None, None) => opaque.push((place, artifact, VersionId::Write(run.id), at)),
        }
    }
    let asked: Vec<VersionAsked<'_>> = opaque
        .iter()
        .map(|(_, artifact, id, _)| VersionAsked { artifact: *artifact, id, size: None, asks_size: false })
        .collect();
    let made = if asked.is_empty() { Vec::new() } else { writer.enter_versions(&asked, COMMON)? };
    for ((place, _, _, at), made) in opaque.iter().zip(made) {
        if let Some(counts) = counts.get_mut(*place) {
            *counts = (Some((made.key, *at)), None);
        }
    }
    Ok(counts)
}
