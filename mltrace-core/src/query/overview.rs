//! How a pipeline stands at a glance: what failed, runs or is late, the last days, and how each component goes.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::answer::Labelled;
use super::error_line::{error_line, lasting};
use super::health::{ComponentHealth, HealthProblem, ProblemKind, RETIRED};
use super::measures::{CheckOfRun, MeasureFilter, Span};
use super::{QueryError, Reader};
use crate::model::{RunId, Status, Timestamp, Verdict};
use crate::store::{BriefRun, ComponentKey, FailureRow, LastRuns, ProjectKey, WatchedComponent};

/// How many days are shown.
const DAYS: i64 = 14;
/// How many of the last runs are counted at most: what a page may cost has an end.
const MOST_RUNS: usize = 30_000;
/// How many components are shown, those that began last.
const MOST_COMPONENTS: usize = 50;
/// How many of the last runs of a component are shown.
const TICKS: usize = 30;
/// How many failed runs are grouped.
const MOST_FAILURES: usize = 500;
/// How many groups of failures, new flags and failed checks are shown.
const MOST_PROBLEMS: usize = 10;
/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// The answer of `overview`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Overview {
    /// When it was asked.
    pub at: Timestamp,
    /// How many runs that began in the 24 hours before failed or died.
    pub failed: u64,
    /// How many runs have not ended.
    pub running: u64,
    /// How many of them take much longer than is usual.
    pub overdue: u64,
    /// How many versions are flagged as bad.
    pub flagged: u64,
    /// How many components should have begun.
    pub late: u64,
    /// The last days on which anything was to be seen, the oldest first.
    pub days: Vec<Day>,
    /// Whether there are more runs on these days than were counted, so that the first of them are left out.
    pub is_cut: bool,
    /// The components: what is not well first, then those that began last.
    pub components: Vec<ComponentOverview>,
    /// How many components began longer ago and are left out.
    pub left_out: u64,
    /// What is overdue or late, in words.
    pub problems: Vec<HealthProblem>,
    /// The failures of these days by what went wrong, the newest first.
    pub failures: Vec<Failures>,
    /// What was flagged last.
    pub flags: Vec<Labelled>,
    /// The checks that did not pass in these days, the newest first.
    pub failed_checks: Vec<CheckOfRun>,
}

/// The runs that began on a day, in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Day {
    /// When it began.
    pub from: Timestamp,
    /// How many runs, by how they stand.
    pub runs: BTreeMap<Status, u64>,
}

/// How a component goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComponentOverview {
    /// How it goes in time.
    #[serde(flatten)]
    pub health: ComponentHealth,
    /// Whom to ask.
    pub owner: Option<String>,
    /// What is wrong with it; `null` where nothing is.
    pub wrong: Option<Wrong>,
    /// Its last runs, the oldest first.
    pub last_runs: Vec<RunInBrief>,
    /// When the run began that completed last; `null` where none of a great many did.
    pub last_success: Option<Timestamp>,
}

/// What is wrong with a component: the worst of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Wrong {
    /// Its last run failed or died.
    Failing,
    /// A run takes much longer than is usual.
    Overdue,
    /// It should have begun.
    Late,
}

/// A run in brief.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunInBrief {
    /// Its id.
    pub id: RunId,
    /// How it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<f64>,
}

/// Runs that failed for one reason, as far as their errors say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failures {
    /// The line of the newest that says what went wrong; `null` where nothing is known.
    pub error: Option<String>,
    /// The longest part of it that all of them have, by which they can be searched for.
    pub lasting: Option<String>,
    /// The components whose runs they are, by name.
    pub components: Vec<String>,
    /// How they ended.
    pub status: Status,
    /// How many there are.
    pub runs: u64,
    /// The newest of them.
    pub last: RunId,
    /// When it began.
    pub last_at: Timestamp,
    /// When the oldest of them began.
    pub first_at: Timestamp,
}

impl Reader<'_> {
    /// Returns how many versions are flagged as bad.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn flagged_count(&mut self) -> Result<u64, QueryError> {
        let project = self.project()?;
        Ok(project.map(|project| self.store.flagged_versions(project)).transpose()?.unwrap_or_default())
    }

    /// Returns how the pipeline stands at `now`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn overview(&mut self, now: Timestamp) -> Result<Overview, QueryError> {
        let mut answer = Overview::nothing(now);
        let Some(project) = self.project()? else { return Ok(answer) };
        let mut watched = self.store.watched_components(project, RETIRED)?;
        watched.sort_by_key(|of| std::cmp::Reverse(of.last.map(|last| last.started_at)));
        let last = watched.iter().filter_map(|of| of.last).map(|last| last.started_at).find(|at| *at <= now);
        // Where nothing has run for long, the last days on which anything did say more than empty ones.
        let until = last.filter(|last| now.micros_since(*last) > DAYS * DAY).unwrap_or(now);
        let seen = self.days(project, until, &mut answer)?;
        let day = LastRuns { since: now.plus_micros(-DAY), until: now, ..seen };
        let of_day = self.store.days(day)?.into_iter();
        answer.failed = of_day.filter(|(_, status, _)| has_failed(*status)).map(|(_, _, count)| count).sum();
        answer.running = self.store.running(project)?;
        answer.flagged = self.store.flagged_versions(project)?;
        let names: HashMap<ComponentKey, String> = watched.iter().map(|of| (of.key, of.name.clone())).collect();
        answer.failures = grouped(self.store.failures(seen, MOST_FAILURES)?, &names);
        answer.left_out = watched.len().saturating_sub(MOST_COMPONENTS) as u64;
        watched.truncate(MOST_COMPONENTS);
        self.strip(project, &watched, now, &mut answer)?;
        let mut flags = self.verdicts()?;
        flags.retain(|(verdict, _)| *verdict == Verdict::Flagged);
        flags.sort_by_key(|(_, of)| std::cmp::Reverse(of.at));
        answer.flags = flags.into_iter().take(MOST_PROBLEMS).map(|(_, of)| of).collect();
        let span = Span::Times { since: Some(seen.since), until: Some(seen.until) };
        let filter = MeasureFilter { component: None, span, limit: Some(MOST_PROBLEMS) };
        answer.failed_checks = self.checks(true, &filter)?.checks;
        answer.failed_checks.truncate(MOST_PROBLEMS);
        Ok(answer)
    }

    /// Finds out how many runs there were on the last days; returns which runs were counted.
    fn days(&mut self, project: ProjectKey, until: Timestamp, answer: &mut Overview) -> Result<LastRuns, QueryError> {
        let today = until.0.div_euclid(DAY);
        let begin = |day: i64| Timestamp(day.saturating_mul(DAY));
        let first = today.saturating_sub(DAYS - 1);
        let mut seen = LastRuns { project, since: begin(first), until, most: MOST_RUNS };
        let counted = self.store.days(seen)?;
        let count: u64 = counted.iter().map(|(_, _, count)| count).sum();
        answer.is_cut = usize::try_from(count).is_ok_and(|count| count >= MOST_RUNS);
        let mut days: BTreeMap<i64, BTreeMap<Status, u64>> = BTreeMap::new();
        for (day, status, count) in counted {
            days.entry(day.0.div_euclid(DAY)).or_default().insert(status, count);
        }
        // Of the first day that was counted, others may be left out.
        let first = days.keys().next().copied().filter(|_| answer.is_cut).unwrap_or(first);
        seen.since = begin(first);
        let of = |day| Day { from: begin(day), runs: days.remove(&day).unwrap_or_default() };
        answer.days = (first..=today).map(of).collect();
        Ok(seen)
    }

    /// Finds out how each of these components goes.
    fn strip(
        &mut self,
        project: ProjectKey,
        watched: &[WatchedComponent],
        now: Timestamp,
        answer: &mut Overview,
    ) -> Result<(), QueryError> {
        let names: Vec<&str> = watched.iter().map(|of| of.name.as_str()).collect();
        if names.is_empty() {
            return Ok(());
        }
        let health = self.health(&names, now)?;
        answer.problems = health.problems;
        let count = |kind| answer.problems.iter().filter(|problem| problem.kind == kind).count() as u64;
        (answer.overdue, answer.late) = (count(ProblemKind::Overdue), count(ProblemKind::Late));
        let said = self.store.said_of_components(project)?;
        let mut owners: HashMap<String, Option<String>> = said.into_iter().map(|row| (row.name, row.owner)).collect();
        for (of, health) in watched.iter().zip(health.components) {
            let mut runs = self.in_passing(|reader| Ok(reader.store.last_of(of.key, TICKS)?))?;
            let last_success = match runs.iter().find(|run| run.status == Status::Completed) {
                Some(run) => Some(run.started_at),
                None => self.store.last_completed(of.key, MOST_RUNS)?,
            };
            let wrong = if of.is_tagged { None } else { wrong(&of.name, &runs, &answer.problems) };
            runs.reverse();
            answer.components.push(ComponentOverview {
                health,
                owner: owners.remove(&of.name).flatten(),
                wrong,
                last_runs: runs.iter().map(in_brief).collect(),
                last_success,
            });
        }
        // What is not well comes first; the rest stays in its order.
        answer.components.sort_by_key(|of| (of.wrong.is_none(), of.wrong));
        Ok(())
    }
}

impl Overview {
    fn nothing(at: Timestamp) -> Self {
        Self {
            at,
            failed: 0,
            running: 0,
            overdue: 0,
            flagged: 0,
            late: 0,
            days: Vec::new(),
            is_cut: false,
            components: Vec::new(),
            left_out: 0,
            problems: Vec::new(),
            failures: Vec::new(),
            flags: Vec::new(),
            failed_checks: Vec::new(),
        }
    }
}

fn has_failed(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Died)
}

/// Returns the worst that is wrong with a component whose last runs these are, newest first.
fn wrong(name: &str, runs: &[BriefRun], problems: &[HealthProblem]) -> Option<Wrong> {
    // What has not ended says nothing yet.
    let last = runs.iter().find(|run| run.status != Status::Running);
    if last.is_some_and(|run| has_failed(run.status)) {
        return Some(Wrong::Failing);
    }
    let is = |kind: ProblemKind| problems.iter().any(|problem| problem.kind == kind && problem.component == name);
    let overdue = is(ProblemKind::Overdue).then_some(Wrong::Overdue);
    overdue.or(is(ProblemKind::Late).then_some(Wrong::Late))
}

fn in_brief(run: &BriefRun) -> RunInBrief {
    #[expect(clippy::cast_precision_loss, reason = "a microsecond more or less in three centuries")]
    let duration_ms = run.duration_us.map(|us| us as f64 / 1e3);
    RunInBrief { id: run.id, status: run.status, started_at: run.started_at, duration_ms }
}

/// Returns failures, newest first, by what went wrong.
fn grouped(failures: Vec<FailureRow>, names: &HashMap<ComponentKey, String>) -> Vec<Failures> {
    let mut groups: Vec<Failures> = Vec::new();
    let mut places: HashMap<(Status, String), usize> = HashMap::default();
    for failure in failures {
        let error = failure.error.as_deref().map(error_line).filter(|line| !line.is_empty());
        let parts = error.map(lasting).unwrap_or_default();
        let component = names.get(&failure.component).cloned().unwrap_or_default();
        // Of a run that died nothing is known but whose it was.
        let kind = error.map_or_else(|| format!("\n{component}"), |_| parts.join("\n"));
        let place = *places.entry((failure.status, kind)).or_insert(groups.len());
        let Some(group) = groups.get_mut(place) else {
            groups.push(Failures {
                error: error.map(str::to_owned),
                lasting: parts.iter().max_by_key(|part| part.len()).map(|part| part.trim().to_owned()),
                components: vec![component],
                status: failure.status,
                runs: 1,
                last: failure.id,
                last_at: failure.started_at,
                first_at: failure.started_at,
            });
            continue;
        };
        group.runs = group.runs.saturating_add(1);
        group.first_at = failure.started_at;
        if let Err(place) = group.components.binary_search(&component) {
            group.components.insert(place, component);
        }
    }
    groups.truncate(MOST_PROBLEMS);
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_grouped_by_what_lasts_of_their_errors() {
        let failure = |id: u128, component: i64, status: Status, error: Option<&str>| FailureRow {
            id: RunId(uuid::Uuid::from_u128(id)),
            component: ComponentKey(component),
            status,
            started_at: Timestamp(1000 - i64::try_from(id).unwrap_or_default()),
            error: error.map(str::to_owned),
        };
        let names = [(ComponentKey(1), "load".to_owned()), (ComponentKey(2), "clean".to_owned())].into_iter().collect();
        let groups = grouped(
            vec![
                failure(1, 1, Status::Failed, Some("SlowDown: retry in 30s\nmore")),
                failure(2, 2, Status::Died, None),
                failure(3, 2, Status::Failed, Some("SlowDown: retry in 5s")),
                failure(4, 1, Status::Died, None),
            ],
            &names,
        );
        let told: Vec<_> = groups.iter().map(|of| (of.error.as_deref(), of.components.join("+"), of.runs)).collect();
        let slow = Some("SlowDown: retry in 30s");
        assert_eq!(
            told,
            [(slow, "clean+load".to_owned(), 2), (None, "clean".to_owned(), 1), (None, "load".to_owned(), 1)]
        );
        assert_eq!(groups[0].lasting.as_deref(), Some("SlowDown: retry in"));
        assert_eq!((groups[0].last_at, groups[0].first_at), (Timestamp(999), Timestamp(997)));
    }
}
