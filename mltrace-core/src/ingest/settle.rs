//! What follows from the facts: which writes count and from when, and which reads must be bound again.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use super::bind::{bind_again, binding};
use super::touched::Touched;
use crate::model::{Bound, Mark, Status, Timestamp, VersionId};
use crate::store::{Edge, ReadRow, Result, RunKey, RunRow, VersionKey, WriteRow, Writer};

/// Stores what is new and brings everything up to date that follows from what was touched.
///
/// `rows` holds the rows of all runs that were touched.
pub(super) fn settle(writer: &mut dyn Writer, touched: Touched, rows: &HashMap<RunKey, RunRow>) -> Result<()> {
    let mut rebind = touched.reads.clone();
    for version in &touched.weak {
        rebind.extend(writer.reads_of_bytes(*version)?);
    }
    settle_old_writes(writer, &touched, rows, &mut rebind)?;
    for write in touched.new_writes.into_values() {
        if let Some(row) = rows.get(&write.run) {
            add_write(writer, row, write, &mut rebind)?;
        }
    }
    let mut sightings = Sightings::default();
    for (run, n) in &touched.reads {
        writer.read(*run, *n)?.iter().for_each(|read| sightings.add(read));
    }
    for read in touched.new_reads.into_values() {
        let bound = binding(writer, &read)?.of(read);
        let is_news = writer.add_read(&bound)? || learn_read(writer, &bound, &mut rebind)?;
        if is_news && matches!(bound.bound, Bound::Copy | Bound::UnknownWriter) {
            sightings.add(&bound);
        }
    }
    for (version, first) in sightings.0 {
        rebind.extend(writer.reads_unwritten(version, first)?);
    }
    for (run, n) in rebind {
        bind_again(writer, run, n)?;
    }
    Ok(())
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

/// Brings the stored writes up to date whose content became known, or whose run began, ended or died.
fn settle_old_writes(
    writer: &mut dyn Writer,
    touched: &Touched,
    rows: &HashMap<RunKey, RunRow>,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    let mut writes: BTreeMap<RunKey, Vec<WriteRow>> = BTreeMap::new();
    for run in &touched.statuses {
        writes.insert(*run, writer.writes(*run)?);
    }
    for (run, n) in &touched.writes {
        if !touched.statuses.contains(run) {
            writes.entry(*run).or_default().extend(writer.write(*run, *n)?);
        }
    }
    for (run, writes) in &writes {
        let Some(row) = rows.get(run) else { continue };
        for write in writes {
            settle_write(writer, row, write, rebind)?;
        }
    }
    Ok(())
}

/// Brings a stored write up to date.
fn settle_write(
    writer: &mut dyn Writer,
    run: &RunRow,
    write: &WriteRow,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    let counts = what_counts(writer, run, write)?;
    let counted = write.version.zip(write.at);
    if counts == counted {
        return Ok(());
    }
    rebind.extend(writer.reads_of_write(write.key)?);
    writer.settle(write.key, counts)?;
    for (version, at) in [counts, counted].into_iter().flatten() {
        rebind.extend(readers_of(writer, run, write, version, at)?);
    }
    Ok(())
}

/// Keeps the content of a read that was stored before anybody knew it; returns whether there was any.
fn learn_read(writer: &mut dyn Writer, told: &ReadRow, rebind: &mut BTreeSet<(RunKey, u32)>) -> Result<bool> {
    let Some(known) = writer.read(told.run, told.n)? else { return Ok(false) };
    let (None, Some(seen), true) = (known.seen, told.seen, known.artifact == told.artifact) else { return Ok(false) };
    writer.put_seen(told.run, told.n, Edge::Read, seen)?;
    rebind.insert((told.run, told.n));
    Ok(true)
}

/// Stores a new write with what counts of it.
fn add_write(
    writer: &mut dyn Writer,
    run: &RunRow,
    write: WriteRow,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    let counts = what_counts(writer, run, &write)?;
    let (version, at) = counts.unzip();
    let write = WriteRow { version, at, ..write };
    let added = writer.add_write(&write)?;
    match (added, counts) {
        (None, _) => learn_write(writer, run, &write, rebind),
        (Some(_), Some((version, at))) => {
            rebind.extend(readers_of(writer, run, &write, version, at)?);
            Ok(())
        }
        (Some(_), None) => Ok(()),
    }
}

/// Keeps the content of a write that was stored before anybody knew it.
fn learn_write(
    writer: &mut dyn Writer,
    run: &RunRow,
    told: &WriteRow,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    let Some(known) = writer.write(told.run, told.n)? else { return Ok(()) };
    let is_news = known.mark == Some(Mark::Maybe) && told.mark != known.mark && known.artifact == told.artifact;
    if is_news {
        writer.unmark(known.key, told)?;
        let (key, version, at) = (known.key, known.version, known.at);
        return settle_write(writer, run, &WriteRow { key, version, at, ..told.clone() }, rebind);
    }
    if let (None, Some(seen), true) = (known.seen, told.seen, known.artifact == told.artifact) {
        writer.put_seen(told.run, told.n, Edge::Write, seen)?;
        settle_write(writer, run, &WriteRow { seen: Some(seen), ..known }, rebind)?;
    }
    Ok(())
}

/// Returns the reads that may be bound differently when this write counts, or no longer does.
fn readers_of(
    writer: &mut dyn Writer,
    run: &RunRow,
    write: &WriteRow,
    version: VersionKey,
    at: Timestamp,
) -> Result<Vec<(RunKey, u32)>> {
    // Another run may have read the bytes before the write was known to be complete.
    let from = run.started_at.map_or(at, |started| started.min(at));
    let mut found = writer.reads_of_content(version, from, at)?;
    found.extend(writer.reads_by_time(write.artifact, at)?);
    Ok(found)
}

/// Returns the version that a write made, and from when it counts.
///
/// A completed run's outputs all count; a run's that goes on, those it made known so far. Of a run that did not
/// complete only a known content counts: an opaque name may never have been written.
fn what_counts(writer: &mut dyn Writer, run: &RunRow, write: &WriteRow) -> Result<Option<(VersionKey, Timestamp)>> {
    if write.mark.is_some() {
        return Ok(None);
    }
    let seen = match write.seen {
        Some(seen) => Some(writer.version_row(seen)?),
        None => None,
    };
    let is_content = seen.as_ref().is_some_and(|seen| seen.id.is_known_content());
    let is_kept = match run.status {
        Status::Completed => true,
        Status::Running => write.said_at.is_some(),
        Status::Failed | Status::Cancelled | Status::Died | Status::Unknown => is_content,
    };
    let Some(at) = write.said_at.or(run.ended_at).filter(|_| is_kept) else { return Ok(None) };
    let version = match seen {
        Some(seen) => seen.key,
        None => writer.version(write.artifact, &VersionId::Write(run.id), None)?.0,
    };
    Ok(Some((version, at)))
}
