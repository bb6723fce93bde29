//! The runs that made a version: who wrote it, what lies in it, or a folder around it.

use super::name::Found;
use super::{QueryError, Reader};
use crate::lineage::{ByName, Near, Nearby};
use crate::model::{Timestamp, VersionId};
use crate::store::{NearRow, RunKey, VersionAt, VersionKey};

impl Reader<'_> {
    /// Returns a version by its key, with its last write.
    pub(super) fn found(&mut self, key: VersionKey) -> Result<Option<Found>, QueryError> {
        let (Some(project), Some(version)) = (self.project()?, self.store.version(key)?) else { return Ok(None) };
        let Some(artifact) = self.store.artifact(project, version.name.as_str())? else { return Ok(None) };
        let at = self.store.version_at(artifact, &version.version, Timestamp::MAX)?;
        Ok(Some(Found { key: Some(key), artifact, version, written: at.and_then(|at| at.written) }))
    }

    /// Returns the runs that made a version by `as_of`, the one that wrote it first.
    ///
    /// A version that nobody wrote under its name came from where its last reader found it.
    pub(super) fn makers(&mut self, found: &Found, as_of: Option<Timestamp>) -> Result<Vec<RunKey>, QueryError> {
        let at = as_of.unwrap_or(Timestamp::MAX);
        let Some((writer, written_at)) = found.written else {
            return Ok(self.store.makers_read(found.artifact, &found.version.version, at)?);
        };
        let mut makers = vec![writer];
        let is_latest = |latest: Option<VersionAt>| latest.is_some_and(|latest| latest.key == found.key);
        // What lies in it now is no part of what it was.
        let then = if is_latest(self.store.latest(found.artifact, at)?) { at } else { written_at };
        let near = self.store.near(found.artifact, then)?;
        let each = |rows: Vec<NearRow>| rows.into_iter().map(near_run).collect();
        let nearby = Nearby { members: each(near.members), folders: each(near.folders), own: near.own.map(near_run) };
        let is_opaque = matches!(found.version.version, VersionId::Write(_));
        let parts = nearby.parts(if is_opaque { ByName::ByTime } else { ByName::Exactly });
        makers.extend(parts.into_iter().filter(|run| *run != writer));
        Ok(makers)
    }
}

fn near_run(row: NearRow) -> Near<RunKey> {
    Near { write: row.run, moment: (row.at, row.run_id, row.n), holds: false }
}
