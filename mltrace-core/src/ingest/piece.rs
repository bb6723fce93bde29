//! One piece of a journal's part becomes rows, and how far that goes is kept with them.

use std::path::Path;

use super::batch::{apply_all, apply_line};
use super::events::apply_events;
use super::report::BEYOND;
use crate::config::Home;
use crate::folder::Folder;
use crate::journal::{self, Part};
use crate::model::{Header, Record};
use crate::store::{Said, Store, StoreError, UnreadRow, Writer};

/// Returns whether all of a part is folded: it is as long as what was, and it is still the same file, for one that was cut
/// may have grown to that length again.
pub(super) fn is_folded(store: &mut dyn Store, part: &Part) -> bool {
    let Ok(offset) = store.upkeep().offset(&part.name) else { return false };
    length(&part.path) == Some(offset)
        && store.upkeep().offset(&last_of(&part.name)).is_ok_and(|last| {
            journal::still_holds(&part.path, offset, journal::Mark::from_number(last)).unwrap_or(false)
        })
}

/// What became of a piece.
#[derive(Default)]
pub(super) struct Step {
    pub(super) records: u64,
    pub(super) damaged: u64,
    pub(super) unread: u64,
    /// How much of its records was cut or left out.
    pub(super) beyond: u64,
    /// How long it is.
    pub(super) bytes: u64,
    /// Whether it reaches to the end of its part.
    pub(super) is_end: bool,
    /// Whether its process went on in another part.
    pub(super) is_rotated: bool,
}

/// Folds what comes next in a part, some MiB at most.
pub(super) fn fold_piece(
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
    let mut next = piece.next;
    let mut step = Step {
        bytes: next.saturating_sub(offset),
        records: u64::try_from(piece.records.len()).unwrap_or(u64::MAX),
        damaged: u64::try_from(piece.damaged.len()).unwrap_or(u64::MAX),
        unread: u64::try_from(piece.unread.len()).unwrap_or(u64::MAX),
        beyond: piece.beyond,
        is_end: piece.is_end,
        is_rotated: matches!(piece.records.last(), Some(Record::Rotated)),
    };
    put_aside(home, &part.name, &piece.damaged);
    if is_over && piece.is_end && !piece.tail.is_empty() {
        put_aside(home, &part.name, &[(piece.next, piece.tail)]);
        next = next.saturating_add(piece.tail_bytes);
        step.damaged = step.damaged.saturating_add(1);
    }
    if is_cut {
        writer.keep(Said::Tally("cut", 1))?;
    }
    if next == offset && !is_other {
        return Ok(step);
    }
    // Who only reported lines of another project is of none yet.
    let is_elsewhere =
        |record: &Record| matches!(record, Record::Process(_) | Record::Rotated | Record::Line(_) | Record::Event(_));
    if !piece.records.iter().all(is_elsewhere) {
        apply_all(writer, header, &piece.records)?;
    }
    apply_others(writer, &piece.records)?;
    for journal::Unread { place, record, is_applied } in piece.unread {
        let (journal, header) = (part.name.clone(), header.clone());
        let row = UnreadRow { journal, place, header, record, is_applied, is_over };
        writer.keep(Said::Unread(&row, journal::MINOR))?;
    }
    if step.damaged > 0 {
        writer.keep(Said::Tally("damaged", step.damaged))?;
    }
    if step.beyond > 0 {
        writer.keep(Said::Tally(BEYOND, step.beyond))?;
    }
    let last_of = last_of(&part.name);
    let mut said = vec![Said::Offset(&part.name, Some(next))];
    if piece.last.is_some() || is_other {
        said.push(Said::Offset(&last_of, piece.last.map(journal::Mark::to_number)));
    }
    writer.say(&said)?;
    Ok(step)
}

/// Applies the records that are of another project or tool: lines of an import, and events.
fn apply_others(writer: &mut dyn Writer, records: &[Record]) -> Result<(), StoreError> {
    let mut events = Vec::new();
    for record in records {
        match record {
            Record::Line(line) => apply_line(writer, &line.header, &line.records, &line.chosen)?,
            Record::Event(event) => events.push(event),
            _ => {}
        }
    }
    if !events.is_empty() {
        apply_events(writer, &events)?;
    }
    Ok(())
}

/// Returns by what name a store remembers the last record that was folded of a part.
pub(super) fn last_of(part: &str) -> String {
    format!("{part}.last")
}

/// Returns whether the first bytes of a part are whole, and not the header that every part begins with.
fn lacks_header(piece: &journal::Piece) -> bool {
    let is_first_damaged = piece.damaged.first().is_some_and(|(place, _)| *place == 0);
    let is_first_unread = piece.unread.first().is_some_and(|unread| unread.place == 0);
    let first = piece.records.first().filter(|_| !is_first_damaged && !is_first_unread);
    first.is_some_and(|record| !matches!(record, Record::Process(_)))
}

/// So many damaged places of a piece have a file each; a file for each of a million would fill the folder.
const MOST_FILES: usize = 16;

/// Keeps the bytes of damaged places, so that a person can look at them.
fn put_aside(home: &Home, name: &str, damaged: &[(u64, Vec<u8>)]) {
    // The count in the store mentions them even when there is no room for the bytes.
    let Some(folder) = Some(damaged)
        .filter(|damaged| !damaged.is_empty())
        .and_then(|_| Folder::open(&home.folder).and_then(|folder| folder.folder_or_new("damaged")).ok())
    else {
        return;
    };
    let (alone, together) = damaged.split_at(damaged.len().min(MOST_FILES));
    let rest =
        together.first().map(|(place, _)| (*place, together.iter().flat_map(|(_, bytes)| bytes).copied().collect()));
    for (place, bytes) in alone.iter().chain(&rest) {
        let _ = folder.replace(format!("{name}.{place}"), bytes);
    }
}

/// Returns how long a file in the folder of the journals is.
fn length(path: &Path) -> Option<u64> {
    let folder = Folder::inside(path.parent()?).ok()?;
    Some(folder.entry(path.file_name()?).ok()??.length)
}

/// Returns whether a part is closed: its process went on in another.
pub(super) fn is_rotated(path: &Path) -> bool {
    // The closing frame is the last one and a few bytes long: a short look at the end of the file finds it.
    let length = length(path).unwrap_or(0);
    let mut last = Vec::new();
    journal::encode(&Record::Rotated, &mut last);
    let offset = length.saturating_sub(u64::try_from(last.len()).unwrap_or(u64::MAX));
    journal::read(path, offset).is_ok_and(|piece| piece.records.last() == Some(&Record::Rotated))
}
