//! Which versions are meant where many are judged at once: by a pattern of names, by a run, by what runs have in common.

use super::run_condition::RunCondition;
use super::view::AT_ONCE;
use super::{QueryError, Reader};
use crate::model::{Pattern, Timestamp, Version, VersionId};
use crate::store::{RunKey, RunSelection};

/// Which versions are meant: those that any of these names, each once, of which all of the conditions hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Many {
    /// Artifacts: `NAME`, the latest version, `NAME@VERSION`, or a pattern of names, of each of which the latest is meant.
    /// In a pattern `*` stands for any letters but `/`, `**` for any letters, `?` for one.
    pub artifacts: Vec<String>,
    /// Runs, all of whose outputs are meant: ids, unique prefixes or suffixes of one, or `latest`.
    pub runs: Vec<String>,
    /// What has to hold of the runs that wrote them, all of it; alone: all outputs of these runs.
    pub conditions: Vec<RunCondition>,
}

impl Reader<'_> {
    /// Returns all versions that are meant, each once.
    ///
    /// # Errors
    /// When something that is named is unknown or stands for no version, or the store does not answer.
    pub fn many(&mut self, many: &Many) -> Result<Vec<Version>, QueryError> {
        let mut found = Vec::new();
        for text in &many.artifacts {
            found.extend(self.versions_like(text)?);
        }
        for run in &many.runs {
            found.extend(self.outputs_of_run(run)?);
        }
        if !many.conditions.is_empty() {
            let is_named = !many.artifacts.is_empty() || !many.runs.is_empty();
            found = self.outputs_where(is_named.then_some(found.as_slice()), &many.conditions)?;
        }
        let mut seen = foldhash::HashSet::default();
        found.retain(|version| seen.insert((version.name.clone(), version.version.clone())));
        Ok(found)
    }

    /// Returns the version that `text` names as for [`Reader::version`]; where no artifact has that name and it is a
    /// pattern, the latest version of each artifact whose name is like it.
    ///
    /// # Errors
    /// When nothing has such a name, or the store does not answer.
    pub fn versions_like(&mut self, text: &str) -> Result<Vec<Version>, QueryError> {
        match self.version(text, None) {
            Err(QueryError::NotFound { .. }) if Pattern::of(text).is_wild() => {}
            named => return Ok(vec![named?]),
        }
        let Some(project) = self.project()? else {
            return Err(QueryError::NotFound { kind: "artifact", name: text.to_owned() });
        };
        for pattern in self.meant(text) {
            let pattern = Pattern::of(pattern.as_str());
            let mut names = self.store.artifact_names(project, &pattern.beginning(), usize::MAX)?;
            names.retain(|name| pattern.fits(name));
            let mut found = Vec::with_capacity(names.len());
            for name in names {
                let Some(artifact) = self.store.artifact(project, &name)? else { continue };
                let latest = self.store.latest(artifact, Timestamp::MAX)?.filter(|latest| latest.id != VersionId::None);
                found.extend(latest.map(|latest| Version { name: name.as_str().into(), version: latest.id }));
            }
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Err(QueryError::NoMatch { kind: "artifact", text: text.to_owned() })
    }

    /// Returns the versions that a run wrote.
    ///
    /// # Errors
    /// When no run or more than one is meant, it wrote none, or the store does not answer.
    pub fn outputs_of_run(&mut self, run: &str) -> Result<Vec<Version>, QueryError> {
        let id = self.run_id(run)?;
        let key = self.store.run(id)?;
        let found = self.outputs_of(key.as_slice())?;
        if found.is_empty() {
            return Err(QueryError::NoMatch { kind: "output", text: format!("run {}", id.short()) });
        }
        Ok(found)
    }

    /// Returns the versions that the runs wrote of which all of this holds; where some are named, those of them.
    ///
    /// # Errors
    /// When a component that is named is unknown, no such run wrote anything, or none of those, or the store does not answer.
    pub fn outputs_where(
        &mut self,
        named: Option<&[Version]>,
        conditions: &[RunCondition],
    ) -> Result<Vec<Version>, QueryError> {
        let mut found = self.all_outputs_where(conditions)?;
        if let Some(named) = named {
            let key = |version: &Version| (version.name.clone(), version.version.clone());
            let named: foldhash::HashSet<_> = named.iter().map(key).collect();
            found.retain(|version| named.contains(&key(version)));
            if found.is_empty() {
                return Err(no_match("version that is named", conditions));
            }
        }
        Ok(found)
    }

    fn all_outputs_where(&mut self, conditions: &[RunCondition]) -> Result<Vec<Version>, QueryError> {
        let Some(project) = self.project()? else { return Err(no_match("output of a run", conditions)) };
        let mut found = Vec::new();
        for runs in self.runs_where(project, RunSelection::default(), conditions)?.chunks(AT_ONCE) {
            found.extend(self.outputs_of(runs)?);
        }
        if found.is_empty() { Err(no_match("output of a run", conditions)) } else { Ok(found) }
    }

    fn outputs_of(&mut self, runs: &[RunKey]) -> Result<Vec<Version>, QueryError> {
        let written = self.store.written(runs)?.into_iter().map(|(_, version)| version).collect::<Vec<_>>();
        Ok(self.store.named(&written)?.into_iter().map(|(_, version)| version).collect())
    }
}

fn no_match(kind: &'static str, conditions: &[RunCondition]) -> QueryError {
    let text = conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    QueryError::NoMatch { kind, text }
}
