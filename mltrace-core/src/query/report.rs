//! Everything that somebody needs who gets a ticket about an artifact.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashSet};
use serde::{Deserialize, Serialize};

use super::answer::{Fact, Impact, ImpactState, Labelled, Suspect, Trace};
use super::diff::Diff;
use super::evidence::out_of_line;
use super::impact::ImpactOf;
use super::measures::{last_checks, last_metrics};
use super::past::Past;
use super::stale::StaleRun;
use super::{QueryError, Reader, TraceOptions};
use crate::model::{Check, Metric, RunId, Timestamp};
use crate::store::{RunKey, Told};
use crate::words;

/// The answer of `report`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Report {
    /// When it was made.
    pub at: Timestamp,
    /// How the version came to be.
    pub trace: Trace,
    /// The verdict of those who flagged the version.
    pub flagged: Option<Labelled>,
    /// The verdict of those who found the version fine.
    pub ok: Option<Labelled>,
    /// What was measured and checked of the run that wrote it; `None` where that is unknown, or nothing was and nothing is out
    /// of line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<RunMeasures>,
    /// What changed upstream since the last version that was fine, else since the one before; `None` without either.
    pub diff: Option<Diff>,
    /// What all verdicts say, in a sentence; of a flagged version first what it has upstream itself. Empty while nothing is
    /// flagged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sentence: String,
    /// Of the facts that the runs upstream of all flagged versions share those that a run upstream of this one has.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// Of the suspects for all flagged versions those that are upstream of this one.
    pub suspects: Vec<Suspect>,
    /// How many versions are flagged, in all.
    pub flagged_in_all: usize,
    /// How many were found fine, in all.
    #[serde(default)]
    pub ok_in_all: usize,
    /// What of the trace was stale when it ran, or would be if it were used now.
    pub stale: Vec<StaleRun>,
    /// What was made from the version.
    pub impact: Impact,
    /// Whom to notify: those who own what is downstream and current first.
    pub tell: Vec<Tell>,
}

/// What was measured and checked of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunMeasures {
    /// The run.
    pub run: RunId,
    /// What was measured: of each metric what counts, the value of the last step.
    pub metrics: Vec<Metric>,
    /// What was checked: of each check the last outcome.
    pub checks: Vec<Check>,
    /// What runs measured of the version that read it: of each name the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evaluations: Vec<Evaluation>,
    /// Which of its numbers are out of line with those of earlier runs, in words: what was measured or observed, figures of
    /// tables, how long it took.
    pub unusual: Vec<String>,
}

/// What a run measured of a version that it read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evaluation {
    /// The run.
    pub run: RunId,
    /// What it measured.
    #[serde(flatten)]
    pub metric: Metric,
}

/// Somebody to notify, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tell {
    /// Who.
    pub owner: String,
    /// How many current versions downstream are theirs.
    pub current: usize,
    /// Their runs upstream that are suspects, or that something changed in.
    pub concerned: Vec<RunId>,
    /// Whether a run of theirs wrote the version itself.
    pub is_writer: bool,
}

impl Reader<'_> {
    /// Returns the trace of `artifact` (`NAME`, the latest version, or `NAME@VERSION`), what changed upstream, whom to
    /// suspect, what is stale, what was made from it, and whom to notify.
    ///
    /// # Errors
    /// When no such artifact or version is known, or the store does not answer.
    pub fn report(&mut self, artifact: &str, now: Timestamp) -> Result<Report, QueryError> {
        let trace = self.trace(artifact, &TraceOptions::default())?;
        let diff = match self.diff(artifact, None) {
            Ok(diff) => Some(diff),
            Err(QueryError::NothingBefore { .. } | QueryError::OnlyFlagged { .. }) => None,
            Err(error) => return Err(error),
        };
        let review = self.review(None)?;
        let own = |labels: &[Labelled]| {
            let is_own =
                |label: &&Labelled| label.name == trace.artifact.name && label.version == trace.artifact.version;
            labels.iter().find(is_own).cloned()
        };
        let (flagged, ok) = (own(&review.flagged), own(&review.ok));
        let upstream: HashSet<RunId> = trace.runs.iter().map(|at| at.run.id).collect();
        let is_upstream = |suspect: &Suspect| suspect.runs.iter().any(|run| upstream.contains(run));
        let flagged_in_all = review.flagged.len();
        let ok_in_all = review.ok.len();
        let (show, has) = (words::minute, |fact: &Fact| fact.runs.iter().any(|run| upstream.contains(run)));
        let sentence = match &flagged {
            _ if flagged_in_all == 0 => String::new(),
            Some(_) => review.sentence_for_one(show, has),
            None => review.sentence(show),
        };
        let facts = review.telling(FACTS).into_iter().filter(|fact| has(fact)).cloned().collect();
        let suspects: Vec<Suspect> = review.suspects.into_iter().filter(is_upstream).collect();
        let stale = self.stale(Some(artifact), now)?.runs;
        let impact = self.impact(&ImpactOf::Artifact(artifact))?;
        let mut concerned = self.suspected(&suspects)?;
        let differences = diff.iter().flat_map(|diff| &diff.differences);
        concerned.extend(differences.flat_map(|difference| difference.runs).flatten());
        let tell = tell(&trace, &concerned, &impact);
        let measured = self.measured_of_writer(&trace)?;
        Ok(Report {
            at: now,
            measured,
            trace,
            flagged,
            ok,
            diff,
            sentence,
            facts,
            suspects,
            flagged_in_all,
            ok_in_all,
            stale,
            impact,
            tell,
        })
    }

    /// Returns what was measured and checked of the run that wrote what was traced.
    fn measured_of_writer(&mut self, trace: &Trace) -> Result<Option<RunMeasures>, QueryError> {
        let Some(run) = trace.runs.iter().find(|at| at.depth == 0).map(|at| at.run.id) else { return Ok(None) };
        let Some(key) = self.store.run(run)? else { return Ok(None) };
        let said = self.store.measures(&[key], Told::All, Told::All)?.remove(&key).unwrap_or_default();
        let (metrics, checks) = (last_metrics(said.metrics), last_checks(said.checks));
        let findings = self.findings(&[key], &mut Past::default())?.remove(&key).unwrap_or_default();
        let unusual: Vec<String> = findings.pieces.iter().filter_map(out_of_line).collect();
        let evaluations: Vec<Evaluation> = self
            .evaluations(std::slice::from_ref(&trace.artifact), &[])?
            .into_values()
            .map(|(metric, run)| Evaluation { run, metric })
            .collect();
        let is_nothing = metrics.is_empty() && checks.is_empty() && evaluations.is_empty() && unusual.is_empty();
        Ok((!is_nothing).then_some(RunMeasures { run, metrics, checks, evaluations, unusual }))
    }

    /// Returns the runs whose owners are worth notifying: those of the first suspects that are likelier than chance, unless
    /// what is known of a run itself speaks for it.
    fn suspected(&mut self, suspects: &[Suspect]) -> Result<HashSet<RunId>, QueryError> {
        let likely = suspects.iter().take(SUSPECTS).filter(|suspect| suspect.score > 0.0);
        let mut runs = HashMap::default();
        for run in likely.flat_map(|suspect| &suspect.runs) {
            runs.extend(self.store.run(*run)?.map(|key| (key, *run)));
        }
        let keys: Vec<RunKey> = runs.keys().copied().collect();
        let findings = self.findings(&keys, &mut Past::default())?;
        let speaks_for = |run: &RunKey| findings.get(run).is_some_and(|findings| findings.weight() < 1.0);
        Ok(runs.into_iter().filter(|(key, _)| !speaks_for(key)).map(|(_, run)| run).collect())
    }
}

/// How many facts a report shows.
const FACTS: usize = 5;
/// How many suspects make their owners worth notifying.
const SUSPECTS: usize = 3;

fn tell(trace: &Trace, concerned: &HashSet<RunId>, impact: &Impact) -> Vec<Tell> {
    let mut told: BTreeMap<&str, Tell> = BTreeMap::new();
    for at in &trace.runs {
        let Some(owner) = at.run.owner.as_deref() else { continue };
        if at.depth == 0 {
            entry(&mut told, owner).is_writer = true;
        }
        if concerned.contains(&at.run.id) {
            entry(&mut told, owner).concerned.push(at.run.id);
        }
    }
    for impacted in impact.artifacts.iter().filter(|impacted| impacted.state == ImpactState::Current) {
        if let Some(owner) = impacted.owner.as_deref() {
            let tell = entry(&mut told, owner);
            tell.current = tell.current.saturating_add(1);
        }
    }
    let mut tell: Vec<Tell> = told.into_values().collect();
    tell.sort_by_key(|tell| (std::cmp::Reverse(tell.current), !tell.is_writer));
    tell
}

fn entry<'o, 't>(told: &'t mut BTreeMap<&'o str, Tell>, owner: &'o str) -> &'t mut Tell {
    let new = || Tell { owner: owner.to_owned(), current: 0, concerned: Vec::new(), is_writer: false };
    told.entry(owner).or_insert_with(new)
}
