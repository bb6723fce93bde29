//! Lines of an import or an export become rows; a wrong line is told with its number and the rest lands.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::fold::apply_all;
use super::line::{Parsed, parse};
use crate::config::Home;
use crate::model::{End, Header, Record, Start, Status};
use crate::store::{ComponentKey, RunKey, RunRow, Store, StoreError, Writer};

/// How many lines go into one transaction.
const BATCH: usize = 1000;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// How many lines were read.
    pub lines: u64,
    /// How many of them told something new.
    pub stored: u64,
    /// How many were known already.
    pub known: u64,
    /// The lines that were refused: number from 1, and why.
    pub errors: Vec<(u64, String)>,
    /// How many lines belong to other projects than this one, by project.
    pub elsewhere: BTreeMap<String, u64>,
}

/// Stores the lines of an import; wrong lines are reported and the rest lands. `progress` is told how many lines were
/// read so far.
///
/// # Errors
/// When the store does not take the rows.
pub fn import(
    home: &Home,
    store: &mut dyn Store,
    lines: &mut dyn BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, StoreError> {
    let mut report = ImportReport::default();
    let mut batch = Vec::new();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = lines.read_until(b'\n', &mut bytes);
        let is_end = match read {
            Ok(0) => true,
            Ok(_) => false,
            Err(error) => {
                report.errors.push((report.lines.saturating_add(1), format!("it could not be read: {error}")));
                true
            }
        };
        if !is_end {
            report.lines = report.lines.saturating_add(1);
            match parse(&bytes, &home.project) {
                Ok(Some(line)) => {
                    if line.header.project != home.project {
                        let count = report.elsewhere.entry(line.header.project.clone()).or_default();
                        *count = count.saturating_add(1);
                    }
                    batch.push((report.lines, line));
                }
                Ok(None) => {}
                Err(reason) => report.errors.push((report.lines, reason)),
            }
        }
        if batch.len() >= BATCH || (is_end && !batch.is_empty()) {
            land(store, &batch, &mut report)?;
            batch.clear();
            progress(report.lines);
        }
        if is_end {
            report.errors.sort();
            return Ok(report);
        }
    }
}

/// Stores a batch in one transaction.
fn land(store: &mut dyn Store, batch: &[(u64, Parsed)], report: &mut ImportReport) -> Result<(), StoreError> {
    let before = report.clone();
    store.write(&mut |writer| {
        report.clone_from(&before);
        for (number, line) in batch {
            match land_line(writer, line)? {
                Landed::New => report.stored = report.stored.saturating_add(1),
                Landed::Known => report.known = report.known.saturating_add(1),
                Landed::Conflict(reason) => report.errors.push((*number, reason)),
            }
        }
        Ok(())
    })
}

enum Landed {
    New,
    Known,
    Conflict(String),
}

fn land_line(writer: &mut dyn Writer, line: &Parsed) -> Result<Landed, StoreError> {
    let start = line.records.iter().find_map(|record| match record {
        Record::Start(start) => Some(start),
        _ => None,
    });
    let end = line.records.iter().find_map(|record| match record {
        Record::End(end) => Some(end),
        _ => None,
    });
    let mut landed = Landed::New;
    if let Some(start) = start
        && let Some((key, row)) = writer.run(start.run)?
        && let Some(component) = row.component
    {
        if let Some(reason) = conflict(writer, key, &row, component, &line.header, start, end)? {
            return Ok(Landed::Conflict(format!("run {} is known with {reason}; the first is kept", start.run)));
        }
        if end.is_none() || !matches!(row.status, Status::Running | Status::Died) {
            landed = Landed::Known;
        }
    }
    apply_all(writer, &line.header, &line.records)?;
    Ok(landed)
}

/// Returns what a line says of a known run that is not so.
fn conflict(
    writer: &mut dyn Writer,
    key: RunKey,
    row: &RunRow,
    component: ComponentKey,
    header: &Header,
    start: &Start,
    end: Option<&End>,
) -> Result<Option<String>, StoreError> {
    let project = writer.project(&header.project)?;
    if row.project != project || writer.component(project, &start.component)? != component {
        return Ok(Some("another component".to_owned()));
    }
    if row.started_at != Some(start.at) {
        return Ok(Some("another start".to_owned()));
    }
    let Some(end) = end.filter(|_| !matches!(row.status, Status::Running | Status::Died)) else { return Ok(None) };
    if row.status != end.status {
        return Ok(Some(format!("the status {}", row.status.as_str())));
    }
    if row.ended_at != Some(end.at) {
        return Ok(Some("another end".to_owned()));
    }
    let mut told = Vec::new();
    for read in &start.inputs {
        told.push((false, writer.artifact(project, &read.name, None)?));
    }
    for write in &end.outputs {
        told.push((true, writer.artifact(project, &write.name, None)?));
    }
    let reads = writer.reads(key)?.into_iter().map(|read| (false, read.artifact));
    let mut known: Vec<_> = reads.collect();
    known.extend(writer.writes(key)?.into_iter().map(|write| (true, write.artifact)));
    told.sort_unstable();
    known.sort_unstable();
    if told != known {
        return Ok(Some("other inputs or outputs".to_owned()));
    }
    let told: Vec<_> = start.params.iter().map(|(name, value)| (name.clone(), value.to_string())).collect();
    Ok((told != writer.params(key)?).then(|| "other parameters".to_owned()))
}
