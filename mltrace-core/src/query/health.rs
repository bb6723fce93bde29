//! Whether all goes as usual: runs that take too long, and components that are late against their own rhythm.

use serde::{Deserialize, Serialize};

use super::tempo::{DurationTrend, Tempo, UsualDuration};
use super::view::milliseconds;
use super::{QueryError, Reader};
use crate::lineage::Rhythm;
use crate::model::{RunId, Status, Timestamp};
use crate::store::{ComponentKey, ComponentRow, ProjectKey, RunName, RunSelection};
use crate::words;

/// Of how many of its last runs the rhythm of a component is reported.
const STARTS: usize = 200;
/// Of how many, where it seems to be late and may run in rounds of many parts.
const MANY_STARTS: usize = 20_000;
/// How many runs of a component that take too long are named.
const RUNNING: usize = 100;
/// A day, in milliseconds.
const DAY: f64 = 24.0 * 3.6e6;
/// The tag of a component that is not waited for.
pub const RETIRED: &str = "retired";

/// The answer of `health`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// When it was asked.
    pub at: Timestamp,
    /// Whether nothing is overdue or late.
    pub is_well: bool,
    /// What is overdue or late.
    pub problems: Vec<HealthProblem>,
    /// The components that were looked at, by name.
    pub components: Vec<ComponentHealth>,
}

/// Something that is not as usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HealthProblem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Whose.
    pub component: String,
    /// The run that is overdue, or the last one of a component that is late.
    pub run: Option<RunId>,
    /// Since when.
    pub since: Timestamp,
    /// It in words.
    pub message: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ProblemKind {
    /// A run takes much longer than is usual, and has not ended.
    Overdue,
    /// A component should have begun.
    Late,
}

impl ProblemKind {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Late => "late",
        }
    }
}

/// How a component goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComponentHealth {
    /// The component.
    pub component: String,
    /// How many runs it has.
    pub runs: u64,
    /// When the last one began.
    pub last_at: Option<Timestamp>,
    /// When the newest one is dated, where that is later than it was asked; no rhythm is reported of what is dated so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead_at: Option<Timestamp>,
    /// How often it begins, in milliseconds; `null` where no rhythm is seen, and then it is never late.
    pub every_ms: Option<f64>,
    /// When the next one is late.
    pub late_at: Option<Timestamp>,
    /// How long its runs usually take; `null` where they are too few to say, and then none is overdue.
    pub usual: Option<UsualDuration>,
    /// How that moved there; `null` where it did not.
    pub trend: Option<DurationTrend>,
    /// Whether its tag `retired` says that nobody waits for it.
    pub is_retired: bool,
}

impl Reader<'_> {
    /// Returns what is overdue or late at `now`, of these components or of all when none is named.
    ///
    /// # Errors
    /// When a component is unknown, or the store does not answer.
    pub fn health(&mut self, components: &[&str], now: Timestamp) -> Result<Health, QueryError> {
        let mut answer = Health { at: now, is_well: true, problems: Vec::new(), components: Vec::new() };
        let project = self.project()?;
        let rows = match (components, project) {
            ([], None) => return Ok(answer),
            ([], Some(project)) => self.store.components(project)?,
            (named, project) => {
                let mut rows = Vec::with_capacity(named.len());
                for name in named {
                    let row =
                        project.map(|project| self.store.component_with_runs(project, name)).transpose()?.flatten();
                    let not_found = || QueryError::NotFound { kind: "component", name: (*name).to_owned() };
                    rows.push(row.ok_or_else(not_found)?);
                }
                rows
            }
        };
        let Some(project) = project else { return Ok(answer) };
        for row in rows {
            let health = self.in_passing(|reader| reader.component_health(project, row, now, &mut answer.problems))?;
            answer.components.push(health);
        }
        answer
            .problems
            .sort_by(|one, other| one.since.cmp(&other.since).then_with(|| one.component.cmp(&other.component)));
        answer.is_well = answer.problems.is_empty();
        Ok(answer)
    }

    fn component_health(
        &mut self,
        project: ProjectKey,
        row: ComponentRow,
        now: Timestamp,
        problems: &mut Vec<HealthProblem>,
    ) -> Result<ComponentHealth, QueryError> {
        let tempo = self.tempo(project, row.key)?;
        let is_retired = row.tags.iter().any(|tag| tag == RETIRED);
        if !is_retired {
            self.overdue(project, &row, &tempo, now, problems)?;
        }
        let (starts, ahead_at) = self.starts(project, row.key, now, STARTS)?;
        let mut rhythm = rhythm(&starts, starts.len() == STARTS);
        if is_late(rhythm, &starts, now) && starts.len() == STARTS {
            rhythm = self.rhythm_of_many(project, row.key, now)?;
        }
        let last = starts.first();
        let last_at = last.and_then(|run| run.started_at);
        let late_at = last_at.zip(rhythm).map(|(at, rhythm)| plus_ms(at, rhythm.late_after));
        if let (Some(at), Some(since), Some(rhythm)) = (last_at, late_at, rhythm)
            && !is_retired
            && since < now
        {
            let (every, ago) = (words::span(rhythm.every), words::span(milliseconds(now.0) - milliseconds(at.0)));
            problems.push(HealthProblem {
                kind: ProblemKind::Late,
                component: row.name.clone(),
                run: last.map(|run| run.id),
                since,
                message: format!("it began last {ago} ago, and usually begins every {every}"),
            });
        }
        Ok(ComponentHealth {
            component: row.name,
            runs: row.runs,
            last_at,
            ahead_at,
            every_ms: rhythm.map(|rhythm| rhythm.every),
            late_at,
            usual: tempo.shown(),
            trend: tempo.trend,
            is_retired,
        })
    }

    /// Reports the runs of a component that take too long, the oldest first.
    fn overdue(
        &mut self,
        project: ProjectKey,
        row: &ComponentRow,
        tempo: &Tempo,
        now: Timestamp,
        problems: &mut Vec<HealthProblem>,
    ) -> Result<(), QueryError> {
        let selection = RunSelection { status: Some(Status::Running), ..of(row.key, MANY_STARTS) };
        let running = self.begun(project, &selection)?;
        let is_cut = running.len() == MANY_STARTS;
        let so_far = |at: Timestamp| milliseconds(now.0) - milliseconds(at.0);
        let begun = running.into_iter().rev().filter_map(|run| Some((run.id, run.started_at?)));
        let overdue: Vec<(RunId, Timestamp)> = begun.filter(|(_, at)| tempo.is_overdue(so_far(*at))).collect();
        let usually = tempo.shown().map(UsualDuration::says).unwrap_or_default();
        let problem = |run, since, message| {
            let component = row.name.clone();
            HealthProblem { kind: ProblemKind::Overdue, component, run, since, message }
        };
        let (named, more) = overdue.split_at(overdue.len().min(RUNNING));
        problems.extend(named.iter().map(|(run, at)| {
            let took = words::span(so_far(*at));
            problem(Some(*run), *at, format!("it has been running for {took}, and usually takes {usually}"))
        }));
        if let Some((_, at)) = more.first() {
            let at_least = if is_cut { "at least " } else { "" };
            let message = format!("{at_least}{} more of its runs take too long", more.len());
            problems.push(problem(None, *at, message));
        }
        Ok(())
    }

    /// Returns the last runs of a component that began by now, newest first, and when its newest run is dated if that is later.
    fn starts(
        &mut self,
        project: ProjectKey,
        component: ComponentKey,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<RunName>, Option<Timestamp>), QueryError> {
        let starts = self.begun(project, &of(component, limit))?;
        let newest = starts.first().and_then(|run| run.started_at);
        match newest.filter(|newest| *newest > now) {
            None => Ok((starts, None)),
            ahead => Ok((self.begun(project, &RunSelection { until: Some(now), ..of(component, limit) })?, ahead)),
        }
    }

    /// Returns the rhythm of a component that seems to be late and may run in rounds of many parts, or have run in one alone.
    fn rhythm_of_many(
        &mut self,
        project: ProjectKey,
        component: ComponentKey,
        now: Timestamp,
    ) -> Result<Option<Rhythm>, QueryError> {
        let (starts, _) = self.starts(project, component, now, MANY_STARTS)?;
        let first = starts.last().and_then(|run| run.started_at);
        let before = match first.filter(|_| starts.len() == MANY_STARTS) {
            Some(first) => {
                let day_before = plus_ms(first, -DAY);
                self.begun(project, &RunSelection { until: Some(day_before), ..of(component, 1) })?
            }
            None => Vec::new(),
        };
        Ok(rhythm(&starts, !before.is_empty()))
    }

    /// Returns these runs, newest first.
    fn begun(&mut self, project: ProjectKey, selection: &RunSelection) -> Result<Vec<RunName>, QueryError> {
        let runs = self.store.select(project, selection)?;
        let mut names = self.store.run_names(&runs)?;
        names.sort_by_key(|name| std::cmp::Reverse((name.started_at, name.id)));
        Ok(names)
    }
}

/// Returns which runs are meant: the last ones of a component.
fn of(component: ComponentKey, limit: usize) -> RunSelection {
    RunSelection { component: Some(component), limit: Some(limit), ..RunSelection::default() }
}

fn rhythm(starts: &[RunName], goes_further_back: bool) -> Option<Rhythm> {
    let moments: Vec<f64> = starts.iter().rev().filter_map(|run| run.started_at).map(|at| milliseconds(at.0)).collect();
    Rhythm::of(&moments, goes_further_back)
}

fn is_late(rhythm: Option<Rhythm>, starts: &[RunName], now: Timestamp) -> bool {
    let last = starts.first().and_then(|run| run.started_at);
    last.zip(rhythm).is_some_and(|(at, rhythm)| plus_ms(at, rhythm.late_after) < now)
}

/// Returns a moment so many milliseconds later.
#[expect(clippy::cast_possible_truncation, reason = "a span beyond the calendar ends with it")]
fn plus_ms(at: Timestamp, milliseconds: f64) -> Timestamp {
    Timestamp(at.0.saturating_add((milliseconds * 1e3) as i64)).min(Timestamp::MAX)
}
