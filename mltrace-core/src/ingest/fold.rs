//! Journals become rows: exactly once, whoever folds, however often it is interrupted.
//!
//! How far a journal was folded is committed with its rows. A journal is unlinked when its writer is gone and all of it
//! is committed, in this order: commit, unlink, forget how far.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::apply::Applier;
use super::batch::{apply_all, apply_line};
use super::bind::bind_again;
use super::lost;
use super::projects::join_former;
use super::settle::settle_parents;
use crate::config::Home;
use crate::folder::Folder;
use crate::host::Host;
use crate::journal::{self, Journal, Part};
use crate::model::{Header, Line, ProcessId, Record};
use crate::store::{Change, Said, Store, StoreError, UnreadRow, Writer};
use crate::tracked::Tracked;

/// By what name a store counts that its reads are to be bound again.
pub(super) const TO_BIND: &str = "to bind";

/// What a fold did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldReport {
    /// How many records were folded.
    pub records: u64,
    /// How many damaged records were put aside.
    pub damaged: u64,
    /// How many records of a newer version were kept for a version that understands them.
    pub unread: u64,
    /// How many runs were found to have died.
    pub died: u64,
    /// How many records were found to be lost, for they could not be written.
    pub lost: u64,
    /// The journals that could not be folded; a later fold takes them up again.
    pub left: Vec<Left>,
    /// How many journals are not folded because git tracks them: somebody else may have written them.
    pub tracked: usize,
}

/// A journal that could not be folded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// Its first file.
    pub journal: PathBuf,
    /// Why.
    pub reason: String,
}

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

pub(super) fn fold_these(
    home: &Home,
    store: &mut dyn Store,
    journals: &[Journal],
    tracked: usize,
) -> Result<FoldReport, StoreError> {
    let mut report = FoldReport { tracked, ..FoldReport::default() };
    let here = Host::here(None);
    bind_anew(store)?;
    join_former(home, store)?;
    read_again(home, store, &mut report)?;
    for journal in journals {
        match fold_journal(home, store, journal, &here, &mut report) {
            // What one process wrote does not keep back what the others did.
            Err(error @ (StoreError::Journal { .. } | StoreError::Database(_) | StoreError::Corrupt(_))) => {
                let file = journal.parts.first().map_or(&journal.lock, |part| &part.path);
                report.left.push(Left { journal: file.clone(), reason: told(&error) });
            }
            folded => folded?,
        }
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
    loop {
        let kept = store.upkeep().unread(journal::MINOR)?;
        if kept.is_empty() {
            return Ok(());
        }
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
}

/// Folds what is understood of a record now, and keeps it on if there is more to it.
fn read_one_again(writer: &mut dyn Writer, row: &UnreadRow) -> Result<(), StoreError> {
    let (record, is_more) = journal::parse(&row.record);
    if let Some(record) = &record {
        apply_all(writer, &row.header, std::slice::from_ref(record))?;
        if let Record::Line(line) = record {
            apply_line(writer, &line.header, &line.records, &line.chosen)?;
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
    for journal in journals(home)?.iter().filter(|journal| journal.process == process) {
        let header = journal.header(&home.project);
        let finished = fold_parts(home, store, &header, journal, false, &mut report)?;
        unlink(home, store, journal, &finished, false)?;
    }
    Ok(report)
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

fn fold_journal(
    home: &Home,
    store: &mut dyn Store,
    journal: &Journal,
    here: &Host,
    report: &mut FoldReport,
) -> Result<(), StoreError> {
    let header = journal.header(&home.project);
    if header.format > journal::FORMAT {
        let path = journal.parts.first().map_or(&journal.lock, |part| &part.path).clone();
        return Err(StoreError::Journal { path, reason: "a newer version of mltrace wrote it".to_owned() });
    }
    // Asked before the reading: what a process wrote before it went is then all there.
    let is_over = journal.is_over(&header, here);
    let finished = fold_parts(home, store, &header, journal, is_over, report)?;
    if is_over {
        let mut died = 0;
        store.write(&mut |writer| {
            died = Applier::bury(writer, &header)?;
            Ok(())
        })?;
        report.died = report.died.saturating_add(died);
    }
    unlink(home, store, journal, &finished, is_over)
}

/// Folds what is new in each part; returns the parts to which nothing more will come.
fn fold_parts<'j>(
    home: &Home,
    store: &mut dyn Store,
    header: &Header,
    journal: &'j Journal,
    is_over: bool,
    report: &mut FoldReport,
) -> Result<Vec<&'j Part>, StoreError> {
    let mut finished = Vec::new();
    for part in &journal.parts {
        if fold_part(home, store, header, part, is_over, report)? {
            finished.push(part);
        }
    }
    Ok(finished)
}

/// Removes parts that are committed whole, and with the last part of a process that is gone its lock.
fn unlink(
    home: &Home,
    store: &mut dyn Store,
    journal: &Journal,
    finished: &[&Part],
    is_over: bool,
) -> Result<(), StoreError> {
    if finished.is_empty() && !(is_over && journal.parts.is_empty()) {
        return Ok(());
    }
    let Ok(folder) = Folder::inside(&home.journal()) else { return Ok(()) };
    let mut is_gone = true;
    for part in finished {
        is_gone &= folder.remove(&part.name).is_ok();
    }
    if is_over && is_gone && finished.len() == journal.parts.len() {
        let _ = journal.lock.file_name().map(|lock| folder.remove(lock));
    }
    // Without this sync, a file that comes back after a power loss is folded again, which changes nothing.
    let _ = folder.sync();
    store.write(&mut |writer| {
        let gone = finished.iter().filter(|part| !folder.holds(&part.name));
        gone.map(|part| &part.name)
            .try_for_each(|name| writer.say(&[Said::Offset(&last_of(name), None), Said::Offset(name, None)]))
    })
}

/// Folds what is new in one part; returns whether all of it is committed and nothing more will come.
fn fold_part(
    home: &Home,
    store: &mut dyn Store,
    header: &Header,
    part: &Part,
    is_over: bool,
    report: &mut FoldReport,
) -> Result<bool, StoreError> {
    if !is_over && is_folded(store, part) {
        return Ok(is_rotated(&part.path));
    }
    loop {
        let mut step = Step::default();
        store.write(&mut |writer| {
            step = fold_piece(home, writer, header, part, is_over)?;
            Ok(())
        })?;
        report.records = report.records.saturating_add(step.records);
        report.damaged = report.damaged.saturating_add(step.damaged);
        report.unread = report.unread.saturating_add(step.unread);
        if step.is_end {
            return Ok(is_over || step.is_rotated);
        }
    }
}

/// Returns whether all of a part is folded: it is as long as what was, and it is still the same file, for one that was cut
/// may have grown to that length again.
fn is_folded(store: &mut dyn Store, part: &Part) -> bool {
    let Ok(offset) = store.upkeep().offset(&part.name) else { return false };
    length(&part.path) == Some(offset)
        && store.upkeep().offset(&last_of(&part.name)).is_ok_and(|last| {
            journal::still_holds(&part.path, offset, journal::Mark::from_number(last)).unwrap_or(false)
        })
}

/// What one transaction did.
#[derive(Default)]
struct Step {
    records: u64,
    damaged: u64,
    unread: u64,
    is_end: bool,
    is_rotated: bool,
}

fn fold_piece(
    home: &Home,
    writer: &mut dyn Writer,
    header: &Header,
    part: &Part,
    is_over: bool,
) -> Result<Step, StoreError> {
    let known = writer.offset(&part.name)?;
    let last = journal::Mark::from_number(writer.offset(&last_of(&part.name))?);
    // A file that is not the one that was folded is read from its beginning: what is folded twice changes nothing.
    let is_whole = |offset| if offset == 0 { Ok(true) } else { journal::still_holds(&part.path, offset, last) };
    let read = is_whole(known).and_then(|is_whole| {
        let offset = if is_whole { known } else { 0 };
        Ok((offset, !is_whole, journal::read_from(&part.path, offset, header.minor)?))
    });
    let (offset, is_other, piece) = match read {
        Ok(read) => read,
        // Another process has folded it to its end.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Step { is_end: true, ..Step::default() });
        }
        Err(error) => return Err(StoreError::Journal { path: part.path.clone(), reason: error.to_string() }),
    };
    let is_cut = is_other || (offset == 0 && (lacks_header(&piece) || (is_over && journal::is_emptied(&part.path))));
    let mut step = Step {
        records: u64::try_from(piece.records.len()).unwrap_or(u64::MAX),
        damaged: u64::try_from(piece.damaged.len()).unwrap_or(u64::MAX),
        unread: u64::try_from(piece.unread.len()).unwrap_or(u64::MAX),
        is_end: piece.is_end,
        is_rotated: matches!(piece.records.last(), Some(Record::Rotated)),
    };
    for (place, bytes) in &piece.damaged {
        put_aside(home, &part.name, *place, bytes);
    }
    let mut next = piece.next;
    if is_over && piece.is_end && !piece.tail.is_empty() {
        put_aside(home, &part.name, piece.next, &piece.tail);
        next = next.saturating_add(piece.tail_bytes);
        step.damaged = step.damaged.saturating_add(1);
    }
    if is_cut {
        writer.keep(Said::Tally("cut", 1))?;
    }
    if next == offset && !is_other {
        return Ok(step);
    }
    // Who only told lines of another project is of none yet.
    let is_elsewhere = |record: &Record| matches!(record, Record::Process(_) | Record::Rotated | Record::Line(_));
    if !piece.records.iter().all(is_elsewhere) {
        apply_all(writer, header, &piece.records)?;
    }
    for line in piece.records.iter().filter_map(as_line) {
        apply_line(writer, &line.header, &line.records, &line.chosen)?;
    }
    for journal::Unread { place, record, is_applied } in piece.unread {
        let (journal, header) = (part.name.clone(), header.clone());
        let row = UnreadRow { journal, place, header, record, is_applied, is_over };
        writer.keep(Said::Unread(&row, journal::MINOR))?;
    }
    if step.damaged > 0 {
        writer.keep(Said::Tally("damaged", step.damaged))?;
    }
    let last_of = last_of(&part.name);
    let mut said = vec![Said::Offset(&part.name, Some(next))];
    if piece.last.is_some() || is_other {
        said.push(Said::Offset(&last_of, piece.last.map(journal::Mark::to_number)));
    }
    writer.say(&said)?;
    Ok(step)
}

/// Returns by what name a store remembers the last record that was folded of a part.
fn last_of(part: &str) -> String {
    format!("{part}.last")
}

/// Returns whether the first bytes of a part are whole, and not the header that every part begins with.
fn lacks_header(piece: &journal::Piece) -> bool {
    let is_first_damaged = piece.damaged.first().is_some_and(|(place, _)| *place == 0);
    let is_first_unread = piece.unread.first().is_some_and(|unread| unread.place == 0);
    let first = piece.records.first().filter(|_| !is_first_damaged && !is_first_unread);
    first.is_some_and(|record| !matches!(record, Record::Process(_)))
}

fn as_line(record: &Record) -> Option<&Line> {
    match record {
        Record::Line(line) => Some(line),
        _ => None,
    }
}

/// Keeps the bytes of a damaged record, so that a person can look at them.
fn put_aside(home: &Home, name: &str, place: u64, bytes: &[u8]) {
    let folder = Folder::open(&home.folder).and_then(|folder| folder.folder_or_new("damaged"));
    // The count in the store tells of it even when there is no room for the bytes.
    let _ = folder.and_then(|folder| folder.replace(format!("{name}.{place}"), bytes));
}

/// Returns how long a file in the folder of the journals is.
fn length(path: &Path) -> Option<u64> {
    let folder = Folder::inside(path.parent()?).ok()?;
    Some(folder.entry(path.file_name()?).ok()??.length)
}

fn is_rotated(path: &Path) -> bool {
    // The closing frame is the last one and a few bytes long: a short look at the end of the file finds it.
    let length = length(path).unwrap_or(0);
    let mut last = Vec::new();
    journal::encode(&Record::Rotated, &mut last);
    let offset = length.saturating_sub(u64::try_from(last.len()).unwrap_or(u64::MAX));
    journal::read(path, offset).is_ok_and(|piece| piece.records.last() == Some(&Record::Rotated))
}
