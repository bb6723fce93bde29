//! What people said, the last word first of all: verdicts on versions, and what aliases point to.

use foldhash::HashMap;
use uuid::Uuid;

use super::error::Result;
use super::key::{ArtifactKey, ProjectKey, VersionKey};
use super::look::Look;
use super::row::{AliasRow, LabelRow};
use super::which::Labels;

/// Each fails when the store does not answer.
impl dyn Look + '_ {
    /// Returns the last verdict on each version that has one, oldest first; or all verdicts ever given.
    pub fn labels(&mut self, project: ProjectKey, only_last: bool) -> Result<Vec<LabelRow>> {
        let labels = in_order(self.find_labels(Labels::In(project))?);
        Ok(if only_last { last_of_each(labels) } else { labels })
    }

    /// Returns the last verdict on each of these versions that has one, oldest first.
    pub fn labels_on(&mut self, versions: &[VersionKey]) -> Result<Vec<LabelRow>> {
        Ok(last_of_each(in_order(self.find_labels(Labels::On(versions))?)))
    }

    /// Returns the last verdicts on the versions of an artifact, oldest first.
    pub fn labels_of(&mut self, artifact: ArtifactKey) -> Result<Vec<LabelRow>> {
        Ok(last_of_each(in_order(self.find_labels(Labels::Of(artifact))?)))
    }

    /// Returns all entries of the aliases of a project, oldest first; of those of one moment by id.
    pub fn aliases(&mut self, project: ProjectKey) -> Result<Vec<AliasRow>> {
        let mut entries = self.find_aliases(project)?;
        entries.sort_unstable_by_key(|entry| (entry.at, entry.id));
        Ok(entries)
    }
}

/// Sorts verdicts, oldest first; of those of one moment by id. To have SQLite do so costs several times as much.
fn in_order(mut labels: Vec<LabelRow>) -> Vec<LabelRow> {
    labels.sort_unstable_by_key(|label| (label.at, label.id));
    labels
}

/// Leaves of verdicts in order the last on each version.
fn last_of_each(mut labels: Vec<LabelRow>) -> Vec<LabelRow> {
    let last: HashMap<VersionKey, Uuid> = labels.iter().map(|label| (label.version, label.id)).collect();
    labels.retain(|label| last.get(&label.version) == Some(&label.id));
    labels
}
