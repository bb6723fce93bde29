//! The runs that made a version: who wrote it, what lies in it, a folder around it, or what it is a copy of.

use super::case::NO_ARTIFACT;
use super::fresher::offered;
use super::name::Found;
use super::{QueryError, Reader};
use crate::lineage::{ByName, LastSeen, Member, Moment, Near, Nearby, member};
use crate::model::{ArtifactName, FolderFact, Timestamp, Version, VersionId};
use crate::store::{
    Asked, Candidate, Folders, NearName, NearOf, Of, ProjectKey, RunKey, VersionAt, VersionKey, When, WriteKey,
};

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
    /// in it: with this content, if one is named, where a folder is known to have held that.
    pub(super) fn beside(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        content: Option<&VersionId>,
        at: Timestamp,
    ) -> Result<Option<Found>, QueryError> {
        let near = self.store.near(NearOf::Named(project, name.as_str()))?;
        let mut folders = Vec::new();
        let mut last: Option<(Moment, Option<VersionId>)> = None;
        for (folder, write) in self.last_writes(&near.folders, at)? {
            let Some((write, there)) = self.came_from(folder, write, content, at)? else { continue };
            if last.as_ref().is_none_or(|(moment, _)| write.moment >= *moment) {
                last = Some((write.moment, there));
            }
            folders.push(write);
        }
        let last = last.and_then(|(_, there)| there);
        let members = if content.is_none() { near.members.as_slice() } else { &[] };
        let members = self.last_writes(members, at)?.into_iter().map(|(_, write)| by_time(write)).collect();
        let beside = Nearby { members, folders, own: None }.parts(ByName::Not);
        let beside = beside.into_iter().map(|write| (write.write, write.run)).collect();
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
        let near = self.store.near(NearOf::Artifact(found.artifact))?;
        let own = if near.folders.is_empty() { None } else { self.last_write(Of::Artifact(found.artifact), then)? };
        let nearby = Nearby {
            members: self.last_writes(&near.members, then)?.into_iter().map(|(_, write)| by_time(write)).collect(),
            folders: self.last_writes(&near.folders, then)?.into_iter().map(|(_, write)| by_time(write)).collect(),
            own: own.map(by_time),
        };
        let is_opaque = matches!(found.version.version, VersionId::Write(_));
        let parts = nearby.parts(if is_opaque { ByName::ByTime } else { ByName::Exactly });
        makers.extend(parts.into_iter().map(|write| write.run).filter(|run| *run != writer));
        Ok(makers)
    }

    /// Returns the write of a folder from which something in it came that nobody named, and what lay there, where that is
    /// known: the last one, unless it is known to have held nothing there; then the last that did. Of a content, only one that
    /// is known to have held it.
    fn came_from(
        &mut self,
        NearName { artifact, path }: &NearName,
        last: LastWrite,
        content: Option<&VersionId>,
        at: Timestamp,
    ) -> Result<Option<CameFrom>, QueryError> {
        if content.is_none() {
            let Some(folder) = self.held_at(last.version, path)? else { return Ok(Some((by_time(last), None))) };
            if member(&folder, path, None) == Member::Last {
                return Ok(Some((by_time(last), folder.entries.get(path).cloned())));
            }
        }
        let Some(holding) = self.last_write(Of::Folder(*artifact, path, content), at)? else { return Ok(None) };
        let there = match content {
            Some(content) => Some(content.clone()),
            None => self.held_at(holding.version, path)?.and_then(|mut folder| folder.entries.remove(path)),
        };
        Ok(Some((by_time(holding), there)))
    }

    /// Returns what a version of a folder held at a path, where that is known.
    fn held_at(&mut self, folder: VersionKey, path: &str) -> Result<Option<FolderFact>, QueryError> {
        let Some(Version { version, .. }) = self.store.version(folder)? else { return Ok(None) };
        Ok(self.store.folders(Folders::At(&version, path))?.pop())
    }

    /// Returns the last write at or before `at` of each of these artifacts that anybody had written.
    fn last_writes<'n>(
        &mut self,
        names: &'n [NearName],
        at: Timestamp,
    ) -> Result<Vec<(&'n NearName, LastWrite)>, QueryError> {
        let asked: Vec<Asked<'_>> = names.iter().map(|name| asks(Of::Artifact(name.artifact), at)).collect();
        let mut last: Vec<LastSeen<LastWrite, RunKey>> = names.iter().map(|_| LastSeen::of_all()).collect();
        if !asked.is_empty() {
            self.store.candidates(&asked, &mut |place, candidate| {
                last.get_mut(place).is_some_and(|last| last.offer(&offered(LastWrite::of(&candidate), &candidate)))
            })?;
        }
        let found = names.iter().zip(last).filter_map(|(name, last)| Some((name, last.found()?.1)));
        Ok(found.collect())
    }

    /// Returns the last write at or before `at` of what is asked for.
    fn last_write(&mut self, of: Of<'_>, at: Timestamp) -> Result<Option<LastWrite>, QueryError> {
        let mut last = LastSeen::of_all();
        self.store.candidates(&[asks(of, at)], &mut |_, candidate| {
            last.offer(&offered(LastWrite::of(&candidate), &candidate))
        })?;
        let found: Option<(Moment, LastWrite, RunKey)> = last.found();
        Ok(found.map(|(_, write, _)| write))
    }
}

fn asks(of: Of<'_>, at: Timestamp) -> Asked<'_> {
    Asked { of, when: When::By(at), reader: None, like: None }
}

/// A write that is the last one of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LastWrite {
    write: WriteKey,
    run: RunKey,
    version: VersionKey,
    moment: Moment,
}

impl LastWrite {
    fn of(&Candidate { write, run, run_id, version, at, n, .. }: &Candidate) -> Self {
        Self { write, run, version, moment: (at, run_id, n) }
    }
}

fn by_time(write: LastWrite) -> Near<LastWrite> {
    Near { write, moment: write.moment, holds: false }
}

/// A write of a folder, and what it held at a path, where that is known.
type CameFrom = (Near<LastWrite>, Option<VersionId>);
