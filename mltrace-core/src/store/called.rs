//! What artifacts of other projects are called: `PROJECT::NAME`.

use super::error::Result;
use super::key::{ArtifactKey, ProjectKey, VersionKey};
use super::look::Look;
use super::project::ProjectRow;
use super::row::VersionName;

impl dyn Look + '_ {
    /// Returns what `PROJECT::NAME` means: that project's artifact, whatever of its names or identities the text says, and
    /// the project.
    pub fn artifact_of(&mut self, text: &str) -> Result<Option<(ArtifactKey, Option<ProjectRow>)>> {
        let Some((called, name)) = text.split_once("::").filter(|(called, _)| !called.is_empty()) else {
            return Ok(None);
        };
        let is_called = |row: &ProjectRow| {
            row.name == called
                || row.identity.as_deref() == Some(called)
                || row.former.iter().any(|known| known == called)
        };
        let Some(project) = self.project_rows()?.into_iter().find(is_called) else { return Ok(None) };
        let found = self.artifact(project.key, name)?;
        Ok(found.map(|artifact| (artifact, Some(project))))
    }

    /// Returns versions by their keys, in the order of these; what is another project's than `of` is named with that.
    pub fn named(&mut self, versions: &[VersionKey], of: Option<ProjectKey>) -> Result<Vec<VersionName>> {
        let mut rows = self.version_names(versions)?;
        let is_others = |row: &VersionName| row.project.is_some() && row.project != of;
        if rows.iter().any(is_others) {
            let projects = self.projects()?;
            let called =
                |key| projects.iter().find(|(project, _)| Some(*project) == key).map(|(_, name)| name.as_str());
            for row in rows.iter_mut().filter(|row| is_others(row)) {
                row.version.name = row.version.name.of_project(called(row.project).unwrap_or_default());
            }
        }
        Ok(rows)
    }

    /// Returns a version by key, with the name of its artifact in project `of`.
    pub fn version(&mut self, key: VersionKey, of: Option<ProjectKey>) -> Result<Option<VersionName>> {
        Ok(self.named(&[key], of)?.pop())
    }
}
