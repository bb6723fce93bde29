//! What was stale when it ran, and what would be stale if it were used now.

use std::cell::{Cell, RefCell};

use foldhash::HashSet;
use serde::{Deserialize, Serialize, Serializer};

use super::answer::{Stale, StaleReason};
use super::fresher::{Fresher, Made};
use super::told::{self, Later, Tell, TellError, Told};
use super::view::{AT_ONCE, DAY_US, limit_us, view};
use super::{QueryError, Reader};
use crate::model::{ArtifactName, RunId, Timestamp, Version};
use crate::store::{Extent, Far, RunKey, VersionAt, VersionKey};
use crate::words;

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
#[derive(Default)]
struct Asked {
    artifact: Option<Version>,
    /// The versions that would be used now, by the runs that made them.
    versions: Vec<(RunKey, VersionKey)>,
    /// The runs whose inputs are looked at, newest first.
    runs: Vec<RunKey>,
}

/// The answer while it is found.
#[derive(Serialize)]
struct ToldStale<'t> {
    artifact: &'t Option<Version>,
    runs: Told<'t, StaleRun>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_cut: Option<Later<'t, bool>>,
}

impl Reader<'_> {
    /// Returns what is stale in the trace of `artifact` (`NAME`, the latest version, or `NAME@VERSION`), or without one
    /// among the runs that wrote what is current: when it ran, and if it were used at `now`.
    ///
    /// # Errors
    /// When no such artifact or version is known, or the store does not answer.
    pub fn stale(&mut self, artifact: Option<&str>, now: Timestamp) -> Result<StaleRuns, QueryError> {
        self.last_stale(artifact, now, usize::MAX).map(|(found, _)| found)
    }

    /// Returns what `stale` does, of the `most` runs that began last, and whether there are more of them.
    ///
    /// # Errors
    /// As `stale`.
    pub fn last_stale(
        &mut self,
        artifact: Option<&str>,
        now: Timestamp,
        most: usize,
    ) -> Result<(StaleRuns, bool), QueryError> {
        let asked = self.asked(artifact, now)?;
        let mut runs = Vec::new();
        let is_cut = self.each_stale(&asked, now, most, &mut |run| {
            runs.push(run);
            true
        })?;
        Ok((StaleRuns { artifact: asked.artifact, runs }, is_cut))
    }

    /// Writes what `stale` returns while it is found; or, of the `most` runs that began last, what `stale` returns of them
    /// and `is_cut`, whether there are more.
    ///
    /// # Errors
    /// As `stale`, and when nothing more can be written.
    pub fn tell_stale<S: Serializer>(
        &mut self,
        artifact: Option<&str>,
        now: Timestamp,
        most: Option<usize>,
        to: S,
    ) -> Result<S::Ok, TellError<S::Error>> {
        let asked = self.asked(artifact, now)?;
        let (failure, is_cut) = (RefCell::new(None), Cell::new(false));
        let runs = Told::new(&failure, |tell| {
            is_cut.set(self.each_stale(&asked, now, most.unwrap_or(usize::MAX), tell)?);
            Ok(())
        });
        let answer = ToldStale { artifact: &asked.artifact, runs, is_cut: most.map(|_| Later(&is_cut)) };
        told::tell(&answer, &failure, to)
    }

    /// Reports the stale runs, newest first and at most so many; returns whether there are more.
    fn each_stale(
        &mut self,
        asked: &Asked,
        now: Timestamp,
        most: usize,
        tell: Tell<'_, StaleRun>,
    ) -> Result<bool, QueryError> {
        let mut left = most;
        for runs in asked.runs.chunks(AT_ONCE) {
            for run in self.in_passing(|reader| reader.stale_among(asked, runs, now))? {
                if left == 0 {
                    return Ok(true);
                }
                left = left.saturating_sub(1);
                if !tell(run) {
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }

    fn stale_among(&mut self, asked: &Asked, runs: &[RunKey], now: Timestamp) -> Result<Vec<StaleRun>, QueryError> {
        let details = self.details(runs, Extent::Edges)?;
        let mut versions = Vec::new();
        for (place, detail) in details.iter().enumerate() {
            let run = detail.run.key;
            let from = asked.versions.partition_point(|(by, _)| *by < run);
            let made = asked.versions.get(from..).unwrap_or_default().iter().take_while(|(by, _)| *by == run);
            versions.extend(made.map(|(_, version)| (place, *version)));
        }
        let mut stale_now: Vec<Vec<Stale>> = details.iter().map(|_| Vec::new()).collect();
        for made in self.fresher_outputs(&details, &versions, now)? {
            let found = old(&made, now).into_iter().chain(fresher(&made.name, made.fresher));
            stale_now.get_mut(made.run).into_iter().for_each(|stale| stale.extend(found.clone()));
        }
        for (stale, inputs) in stale_now.iter_mut().zip(self.fresher_inputs(&details, now)?) {
            stale.extend(inputs.iter().filter_map(|(name, found)| fresher(name, *found)));
        }
        let mut found = Vec::new();
        for (detail, mut stale_now) in details.into_iter().zip(stale_now) {
            let mut seen = HashSet::default();
            stale_now.retain(|stale| seen.insert(stale.message.clone()));
            let run = view(detail);
            if !run.stale.is_empty() || !stale_now.is_empty() {
                let (id, component, started_at) = (run.id, run.component, run.started_at);
                found.push(StaleRun { id, component, started_at, stale: run.stale, stale_now });
            }
        }
        Ok(found)
    }

    /// Returns what is looked at: the trace of a version that is named, else all that is current.
    fn asked(&mut self, artifact: Option<&str>, now: Timestamp) -> Result<Asked, QueryError> {
        let (artifact, mut versions, runs) = match artifact {
            Some(artifact) => {
                let found = self.find_version(artifact, None)?;
                let makers = self.makers(&found, None)?;
                let made_by = match found.key {
                    Some(version) => self.last_maker(version, now)?,
                    None => None,
                };
                let runs = self.store.upstream(&makers, Far::default())?.runs;
                let runs: Vec<RunKey> = runs.into_iter().map(|(run, _)| run).collect();
                (Some(found.version), made_by.zip(found.key).into_iter().collect(), runs)
            }
            None => {
                let Some(project) = self.project()? else { return Ok(Asked::default()) };
                let current = self.store.find_current(project, now)?;
                let key = |latest: &Option<VersionAt>| latest.as_ref().and_then(|latest| latest.key);
                let versions: Vec<_> = current.iter().filter_map(|row| row.made_by.zip(key(&row.latest))).collect();
                let writers = current.into_iter().filter_map(|row| row.latest?.written).map(|(run, _)| run);
                (None, versions, writers.collect())
            }
        };
        // Stable: the versions of a run stay in the order of their names.
        versions.sort_by_key(|(run, _)| *run);
        let mut began = self.store.moments(&runs)?;
        began.sort_unstable_by(|a, b| b.cmp(a));
        Ok(Asked { artifact, versions, runs: began.into_iter().map(|(.., run)| run).collect() })
    }
}

/// Returns that a version is old, when it is.
fn old(row: &Made, now: Timestamp) -> Option<Stale> {
    let age_us = now.micros_since(row.at);
    (age_us > limit_us(row.stale_after_s)).then(|| Stale {
        reason: StaleReason::Age,
        run: Some(row.writer),
        message: format!("`{}` was written {} days ago", row.name, age_us / DAY_US),
    })
}

/// Returns what is fresher than a version: a later one, else the same work done again.
fn fresher(name: &ArtifactName, found: Fresher) -> Option<Stale> {
    let stale = |run: RunId, message| Stale { reason: StaleReason::Superseded, run: Some(run), message };
    match (found.superseded_by, found.redone_by) {
        (Some((run, at)), _) => {
            let at = words::second(at);
            Some(stale(run, format!("run {} wrote a later version of `{name}` at {at}", run.short())))
        }
        (None, Some((run, at))) => {
            let (id, at) = (run.short(), words::second(at));
            let what =
                format!("run {id} did the work behind `{name}` again, over the same inputs and parameters, by {at}");
            Some(stale(run, what))
        }
        (None, None) => None,
    }
}
