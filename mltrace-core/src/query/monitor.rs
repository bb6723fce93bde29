//! How a pipeline does, in numbers that a monitoring system asks for again and again.

use foldhash::{HashMap, HashSet};

use super::counts::{Counted, RunCounts, Standing, Tally};
use super::health::RETIRED;
use super::view::staleness_of;
use super::{QueryError, Reader};
use crate::model::Timestamp;
use crate::store::{ComponentKey, Extent, ProjectKey, RunKey, WatchedComponent};

/// How many components are reported, those that began last.
pub const MOST_COMPONENTS: usize = 500;
/// Of a run that reads more than so many things it is not reported how old and how stale they were.
pub const MOST_INPUTS: usize = 1000;
/// Of how many components what seems to be known is looked up again each time: facts may arrive late.
const AGAIN: usize = 8;

/// How a pipeline does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Monitored {
    /// The components that are reported, by name.
    pub components: Vec<MonitoredComponent>,
    /// How many are not, for their tag `retired` says that nobody waits for them.
    pub retired: u64,
    /// How many are not, for there are too many.
    pub left_out: u64,
    /// How many versions are flagged that no run wrote.
    pub flagged_sources: u64,
}

/// How a component does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MonitoredComponent {
    /// Its name.
    pub name: String,
    /// What was counted of its runs.
    pub counts: RunCounts,
    /// How many of its runs have not ended.
    pub running: u64,
    /// When its last run began.
    pub last_start: Option<Timestamp>,
    /// When the run ended that completed last.
    pub last_success: Option<Timestamp>,
    /// When the oldest thing was written that its last run read; `None` where no run wrote any, or too many were read.
    pub oldest_input: Option<Timestamp>,
    /// Whether its last run was stale when it ran; `None` where it reads too much to say.
    pub is_stale: Option<bool>,
    /// How many versions are flagged that it was the first to write.
    pub flagged_outputs: u64,
    /// What the settings list of metrics, of the run that completed last, as far as it has them.
    pub metrics: Vec<(String, f64)>,
}

/// What is kept between one time and the next, so that each looks at few rows.
#[derive(Debug, Default)]
pub struct Monitor {
    tally: Tally,
    seen: HashMap<ComponentKey, Seen>,
    /// How many versions are flagged, as of so many verdicts.
    flagged: Option<(u64, HashMap<Option<ComponentKey>, u64>)>,
    round: u64,
}

/// What was seen of a component.
#[derive(Debug, Default)]
struct Seen {
    /// Its last run, once that had ended.
    last: Option<RunKey>,
    inputs: Inputs,
    /// The run that completed last.
    success: Option<RunKey>,
    metrics: Vec<(String, f64)>,
    /// When it was looked up.
    round: u64,
}

/// What the last run read.
#[derive(Clone, Copy, Debug, Default)]
struct Inputs {
    oldest: Option<Timestamp>,
    is_stale: Option<bool>,
}

impl Reader<'_> {
    /// Returns how the pipeline does. `monitor` knows what was found the last time; when this fails, the next call goes on
    /// where it stopped.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn monitored(&mut self, monitor: &mut Monitor) -> Result<Monitored, QueryError> {
        let Some(project) = self.project()? else { return Ok(Monitored::default()) };
        if self.bring_forward(&mut monitor.tally, project)? == Standing::Anew {
            monitor.seen.clear();
            monitor.flagged = None;
        }
        let (components, mut monitored) = self.told_of(project)?;
        self.count_flagged(monitor, project)?;
        self.look_up(monitor, &components)?;
        let running = monitor.tally.running();
        let flagged = monitor.flagged.as_ref().map(|(_, flagged)| flagged);
        let flagged = |by: &Option<ComponentKey>| flagged.and_then(|flagged| flagged.get(by)).copied();
        monitored.flagged_sources = flagged(&None).unwrap_or_default();
        for WatchedComponent { key, name, last, .. } in components {
            let Counted { counts, success } = monitor.tally.components.get(&key).cloned().unwrap_or_default();
            let seen = monitor.seen.get(&key);
            monitored.components.push(MonitoredComponent {
                name,
                counts,
                running: running.get(&key).copied().unwrap_or_default(),
                last_start: last.map(|run| run.started_at),
                last_success: success.map(|(at, _)| at),
                oldest_input: seen.and_then(|seen| seen.inputs.oldest),
                is_stale: seen.and_then(|seen| seen.inputs.is_stale),
                flagged_outputs: flagged(&Some(key)).unwrap_or_default(),
                metrics: seen.map(|seen| seen.metrics.clone()).unwrap_or_default(),
            });
        }
        Ok(monitored)
    }

    /// Returns the components that are reported, by name, and counts the others.
    fn told_of(&mut self, project: ProjectKey) -> Result<(Vec<WatchedComponent>, Monitored), QueryError> {
        let count = |components: &[WatchedComponent]| u64::try_from(components.len()).unwrap_or(u64::MAX);
        let all = self.store.watched_components(project, RETIRED)?;
        let (retired, mut components): (Vec<_>, Vec<_>) = all.into_iter().partition(|component| component.is_tagged);
        // Stable: of several that never began, the first by name stay.
        components.sort_by_key(|component| std::cmp::Reverse(component.last.map(|run| run.started_at)));
        let left_out = components.split_off(components.len().min(MOST_COMPONENTS));
        components.sort_by(|one, other| one.name.cmp(&other.name));
        let monitored = Monitored { retired: count(&retired), left_out: count(&left_out), ..Monitored::default() };
        Ok((components, monitored))
    }

    /// Counts flagged versions, when a verdict was given since the last time.
    fn count_flagged(&mut self, monitor: &mut Monitor, project: ProjectKey) -> Result<(), QueryError> {
        let verdicts = self.store.verdicts()?;
        if monitor.flagged.as_ref().is_none_or(|(known, _)| *known != verdicts) {
            let flagged = self.in_passing(|reader| Ok(reader.store.flagged(project)?))?;
            monitor.flagged = Some((verdicts, flagged.into_iter().collect()));
        }
        Ok(())
    }

    /// Looks up what the last runs read and measured: of components that ran since the last time, and of some others.
    fn look_up(&mut self, monitor: &mut Monitor, components: &[WatchedComponent]) -> Result<(), QueryError> {
        monitor.round = monitor.round.wrapping_add(1);
        let told_of: HashSet<ComponentKey> = components.iter().map(|component| component.key).collect();
        monitor.seen.retain(|component, _| told_of.contains(component));
        let mut by_round: Vec<(u64, ComponentKey)> =
            monitor.seen.iter().map(|(component, seen)| (seen.round, *component)).collect();
        by_round.sort_unstable();
        let again: HashSet<ComponentKey> = by_round.into_iter().take(AGAIN).map(|(_, component)| component).collect();
        for component in components {
            let last = component.last.map(|run| run.key);
            let success = monitor.tally.components.get(&component.key).and_then(|counted| counted.success);
            let success = success.map(|(_, run)| run);
            let seen = monitor.seen.entry(component.key).or_default();
            let is_again = again.contains(&component.key);
            if is_again || seen.last != last {
                seen.inputs = self.in_passing(|reader| reader.inputs(last))?;
                // What is still running may read more.
                seen.last = component.last.filter(|run| !run.is_running).map(|run| run.key);
                seen.round = monitor.round;
            }
            if is_again || seen.success != success {
                seen.metrics = self.in_passing(|reader| reader.listed_metrics(success))?;
                seen.success = success;
            }
        }
        Ok(())
    }

    fn inputs(&mut self, run: Option<RunKey>) -> Result<Inputs, QueryError> {
        let Some(run) = run else { return Ok(Inputs::default()) };
        if self.store.reads_more_than(run, MOST_INPUTS)? {
            return Ok(Inputs::default());
        }
        let details = self.details(&[run], Extent::Edges)?;
        let Some(detail) = details.first() else { return Ok(Inputs::default()) };
        // A folder is as old as what was written last of it.
        let written = detail.reads().filter_map(|(read, _)| read.write.iter().chain(&read.parts).map(|of| of.at).max());
        Ok(Inputs { oldest: written.min(), is_stale: Some(staleness_of(detail).next().is_some()) })
    }

    fn listed_metrics(&mut self, run: Option<RunKey>) -> Result<Vec<(String, f64)>, QueryError> {
        let Some(run) = run else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for name in self.home.prometheus.metrics.clone() {
            let number = self.store.last_metric(run, &name)?;
            found.extend(number.map(|number| (name, number.value())));
        }
        Ok(found)
    }
}
