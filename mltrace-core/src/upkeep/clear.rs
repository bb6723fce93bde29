//! Removes what is recorded.

use std::ffi::OsString;
use std::io;

use super::backups::backups;
use crate::config::Home;
use crate::folder::Folder;
use crate::host::Host;
use crate::journal;
use crate::store::StoreError;

/// Removes everything that is recorded under `home`, except the journals of processes that are recording now.
///
/// # Errors
/// When a file cannot be removed.
pub fn clear(home: &Home) -> io::Result<()> {
    if let Some(reason) = &home.refused {
        return Err(io::Error::other(reason.clone()));
    }
    let Some(store) = home.store.file() else {
        // What is not ours alone is not removed from here.
        return Err(io::Error::other(StoreError::NoSuchBackend(home.store.clone())));
    };
    let mut stored: Vec<OsString> = backups(home).iter().filter_map(|path| path.file_name()).map(Into::into).collect();
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = store.file_name().unwrap_or_default().to_owned();
        name.push(suffix);
        stored.push(name);
    }
    let here = Host::here(None);
    let mut journaled = Vec::new();
    for journal in journal::list(&home.journal())? {
        if journal.is_over(&journal.header(&home.project), &here) {
            let lock = journal.lock.file_name().unwrap_or_default().to_owned();
            journaled.extend(journal.parts.into_iter().map(|part| part.name.into()).chain([lock]));
        }
    }
    journal::lost::clear(&home.journal())?;
    unless_missing(Folder::around(store, &home.folder), |folder| remove_all(folder, &stored))?;
    unless_missing(Folder::inside(&home.journal()), |folder| remove_all(folder, &journaled))?;
    unless_missing(Folder::open(&home.folder), |folder| {
        remove_all(folder, &["fingerprints".into()])?;
        unless_missing(folder.remove_folder("damaged"), |_| Ok(()))
    })
}

/// Returns whether there is anything to remove: a store, a copy of one, or a journal.
#[must_use]
pub fn is_anything_recorded(home: &Home) -> bool {
    let is_there = home.store.file().is_none_or(|store| store.symlink_metadata().is_ok());
    is_there || !backups(home).is_empty() || journal::list(&home.journal()).is_ok_and(|journals| !journals.is_empty())
}

/// Removes the copies of a store from before its migrations: they hold what was removed from it since.
///
/// # Errors
/// When a copy cannot be removed.
pub fn clear_copies(home: &Home) -> io::Result<()> {
    let copies: Vec<OsString> = backups(home).iter().filter_map(|path| path.file_name()).map(Into::into).collect();
    let Some(file) = home.store.file() else { return Ok(()) };
    unless_missing(Folder::around(file, &home.folder), |folder| remove_all(folder, &copies))
}

fn remove_all(folder: &Folder, names: &[OsString]) -> io::Result<()> {
    names.iter().try_for_each(|name| unless_missing(folder.remove(name), |_| Ok(())))
}

/// Goes on with what was found; what is missing needs nothing more.
fn unless_missing<T>(found: io::Result<T>, then: impl FnOnce(&T) -> io::Result<()>) -> io::Result<()> {
    match found {
        Ok(found) => then(&found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
