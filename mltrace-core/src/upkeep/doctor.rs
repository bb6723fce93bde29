//! Whether a home is in order.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use super::backups::backups;
use crate::config::Home;
use crate::disk::local;
use crate::folder::Folder;
use crate::host::Host;
use crate::ingest::{AHEAD, BEYOND, EARLY, lost, own};
use crate::journal::lost::Lost;
use crate::journal::{self, Journal};
use crate::store::{self, Checkup, Mode, StoreError};

const LOST: &str = "records could not be written";
const CUT: &str =
    "times a journal was found that somebody had cut, replaced or deleted: what was not stored of it is gone";
const DATED_AHEAD: &str = "events were dated more than a day ahead of the clock when they came, and do not count";
const DATED_EARLY: &str =
    "events were dated more than 5 minutes ahead of the clock when they came: set the clock of who sends them";
const MORE: &str = "parts of records were cut or left out, for they held more than an import may bring: somebody else may have written them";

/// Returns what is fine and what is wrong with a store and its journals; `is_full` compares every row and reads every
/// record that waits.
#[must_use]
pub fn doctor(home: &Home, is_full: bool) -> Checkup {
    let mut checkup = Checkup::default();
    // What waits beside the journals: on a full disk the store cannot take it.
    let counted = lost::counted(home).unwrap_or_else(|error| {
        checkup.wrong.push(with_source(&error));
        None
    });
    match store::open(home, Mode::Read) {
        Ok(mut store) => {
            checkup.fine.push(format!("the store `{}` can be opened", home.store));
            match store.upkeep().check(is_full) {
                Ok(found) => {
                    checkup.fine.extend(found.fine);
                    checkup.wrong.extend(found.wrong);
                    checkup.notes.extend(found.notes);
                }
                Err(error) => checkup.wrong.push(with_source(&error)),
            }
            for (name, wrong) in [(AHEAD, DATED_AHEAD), (EARLY, DATED_EARLY)] {
                match store.upkeep().tally(name) {
                    Ok(0) | Err(_) => {}
                    Ok(count) => checkup.wrong.push(format!("{count} {wrong}")),
                }
            }
            let tallies = [
                ("lost", "every record was written", LOST),
                ("cut", "no journal was found cut", CUT),
                ("damaged", "no record was damaged", "records were damaged and put aside"),
                (BEYOND, "no record held more than one may", MORE),
            ];
            for (name, fine, wrong) in tallies {
                let waiting = lost::beyond(counted.as_ref(), name, store.as_mut());
                match store.upkeep().tally(name).and_then(|count| Ok(count.saturating_add(waiting?))) {
                    Ok(0) => checkup.fine.push(fine.to_owned()),
                    Ok(count) => checkup.wrong.push(format!("{count} {wrong}")),
                    Err(error) => checkup.wrong.push(with_source(&error)),
                }
            }
        }
        Err(error) => {
            match error {
                StoreError::Missing(place) => checkup.fine.push(format!("there is no store yet at `{place}`")),
                error => checkup.wrong.push(with_source(&error)),
            }
            let counts = counted.as_ref().into_iter().flat_map(Lost::counts).filter(|(_, _, count)| *count > 0);
            let told = counts.map(|(tally, _, count)| format!("{count} {}", if tally == "cut" { CUT } else { LOST }));
            checkup.wrong.extend(told);
        }
    }
    let is_writable = writable(home, &mut checkup);
    journals(home, is_full, is_writable, &mut checkup);
    kept_aside(&home.folder, &mut checkup);
    for backup in backups(home) {
        checkup.fine.push(format!("`{}` is the store before a migration: remove it when you like", backup.display()));
    }
    if home.store.file().is_some() && !local::is_local(&home.folder) {
        let folder = home.folder.display();
        checkup.fine.push(format!("`{folder}` is not on a local disk: the store keeps a rollback journal"));
    }
    checkup
}

fn with_source(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

/// Tries whether runs can be recorded and stored, and returns whether they can.
fn writable(home: &Home, checkup: &mut Checkup) -> bool {
    let before = checkup.wrong.len();
    let mut tried: Vec<PathBuf> = Vec::new();
    let places = [Some(home.journal()), Some(home.folder.clone()), home.store.file().map(Path::to_owned)];
    for place in places.into_iter().flatten() {
        // What is not there yet is made in the nearest folder that is.
        let Some(place) = place.ancestors().find(|place| place.symlink_metadata().is_ok()).map(Path::to_owned) else {
            continue;
        };
        if tried.contains(&place) {
            continue;
        }
        if let Err(error) = try_to_write(home, &place) {
            checkup.wrong.push(format!("`{}` cannot be written, so not all is recorded: {error}", place.display()));
        }
        tried.push(place);
    }
    let is_writable = checkup.wrong.len() == before;
    if is_writable {
        checkup.fine.push(format!("`{}` can be written", home.folder.display()));
    }
    is_writable
}

/// Makes a file in a folder and removes it, or opens a file; what permissions say is not all that counts.
fn try_to_write(home: &Home, place: &Path) -> io::Result<()> {
    match place.file_name() {
        Some(name) if Some(place) == home.store.file() => {
            Folder::around(place, &home.folder)?.append_to(name).map(drop)
        }
        Some(_) if place == home.journal() => Folder::inside(place)?.try_to_write(),
        Some(_) if place == home.folder => Folder::open(place)?.try_to_write(),
        _ => Folder::of_user(place)?.try_to_write(),
    }
}

fn journals(home: &Home, is_full: bool, is_writable: bool, checkup: &mut Checkup) {
    let journals = match journal::list(&home.journal()) {
        Ok(journals) => journals,
        Err(error) => {
            checkup.wrong.push(format!("the journals in `{}` cannot be read: {error}", home.journal().display()));
            return;
        }
    };
    let here = Host::here(None);
    let (journals, foreign) = own(home, journals);
    if !foreign.is_empty() {
        let count = foreign.len();
        checkup
            .wrong
            .push(format!("{count} journals are tracked by git, so somebody else may have written them: not folded; if they are yours, `git rm -r --cached` their folder, else `git rm -r` it"));
    }
    let (mut over, mut newer) = (0_usize, 0_usize);
    for journal in &journals {
        let header = journal.header(&home.project);
        if header.format > journal::FORMAT {
            newer = newer.saturating_add(1);
        } else if journal.is_over(&header, &here) {
            over = over.saturating_add(1);
        }
    }
    let alive = journals.len().saturating_sub(over).saturating_sub(newer);
    checkup.fine.push(format!("processes that are recording: {alive}"));
    if over > 0 {
        let what_to_do = if is_writable { ": run `mltrace ingest`" } else { "" };
        checkup.wrong.push(format!("{over} journals of processes that ended are not folded{what_to_do}"));
    }
    if newer > 0 {
        checkup.wrong.push(format!("{newer} journals wait for the newer version of mltrace that wrote them"));
    }
    if is_full {
        journals.iter().for_each(|journal| read(journal, checkup));
    }
}

/// Reads a journal to its end.
fn read(journal: &Journal, checkup: &mut Checkup) {
    for part in &journal.parts {
        let (mut at, mut records, mut damaged) = (0, 0_usize, 0_usize);
        let read = loop {
            match journal::read(&part.path, at) {
                Ok(piece) => {
                    records = records.saturating_add(piece.records.len());
                    damaged = damaged.saturating_add(piece.damaged.len());
                    if piece.is_end || piece.next == at {
                        break Ok(());
                    }
                    at = piece.next;
                }
                // Somebody has folded it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        let name = part.path.display();
        match read {
            Ok(()) if damaged == 0 => checkup.fine.push(format!("records in `{name}`: {records}, all of them sound")),
            Ok(()) => checkup.wrong.push(format!("{damaged} records of `{name}` are damaged")),
            Err(error) => checkup.wrong.push(format!("the journal `{name}` cannot be read: {error}")),
        }
    }
}

/// Reports the bytes of damaged records, which wait for a person to look at them.
fn kept_aside(folder: &Path, checkup: &mut Checkup) {
    let aside = folder.join("damaged");
    let names = Folder::inside(&aside).and_then(|folder| folder.names()).unwrap_or_default();
    let kept = names.iter().filter(|name| !name.as_encoded_bytes().starts_with(b".")).count();
    if kept > 0 {
        checkup.wrong.push(format!("{kept} damaged records are kept in `{}`", aside.display()));
    }
}
