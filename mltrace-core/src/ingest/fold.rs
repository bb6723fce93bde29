//! Journals become rows: exactly once, no matter who folds, however often it is interrupted.
//!
//! How far a journal was folded is committed with its rows. A journal is unlinked when its writer is gone and all of it
//! is committed, in this order: commit, unlink, forget how far.

use std::collections::BTreeMap;

use super::apply::Applier;
use super::batch::{apply_all, apply_line};
use super::bind::bind_again;
use super::events::apply_events;
use super::lost;
use super::projects::join_former;
use super::report::{BEYOND, FoldReport, Left};
use super::round::{Open, fold_open};
use super::settle::settle_parents;
use crate::config::Home;
use crate::host::Host;
use crate::journal::{self, Journal};
use crate::model::{ProcessId, Record};
use crate::store::{Change, Said, Store, StoreError, UnreadRow, Writer};
use crate::tracked::Tracked;

/// By what name a store counts that its reads are to be bound again.
pub(super) const TO_BIND: &str = "to bind";

/// Returns how many journals are not folded because git tracks them.
#[must_use]
pub fn tracked(home: &Home) -> usize {
    journals(home).map_or(0, |journals| own(home, journals).1.len())
}

/// Folds all journals of `home` into `store`.
///
/// # Errors
/// When the store takes no rows; the journals keep them.
pub fn fold(home: &Home, store: &mut dyn Store) -> Result<FoldReport, StoreError> {
    let (journals, tracked) = own(home, journals(home)?);
    fold_these(home, store, &journals, tracked.len())
}

/// So many journals share a transaction, which costs as much as folding a hundred short ones.
const AT_ONCE: usize = 256;

pub(super) fn fold_these(
    home: &Home,
    store: &mut dyn Store,
    journals: &[Journal],
    tracked: usize,
) -> Result<FoldReport, StoreError> {
    let mut report = FoldReport { tracked, ..FoldReport::default() };
    let here = Host::here(None);
    share(home, store)?;
    bind_anew(store)?;
    join_former(home, store)?;
    read_again(home, store, &mut report)?;
    for some in journals.chunks(AT_ONCE) {
        fold_some(home, store, some, &here, &mut report)?;
    }
    match lost::fold_lost(home, store) {
        Ok(lost) => report.lost = lost,
        Err(StoreError::Journal { path, reason }) => report.left.push(Left { journal: path, reason }),
        Err(error) => return Err(error),
    }
    if report.records > 0 {
        // The first rows of a store may just have come, and with them its project.
        if home.has_own_store() {
            store.upkeep().call_own_project(&home.project)?;
        }
        journal::lost::keep(&home.journal());
        journal::keep_reserve(&home.journal());
        journal::sweep(&home.journal());
    }
    Ok(report)
}

/// Returns the folders that all hosts share, by the settings, and of which the store does not know that.
pub(super) fn newly_shared<'h>(home: &'h Home, store: &mut dyn Store) -> Result<Vec<&'h String>, StoreError> {
    if home.shared.is_empty() {
        return Ok(Vec::new());
    }
    let known = store.look().shared_folders()?;
    Ok(home.shared.iter().filter(|folder| !known.contains(folder)).collect())
}

/// Takes note of the folders that all hosts share.
fn share(home: &Home, store: &mut dyn Store) -> Result<(), StoreError> {
    let new = newly_shared(home, store)?;
    if new.is_empty() {
        return Ok(());
    }
    store.write(&mut |writer| writer.say(&new.iter().map(|folder| Said::Shared(folder)).collect::<Vec<_>>()))
}

/// Binds again what a migration found bound by the rules of an earlier version.
fn bind_anew(store: &mut dyn Store) -> Result<(), StoreError> {
    if store.upkeep().tally(TO_BIND)? == 0 {
        return Ok(());
    }
    store.write(&mut |writer| {
        let reads = writer.touched_by(&[Change::Rules])?;
        settle_parents(writer)?;
        bind_again(writer, &reads.into_iter().collect())
    })
}

/// Folds what an earlier version of mltrace kept because it did not understand it.
fn read_again(home: &Home, store: &mut dyn Store, report: &mut FoldReport) -> Result<(), StoreError> {
    while store.upkeep().has_unread(journal::MINOR)? {
        let kept = store.upkeep().unread(journal::MINOR)?;
        let read = store.write(&mut |writer| {
            kept.iter().try_for_each(|row| read_one_again(writer, row))?;
            // What was not known to have ended may be known to have died now.
            let gone = kept.iter().filter(|row| row.is_over).map(|row| (row.header.process, &row.header));
            let gone: BTreeMap<_, _> = gone.collect();
            gone.values().try_for_each(|header| Applier::bury(writer, header).map(drop))
        });
        match read {
            Ok(()) => report.records = report.records.saturating_add(u64::try_from(kept.len()).unwrap_or(u64::MAX)),
            // What was kept does not keep back what is new.
            Err(error @ (StoreError::Database(_) | StoreError::Corrupt(_))) => {
                let journal = kept.first().map_or_else(|| home.journal(), |row| home.journal().join(&row.journal));
                report.left.push(Left { journal, reason: told(&error) });
                return Ok(());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Folds what is understood of a record now, and keeps it on if there is more to it.
fn read_one_again(writer: &mut dyn Writer, row: &UnreadRow) -> Result<(), StoreError> {
    let (mut record, is_more) = match journal::parse(&row.record) {
        journal::Said::Record(record, is_more) => (Some(record), is_more),
        journal::Said::Unknown => (None, true),
        journal::Said::TooHeavy => {
            writer.keep(Said::Tally(BEYOND, 1))?;
            return writer.keep(Said::Read(row));
        }
    };
    if let Some(found) = &mut record {
        let beyond = found.keep_within_limits(row.record.len());
        if beyond != Some(0) {
            writer.keep(Said::Tally(BEYOND, beyond.unwrap_or(1)))?;
        }
        record = record.filter(|_| beyond.is_some());
    }
    if let Some(record) = record.as_deref() {
        apply_all(writer, &row.header, std::slice::from_ref(record))?;
        if let Record::Line(line) = record {
            apply_line(writer, &line.header, &line.records, &line.chosen)?;
        }
        if let Record::Event(event) = record {
            apply_events(writer, &[event])?;
        }
    }
    writer.keep(Said::Read(row))?;
    if is_more {
        let row = UnreadRow { is_applied: record.is_some(), ..row.clone() };
        writer.keep(Said::Unread(&row, journal::MINOR))?;
    }
    Ok(())
}

/// Folds the journal of one process that is alive: the caller's own.
///
/// # Errors
/// When the store does not take the rows; the journal keeps them.
pub(super) fn fold_own(home: &Home, store: &mut dyn Store, process: ProcessId) -> Result<FoldReport, StoreError> {
    let mut report = FoldReport::default();
    let own: Vec<_> = journals(home)?.into_iter().filter(|journal| journal.process == process).collect();
    let mut open: Vec<_> = own.iter().map(|journal| Open::alive(home, store, journal)).collect();
    fold_open(home, store, &mut open, &mut report)?;
    Ok(report)
}

/// Folds some journals; what one process wrote does not keep back what the others did.
fn fold_some(
    home: &Home,
    store: &mut dyn Store,
    journals: &[Journal],
    here: &Host,
    report: &mut FoldReport,
) -> Result<(), StoreError> {
    let seen = journals.iter().map(|journal| Open::seen(home, store, journal, here));
    let (mut open, newer): (Vec<_>, Vec<_>) = seen.partition(|open| open.header.format <= journal::FORMAT);
    let reason = || "a newer version of mltrace wrote it".to_owned();
    report.left.extend(newer.iter().map(|open| Left::of(open.journal, reason())));
    let error = match fold_open(home, store, &mut open, report) {
        Err(error @ (StoreError::Journal { .. } | StoreError::Database(_) | StoreError::Corrupt(_))) => error,
        folded => return folded,
    };
    if let [one] = open.as_slice() {
        report.left.push(Left::of(one.journal, told(&error)));
        return Ok(());
    }
    open.iter().try_for_each(|open| fold_some(home, store, std::slice::from_ref(open.journal), here, report))
}

pub(super) fn journals(home: &Home) -> Result<Vec<Journal>, StoreError> {
    let folder = home.journal();
    journal::list(&folder).map_err(|error| StoreError::Journal { path: folder, reason: error.to_string() })
}

/// Parts the journals that were written here from those that git tracks: a clone brought them along.
pub(crate) fn own(home: &Home, journals: Vec<Journal>) -> (Vec<Journal>, Vec<Journal>) {
    // The index may be long, and is not looked at for nothing.
    if journals.is_empty() {
        return (journals, Vec::new());
    }
    let index = Tracked::around(&home.folder);
    let is_tracked = |name: &str| index.holds(&format!("journal/{name}"));
    journals.into_iter().partition(|journal| {
        let lock = journal.lock.file_name().unwrap_or_default().to_string_lossy();
        !journal.parts.iter().map(|part| part.name.as_str()).chain([&*lock]).any(is_tracked)
    })
}

/// Returns what an error says, followed by what its sources say.
fn told(error: &dyn std::error::Error) -> String {
    let sources = std::iter::successors(error.source(), |error| error.source());
    sources.fold(error.to_string(), |text, source| format!("{text}: {source}"))
}
