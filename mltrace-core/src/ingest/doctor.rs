//! Whether a home is in order, and how to empty it.

use std::fs;
use std::io;

use crate::capture::{Host, place};
use crate::config::Home;
use crate::journal;
use crate::store::{self, Checkup, Mode, StoreError};

/// Returns what is fine and what is wrong with a store and its journals; `is_full` reads every page and row.
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
                Err(error) => checkup.wrong.push(error.to_string()),
            }
            let tallies = [
                ("lost", "every record was written", "records could not be written"),
                ("damaged", "no record was damaged", "records were damaged and put aside"),
            ];
            for (name, fine, wrong) in tallies {
                match store.tally(name) {
                    Ok(0) => checkup.fine.push(fine.to_owned()),
                    Ok(count) => checkup.wrong.push(format!("{count} {wrong}")),
                    Err(error) => checkup.wrong.push(error.to_string()),
                }
            }
        }
        Err(StoreError::Missing(path)) => checkup.fine.push(format!("there is no store yet at `{}`", path.display())),
        Err(error) => checkup.wrong.push(error.to_string()),
    }
    journals(home, &mut checkup);
    if !place::is_local(&home.folder) {
        let folder = home.folder.display();
        checkup.fine.push(format!("`{folder}` is not on a local disk: the store keeps a rollback journal"));
    }
    checkup
}

fn journals(home: &Home, checkup: &mut Checkup) {
    let journals = match journal::list(&home.journal()) {
        Ok(journals) => journals,
        Err(error) => {
            checkup.wrong.push(format!("the journals in `{}` cannot be read: {error}", home.journal().display()));
            return;
        }
    };
    let here = Host::here(None);
    let is_over = |journal: &&journal::Journal| journal.is_over(&journal.header(&home.project), &here);
    let over = journals.iter().filter(is_over).count();
    let alive = journals.len().saturating_sub(over);
    checkup.fine.push(format!("{alive} processes are recording"));
    if over > 0 {
        checkup.wrong.push(format!("{over} journals of processes that ended are not folded: run `mltrace ingest`"));
    }
}

/// Removes everything that is recorded under `home`, except the journals of processes that are recording now.
///
/// # Errors
/// When a file cannot be removed.
pub fn clear(home: &Home) -> io::Result<()> {
    let mut files = Vec::new();
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
