//! One output of a task: an artifact that is called `TASK:ID`.

use super::name::Found;
use super::{QueryError, Reader};
use crate::model::{ArtifactName, RunId, TaskFact, TaskSide, TaskValue, Timestamp, Version, VersionId, WriteFact};
use crate::store::{ArtifactKey, CaseRow, ProjectKey};

/// The key of an artifact that no run and no verdict named: there is no such row.
pub(super) const NO_ARTIFACT: ArtifactKey = ArtifactKey(0);

/// Outputs are numbered from here on; a number that is taken gives way.
const FIRST_OUTPUT: u32 = 1 << 31;

impl Reader<'_> {
    /// Returns those of these versions that a run put out as outputs of a task and that are not among what it wrote, each as
    /// it is to be recorded, so that whoever asks who made a version finds the run.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn unwritten_outputs<'v>(
        &mut self,
        versions: impl Iterator<Item = (&'v ArtifactName, &'v VersionId)>,
    ) -> Result<Vec<(RunId, WriteFact)>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for (name, version) in versions {
            let VersionId::Write(run) = version else { continue };
            let Some(case) = self.find_case(project, name.as_str(), None)? else { continue };
            let Some((_, at)) = case.written.filter(|_| case.version.version == *version) else { continue };
            if let Some(artifact) = self.store.artifact(project, name.as_str())?
                && let Some(known) = self.store.version_at(artifact, version, Timestamp::MAX)?
                && known.written.is_some()
            {
                continue;
            }
            found.push((
                *run,
                WriteFact {
                    n: FIRST_OUTPUT,
                    name: name.clone(),
                    argument: None,
                    kind: None,
                    at: Some(at),
                    version: None,
                    size: None,
                    mark: None,
                },
            ));
        }
        Ok(found)
    }

    /// Returns what counts of what was said of an output, and since when, where that is something else.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn outdone(&mut self, said: &TaskFact) -> Result<Option<(TaskValue, Timestamp)>, QueryError> {
        let Some(project) = self.project()? else { return Ok(None) };
        let known = self.store.task_case(project, &said.task, &said.id)?;
        let counts = known.and_then(|known| match said.side {
            TaskSide::Output => known.output,
            TaskSide::Feedback => known.feedback,
        });
        Ok(counts.filter(|(value, at)| (value, *at) != (&said.value, said.at)))
    }

    /// Returns when an output of a task was made, if that is what is called so.
    pub(super) fn put_out_at(&mut self, name: &ArtifactName) -> Result<Option<Timestamp>, QueryError> {
        let (Some(project), Some((task, id))) = (self.project()?, name.as_str().split_once(':')) else {
            return Ok(None);
        };
        let case = self.store.task_case(project, task, id)?;
        Ok(case.and_then(|case| case.output).map(|(_, at)| at))
    }

    /// Returns the output that `TASK:ID` names, where no run and no verdict named it: what its run wrote, or of unknown
    /// content where no run is known.
    pub(super) fn find_case(
        &mut self,
        project: ProjectKey,
        text: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Option<Found>, QueryError> {
        let Some((task, id)) = text.split_once(':') else { return Ok(None) };
        let Some(CaseRow { output: Some((_, at)), run, .. }) = self.store.task_case(project, task, id)? else {
            return Ok(None);
        };
        if let Some(as_of) = as_of
            && at > as_of
        {
            return Err(QueryError::NotYet { name: text.to_owned(), at: as_of });
        }
        let key = match run {
            Some(run) => self.store.run(run)?,
            None => None,
        };
        let version = run.map_or(VersionId::None, VersionId::Write);
        let name = ArtifactName(text.to_owned());
        let written = key.map(|run| (run, at));
        Ok(Some(Found {
            key: None,
            artifact: NO_ARTIFACT,
            version: Version { name, version },
            written,
            beside: Vec::new(),
        }))
    }
}
