//! What a transaction made itself: of rows that name it there are none but those that the transaction stored.

use super::keys::KeyMap;
use crate::model::VersionId;
use crate::store::{ArtifactKey, VersionKey};

/// The artifacts and versions that are new, and which of them nothing stored names yet: it is not looked for then.
#[derive(Default)]
pub(super) struct Fresh {
    artifacts: KeyMap<ArtifactKey, Names>,
    /// Those that no read saw; a content may have been seen under other names.
    unseen: KeyMap<VersionKey, ()>,
}

/// What of an artifact is stored.
#[derive(Default)]
struct Names {
    is_read: bool,
    is_written: bool,
}

impl Fresh {
    pub(super) fn made_artifact(&mut self, artifact: ArtifactKey) {
        self.artifacts.insert(artifact, Names::default());
    }

    pub(super) fn made_version(&mut self, version: VersionKey, id: &VersionId) {
        if !matches!(id, VersionId::Content(_)) {
            self.unseen.insert(version, ());
        }
    }

    pub(super) fn stored_read(&mut self, artifact: ArtifactKey, seen: Option<VersionKey>) {
        if let Some(names) = self.artifacts.get_mut(&artifact) {
            names.is_read = true;
        }
        if let Some(version) = seen {
            self.saw(version);
        }
    }

    pub(super) fn stored_write(&mut self, artifact: ArtifactKey) {
        if let Some(names) = self.artifacts.get_mut(&artifact) {
            names.is_written = true;
        }
    }

    pub(super) fn saw(&mut self, version: VersionKey) {
        self.unseen.remove(&version);
    }

    /// Returns whether an artifact was made in this transaction: all its versions were, too.
    pub(super) fn is_made(&self, artifact: ArtifactKey) -> bool {
        self.artifacts.contains_key(&artifact)
    }

    pub(super) fn is_unread(&self, artifact: ArtifactKey) -> bool {
        self.artifacts.get(&artifact).is_some_and(|names| !names.is_read)
    }

    pub(super) fn is_unwritten(&self, artifact: ArtifactKey) -> bool {
        self.artifacts.get(&artifact).is_some_and(|names| !names.is_written)
    }

    /// Returns whether no read saw this version, nor a copy of it.
    pub(super) fn is_unseen(&self, version: VersionKey) -> bool {
        self.unseen.contains_key(&version)
    }
}
