//! Lists of runs, and one run in full.

use super::answer::{Run, Runs};
use super::{QueryError, Reader, view};
use crate::model::{RunId, Status, Timestamp};
use crate::store::{ComponentKey, Extent, ProjectKey, RunSelection};

/// Which runs are meant.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this component.
    pub component: Option<String>,
    /// Of a component with this owner.
    pub owner: Option<String>,
    /// Of a component with this tag.
    pub tag: Option<String>,
    /// With this status.
    pub status: Option<Status>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before or at.
    pub until: Option<Timestamp>,
    /// Older than this run: how one goes on after a list that was cut.
    pub before: Option<RunId>,
    /// At most so many; `None`: all.
    pub limit: Option<usize>,
}

impl Reader<'_> {
    /// Returns the runs that pass the filter, newest first.
    ///
    /// # Errors
    /// When the component is unknown, or the store does not answer.
    pub fn recent(&mut self, filter: &RunFilter) -> Result<Runs, QueryError> {
        let project = self.project()?;
        let mut component = None;
        if let Some(name) = &filter.component {
            let found = match project {
                Some(project) => self.store.component(project, name)?,
                None => None,
            };
            let not_found = || QueryError::NotFound { kind: "component", name: name.clone() };
            component = Some(found.ok_or_else(not_found)?.key);
        }
        let Some(project) = project else { return Ok(Runs { runs: Vec::new() }) };
        let selection = RunSelection {
            component,
            components: self.components_of(project, filter)?,
            status: filter.status,
            since: filter.since,
            until: filter.until,
            before: filter.before.map(|run| self.place_of(run)).transpose()?,
            commit: None,
            limit: filter.limit,
        };
        let keys = self.store.select(project, &selection)?;
        Ok(Runs { runs: self.views(&keys, Extent::Listed)? })
    }

    /// Returns the components that the filter's owner and tag leave; `None`: all.
    fn components_of(
        &mut self,
        project: ProjectKey,
        filter: &RunFilter,
    ) -> Result<Option<Vec<ComponentKey>>, QueryError> {
        if filter.owner.is_none() && filter.tag.is_none() {
            return Ok(None);
        }
        let mut rows = self.store.said_of_components(project)?;
        rows.retain(|row| filter.owner.is_none() || row.owner == filter.owner);
        rows.retain(|row| filter.tag.as_ref().is_none_or(|tag| row.tags.contains(tag)));
        Ok(Some(rows.into_iter().map(|row| row.key).collect()))
    }

    /// Returns where a run stands in the order of time.
    fn place_of(&mut self, run: RunId) -> Result<(Timestamp, RunId), QueryError> {
        let not_found = || QueryError::NotFound { kind: "run", name: run.to_string() };
        let key = self.store.run(run)?.ok_or_else(not_found)?;
        let (began, ..) = self.store.moments(&[key])?.pop().ok_or_else(not_found)?;
        Ok((began, run))
    }

    /// Returns the runs of one component, newest first.
    ///
    /// # Errors
    /// When the component is unknown, or the store does not answer.
    pub fn history(&mut self, component: &str, filter: &RunFilter) -> Result<Runs, QueryError> {
        self.recent(&RunFilter { component: Some(component.to_owned()), ..filter.clone() })
    }

    /// Returns a run in full, with its source text.
    ///
    /// # Errors
    /// When no run, or more than one, is meant by `run`.
    pub fn inspect(&mut self, run: &str) -> Result<Run, QueryError> {
        let not_found = || QueryError::NotFound { kind: "run", name: run.to_owned() };
        let id = self.run_id(run)?;
        let key = self.store.run(id)?.ok_or_else(not_found)?;
        let detail = self.details(&[key], Extent::Full)?.pop().ok_or_else(not_found)?;
        let project = detail.run.row.project;
        let mut run = view::view(detail);
        if self.is_shared()? {
            self.look_elsewhere(project, &mut run)?;
        }
        Ok(run)
    }
}
