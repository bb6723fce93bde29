//! Whether what lies on this disk is what the record says.

use std::path::Component;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::{QueryError, Reader};
use crate::disk::fingerprint::{fingerprint, stat};
use crate::disk::{Hashing, Skip};
use crate::model::{ArtifactName, RunId, Timestamp, Version, VersionId};
use crate::naming;
use crate::store::{ProjectKey, RunKey};

/// The answer of `verify`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verify {
    /// The artifacts, by name when all were asked for.
    pub artifacts: Vec<Verified>,
}

/// An artifact on disk against the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Verified {
    /// The artifact.
    pub name: ArtifactName,
    /// The version that the record expects: the latest, unless another was named.
    pub version: VersionId,
    /// How the disk compares.
    pub state: DiskState,
    /// What is there instead, when it changed and could be read.
    pub found: Option<VersionId>,
    /// The run that last wrote the expected version.
    pub written_by: Option<RunId>,
    /// What kept it from being compared.
    pub problem: Option<String>,
}

/// How an artifact on disk compares with the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DiskState {
    /// It holds what the record says.
    Unchanged,
    /// It holds something else, or cannot be read.
    Changed,
    /// Nothing is there.
    Missing,
    /// It holds what was read last, and no recorded run wrote that.
    UnknownWriter,
    /// The record knows no content of it that this disk could hold: a URI, an identifier, a declared version.
    NotLocal,
}

impl DiskState {
    /// Returns whether the record cannot be trusted to mention what is there.
    #[must_use]
    pub fn is_wrong(self) -> bool {
        matches!(self, Self::Changed | Self::Missing)
    }
}

/// How far a check goes.
#[derive(Clone, Copy, Default)]
pub struct VerifyOptions<'a> {
    /// Receives how many bytes were read since it was reported last.
    pub progress: Option<&'a (dyn Fn(u64) + Sync)>,
    /// Once true, the check ends early: what was not compared by then is left out.
    pub cancel: Option<&'a AtomicBool>,
    /// Whether what lies outside of the project's folder is not looked at, and counts as not local.
    pub is_inside_only: bool,
}

impl VerifyOptions<'_> {
    fn is_cancelled(&self) -> bool {
        self.cancel.is_some_and(|cancel| cancel.load(Ordering::Relaxed))
    }
}

/// What the record says of an artifact.
struct Expected {
    name: ArtifactName,
    version: VersionId,
    writer: Option<RunKey>,
    /// The run at whose end it was missing, when no version of it is known.
    missed_by: Option<RunKey>,
}

impl Expected {
    fn new(
        name: ArtifactName,
        version: VersionId,
        writer: Option<RunKey>,
        missing: &HashMap<ArtifactName, RunKey>,
    ) -> Self {
        let missed_by = missing.get(&name).copied().filter(|_| version == VersionId::None);
        Self { name, version, writer, missed_by }
    }
}

impl Reader<'_> {
    /// Compares `artifacts` (`NAME`, the latest version, or `NAME@VERSION`; of a folder all that was recorded in it too),
    /// or all of the project when none is named, with what lies on this disk. Every byte is read: no known hash is trusted.
    ///
    /// `each` receives each artifact as it is done.
    ///
    /// # Errors
    /// When no such artifact or version is known, or the store does not answer.
    pub fn verify(
        &mut self,
        artifacts: &[&str],
        each: &mut dyn FnMut(&Verified),
        options: &VerifyOptions<'_>,
    ) -> Result<Verify, QueryError> {
        let expected = if artifacts.is_empty() { self.all_expected()? } else { self.expected(artifacts)? };
        let keys: Vec<RunKey> =
            expected.iter().flat_map(|expected| [expected.writer, expected.missed_by]).flatten().collect();
        let ids = self.store.run_ids(&keys)?;
        // What follows asks the store nothing, and reads files for as long as it takes.
        self.store.let_go();
        let skip = self.skip(options);
        let mut found = Vec::with_capacity(expected.len());
        for expected in expected {
            let written_by = expected.writer.and_then(|writer| ids.get(&writer).copied());
            let missed_by = expected.missed_by.and_then(|run| ids.get(&run).copied());
            let verified = self.verify_one(expected, (written_by, missed_by), &skip, options);
            if options.is_cancelled() {
                break;
            }
            each(&verified);
            found.push(verified);
        }
        Ok(Verify { artifacts: found })
    }

    fn expected(&mut self, artifacts: &[&str]) -> Result<Vec<Expected>, QueryError> {
        let missing = self.missing()?;
        let mut found = Vec::with_capacity(artifacts.len());
        for artifact in artifacts {
            let inside = self.inside(artifact)?;
            match self.find_version(artifact, None) {
                Err(QueryError::NotFound { .. }) if !inside.is_empty() => {}
                // Nobody named the folder itself.
                Ok(one) if !one.beside.is_empty() && !inside.is_empty() => {}
                Err(error) => return Err(error),
                Ok(one) => {
                    let writer = self.makers(&one, None)?.first().copied();
                    let Version { name, version } = one.version;
                    found.push(Expected::new(name, version, writer, &missing));
                }
            }
            found.extend(inside);
        }
        Ok(found)
    }

    /// Returns what the record says of all that lies in a folder.
    fn inside(&mut self, folder: &str) -> Result<Vec<Expected>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let meant = self.meant(folder).into_iter();
        let beginnings: Vec<String> =
            meant.map(|folder| format!("{}/", folder.as_str().trim_end_matches('/'))).collect();
        for beginning in beginnings {
            if !self.store.artifact_names(project, &beginning, 1)?.is_empty() {
                let mut all = self.all_expected()?;
                all.retain(|expected| expected.name.as_str().starts_with(&beginning));
                return Ok(all);
            }
        }
        Ok(Vec::new())
    }

    fn all_expected(&mut self) -> Result<Vec<Expected>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let missing = self.missing()?;
        let latest = self.store.latest_of_all(project)?;
        let mut expected = Vec::with_capacity(latest.len());
        for (name, latest) in latest {
            let (version, written) = latest.map_or((VersionId::None, None), |latest| (latest.id, latest.written));
            let writer = match written {
                Some((run, _)) => Some(run),
                None => self.maker_read(project, &name, &version)?,
            };
            expected.push(Expected::new(name, version, writer, &missing));
        }
        Ok(expected)
    }

    /// Returns a run that wrote the folder in which a version was found, or something in it.
    fn maker_read(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        version: &VersionId,
    ) -> Result<Option<RunKey>, QueryError> {
        let Some(artifact) = self.store.artifact(project, name.as_str())? else { return Ok(None) };
        Ok(self.store.makers_read(artifact, version, Timestamp::MAX)?.first().copied())
    }

    /// Returns the artifacts that were last missing at the end of a run, with that run.
    fn missing(&mut self) -> Result<HashMap<ArtifactName, RunKey>, QueryError> {
        let Some(project) = self.project()? else { return Ok(HashMap::default()) };
        Ok(self.store.missing(project)?.into_iter().collect())
    }

    /// Returns what is not looked at.
    fn skip(&self, options: &VerifyOptions<'_>) -> Skip {
        let skip = Skip::of(self.home.store.file(), &self.home.folder);
        if options.is_inside_only { skip.within(&self.home.root) } else { skip }
    }

    /// Returns how the disk compares with a version that a run wrote.
    pub(super) fn disk_state(
        &self,
        name: &ArtifactName,
        version: &VersionId,
        written_by: RunId,
        options: &VerifyOptions<'_>,
    ) -> DiskState {
        let expected = Expected { name: name.clone(), version: version.clone(), writer: None, missed_by: None };
        let skip = self.skip(options);
        self.verify_one(expected, (Some(written_by), None), &skip, options).state
    }

    fn verify_one(
        &self,
        expected: Expected,
        (written_by, missed_by): (Option<RunId>, Option<RunId>),
        skip: &Skip,
        options: &VerifyOptions<'_>,
    ) -> Verified {
        let Expected { name, version, .. } = expected;
        let path = naming::decode(name.as_str());
        let is_elsewhere = naming::is_uri(name.as_str())
            || options.is_inside_only
                && !path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let path = self.home.root.join(path);
        let expected = version.clone();
        let verified = |state, found, problem| Verified { name, version: expected, state, found, written_by, problem };
        // What was too large to hash is recognised by its stat alone, and so is everything when nothing may be hashed.
        let limit = match &version {
            VersionId::Content(_) => u64::MAX,
            VersionId::Stat(_) => 0,
            VersionId::None if missed_by.is_some() && !is_elsewhere => {
                let run = missed_by.map(RunId::short).unwrap_or_default();
                let problem = Some(format!("run {run} was to write it, and it was not there at the end of the run"));
                let is_there = matches!(stat(&path), Ok(Some(_)));
                let state = if is_there { DiskState::UnknownWriter } else { DiskState::Missing };
                return verified(state, None, problem);
            }
            VersionId::Declared(_) | VersionId::Write(_) | VersionId::None => {
                return verified(DiskState::NotLocal, None, None);
            }
        };
        if is_elsewhere {
            return verified(DiskState::NotLocal, None, None);
        }
        if skip.leads_out(&path) {
            return verified(DiskState::NotLocal, None, Some("a link leads out of the project".to_owned()));
        }
        match stat(&path) {
            Ok(Some(_)) => {}
            Ok(None) => return verified(DiskState::Missing, None, None),
            Err(error) => return verified(DiskState::Changed, None, Some(error.to_string())),
        }
        let VerifyOptions { progress, cancel, .. } = *options;
        let how = Hashing { limit, skip, cache: None, progress, cancel };
        match fingerprint(&path, &how) {
            Ok(Some(found)) if found.version == version && written_by.is_some() => {
                verified(DiskState::Unchanged, None, None)
            }
            Ok(Some(found)) if found.version == version => verified(DiskState::UnknownWriter, None, None),
            Ok(Some(found)) => verified(DiskState::Changed, Some(found.version), None),
            Ok(None) => verified(
                DiskState::Changed,
                None,
                Some("it is no file or folder that can be hashed, or kept changing".to_owned()),
            ),
            Err(error) => {
                let is_withheld = options.is_inside_only && error.kind() == std::io::ErrorKind::PermissionDenied;
                let state = if is_withheld { DiskState::NotLocal } else { DiskState::Changed };
                verified(state, None, Some(error.to_string()))
            }
        }
    }
}
