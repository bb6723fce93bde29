//! The versions of an artifact, and a search over all names: what people need to find their way.

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::{QueryError, Reader};
use crate::model::{ArtifactName, RunId, Timestamp, Verdict, VersionId};
use crate::store::{LabelRow, RunKey, VersionKey};

/// The answer of `versions`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Versions {
    /// The artifact.
    pub name: ArtifactName,
    /// Its versions, the one written last first; those that nobody wrote come last.
    pub versions: Vec<VersionOf>,
    /// Whether older versions were left out because of a limit.
    pub is_cut: bool,
}

/// A version in the history of its artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VersionOf {
    /// The version.
    pub version: VersionId,
    /// The run that last wrote it.
    pub written_by: Option<RunId>,
    /// That run's component.
    pub component: Option<String>,
    /// When it was last written.
    pub written_at: Option<Timestamp>,
    /// A person's verdict.
    pub label: Option<Verdict>,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// The aliases that point to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// The answer of `search`: names that hold what was looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Search {
    /// Artifacts, the shortest name first.
    pub artifacts: Vec<ArtifactName>,
    /// Components, by name.
    pub components: Vec<String>,
    /// Tags, by name.
    pub tags: Vec<String>,
    /// Owners, by name.
    pub owners: Vec<String>,
    /// Runs whose id begins or ends so, newest first.
    pub runs: Vec<RunId>,
}

impl Reader<'_> {
    /// Returns the versions of the artifact that `text` names (a version in it does not count), older than `before` when
    /// one is named, at most `limit`.
    ///
    /// # Errors
    /// When no such artifact is known, or the store does not answer.
    pub fn versions(&mut self, text: &str, before: Option<&VersionId>, limit: usize) -> Result<Versions, QueryError> {
        let found = self.find_version(text, None)?;
        let name = found.version.name;
        let after = match before {
            None => None,
            Some(before) => match self.store.version_at(found.artifact, before, Timestamp::MAX)? {
                // After one that is not known there is none.
                None => return Ok(Versions { name, versions: Vec::new(), is_cut: false }),
                some => some,
            },
        };
        let mut versions = Vec::new();
        let from = (after.as_ref(), limit.saturating_add(1));
        self.store.versions(found.artifact, Timestamp::MAX, from, &mut |version| {
            versions.push(version);
            true
        })?;
        let is_cut = versions.len() > limit;
        versions.truncate(limit);
        let written: Vec<RunKey> = versions.iter().filter_map(|version| version.written).map(|(run, _)| run).collect();
        let writers: HashMap<RunKey, (RunId, String)> =
            self.store.run_names(&written)?.into_iter().map(|name| (name.key, (name.id, name.component))).collect();
        let keys: Vec<VersionKey> = versions.iter().filter_map(|version| version.key).collect();
        let labels: HashMap<VersionKey, LabelRow> =
            self.store.labels_on(&keys)?.into_iter().map(|label| (label.version, label)).collect();
        let mut aliases = self.aliases(None)?.aliases;
        aliases.retain(|of| of.artifact.as_ref().is_some_and(|artifact| artifact.name == name));
        let pointing = |id: &VersionId| {
            let these =
                aliases.iter().filter(|of| of.artifact.as_ref().is_some_and(|artifact| artifact.version == *id));
            these.map(|of| of.alias.clone()).collect()
        };
        let versions = versions.into_iter().map(|version| {
            let label = version.key.and_then(|key| labels.get(&key)).filter(|label| label.verdict != Verdict::None);
            let writer = version.written.and_then(|(run, _)| writers.get(&run).cloned());
            let (written_by, component) = writer.unzip();
            VersionOf {
                written_by,
                component,
                written_at: version.written.map(|(_, at)| at),
                label: label.map(|label| label.verdict),
                reason: label.and_then(|label| label.reason.clone()),
                by: label.and_then(|label| label.by.clone()),
                aliases: pointing(&version.id),
                version: version.id,
            }
        });
        let versions = versions.collect();
        Ok(Versions { versions, is_cut, name })
    }

    /// Returns all names that hold `text`, at most `limit` of each kind.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn search(&mut self, text: &str, limit: usize) -> Result<Search, QueryError> {
        let Some(project) = self.project()? else { return Ok(Search::default()) };
        let wanted = text.trim().to_lowercase();
        let holds = |name: &String| name.to_lowercase().contains(&wanted);
        let rows = self.store.said_of_components(project)?;
        let sorted = |names: Vec<String>| -> Vec<String> {
            let mut names: Vec<String> = names.into_iter().filter(holds).collect();
            names.sort();
            names.dedup();
            names.truncate(limit);
            names
        };
        let digits = wanted.replace('-', "");
        let is_run = digits.len() >= 4 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        let runs = if is_run { self.store.runs_like(project, &digits, limit)? } else { Vec::new() };
        let artifacts = self.store.artifact_names_holding(project, &wanted, limit)?;
        Ok(Search {
            artifacts: artifacts.into_iter().map(ArtifactName).collect(),
            components: sorted(rows.iter().map(|row| row.name.clone()).collect()),
            tags: sorted(rows.iter().flat_map(|row| row.tags.iter().cloned()).collect()),
            owners: sorted(rows.iter().filter_map(|row| row.owner.clone()).collect()),
            runs,
        })
    }
}
