//! From what a person types to the artifact, version or run that is meant.

use super::{QueryError, Reader};
use crate::model::{ArtifactName, RunId, Timestamp, Version, VersionId};
use crate::naming::{self, Root};
use crate::store::{ArtifactKey, ProjectKey, RunKey, RunSelection, VersionAt, VersionKey, WriteKey};

/// How many runs are named where several are meant, and how many versions.
const RUNS: usize = 4;
const CANDIDATES: usize = 20;

/// What a name may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameKind {
    /// An artifact.
    Artifact,
    /// A component.
    Component,
    /// A run.
    Run,
    /// An alias.
    Alias,
    /// A task.
    Task,
}

/// A version that was found by what a person typed.
#[derive(Clone)]
pub(super) struct Found {
    /// `None`: it was read only, and its content is not known.
    pub(super) key: Option<VersionKey>,
    pub(super) artifact: ArtifactKey,
    pub(super) version: Version,
    /// Its last write by then, and by whom.
    pub(super) written: Option<(RunKey, Timestamp)>,
    /// Where no run wrote or read it: what was written of a folder around it, or in it, and by whom.
    pub(super) beside: Vec<(WriteKey, RunKey)>,
}

impl Reader<'_> {
    /// Returns the version that `text` names: `ARTIFACT` or `ARTIFACT@latest` (its latest, or the one current at `as_of`),
    /// `ARTIFACT@VERSION`, where the version may be a unique prefix, with or without its kind, or `@ALIAS`, what the alias
    /// points to (or pointed to at `as_of`); with an artifact before it, only if it points to a version of that.
    ///
    /// # Errors
    /// When no artifact or version has that name, or several versions have.
    pub fn version(&mut self, text: &str, as_of: Option<Timestamp>) -> Result<Version, QueryError> {
        self.find_version(text, as_of).map(|found| found.version)
    }

    /// Returns the run that `text` names: an id, a unique prefix or suffix of one, or `latest`.
    ///
    /// # Errors
    /// When no run or more than one fits.
    pub fn run_id(&mut self, text: &str) -> Result<RunId, QueryError> {
        let not_found = || QueryError::NotFound { kind: "run", name: text.to_owned() };
        let project = self.project()?.ok_or_else(not_found)?;
        match self.find_run(project, text) {
            Err(QueryError::NotFound { .. }) => Err(self.no_run(project, text)?),
            found => found,
        }
    }

    /// Returns why there is no run that is called so.
    fn no_run(&mut self, project: ProjectKey, text: &str) -> Result<QueryError, QueryError> {
        let name = text.to_owned();
        let Some(component) = self.store.component(project, text)? else {
            return Ok(QueryError::NotFound { kind: "run", name });
        };
        let selection = RunSelection { component: Some(component.key), limit: Some(1), ..RunSelection::default() };
        let newest = self.store.select(project, &selection)?;
        Ok(QueryError::IsComponent { name, last: self.store.ids_in_order(&newest)?.pop() })
    }

    fn find_run(&mut self, project: ProjectKey, text: &str) -> Result<RunId, QueryError> {
        let not_found = || QueryError::NotFound { kind: "run", name: text.to_owned() };
        if let Ok(id) = text.parse::<RunId>() {
            return self.store.run(id)?.map(|_| id).ok_or_else(not_found);
        }
        if text == "latest" {
            let selection = RunSelection { limit: Some(1), ..RunSelection::default() };
            let newest = self.store.select(project, &selection)?;
            return self.store.ids_in_order(&newest)?.pop().ok_or_else(not_found);
        }
        let digits = text.replace('-', "").to_lowercase();
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(not_found());
        }
        let found = self.store.runs_like(project, &digits, RUNS.saturating_add(1))?;
        match found.as_slice() {
            [] => Err(not_found()),
            [id] => Ok(*id),
            several => Err(QueryError::Ambiguous {
                name: text.to_owned(),
                candidates: several.iter().take(RUNS).map(ToString::to_string).collect(),
                is_cut: several.len() > RUNS,
            }),
        }
    }

    /// Returns up to `limit` known names that start with `prefix`, sorted (runs: newest first).
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn names(&mut self, kind: NameKind, prefix: &str, limit: usize) -> Result<Vec<String>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        match kind {
            NameKind::Artifact => {
                let mut names = self.store.artifact_names(project, prefix, limit)?;
                if let Some(begun) = prefix.strip_prefix('@') {
                    names.extend(self.names(NameKind::Alias, begun, limit)?.into_iter().map(|name| format!("@{name}")));
                }
                Ok(names)
            }
            NameKind::Alias => {
                let names = self.aliases(None)?.aliases.into_iter().map(|of| of.alias);
                Ok(names.filter(|name| name.starts_with(prefix)).take(limit).collect())
            }
            NameKind::Task => {
                let names = self.store.task_names(project)?.into_iter();
                Ok(names.filter(|name| name.starts_with(prefix)).take(limit).collect())
            }
            NameKind::Component => {
                let names = self.store.said_of_components(project)?.into_iter().map(|component| component.name);
                Ok(names.filter(|name| name.starts_with(prefix)).take(limit).collect())
            }
            NameKind::Run => {
                let selection = RunSelection { limit: Some(limit), ..RunSelection::default() };
                let newest = self.store.select(project, &selection)?;
                let ids = self.store.ids_in_order(&newest)?.into_iter();
                // Short as lists show it; in full for who has begun to type it in full.
                let named =
                    ids.filter_map(|id| [id.short(), id.to_string()].into_iter().find(|id| id.starts_with(prefix)));
                Ok(named.collect())
            }
        }
    }

    pub(super) fn project(&mut self) -> Result<Option<ProjectKey>, QueryError> {
        if let Some(chosen) = self.chosen {
            return Ok(Some(chosen));
        }
        if let Some(own) = self.store.project(&self.home.project, self.home.identity.as_deref())? {
            return Ok(Some(own));
        }
        if let Some(own) = self.store.own_project()?.filter(|_| self.home.has_own_store()) {
            return Ok(Some(own));
        }
        // A store that holds another project alone, imported or moved here, answers for that one.
        Ok(match self.store.projects()?.as_slice() {
            [(only, _)] => Some(*only),
            _ => None,
        })
    }

    /// Returns the name of the project that answers, where it is not the one that this process records for: what is said
    /// of what it answers belongs there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn other_project(&mut self) -> Result<Option<String>, QueryError> {
        let Some(project) = self.project()? else { return Ok(None) };
        if self.store.project(&self.home.project, self.home.identity.as_deref())? == Some(project) {
            return Ok(None);
        }
        self.project_name(project).map(Some)
    }

    /// Returns the name of the project that answers.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn answering_project(&mut self) -> Result<String, QueryError> {
        match self.project()? {
            Some(project) => self.project_name(project),
            None => Ok(self.home.project.clone()),
        }
    }

    pub(super) fn project_name(&mut self, project: ProjectKey) -> Result<String, QueryError> {
        let named = self.store.projects()?.into_iter().find(|(key, _)| *key == project);
        Ok(named.map_or_else(|| self.home.project.clone(), |(_, name)| name))
    }

    /// The whole text is tried as a name first, then what stands before its last `@`.
    pub(super) fn find_version(&mut self, text: &str, as_of: Option<Timestamp>) -> Result<Found, QueryError> {
        let at = as_of.unwrap_or(Timestamp::MAX);
        let not_found = || QueryError::NotFound { kind: "artifact", name: text.to_owned() };
        let project = self.project()?.ok_or_else(not_found)?;
        if let Some((artifact, name)) = self.find_artifact(project, text)? {
            let latest = self.store.latest(artifact, at)?;
            if latest.is_none()
                && let Some(found) = self.beside(project, &name, None, at)?
            {
                return Ok(Found { artifact, ..found });
            }
            if latest.is_none() && as_of.is_some() {
                return Err(QueryError::NotYet { name: text.to_owned(), at });
            }
            let key = latest.as_ref().and_then(|latest| latest.key);
            let (id, written) = latest.map_or((VersionId::None, None), |latest| (latest.id, latest.written));
            if written.is_none()
                && let Some(case) = self.find_case(project, name.as_str(), as_of)?
                && case.written.is_some()
            {
                return Ok(Found { artifact, ..case });
            }
            return Ok(Found { key, artifact, version: Version { name, version: id }, written, beside: Vec::new() });
        }
        if let Some(found) = self.find_case(project, text, as_of)? {
            return Ok(found);
        }
        match text.rsplit_once('@') {
            None => self.find_beside(project, (text, None), at)?.ok_or_else(not_found),
            Some(("", alias)) => self.find_alias(project, alias, as_of),
            Some(split) => self.find_one(project, (text, split), as_of),
        }
    }

    /// Returns the version that `NAME@VERSION` names.
    fn find_one(
        &mut self,
        project: ProjectKey,
        (text, (before, wanted)): (&str, (&str, &str)),
        as_of: Option<Timestamp>,
    ) -> Result<Found, QueryError> {
        let at = as_of.unwrap_or(Timestamp::MAX);
        let not_found = || QueryError::NotFound { kind: "artifact", name: text.to_owned() };
        let Some((artifact, name)) = self.find_artifact(project, before)? else {
            // A name may hold an `@`.
            return match self.find_beside(project, (before, Some(wanted)), at)? {
                Some(found) => Ok(found),
                None => self.find_beside(project, (text, None), at)?.ok_or_else(not_found),
            };
        };
        let found = match self.pick(artifact, wanted, at)? {
            Picked::One(found) => found,
            Picked::Several { candidates, is_cut } => {
                return Err(QueryError::Ambiguous { name: text.to_owned(), candidates, is_cut });
            }
            Picked::None => {
                if let Some(found) = self.find_beside(project, (name.as_str(), Some(wanted)), at)? {
                    return Ok(Found { artifact, ..found });
                }
                if let Ok(pointed) = self.find_alias(project, wanted, as_of)
                    && pointed.artifact == artifact
                {
                    return Ok(pointed);
                }
                let is_later = matches!(self.pick(artifact, wanted, Timestamp::MAX)?, Picked::One(_));
                let name = text.to_owned();
                return Err(if is_later {
                    QueryError::NotYet { name, at }
                } else {
                    QueryError::NotFound { kind: "version", name }
                });
            }
        };
        let version = Version { name, version: found.id };
        Ok(Found { key: found.key, artifact, version, written: found.written, beside: Vec::new() })
    }

    /// Returns what a text means that no run wrote or read under its name, by what was written around it or in it: the latest
    /// of it, or the content that is wanted.
    fn find_beside(
        &mut self,
        project: ProjectKey,
        (text, wanted): (&str, Option<&str>),
        at: Timestamp,
    ) -> Result<Option<Found>, QueryError> {
        let content = wanted.and_then(|wanted| wanted.parse().ok());
        let content = content.filter(|version| matches!(version, VersionId::Content(_)));
        if wanted.is_some_and(|wanted| wanted != "latest") && content.is_none() {
            return Ok(None);
        }
        for name in self.meant(text) {
            if let Some(found) = self.beside(project, &name, content.as_ref(), at)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Returns the version whose id is, or alone begins with, `wanted`, with or without its kind; else those that fit.
    fn pick(&mut self, artifact: ArtifactKey, wanted: &str, at: Timestamp) -> Result<Picked, QueryError> {
        if wanted == "latest"
            && let Some(latest) = self.store.latest(artifact, at)?
        {
            return Ok(Picked::One(latest));
        }
        if let Ok(id) = wanted.parse::<VersionId>()
            && let Some(found) = self.store.version_at(artifact, &id, at)?
        {
            return Ok(Picked::One(found));
        }
        let mut fitting = Vec::new();
        if !wanted.is_empty() {
            self.store.versions(artifact, at, (None, usize::MAX), &mut |version| {
                match fits(&version.id, wanted) {
                    Some(Fit::Whole) => {
                        fitting = vec![version];
                        return false;
                    }
                    Some(Fit::Part) if fitting.len() <= CANDIDATES => fitting.push(version),
                    Some(Fit::Part) | None => {}
                }
                true
            })?;
        }
        if fitting.len() > 1 {
            let is_cut = fitting.len() > CANDIDATES;
            let candidates = fitting.iter().take(CANDIDATES).map(|version| version.id.to_string()).collect();
            return Ok(Picked::Several { candidates, is_cut });
        }
        Ok(fitting.pop().map_or(Picked::None, Picked::One))
    }

    /// Returns the names that a text may mean, the likeliest first.
    pub(super) fn meant(&self, text: &str) -> Vec<ArtifactName> {
        let mut names = vec![ArtifactName::from(text)];
        names.extend(naming::on_command_line(text, &Root::new(&self.home.root), &self.folder));
        names
    }

    pub(super) fn find_artifact(
        &mut self,
        project: ProjectKey,
        text: &str,
    ) -> Result<Option<(ArtifactKey, ArtifactName)>, QueryError> {
        for candidate in self.meant(text) {
            if let Some(key) = self.store.artifact(project, candidate.as_str())? {
                return Ok(Some((key, candidate)));
            }
        }
        // A link may lead to what was recorded where it lies.
        let real = naming::path_from(text, &self.folder).and_then(|path| path.canonicalize().ok());
        let real = real.and_then(|path| naming::name_of(&path, &Root::new(&self.home.root)));
        if let Some(name) = real
            && let Some(key) = self.store.artifact(project, name.as_str())?
        {
            return Ok(Some((key, name)));
        }
        Ok(None)
    }
}

/// What of the versions of an artifact is meant.
enum Picked {
    None,
    One(VersionAt),
    Several { candidates: Vec<String>, is_cut: bool },
}

/// How much of an id a text is.
pub(super) enum Fit {
    Whole,
    Part,
}

/// Returns whether a text is an id, or how one begins, with or without its kind.
pub(super) fn fits(id: &VersionId, wanted: &str) -> Option<Fit> {
    let text = id.to_string();
    let value = text.split_once(':').map_or(text.as_str(), |(_, value)| value);
    if text == wanted || value == wanted {
        return Some(Fit::Whole);
    }
    // A run is shown by its last digits, so a version named after one is found by them too.
    let is_short_run = matches!(id, VersionId::Write(run) if run.short() == wanted.trim_start_matches("w:"));
    (text.starts_with(wanted) || value.starts_with(wanted) || is_short_run).then_some(Fit::Part)
}
