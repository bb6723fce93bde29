//! Names that people move from version to version: what they point to, and what they pointed to when.

use serde::{Deserialize, Serialize};

use super::name::Found;
use super::say::beyond;
use super::{QueryError, Reader};
use crate::lineage;
use crate::model::{AliasFact, RunId, Timestamp, Version};
use crate::redact;
use crate::store::{AliasRow, ProjectKey};

/// The answer of `alias`: all aliases, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Aliases {
    /// The aliases.
    pub aliases: Vec<Alias>,
}

/// What an alias points to since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Alias {
    /// The alias.
    pub alias: String,
    /// The version; `null` when it was removed.
    pub artifact: Option<Version>,
    /// Since when.
    pub at: Timestamp,
    /// By whom.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// The answer of `alias NAME`: what one alias points to, and all that it pointed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AliasHistory {
    /// What it points to.
    #[serde(flatten)]
    pub current: Alias,
    /// What a step back leads to; `null` when there is nothing.
    pub previous: Option<Version>,
    /// What it pointed to and points to, the last first.
    pub history: Vec<Alias>,
}

/// What an alias is to point to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pointing {
    /// This version.
    To(Version),
    /// What it pointed to before.
    Back,
    /// Nothing.
    ToNothing,
}

impl Reader<'_> {
    /// Returns all aliases as they stood at `as_of`, by name; those that were removed by then are left out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn aliases(&mut self, as_of: Option<Timestamp>) -> Result<Aliases, QueryError> {
        let Some(project) = self.project()? else { return Ok(Aliases::default()) };
        let mut last = std::collections::BTreeMap::new();
        for entry in self.entries(project, None, as_of)? {
            last.insert(entry.alias.clone(), entry);
        }
        let aliases = last.into_values().filter(|entry| entry.artifact.is_some()).map(alias).collect();
        Ok(Aliases { aliases })
    }

    /// Returns what an alias pointed to at `as_of`, and all that it had pointed to by then.
    ///
    /// # Errors
    /// When there is no such alias, or was none by then, or the store does not answer.
    pub fn alias(&mut self, name: &str, as_of: Option<Timestamp>) -> Result<AliasHistory, QueryError> {
        let name = name.strip_prefix('@').unwrap_or(name);
        let not_found = || QueryError::NotFound { kind: "alias", name: name.to_owned() };
        let project = self.project()?.ok_or_else(not_found)?;
        let history = self.history_of(project, name, as_of)?;
        let previous = lineage::former(history.iter().map(|entry| entry.artifact.clone()));
        let history: Vec<Alias> = history.into_iter().rev().map(alias).collect();
        let current = history.first().cloned().ok_or_else(not_found)?;
        Ok(AliasHistory { current, previous, history })
    }

    /// Returns what an alias points to from now on, as it is recorded: of now, or of just after the last word on it; `None`
    /// where it points there already and no reason is given.
    ///
    /// # Errors
    /// When the alias would be recorded as another one, there is nothing to go back to or to remove, or the store does not
    /// answer.
    pub fn pointed_now(
        &mut self,
        alias: &str,
        pointing: Pointing,
        (reason, by): (Option<&str>, Option<&str>),
    ) -> Result<Option<AliasFact>, QueryError> {
        redact::is_kept(alias)
            .map_err(|reason| QueryError::NoAlias { name: redact::text(alias).into_owned(), reason })?;
        let project = self.project()?;
        let known = project.map_or(Ok(Vec::new()), |project| self.entries(project, Some(alias), None))?;
        let last = known.last();
        let not_found = || QueryError::NotFound { kind: "alias", name: alias.to_owned() };
        let artifact = match pointing {
            Pointing::To(version) => Some(version),
            Pointing::ToNothing => last.map(|_| None).ok_or_else(not_found)?,
            Pointing::Back => {
                last.ok_or_else(not_found)?;
                let former = lineage::former(known.iter().map(|entry| entry.artifact.clone()));
                Some(former.ok_or_else(|| QueryError::NoFormer { alias: alias.to_owned() })?)
            }
        };
        if reason.is_none() && last.is_some_and(|last| last.artifact == artifact) {
            return Ok(None);
        }
        let at = Timestamp::now_after(last.map(|last| last.at));
        let new = RunId::new().0;
        let id = last.filter(|last| last.at == at).map_or(new, |last| beyond(last.id, new));
        let (reason, by) = (reason.map(str::to_owned), by.map(str::to_owned));
        Ok(Some(AliasFact { id, alias: alias.to_owned(), artifact, reason, by, at }))
    }

    /// Fails when this entry, which is stored, does not count, because a later one is known.
    ///
    /// # Errors
    /// When it does not count, or the store does not answer.
    pub fn alias_counts(&mut self, said: &AliasFact) -> Result<(), QueryError> {
        let project = self.project()?;
        let known = project.map_or(Ok(Vec::new()), |project| self.entries(project, Some(&said.alias), None))?;
        match known.last() {
            Some(last) if last.id == said.id && last.artifact == said.artifact => Ok(()),
            last => {
                let at = last.map_or(said.at, |last| last.at);
                Err(QueryError::Outdone { name: said.alias.clone(), at })
            }
        }
    }

    /// Returns the version that an alias pointed to at `as_of`.
    pub(super) fn find_alias(
        &mut self,
        project: ProjectKey,
        name: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Found, QueryError> {
        let history = self.history_of(project, name, as_of)?;
        let last = history.last().ok_or_else(|| QueryError::NotFound { kind: "alias", name: name.to_owned() })?;
        let nowhere = || QueryError::PointsNowhere { alias: name.to_owned(), at: last.at };
        let version = last.artifact.clone().ok_or_else(nowhere)?;
        let artifact = self.store.artifact(project, version.name.as_str())?.ok_or_else(nowhere)?;
        let found = self.store.version_at(artifact, &version.version, as_of.unwrap_or(Timestamp::MAX))?;
        let (key, written) = found.map_or((None, None), |found| (found.key, found.written));
        Ok(Found { key, artifact, version, written, beside: Vec::new() })
    }

    /// Returns the entries of an alias by `as_of`, oldest first, of which there is at least one.
    fn history_of(
        &mut self,
        project: ProjectKey,
        name: &str,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<AliasRow>, QueryError> {
        let entries = self.entries(project, Some(name), as_of)?;
        if !entries.is_empty() {
            return Ok(entries);
        }
        match as_of {
            Some(at) if !self.entries(project, Some(name), None)?.is_empty() => {
                Err(QueryError::NotYet { name: format!("@{name}"), at })
            }
            _ => Err(QueryError::NotFound { kind: "alias", name: name.to_owned() }),
        }
    }

    fn entries(
        &mut self,
        project: ProjectKey,
        name: Option<&str>,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<AliasRow>, QueryError> {
        let mut entries = self.store.aliases(project)?;
        entries.retain(|entry| name.is_none_or(|name| entry.alias == name) && as_of.is_none_or(|at| entry.at <= at));
        Ok(entries)
    }
}

fn alias(entry: AliasRow) -> Alias {
    let AliasRow { id: _, alias, artifact, reason, by, at } = entry;
    Alias { alias, artifact, at, by, reason }
}
