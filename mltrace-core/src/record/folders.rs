//! What lies in folders, recorded once for each content that a process meets.

use std::collections::HashSet;
use std::sync::Mutex;

use crate::disk::Fingerprint;
use crate::model::{FolderFact, VersionId};

/// So many contents are remembered as recorded; a process that meets more records some of them again.
const MOST: usize = 4096;

/// The contents about which something was reported: what lies in folders, or is in tables.
#[derive(Debug, Default)]
pub(super) struct Contents(Mutex<HashSet<[u8; 32]>>);

impl Contents {
    /// Returns whether a content is reported for the first time, as far as can be known without waiting.
    pub(super) fn is_new(&self, hash: [u8; 32]) -> bool {
        let Ok(mut told) = self.0.try_lock() else { return true };
        if told.len() >= MOST {
            told.clear();
        }
        told.insert(hash)
    }

    /// Takes back that a content was reported: it did not reach the journal.
    pub(super) fn forget(&self, hash: [u8; 32]) {
        if let Ok(mut told) = self.0.try_lock() {
            told.remove(&hash);
        }
    }

    /// Returns what is to be known of what was hashed: what lies in a folder, if nobody has reported that yet.
    pub(super) fn news(&self, found: &Fingerprint) -> Option<FolderFact> {
        let VersionId::Content(hash) = &found.version else { return None };
        if found.entries.is_none() || !self.is_new(*hash) {
            return None;
        }
        folder_fact(found)
    }
}

/// Returns what lies in a folder that was hashed.
fn folder_fact(found: &Fingerprint) -> Option<FolderFact> {
    let entries = found.entries.as_ref()?;
    let files = entries.files.iter().map(|(path, hash)| (path.clone(), VersionId::Content(*hash)));
    Some(FolderFact { version: found.version.clone(), entries: files.collect(), is_whole: entries.is_whole })
}
