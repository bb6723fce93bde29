//! What was stale when it ran, and what would be stale if it were used now.

use std::collections::BTreeMap;

use foldhash::HashSet;
use serde::{Deserialize, Serialize};

use super::answer::{Stale, StaleReason};
use super::view::{DAY_US, limit_us, view};
use super::{QueryError, Reader};
use crate::model::{RunId, Timestamp, Version};
use crate::store::{Far, FresherRow, RunKey, VersionKey};

/// The answer of `stale`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaleRuns {
    /// The version that was asked of; `None`: all that is current.
    pub artifact: Option<Version>,
    /// The runs that are or were stale, newest first.
    pub runs: Vec<StaleRun>,
}

/// A run that was stale, or whose outputs would be if they were used now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StaleRun {
    /// Its id.
    pub id: RunId,
    /// Its component.
    pub component: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Why it was stale when it ran.
    pub stale: Vec<Stale>,
    /// Why what it wrote would be stale if it were used now.
    pub stale_now: Vec<Stale>,
}

impl StaleRun {
    /// Returns what would be stale now and was not already so when the run ran.
    pub fn stale_since(&self) -> impl Iterator<Item = &Stale> {
        let is_told =
            |now: &Stale| self.stale.iter().any(|then| then.reason == StaleReason::Superseded && then.run == now.run);
        self.stale_now.iter().filter(move |now| !is_told(now))
    }
}

/// What a question is about.
struct Asked {
    artifact: Option<Version>,
    /// The versions that would be used now.
    versions: Vec<VersionKey>,
    /// The runs whose inputs are looked at.
    runs: Vec<RunKey>,
}

impl Reader<'_> {
    /// Returns what is stale in the trace of `artifact` (`NAME`, the latest version, or `NAME@VERSION`), or without one
    /// among the runs that wrote what is current: when it ran, and if it were used at `now`.
    ///
    /// # Errors
    /// When no such artifact or version is known, or the store does not answer.
    pub fn stale(&mut self, artifact: Option<&str>, now: Timestamp) -> Result<StaleRuns, QueryError> {
        let Asked { artifact, versions, runs } = match artifact {
            Some(artifact) => self.asked(artifact)?,
            None => self.current()?,
        };
        let mut stale_now: BTreeMap<RunKey, Vec<Stale>> = BTreeMap::new();
        for (run, row) in self.store.freshness(&versions, now)? {
            stale_now.entry(run).or_default().extend(old(&row, now).into_iter().chain(fresher(&row)));
        }
        for (run, row) in self.store.fresher_inputs(&runs, now)? {
            stale_now.entry(run).or_default().extend(fresher(&row));
        }
        let mut found = Vec::new();
        for detail in self.store.details(&runs, false)? {
            let mut seen = HashSet::default();
            let mut stale_now = stale_now.remove(&detail.key).unwrap_or_default();
            stale_now.retain(|stale| seen.insert(stale.message.clone()));
            let run = view(detail);
            if !run.stale.is_empty() || !stale_now.is_empty() {
                let (id, component, started_at) = (run.id, run.component, run.started_at);
                found.push(StaleRun { id, component, started_at, stale: run.stale, stale_now });
            }
        }
        found.sort_by_key(|run| std::cmp::Reverse((run.started_at, run.id)));
        Ok(StaleRuns { artifact, runs: found })
    }

    /// Returns the version that is named and the runs of its trace.
    fn asked(&mut self, artifact: &str) -> Result<Asked, QueryError> {
        let found = self.find_version(artifact, None)?;
        let writer: Vec<RunKey> = found.written.map(|(run, _)| run).into_iter().collect();
        let reached = self.store.upstream(&writer, Far::default())?.runs.into_iter().map(|(run, _)| run);
        Ok(Asked { artifact: Some(found.version), versions: found.key.into_iter().collect(), runs: reached.collect() })
    }

    /// Returns all current versions and the runs that wrote them.
    fn current(&mut self) -> Result<Asked, QueryError> {
        let Some(project) = self.project()? else {
            return Ok(Asked { artifact: None, versions: Vec::new(), runs: Vec::new() });
        };
        let latest = self.store.latest_of_all(project)?;
        let written: Vec<(VersionKey, RunKey)> =
            latest.into_iter().filter_map(|(_, latest)| latest.and_then(|at| Some((at.key?, at.written?.0)))).collect();
        let mut seen = HashSet::default();
        let runs = written.iter().map(|(_, run)| *run).filter(|run| seen.insert(*run)).collect();
        let versions = written.into_iter().map(|(version, _)| version).collect();
        Ok(Asked { artifact: None, versions, runs })
    }
}

/// Returns that a version is old, when it is.
fn old(row: &FresherRow, now: Timestamp) -> Option<Stale> {
    let age_us = now.micros_since(row.at);
    (age_us > limit_us(row.stale_after_s)).then(|| Stale {
        reason: StaleReason::Age,
        run: Some(row.writer),
        message: format!("`{}` was written {} days ago", row.name, age_us / DAY_US),
    })
}

/// Returns what is fresher than a version: a later one, else the same work done again.
fn fresher(row: &FresherRow) -> Option<Stale> {
    let stale = |run: RunId, message| Stale { reason: StaleReason::Superseded, run: Some(run), message };
    match (row.superseded_by, row.redone_by) {
        (Some((run, at)), _) => {
            Some(stale(run, format!("run {} wrote a later version of `{}` at {at}", run.short(), row.name)))
        }
        (None, Some((run, at))) => Some(stale(
            run,
            format!(
                "run {} did the work behind `{}` again, over the same inputs and parameters, by {at}",
                run.short(),
                row.name
            ),
        )),
        (None, None) => None,
    }
}
