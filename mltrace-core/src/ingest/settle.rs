//! What follows from the facts: which writes count and from when, and which reads must be bound again.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;

use super::bind::{MOST_SKEW_US, bind_again, bindings};
use super::touched::Touched;
use crate::model::{Bound, Mark, Status, Timestamp, VersionId};
use crate::store::{Edge, ReadRow, Result, RunKey, RunRow, VersionKey, WriteKey, WriteRow, Writer};

/// Stores what is new and brings everything up to date that follows from what was touched.
///
/// `rows` holds the rows of all runs that were touched.
pub(super) fn settle(writer: &mut dyn Writer, touched: Touched, rows: &HashMap<RunKey, RunRow>) -> Result<()> {
    let mut rebind: BTreeSet<(RunKey, u32)> = touched.reads.union(&touched.again).copied().collect();
    for version in &touched.weak {
        rebind.extend(writer.reads_of_bytes(*version)?);
    }
    settle_old_writes(writer, &touched, rows, &mut rebind)?;
    let writers: BTreeSet<RunKey> = touched.new_writes.keys().chain(&touched.writes).map(|(run, _)| *run).collect();
    for write in touched.new_writes.values() {
        if let Some(row) = rows.get(&write.run) {
            add_write(writer, row, write.clone(), &mut rebind)?;
        }
    }
    settle_moved(writer, &touched, rows, &mut rebind)?;
    settle_around(writer, &touched, &writers, rows, &mut rebind)?;
    let mut sightings = Sightings::default();
    let learned: Vec<(RunKey, u32)> = touched.reads.iter().copied().collect();
    writer.reads_at(&learned)?.iter().for_each(|read| sightings.add(read));
    let not_fresh = touched.new_reads.keys().chain(&touched.reads).map(|(run, _)| *run);
    let had_written: BTreeSet<RunKey> = not_fresh.filter(|run| !touched.fresh.contains(run)).collect();
    for run in had_written {
        // What it is now known to have read it did not bring into the world.
        for write in writer.writes(run)? {
            rebind.extend(writer.reads_of_write(write.key)?);
        }
    }
    let bindings = bindings(writer, touched.new_reads.values())?;
    for (read, binding) in touched.new_reads.into_values().zip(bindings) {
        // Who is now stored as a reader may have read what it wrote before it wrote it.
        if binding.is_apart {
            rebind.insert((read.run, read.n));
        }
        let bound = binding.of(read);
        let is_news = writer.add_read(&bound)? || learn_read(writer, &bound, &mut rebind)?;
        if is_news && matches!(bound.bound, Bound::Copy | Bound::UnknownWriter | Bound::Inside) {
            sightings.add(&bound);
        }
    }
    for (version, first) in sightings.0 {
        rebind.extend(writer.reads_unwritten(version, first)?);
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

/// Brings the writes of all runs up to date that others are inside of.
pub(super) fn settle_parents(writer: &mut dyn Writer) -> Result<()> {
    let mut rows = HashMap::default();
    for run in writer.parents()? {
        rows.insert(run, writer.run_row(run)?);
    }
    // Those further inside first: of an echo there is none.
    let mut touched = Touched::default();
    touched.statuses.extend(rows.keys().copied());
    settle(writer, touched, &rows)
}

/// Brings the writes of runs around those that began, ended or wrote up to date: they may only name what was written inside.
fn settle_around(
    writer: &mut dyn Writer,
    touched: &Touched,
    writers: &BTreeSet<RunKey>,
    rows: &HashMap<RunKey, RunRow>,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    let runs = touched.fresh.iter().chain(&touched.statuses).chain(writers);
    let runs: BTreeSet<RunKey> = runs.copied().collect();
    for (run, row) in runs.iter().filter_map(|run| rows.get_key_value(run)) {
        let Some(mut next) = row.parent else { continue };
        // One that others wait inside of joins them to what is around it.
        let joins = (touched.fresh.contains(run) || touched.statuses.contains(run)) && writer.is_parent(row.id)?;
        let artifacts: BTreeSet<_> = writer.writes(*run)?.into_iter().map(|write| write.artifact).collect();
        if !joins && artifacts.is_empty() {
            continue;
        }
        let mut met = BTreeSet::from([row.id]);
        while met.insert(next)
            && let Some((key, around)) = writer.run(next)?
        {
            for write in writer.writes(key)? {
                if joins || artifacts.contains(&write.artifact) {
                    settle_write(writer, &around, &write, rebind)?;
                }
            }
            let Some(parent) = around.parent else { break };
            next = parent;
        }
    }
    Ok(())
}

/// Finds the reads that saw what a run was at, or would have, which began at another time than was known or on a host that
/// was not.
fn settle_moved(
    writer: &mut dyn Writer,
    touched: &Touched,
    rows: &HashMap<RunKey, RunRow>,
    rebind: &mut BTreeSet<(RunKey, u32)>,
) -> Result<()> {
    for (run, before) in &touched.moved {
        let Some(row) = rows.get(run) else { continue };
        let from = row.started_at.map_or(*before, |began| began.min(*before));
        for write in writer.writes(*run)? {
            if let (Some(version), Some(at)) = (write.version, write.at) {
                let from = from.min(at);
                rebind.extend(writer.reads_of_content(version, from.plus_micros(-MOST_SKEW_US), from, at)?);
            }
        }
        // A content may have been seen under a name later than was known.
        for read in writer.reads(*run)? {
            rebind.insert((*run, read.n));
            if let Some(seen) = read.seen {
                rebind.extend(writer.reads_unwritten(seen, from.min(read.at))?);
            }
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
    let (counts, echo) = what_counts(writer, run, write)?;
    if writer.echo(write.key)? != echo {
        writer.put_echo(write.key, echo)?;
    }
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
    let Some(known) = writer.reads_at(&[(told.run, told.n)])?.pop() else { return Ok(false) };
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
    let (counts, echo) = what_counts(writer, run, &write)?;
    let (version, at) = counts.unzip();
    let write = WriteRow { version, at, ..write };
    let added = writer.add_write(&write)?;
    if let (Some(key), Some(_)) = (added, echo) {
        writer.put_echo(key, echo)?;
    }
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
    let mut found = writer.reads_of_content(version, from.plus_micros(-MOST_SKEW_US), from, at)?;
    found.extend(writer.reads_by_time(write.artifact, at)?);
    found.extend(writer.reads_near(write.artifact, at)?);
    Ok(found)
}

/// The version that a write made, and from when it counts; else the write inside that it only names.
type Counts = (Option<(VersionKey, Timestamp)>, Option<WriteKey>);

/// Returns the version that a write made, and from when it counts.
///
/// A run that names what a run inside it wrote wrote nothing more: the same version, or one of which nothing is known.
///
/// A completed run's outputs all count; a run's that goes on, those it made known so far. Of a run that did not
/// complete only a known content counts: an opaque name may never have been written.
fn what_counts(writer: &mut dyn Writer, run: &RunRow, write: &WriteRow) -> Result<Counts> {
    if write.mark.is_some() {
        return Ok((None, None));
    }
    let seen = match write.seen {
        Some(seen) => writer.version_rows(&[seen])?.pop(),
        None => None,
    };
    let is_content = seen.as_ref().is_some_and(|seen| seen.id.is_known_content());
    let is_kept = match run.status {
        Status::Completed => true,
        Status::Running => write.said_at.is_some(),
        Status::Failed | Status::Cancelled | Status::Died | Status::Unknown => is_content,
    };
    let Some(at) = write.said_at.or(run.ended_at).filter(|_| is_kept) else { return Ok((None, None)) };
    let inner = writer.inner_write(run.id, write.artifact, at, seen.as_ref().map(|seen| seen.key))?;
    if inner.is_some() {
        return Ok((None, inner));
    }
    let version = match seen {
        Some(seen) => seen.key,
        None => writer.version(write.artifact, &VersionId::Write(run.id), None)?.0,
    };
    Ok((Some((version, at)), None))
}
