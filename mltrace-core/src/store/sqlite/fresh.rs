//! What a transaction made itself. No row names it except those that the transaction stored.

use foldhash::HashMap;

use crate::model::{RunId, VersionId};
use crate::store::{ArtifactKey, Candidate, VersionKey, WriteKey, WriteRow};

/// The artifacts and versions that are new, and which of them nothing stored names yet: it is not looked for then.
#[derive(Default)]
pub(super) struct Fresh {
    artifacts: HashMap<ArtifactKey, Names>,
    /// Those that no read saw; a content may have been seen under other names.
    unseen: HashMap<VersionKey, ()>,
    /// Whether what counts of a stored write was changed: only the store knows the last writes then.
    is_settled: bool,
}

/// What of an artifact is stored.
#[derive(Default)]
struct Names {
    is_read: bool,
    /// The writes that count, in the order of time.
    writes: Vec<Candidate>,
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

    pub(super) fn stored_write(&mut self, key: WriteKey, write: &WriteRow) {
        let Some(names) = self.artifacts.get_mut(&write.artifact) else { return };
        let (Some(version), Some(at)) = (write.version, write.at) else { return };
        let (run, n, said_at) = (write.run, write.n, write.said_at);
        // The id is looked up by who hands the write over.
        let (run_id, began, read_at, is_elsewhere) = (RunId(uuid::Uuid::nil()), None, None, false);
        let made = Candidate { write: key, run, run_id, version, at, n, said_at, began, read_at, is_elsewhere };
        let place = names.writes.partition_point(|before| before.at <= at);
        names.writes.insert(place, made);
    }

    /// What counts of a stored write changes.
    pub(super) fn settled(&mut self) {
        self.is_settled = true;
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

    /// Returns whether all writes of an artifact that count are known here.
    pub(super) fn knows_writes(&self, artifact: ArtifactKey) -> bool {
        !self.is_settled && self.artifacts.contains_key(&artifact)
    }

    /// Returns the write of an artifact that so many others follow, without its run's id.
    pub(super) fn last_but(&self, artifact: ArtifactKey, others: usize) -> Option<Candidate> {
        self.artifacts.get(&artifact)?.writes.iter().rev().nth(others).copied()
    }

    /// Returns whether no read saw this version, nor a copy of it.
    pub(super) fn is_unseen(&self, version: VersionKey) -> bool {
        self.unseen.contains_key(&version)
    }
}
