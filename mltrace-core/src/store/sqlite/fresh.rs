//! What a transaction made itself: of rows that name it there are none but those that the transaction stored.

use foldhash::HashMap;

use crate::model::{Timestamp, VersionId};
use crate::store::{ArtifactKey, Candidate, Reading, VersionKey, WriteKey, WriteRow};

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
    writes: Vec<Stored>,
}

/// A write as it was stored.
#[derive(Clone, Copy)]
struct Stored {
    at: Timestamp,
    said_at: Option<Timestamp>,
    n: u32,
    found: Candidate,
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
        let (Some(_), Some(at)) = (write.version, write.at) else { return };
        let found = Candidate { write: key, run: write.run, artifact: write.artifact };
        let place = names.writes.partition_point(|before| before.at <= at);
        names.writes.insert(place, Stored { at, said_at: write.said_at, n: write.n, found });
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

    /// Returns the last writes of an artifact, those of one moment with their places, that a reader may have seen then;
    /// `None` when only the store knows them.
    pub(super) fn last_writes(
        &self,
        artifact: ArtifactKey,
        by: Timestamp,
        reader: Reading,
    ) -> Option<Vec<(Candidate, u32)>> {
        let names = self.artifacts.get(&artifact).filter(|_| !self.is_settled)?;
        let visible = |write: &&Stored| {
            write.found.run != reader.run || write.said_at.is_some_and(|said| (said, write.n) < (by, reader.n))
        };
        let mut last = names.writes.iter().rev().skip_while(|write| write.at > by).filter(visible).peekable();
        let at = last.peek().map(|write| write.at);
        Some(last.take_while(|write| Some(write.at) == at).map(|write| (write.found, write.n)).collect())
    }

    /// Returns whether no read saw this version, nor a copy of it.
    pub(super) fn is_unseen(&self, version: VersionKey) -> bool {
        self.unseen.contains_key(&version)
    }
}
