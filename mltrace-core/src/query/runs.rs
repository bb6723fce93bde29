//! Lists of runs, and one run in full.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;
use serde::{Deserialize, Serialize};

use super::answer::{Run, Runs};
use super::measures::MetricSeries;
use super::run_condition::RunCondition;
use super::{QueryError, Reader, view};
use crate::model::{ArtifactName, RunId, Status, Timestamp};
use crate::store::{ComponentKey, Extent, ProjectKey, RunKey, RunSelection, Told};

/// So many metrics have a curve in a history, and each of so many artifacts at most: `metrics` has those of all.
const MOST_METRICS: usize = 100;
const MOST_ARTIFACTS: usize = 50;

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
    /// Of which all of this holds.
    pub conditions: Vec<RunCondition>,
    /// Older than this run: how one goes on after a list that was cut.
    pub before: Option<RunId>,
    /// At most so many; `None`: all.
    pub limit: Option<usize>,
}

/// The answer of `history`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct History {
    /// The runs, newest first.
    pub runs: Vec<Run>,
    /// What was measured of these runs, by name and artifact; absent when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<MetricSeries>,
    /// Whether metrics were left out, as there are a great many; absent when none was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

impl History {
    /// Leaves out all but the newest runs, so many, with what was measured of them, and returns whether there were more.
    pub fn keep_newest(&mut self, limit: usize) -> bool {
        let older: HashSet<RunId> = self.runs.drain(limit.min(self.runs.len())..).map(|run| run.id).collect();
        for series in &mut self.metrics {
            series.values.retain(|value| !older.contains(&value.run));
        }
        self.metrics.retain(|series| !series.values.is_empty());
        !older.is_empty()
    }
}

/// Returns the names of what was measured of runs, as far as a list shows it, and whether there is more.
fn metrics_of(runs: &[Run]) -> (Vec<String>, bool) {
    let mut artifacts: BTreeMap<&str, BTreeSet<&ArtifactName>> = BTreeMap::new();
    for metric in runs.iter().flat_map(|run| &run.metrics) {
        artifacts.entry(&metric.name).or_default().extend(&metric.about);
    }
    let all = artifacts.len();
    let few = artifacts.into_iter().filter(|(_, artifacts)| artifacts.len() <= MOST_ARTIFACTS);
    let names: Vec<String> = few.take(MOST_METRICS).map(|(name, _)| name.to_owned()).collect();
    let is_cut = names.len() < all || runs.iter().any(|run| run.left_out.as_ref().is_some_and(|out| out.metrics > 0));
    (names, is_cut)
}

impl Reader<'_> {
    /// Returns the runs that pass the filter, newest first.
    ///
    /// # Errors
    /// When the component is unknown, or the store does not answer.
    pub fn recent(&mut self, filter: &RunFilter) -> Result<Runs, QueryError> {
        let keys = self.chosen(filter)?;
        Ok(Runs { runs: self.views(&keys, Extent::Listed)? })
    }

    /// Returns the runs that pass the filter, newest first.
    pub(super) fn chosen(&mut self, filter: &RunFilter) -> Result<Vec<RunKey>, QueryError> {
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
        let Some(project) = project else { return Ok(Vec::new()) };
        let selection = RunSelection {
            component,
            components: self.components_of(project, filter)?,
            status: filter.status,
            since: filter.since,
            until: filter.until,
            before: filter.before.map(|run| self.place_of(run)).transpose()?,
            limit: filter.limit,
            ..RunSelection::default()
        };
        self.runs_where(project, selection, &filter.conditions)
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

    /// Returns the runs of one component, newest first, and what was measured of them.
    ///
    /// # Errors
    /// When the component is unknown, or the store does not answer.
    pub fn history(&mut self, component: &str, filter: &RunFilter) -> Result<History, QueryError> {
        let keys = self.chosen(&RunFilter { component: Some(component.to_owned()), ..filter.clone() })?;
        let runs = self.views(&keys, Extent::Listed)?;
        let (names, is_cut) = metrics_of(&runs);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let metrics = self.series(&keys, Told::Named(&names))?;
        Ok(History { runs, metrics, is_cut })
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
        let is_shared = self.is_shared()?;
        self.look_elsewhere(project, &mut run, is_shared)?;
        Ok(run)
    }
}
