//! Whether a home is in order, and how to empty it.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::capture::{Host, place};
use crate::config::Home;
use crate::journal::{self, Journal};
use crate::model::ProcessId;
use crate::store::{self, Checkup, Mode, StoreError};

/// Returns what is fine and what is wrong with a store and its journals; `is_full` compares every row and reads every
/// record that waits.
#[must_use]
pub fn doctor(home: &Home, is_full: bool) -> Checkup {
    let mut checkup = Checkup::default();
    match store::open(home, Mode::Read) {
        Ok(mut store) => {
            checkup.fine.push(format!("the store `{}` can be opened", home.store.display()));
            match store.check(is_full) {
                Ok(found) => {
                    checkup.fine.extend(found.fine);
                    checkup.wrong.extend(found.wrong);
                }
                Err(error) => checkup.wrong.push(with_source(&error)),
            }
            let tallies = [
                ("lost", "every record was written", "records could not be written"),
                ("damaged", "no record was damaged", "records were damaged and put aside"),
            ];
            for (name, fine, wrong) in tallies {
                match store.tally(name) {
                    Ok(0) => checkup.fine.push(fine.to_owned()),
                    Ok(count) => checkup.wrong.push(format!("{count} {wrong}")),
                    Err(error) => checkup.wrong.push(with_source(&error)),
                }
            }
            match store.unread(u32::MAX).map(|kept| kept.len()) {
                Ok(0) => {}
                Ok(count) => {
                    checkup
                        .wrong
                        .push(format!("{count} records wait for the newer version of mltrace that wrote them"));
                }
                Err(error) => checkup.wrong.push(with_source(&error)),
            }
        }
        Err(StoreError::Missing(path)) => checkup.fine.push(format!("there is no store yet at `{}`", path.display())),
        Err(error) => checkup.wrong.push(with_source(&error)),
    }
    let is_writable = writable(home, &mut checkup);
    journals(home, is_full, is_writable, &mut checkup);
    kept_aside(&home.folder, &mut checkup);
    for backup in backups(home) {
        checkup.fine.push(format!("`{}` is the store before a migration: remove it when you like", backup.display()));
    }
    if !place::is_local(&home.folder) {
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
    for place in [home.journal(), home.folder.clone(), home.store.clone()] {
        // What is not there yet is made in the nearest folder that is.
        let Some(place) = place.ancestors().find(|place| place.exists()).map(Path::to_owned) else { continue };
        if tried.contains(&place) {
            continue;
        }
        if let Err(error) = try_to_write(&place) {
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
fn try_to_write(place: &Path) -> io::Result<()> {
    if !place.is_dir() {
        return fs::OpenOptions::new().append(true).open(place).map(drop);
    }
    let probe = place.join(format!("{}.probe", ProcessId::new()));
    fs::File::create_new(&probe)?;
    fs::remove_file(probe)
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

/// Tells of the bytes of damaged records, which wait for a person to look at them.
fn kept_aside(folder: &Path, checkup: &mut Checkup) {
    let aside = folder.join("damaged");
    let kept = fs::read_dir(&aside).map_or(0, Iterator::count);
    if kept > 0 {
        checkup.wrong.push(format!("{kept} damaged records are kept in `{}`", aside.display()));
    }
}

/// Returns the copies of the store that were made before migrations.
fn backups(home: &Home) -> Vec<PathBuf> {
    let Some((folder, name)) = home.store.parent().zip(home.store.file_name()) else { return Vec::new() };
    let start = format!("{}.schema-", name.to_string_lossy());
    let is_backup = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with(&start) && name.contains(".backup"))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_backup).collect();
    found.sort();
    found
}

/// Removes everything that is recorded under `home`, except the journals of processes that are recording now.
///
/// # Errors
/// When a file cannot be removed.
pub fn clear(home: &Home) -> io::Result<()> {
    let mut files = backups(home);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = home.store.clone().into_os_string();
        name.push(suffix);
        files.push(name.into());
    }
    let here = Host::here(None);
    for journal in journal::list(&home.journal())? {
        if journal.is_over(&journal.header(&home.project), &here) {
            files.extend(journal.parts.into_iter().map(|part| part.path));
            files.push(journal.lock);
        }
    }
    files.push(home.folder.join("fingerprints"));
    for file in files {
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    match fs::remove_dir_all(home.folder.join("damaged")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
