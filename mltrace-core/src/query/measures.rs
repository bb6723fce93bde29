//! What was measured and checked of runs.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::{QueryError, Reader};
use crate::lineage::{self, Aspect, Aspects};
use crate::model::{ArtifactName, Check, Metric, Number, Observation, Outcome, RunId, Timestamp, value};
use crate::store::{Measures, RunKey, RunName, RunSelection, TableRow, Told, WhatOfRuns};
use crate::words;

/// The quantiles of what was observed that are figures of a run.
const QUANTILES: [(f64, &str); 3] = [(0.05, "p5"), (0.5, "p50"), (0.95, "p95")];
/// The figure that says how often something was observed.
const COUNT: &str = "count";
/// How many values a curve shows: those of the last runs.
const POINTS: usize = 24;
/// Of how many of the most frequent texts the share is one.
const TEXTS: usize = 8;

/// The answer of `metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Metrics {
    /// The metrics, by component, name and artifact.
    pub metrics: Vec<MetricSeries>,
    /// Whether values of older runs were left out.
    pub is_cut: bool,
}

/// What one metric of one component was, run by run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricSeries {
    /// The component.
    pub component: String,
    /// What was measured.
    pub name: String,
    /// Of which artifact, when it is not of the run as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ArtifactName>,
    /// What counts of each run, oldest run first: the value of its last step, and of that the one measured last.
    pub values: Vec<MetricOfRun>,
}

impl MetricSeries {
    /// Returns what was measured, with the artifact that it is of.
    #[must_use]
    pub fn named(&self) -> String {
        match &self.about {
            Some(about) => format!("{} of {about}", self.name),
            None => self.name.clone(),
        }
    }

    /// Returns the value of the last run, or with `back` that of the run so many before it with such a metric.
    #[must_use]
    pub fn value(&self, back: usize) -> Option<&Number> {
        self.values.iter().rev().nth(back).map(|value| &value.value)
    }

    /// Returns a curve of the values of the last runs, in signs of different heights.
    #[must_use]
    pub fn trend(&self) -> String {
        let first = self.values.len().saturating_sub(POINTS);
        words::curve(self.values.iter().skip(first).map(|value| value.value.value()))
    }
}

/// What a metric was in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricOfRun {
    /// The run.
    pub run: RunId,
    /// When the run began.
    pub started_at: Timestamp,
    /// How much it is, as it was written: text where JSON has no such number, as `NaN`.
    pub value: Number,
    /// The last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<i64>,
}

/// The answer of `checks`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Checks {
    /// The checks, of the newest run first.
    pub checks: Vec<CheckOfRun>,
    /// Whether checks of older runs were left out.
    pub is_cut: bool,
}

/// How a check came out in one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckOfRun {
    /// The run.
    pub run: RunId,
    /// Its component.
    pub component: String,
    /// When it began.
    pub started_at: Timestamp,
    /// The check; of one name and artifact the last outcome.
    #[serde(flatten)]
    pub check: Check,
}

/// Of which runs metrics, checks or observations are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeasureFilter {
    /// Of this component.
    pub component: Option<String>,
    /// Only these.
    pub span: Span,
    /// Only of the last ones, so many; `None`: of all.
    pub limit: Option<usize>,
}

/// Some runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Those that began within these moments.
    Times {
        /// Then or later.
        since: Option<Timestamp>,
        /// Then or earlier.
        until: Option<Timestamp>,
    },
    /// The run of this id, or a unique prefix of it.
    Run(String),
}

impl Default for Span {
    /// All runs.
    fn default() -> Self {
        Self::Times { since: None, until: None }
    }
}

impl Reader<'_> {
    /// Returns what was measured, of the last runs first of which `name` was, or anything.
    ///
    /// # Errors
    /// When the component is unknown, or the store does not answer.
    pub fn metrics(&mut self, name: Option<&str>, filter: &MeasureFilter) -> Result<Metrics, QueryError> {
        let (runs, is_cut) = self.measured(WhatOfRuns::Metric(name), filter)?;
        let only = name.map(|name| [name]);
        let metrics = self.series(&runs, only.as_ref().map_or(Told::All, |only| Told::Named(only)))?;
        Ok(Metrics { metrics, is_cut })
    }

    /// Returns what was measured of these runs, which are given newest first, by component, name and artifact.
    pub(super) fn series(&mut self, runs: &[RunKey], told: Told<'_>) -> Result<Vec<MetricSeries>, QueryError> {
        let names = self.names_of_runs(runs)?;
        let mut found = self.store.measures(runs, told, Told::NONE)?;
        let mut series: BTreeMap<(String, String, Option<ArtifactName>), Vec<MetricOfRun>> = BTreeMap::new();
        for run in runs.iter().rev() {
            let Some(of) = names.get(run) else { continue };
            let all = found.remove(run).unwrap_or_default().metrics;
            for Metric { name, about, step, value, .. } in last_metrics(all) {
                let started_at = of.started_at.unwrap_or(Timestamp::MIN);
                let value = MetricOfRun { run: of.id, started_at, value, step };
                series.entry((of.component.clone(), name, about)).or_default().push(value);
            }
        }
        let series = series.into_iter();
        Ok(series.map(|((component, name, about), values)| MetricSeries { component, name, about, values }).collect())
    }

    /// Returns how checks came out in the last runs, or only those that did not pass.
    ///
    /// # Errors
    /// When the component is unknown, or the store does not answer.
    pub fn checks(&mut self, only_failed: bool, filter: &MeasureFilter) -> Result<Checks, QueryError> {
        let what = if only_failed { WhatOfRuns::FailedCheck } else { WhatOfRuns::Check };
        let (runs, is_cut) = self.measured(what, filter)?;
        let names = self.names_of_runs(&runs)?;
        let mut found = self.store.measures(&runs, Told::NONE, Told::All)?;
        let mut checks = Vec::new();
        for run in &runs {
            let Some(of) = names.get(run) else { continue };
            let mut last = last_checks(found.remove(run).unwrap_or_default().checks);
            last.retain(|check| !only_failed || check.outcome != Outcome::Passed);
            checks.extend(last.into_iter().map(|check| CheckOfRun {
                run: of.id,
                component: of.component.clone(),
                started_at: of.started_at.unwrap_or(Timestamp::MIN),
                check,
            }));
        }
        Ok(Checks { checks, is_cut })
    }

    /// Returns the runs that are meant, newest first, and whether there are more.
    pub(super) fn measured(
        &mut self,
        what: WhatOfRuns<'_>,
        filter: &MeasureFilter,
    ) -> Result<(Vec<RunKey>, bool), QueryError> {
        let project = self.project()?;
        let mut component = None;
        if let Some(name) = &filter.component {
            let found = project.map(|project| self.store.component(project, name)).transpose()?.flatten();
            let not_found = || QueryError::NotFound { kind: "component", name: name.clone() };
            component = Some(found.ok_or_else(not_found)?.key);
        }
        let (since, until) = match &filter.span {
            Span::Times { since, until } => (*since, *until),
            Span::Run(run) => {
                let id = self.run_id(run)?;
                let mut runs: Vec<RunKey> = self.store.run(id)?.into_iter().collect();
                let names = self.names_of_runs(&runs)?;
                let is_meant = |of: &RunName| filter.component.as_ref().is_none_or(|name| *name == of.component);
                runs.retain(|run| names.get(run).is_some_and(is_meant));
                return Ok((runs, false));
            }
        };
        let Some(project) = project else { return Ok((Vec::new(), false)) };
        let most = filter.limit.unwrap_or(usize::MAX);
        let limit = Some(most.saturating_add(1));
        let selection = RunSelection { component, since, until, limit, ..RunSelection::default() };
        let mut runs = self.store.measured(project, &selection, what)?;
        let is_cut = runs.len() > most;
        runs.truncate(most);
        Ok((runs, is_cut))
    }

    pub(super) fn names_of_runs(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, RunName>, QueryError> {
        Ok(self.store.run_names(runs)?.into_iter().map(|name| (name.key, name)).collect())
    }
}

/// Returns how the checks of a run came out and what was measured of it, as what it has. What is of an artifact is reported by
/// the name that the artifact has in every round; of several with one such name the worst outcome and the last value count.
pub(super) fn aspects_of(measures: &Measures) -> Aspects {
    let called = |name: &str, about: Option<&ArtifactName>| match about {
        Some(about) => format!("{name} of {}", lineage::mask(about.as_str())),
        None => name.to_owned(),
    };
    let mut checks: BTreeMap<Aspect, Outcome> = BTreeMap::new();
    for check in last_checks(measures.checks.clone()) {
        let outcome = checks.entry(Aspect::Check(called(&check.name, check.about.as_ref()))).or_insert(check.outcome);
        *outcome = check.outcome.max(*outcome);
    }
    let mut aspects: Aspects = checks.into_iter().map(|(aspect, outcome)| (aspect, outcome.as_str().into())).collect();
    for metric in last_metrics(measures.metrics.clone()) {
        let value = value::typed(metric.value.as_str());
        aspects.insert(Aspect::Metric(called(&metric.name, metric.about.as_ref())), value);
    }
    aspects
}

/// Returns the figures of the tables of a run as what it has, each table by the name that it has in every round.
pub(super) fn aspects_of_tables(tables: Vec<TableRow>) -> Aspects {
    let of_table = |table: TableRow| {
        let of = lineage::mask(table.name.as_str());
        table.figures.into_iter().map(move |(figure, value)| (Aspect::Profile { of: of.clone(), figure }, value))
    };
    tables.into_iter().flat_map(of_table).collect()
}

/// Returns the figures of what was observed many times in a run as what it has.
pub(super) fn aspects_of_observations(observations: &[Observation]) -> Aspects {
    let of_one = |of: &Observation| {
        let name = of.name.clone();
        // How often a run observes something follows from what it was given.
        let figures = figures(of).into_iter().filter(|(figure, _)| figure != COUNT);
        figures.map(move |(figure, number)| (Aspect::Observed { name: name.clone(), figure }, number.into()))
    };
    observations.iter().flat_map(of_one).collect()
}

/// Returns the figures of what was observed many times: how often, quantiles and the mean of numbers, and which share of all
/// values was missing, no number, or one of the most frequent texts. Of what is not whole there are none.
#[expect(clippy::cast_precision_loss, reason = "a share is no count, and nobody observes 2^53 values")]
pub(super) fn figures(of: &Observation) -> Vec<(String, f64)> {
    if !of.is_whole || of.count == 0 {
        return Vec::new();
    }
    let share = |count: u64| (count as f64 / of.count as f64 * 1e4).round() / 1e4;
    let mut figures = vec![
        (COUNT.to_owned(), of.count as f64),
        ("missing".to_owned(), share(of.missing)),
        ("nans".to_owned(), share(of.nans)),
    ];
    if let Some(spread) = &of.spread {
        figures.push(("mean".to_owned(), spread.mean()));
        let quantiles = spread.quantiles().into_iter().filter_map(|(share, number)| {
            let name = QUANTILES.iter().find(|(of, _)| (of - share).abs() < 1e-9)?.1;
            Some((name.to_owned(), number))
        });
        figures.extend(quantiles);
    }
    figures.extend(of.top.iter().take(TEXTS).map(|top| (format!("share of {}", top.value), share(top.count))));
    figures
}

/// Returns of each metric of a run what counts: the value of its last step, and of that the one measured last.
pub(super) fn last_metrics(metrics: Vec<Metric>) -> Vec<Metric> {
    let mut last: BTreeMap<(String, Option<ArtifactName>), Metric> = BTreeMap::new();
    for metric in metrics {
        let key = (metric.name.clone(), metric.about.clone());
        let is_later = |known: &Metric| (known.step, known.at) <= (metric.step, metric.at);
        if last.get(&key).is_none_or(is_later) {
            last.insert(key, metric);
        }
    }
    last.into_values().collect()
}

/// Returns of each check of a run the outcome that counts: the last one, and of several at one moment the worst.
pub(super) fn last_checks(checks: Vec<Check>) -> Vec<Check> {
    let mut last: BTreeMap<(String, Option<ArtifactName>), Check> = BTreeMap::new();
    for check in checks {
        let key = (check.name.clone(), check.about.clone());
        if last.get(&key).is_none_or(|known| (known.at, known.outcome) <= (check.at, check.outcome)) {
            last.insert(key, check);
        }
    }
    last.into_values().collect()
}
