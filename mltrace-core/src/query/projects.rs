//! The projects that share a store, and what is asked of all of them.

use serde::Serialize;
use serde_json::Value;

use super::answer::Runs;
use super::runs::RunFilter;
use super::{QueryError, Reader};
use crate::model::Timestamp;
use crate::store::{ProjectKey, ProjectRow};

/// The projects of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Projects {
    /// By name.
    pub projects: Vec<Project>,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Project {
    /// The name that people read.
    pub name: String,
    /// What distinguishes it from others in a store that several roots share: the name in its settings, its repository, or its host
    /// and folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Other names that it has or had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub former_names: Vec<String>,
    /// How many runs it has.
    pub runs: u64,
    /// When its first run began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_run_at: Option<Timestamp>,
    /// When its last run began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run_at: Option<Timestamp>,
    /// Whether it is the one that answers here.
    pub is_this: bool,
}

impl Reader<'_> {
    /// Returns all projects of the store.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn projects(&mut self) -> Result<Projects, QueryError> {
        let this = self.project()?;
        let rows = self.store.project_rows()?;
        Ok(Projects { projects: rows.into_iter().map(|row| project(row, this)).collect() })
    }

    /// Returns one project.
    ///
    /// # Errors
    /// When it is not there, or the store does not answer.
    pub fn about_project(&mut self, key: ProjectKey) -> Result<Project, QueryError> {
        let this = self.project()?;
        let row = self.store.project_rows()?.into_iter().find(|row| row.key == key);
        let not_found = || QueryError::NotFound { kind: "project", name: key.0.to_string() };
        row.map(|row| project(row, this)).ok_or_else(not_found)
    }

    /// Returns the key of the project that answers here; `None` where nothing of it is recorded.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn this_project(&mut self) -> Result<Option<ProjectKey>, QueryError> {
        self.project()
    }

    /// Returns the project of this name, which it may have had once, or of this identity.
    ///
    /// # Errors
    /// When there is none, or the store does not answer.
    pub fn project_called(&mut self, name: &str) -> Result<ProjectKey, QueryError> {
        let not_found = || QueryError::NotFound { kind: "project", name: name.to_owned() };
        let rows = self.store.project_rows()?;
        let by_name = rows.iter().find(|row| row.name == name);
        let found = by_name.or_else(|| {
            rows.iter()
                .find(|row| row.identity.as_deref() == Some(name) || row.former.iter().any(|known| known == name))
        });
        found.map(|row| row.key).ok_or_else(not_found)
    }

    /// Returns the runs of all projects that pass the filter, newest first.
    ///
    /// # Errors
    /// When no project has the component, or the store does not answer.
    pub fn recent_of_all(&mut self, filter: &RunFilter) -> Result<Runs, QueryError> {
        let mut runs = Vec::new();
        let mut unknown = None;
        let mut is_found = false;
        self.in_each_project(|reader| {
            match reader.recent(filter) {
                Ok(found) => {
                    is_found = true;
                    runs.extend(found.runs);
                }
                // Another project may have it.
                Err(error @ QueryError::NotFound { .. }) => unknown = Some(error),
                Err(error) => return Err(error),
            }
            Ok(true)
        })?;
        if let Some(error) = unknown.filter(|_| !is_found) {
            return Err(error);
        }
        runs.sort_by_key(|run| std::cmp::Reverse((run.started_at, run.id)));
        runs.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(Runs { runs })
    }

    /// Hands all that is recorded of each project to `line`, as [`Reader::export`] does for one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn export_of_all(
        &mut self,
        since: Option<Timestamp>,
        line: &mut dyn FnMut(Value) -> bool,
    ) -> Result<(), QueryError> {
        self.in_each_project(|reader| {
            let mut goes_on = true;
            reader.export(since, &mut |value| {
                goes_on = line(value);
                goes_on
            })?;
            Ok(goes_on)
        })
    }

    /// Hands the events of each project to `line`, as [`Reader::export_openlineage`] does for one.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn export_openlineage_of_all(
        &mut self,
        since: Option<Timestamp>,
        line: &mut dyn FnMut(String) -> bool,
    ) -> Result<(), QueryError> {
        self.in_each_project(|reader| {
            let mut goes_on = true;
            reader.export_openlineage(since, &mut |event| {
                goes_on = line(event);
                goes_on
            })?;
            Ok(goes_on)
        })
    }

    /// Asks in each project, by name, until `ask` returns that it is enough.
    fn in_each_project(
        &mut self,
        mut ask: impl FnMut(&mut Self) -> Result<bool, QueryError>,
    ) -> Result<(), QueryError> {
        let before = self.chosen;
        for (project, _) in self.store.projects()? {
            self.chosen = Some(project);
            let asked = ask(self);
            self.chosen = before;
            if !asked? {
                break;
            }
        }
        Ok(())
    }
}

fn project(row: ProjectRow, this: Option<ProjectKey>) -> Project {
    Project {
        is_this: this == Some(row.key),
        name: row.name,
        identity: row.identity,
        former_names: row.former,
        runs: row.runs,
        first_run_at: row.first,
        last_run_at: row.last,
    }
}
