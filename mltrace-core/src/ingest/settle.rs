//! What follows from the facts: which writes count and from when, and which reads must be bound again.

use std::collections::{BTreeMap, BTreeSet};

use super::apply::Touched;
use super::bind::bind;
use crate::model::{Status, Timestamp, VersionId};
use crate::store::{Result, RunKey, RunRow, VersionKey, WriteRow, Writer};

/// Brings everything up to date that follows from what was touched.
pub(super) fn settle(writer: &mut dyn Writer, touched: &Touched) -> Result<()> {
    let mut writes: BTreeMap<RunKey, Vec<WriteRow>> = BTreeMap::new();
    for run in &touched.statuses {
        writes.insert(*run, writer.writes(*run)?);
    }
    for (run, n) in &touched.writes {
        if !touched.statuses.contains(run) {
            writes.entry(*run).or_default().extend(writer.write(*run, *n)?);
        }
    }
    let mut rebind = touched.reads.clone();
    for (run, writes) in &writes {
        let row = writer.run_row(*run)?;
        for write in writes {
            settle_write(writer, &row, write, &mut rebind)?;
        }
    }
    for run in &touched.works {
        let signature = signature(writer, *run)?;
        writer.put_signature(*run, signature)?;
    }
    for (run, n) in rebind {
        bind(writer, run, n)?;
    }
    Ok(())
}

/// Brings one write up to date, and collects the reads that may be bound differently now.
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
        // Another run may have read the bytes before the write was known to be complete.
        let from = run.started_at.map_or(at, |started| started.min(at));
        rebind.extend(writer.reads_of_content(version, from, at)?);
        rebind.extend(writer.reads_by_time(write.artifact, at)?);
    }
    Ok(())
}

/// Returns the version that a write made, and from when it counts.
///
/// A completed run's outputs all count; a run's that goes on, those it made known so far. Of a run that did not
/// complete only a known content counts: an opaque name may never have been written.
fn what_counts(writer: &mut dyn Writer, run: &RunRow, write: &WriteRow) -> Result<Option<(VersionKey, Timestamp)>> {
    let seen = match write.seen {
        Some(seen) => Some(writer.version_row(seen)?),
        None => None,
    };
    let is_content = seen.as_ref().is_some_and(|seen| seen.id.is_known_content());
    let is_kept = match run.status {
        Status::Completed => true,
        Status::Running => write.said_at.is_some(),
        Status::Failed | Status::Cancelled | Status::Died => is_content,
    };
    let Some(at) = write.said_at.or(run.ended_at).filter(|_| is_kept) else { return Ok(None) };
    let version = match seen {
        Some(seen) => seen.key,
        None => writer.version(write.artifact, &VersionId::Write(run.id), None)?,
    };
    Ok(Some((version, at)))
}

/// Returns a hash over a run's input names and parameters: equal for runs that do the same work.
///
/// A run with neither has none: nothing says what it worked on, so no other run redoes its work.
fn signature(writer: &mut dyn Writer, run: RunKey) -> Result<Option<i64>> {
    let names = writer.input_names(run)?;
    let params = writer.params(run)?;
    if names.is_empty() && params.is_empty() {
        return Ok(None);
    }
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(text.as_bytes());
        hasher.update(&[0xff]);
    };
    names.iter().for_each(|name| add(name));
    add("");
    for (name, value) in &params {
        add(name);
        add(value);
    }
    let hash = hasher.finalize();
    let (first, _) = hash.as_bytes().split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
    Ok(Some(i64::from_le_bytes(*first)))
}
