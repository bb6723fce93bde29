//! What is known of runs, reads and writes that were met while runs were gathered.

use foldhash::HashMap;

use crate::model::{Bound, RunId, Status, Timestamp};
use crate::store::{ArtifactKey, ComponentKey, RunKey, VersionKey, WriteKey};

/// Runs with equal ones do the same work.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkKey {
    pub(super) component: ComponentKey,
    pub(super) signature: i64,
}

/// A run that wrote something.
#[derive(Clone, Copy)]
pub(super) struct Wrote {
    pub(super) id: RunId,
    pub(super) work: Option<WorkKey>,
    pub(super) status: Status,
    pub(super) started_at: Option<Timestamp>,
    pub(super) ended_at: Option<Timestamp>,
    /// When another run of the same work first ended after it; nobody can have done it again before.
    pub(super) next_at: Option<Timestamp>,
}

/// Known runs by their work and by when they ended.
pub(super) struct Likes(Vec<(WorkKey, Timestamp, RunKey)>);

impl Likes {
    pub(super) fn of(runs: &HashMap<RunKey, Wrote>) -> Self {
        let mut likes: Vec<_> = runs.iter().filter_map(|(key, run)| Some((run.work?, run.ended_at?, *key))).collect();
        likes.sort_unstable();
        Self(likes)
    }

    /// Returns the known run of this work that ended last by then.
    pub(super) fn last(&self, work: WorkKey, by: Timestamp) -> Option<RunKey> {
        let after = self.0.partition_point(|(other, at, _)| (*other, *at) <= (work, by));
        let (found, _, run) = self.0.get(after.checked_sub(1)?)?;
        (*found == work).then_some(*run)
    }
}

/// A read as its row tells it.
pub(super) struct Read {
    pub(super) run: RunKey,
    pub(super) n: u32,
    pub(super) artifact: ArtifactKey,
    pub(super) seen: Option<VersionKey>,
    pub(super) at: Timestamp,
    pub(super) bound: Bound,
    pub(super) write: Option<WriteKey>,
    pub(super) like: Option<WriteKey>,
    pub(super) argument: Option<i64>,
    pub(super) parts: Vec<WriteKey>,
}

/// A write.
#[derive(Clone, Copy)]
pub(super) struct Written {
    pub(super) run: RunKey,
    pub(super) artifact: ArtifactKey,
    pub(super) version: Option<VersionKey>,
    pub(super) at: Option<Timestamp>,
    /// When the artifact was next written; nothing can have superseded it before.
    pub(super) next_at: Option<Timestamp>,
}
