//! The runs that made a version: who wrote it, what lies in it, a folder around it, or what it is a copy of.

use super::case::NO_ARTIFACT;
use super::name::Found;
use super::{QueryError, Reader};
use crate::lineage::{ByName, Member, Near, Nearby, member};
use crate::model::{ArtifactName, Timestamp, Version, VersionId};
use crate::store::{AroundRow, NearOf, NearRow, ProjectKey, RunKey, VersionAt, VersionKey, WriteKey};

impl Reader<'_> {
    /// Returns a version by its key, with its last write.
    pub(super) fn found(&mut self, key: VersionKey) -> Result<Option<Found>, QueryError> {
        let (Some(project), Some(version)) = (self.project()?, self.store.version(key)?) else { return Ok(None) };
        let Some(artifact) = self.store.artifact(project, version.name.as_str())? else { return Ok(None) };
        let at = self.store.version_at(artifact, &version.version, Timestamp::MAX)?;
        let written = at.and_then(|at| at.written);
        let mut beside = Vec::new();
        if written.is_none() && self.store.readers(artifact, &version.version, 1)?.is_empty() {
            let content = Some(&version.version).filter(|version| matches!(version, VersionId::Content(_)));
            beside = self.beside(project, &version.name, content, Timestamp::MAX)?.map_or(beside, |found| found.beside);
        }
        Ok(Some(Found { key: Some(key), artifact, version, written, beside }))
    }

    /// Returns what a name means that no run wrote or read by `at`, where a folder around it was written by then or something
    /// in it: with this content, if one is named, where a folder is told to have held that.
    pub(super) fn beside(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        content: Option<&VersionId>,
        at: Timestamp,
    ) -> Result<Option<Found>, QueryError> {
        let near = self.store.near(NearOf::Named(project, name.as_str(), content), at)?;
        let held = near.held.map(|held| held.folders).unwrap_or_default();
        let around = near.folders.into_iter().zip(held).filter_map(|(row, around)| came_from(row, around, content));
        let (folders, there): (Vec<_>, Vec<_>) = around.unzip();
        let last = folders.iter().zip(there).max_by_key(|(folder, _)| folder.moment).and_then(|(_, there)| there);
        let members = if content.is_none() { near.members } else { Vec::new() };
        let members = members.into_iter().map(near_write).collect();
        let beside = Nearby { members, folders, own: None }.parts(ByName::Not);
        let version = Version { name: name.clone(), version: last.unwrap_or(VersionId::None) };
        let found = Found { key: None, artifact: NO_ARTIFACT, version, written: None, beside };
        Ok(Some(found).filter(|found| !found.beside.is_empty()))
    }

    /// Returns the runs that made a version by `as_of`, the one that wrote it first.
    ///
    /// A version that nobody wrote under its name came from where its last reader found it.
    pub(super) fn makers(&mut self, found: &Found, as_of: Option<Timestamp>) -> Result<Vec<RunKey>, QueryError> {
        let at = as_of.unwrap_or(Timestamp::MAX);
        if !found.beside.is_empty() {
            let mut makers: Vec<RunKey> = found.beside.iter().map(|(_, run)| *run).collect();
            makers.sort_unstable();
            makers.dedup();
            return Ok(makers);
        }
        let Some((writer, written_at)) = found.written else {
            return Ok(self.store.makers_read(found.artifact, &found.version.version, at)?);
        };
        let mut makers = vec![writer];
        let is_latest = |latest: Option<VersionAt>| latest.is_some_and(|latest| latest.key == found.key);
        // What lies in it now is no part of what it was.
        let then = if is_latest(self.store.latest(found.artifact, at)?) { at } else { written_at };
        let near = self.store.near(NearOf::Artifact(found.artifact), then)?;
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

fn near_write(row: NearRow) -> Near<(WriteKey, RunKey)> {
    Near { write: (row.write, row.run), moment: (row.at, row.run_id, row.n), holds: false }
}

/// A write of a folder, and what it held at a path, where that is told.
type CameFrom = (Near<(WriteKey, RunKey)>, Option<VersionId>);

/// Returns the write of a folder from which something in it came that nobody named: the last one, unless it is told to have
/// held nothing there; then the last that did. Of a content, only one that is told to have held it.
fn came_from(last: NearRow, around: AroundRow, content: Option<&VersionId>) -> Option<CameFrom> {
    let holding = around.holding.map(near_write).zip(Some(around.there));
    let Some(folder) = around.last.as_ref().filter(|_| content.is_none()) else {
        return if content.is_some() { holding } else { Some((near_write(last), None)) };
    };
    match member(folder, &around.path, None) {
        Member::Last => Some((near_write(last), folder.entries.get(&around.path).cloned())),
        Member::With(_) | Member::Not => holding,
    }
}
