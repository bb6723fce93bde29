//! Hashes what a process that is gone did not get to: it counts only if the file still stands as it did.

use super::batch::{apply_all, import_header};
use crate::config::Home;
use crate::disk::state::unchanged;
use crate::disk::{Cache, Hashing, Skip};
use crate::host::Host;
use crate::model::{Due, FingerprintFact, Record};
use crate::naming;
use crate::store::{Store, StoreError};

/// Hashes what is due and returns how many contents were found; `progress` is told how many bytes were hashed since it
/// was told last.
///
/// # Errors
/// When the store does not answer; what is due stays so.
pub fn hash_due(home: &Home, store: &mut dyn Store, progress: &(dyn Fn(u64) + Sync)) -> Result<usize, StoreError> {
    let dues = store.dues(Host::here(None).name.as_deref())?;
    if dues.is_empty() {
        return Ok(0);
    }
    let cache = Cache::new(&home.folder);
    let skip = Skip::of(home.store.file(), &home.folder);
    let how =
        Hashing { limit: home.hash_limit, skip: &skip, cache: Some(&cache), progress: Some(progress), cancel: None };
    let mut found = 0_usize;
    for due in dues {
        let fact = look(&due, &how);
        found = found.saturating_add(usize::from(fact.is_some()));
        store.write(&mut |writer| {
            if let Some(fact) = &fact {
                apply_all(writer, &import_header(&home.project), &[Record::Fingerprint(fact.clone())])?;
            }
            // What has changed since has another content: that question is settled too.
            match writer.run(due.run)? {
                Some((key, _)) => writer.drop_due(key, due.n),
                None => Ok(()),
            }
        })?;
    }
    Ok(found)
}

fn look(due: &Due, how: &Hashing<'_>) -> Option<FingerprintFact> {
    let found = unchanged(&naming::decode(&due.path), &due.state, how)?;
    Some(FingerprintFact { run: due.run, n: due.n, version: found.version, size: Some(found.size) })
}
