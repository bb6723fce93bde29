//! Hashes what a process that is gone did not get to: it counts only if the file still stands as it did.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::batch::{apply_all, import_header};
use crate::config::Home;
use crate::disk::fingerprint::stat;
use crate::disk::state::unchanged;
use crate::disk::{Cache, FileKind, Hashing, Skip, Stat};
use crate::host;
use crate::model::{Due, FingerprintFact, FolderFact, Record, VersionId};
use crate::naming;
use crate::redact;
use crate::store::{ProjectKey, Said, Store, StoreError};
use crate::tracked;

/// How long one folder is looked through, to see whether it stands as it did: anyone who recorded it took less. And how long
/// all of it may take before the rest is left for the next time: a path that a stranger's store names leads anywhere.
const PATIENCE: Duration = Duration::from_secs(1);
const PATIENCE_IN_ALL: Duration = Duration::from_secs(5);

/// What is small enough to be hashed by the one who asks something else, and how long that may take.
const SMALL: u64 = 4 << 20;
const PATIENCE_FOR_SMALL: Duration = Duration::from_millis(100);

/// Which of what is due somebody hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dues {
    /// All: for the one who has time, or asks what follows from contents.
    All,
    /// Small files alone: for the one who asks something else, and does not wait for what others left. The rest stays due.
    Small,
}

impl Dues {
    /// Returns whether this is hashed now.
    fn has(self, due: &Due) -> bool {
        self == Self::All
            || stat(&naming::decode(&due.path)).is_ok_and(|found| found.is_none_or(|found| is_small(&found)))
    }

    fn patience(self) -> Duration {
        match self {
            Self::All => PATIENCE_IN_ALL,
            Self::Small => PATIENCE_FOR_SMALL,
        }
    }
}

fn is_small(found: &Stat) -> bool {
    found.kind != FileKind::Folder && found.size <= SMALL
}

/// Returns whether anything is due that is hashed now.
pub(super) fn is_any(home: &Home, store: &mut dyn Store, which: Dues) -> Result<bool, StoreError> {
    let dues = store.upkeep().dues(host::name().as_deref())?;
    Ok(!dues.is_empty() && !is_a_guess(home) && dues.iter().any(|due| which.has(due)))
}

/// A store that git tracks was written elsewhere, and what it names here is somebody's guess.
fn is_a_guess(home: &Home) -> bool {
    home.store.file().is_some_and(tracked::holds)
}

/// Hashes what is due and returns how many contents were found; `progress` receives how many bytes were hashed since it
/// was reported last.
///
/// # Errors
/// When the store does not answer; what is due stays so.
pub fn hash_due(
    home: &Home,
    store: &mut dyn Store,
    which: Dues,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<usize, StoreError> {
    let dues = store.upkeep().dues(host::name().as_deref())?;
    if dues.is_empty() || is_a_guess(home) {
        return Ok(0);
    }
    let projects: BTreeMap<ProjectKey, String> = store.look().projects()?.into_iter().collect();
    let cache = Cache::new(&home.folder);
    let skip = Skip::of(home.store.file(), &home.folder);
    let how =
        Hashing { limit: home.hash_limit, skip: &skip, cache: Some(&cache), progress: Some(progress), cancel: None };
    let mut found = 0_usize;
    let begun = Instant::now();
    for due in dues {
        if begun.elapsed() > which.patience() {
            break;
        }
        if !which.has(&due) {
            continue;
        }
        let (fact, folder) = look(&due, &how).unzip();
        found = found.saturating_add(usize::from(fact.is_some()));
        store.write(&mut |writer| {
            let Some((key, row)) = writer.run(due.run)? else { return Ok(()) };
            // A store may be looked at from another project's folder, which is no project of the store by that.
            if let (Some(fact), Some(project)) = (&fact, projects.get(&row.project)) {
                let folder = folder.clone().flatten().map(Record::Folder);
                let mut records: Vec<Record> = folder.into_iter().chain([Record::Fingerprint(fact.clone())]).collect();
                // What lies in a folder is called as its files are: those names pass no journal.
                records.iter_mut().for_each(redact::record);
                apply_all(writer, &import_header(project), &records)?;
            }
            // What has changed since has another content: that question is settled too.
            writer.keep(Said::Done(key, due.n))
        })?;
    }
    Ok(found)
}

/// Returns what was due, and what lies in it if that is a folder.
fn look(due: &Due, how: &Hashing<'_>) -> Option<(FingerprintFact, Option<FolderFact>)> {
    let found = unchanged(&naming::decode(&due.path), &due.state, how, PATIENCE)?;
    let folder = found.entries.map(|entries| FolderFact {
        version: found.version.clone(),
        entries: entries.files.into_iter().map(|(path, hash)| (path, VersionId::Content(hash))).collect(),
        is_whole: entries.is_whole,
    });
    Some((FingerprintFact { run: due.run, n: due.n, version: found.version, size: Some(found.size) }, folder))
}
