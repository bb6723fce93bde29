//! Lists of runs, and one run in full.

use super::answer::{Run, Runs};
use super::{QueryError, Reader, view};
use crate::model::{Status, Timestamp};
use crate::store::RunSelection;

/// Which runs are meant.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this component.
    pub component: Option<String>,
    /// With this status.
    pub status: Option<Status>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before or at.
    pub until: Option<Timestamp>,
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
            status: filter.status,
            since: filter.since,
            until: filter.until,
            commit: None,
            limit: filter.limit,
        };
        let keys = self.store.select(project, &selection)?;
        Ok(Runs { runs: self.views(&keys)? })
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
        let detail = self.store.details(&[key], true)?.pop().ok_or_else(not_found)?;
        Ok(view::view(detail))
    }
}
