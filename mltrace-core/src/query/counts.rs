//! Runs that ended, counted once each and brought forward by those that came since.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::{QueryError, Reader};
use crate::model::{Outcome, RunId, Severity, Status, Timestamp};
use crate::store::{ComponentKey, CountedRun, Past, ProjectKey, RunKey};

/// How a run that is counted ended, in the order of the counts.
pub const ENDED: [Status; 5] = [Status::Completed, Status::Failed, Status::Cancelled, Status::Died, Status::Unknown];
/// Up to how many seconds a run takes to be counted in a bucket; the last bucket has no end.
pub const BUCKETS: [f64; 9] = [0.1, 1.0, 10.0, 60.0, 300.0, 1800.0, 3600.0, 21_600.0, 86_400.0];

/// How many runs are looked at together.
const AT_ONCE: usize = 1 << 12;
/// Of how many runs that seem to have died it is looked again whether they did.
const MOST_DOUBTED: usize = 1000;
const MICROS: f64 = 1e6;

/// What is counted of a component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunCounts {
    /// How many runs ended so, as [`ENDED`] lists it.
    pub ended: [u64; ENDED.len()],
    /// How many completed runs took so long, as [`BUCKETS`] lists it: each in one bucket.
    pub took: [u64; BUCKETS.len() + 1],
    /// How many seconds they took in all.
    pub took_s: f64,
    /// How many checks failed, by severity.
    pub failed_checks: [u64; Severity::ALL.len()],
    /// How many checks gave no verdict, by severity.
    pub errored_checks: [u64; Severity::ALL.len()],
}

impl RunCounts {
    fn add_run(&mut self, run: &CountedRun) {
        add(&mut self.ended, ENDED.iter().position(|status| *status == run.status), 1);
        #[expect(clippy::cast_precision_loss, reason = "a microsecond more or less in three centuries")]
        let took_s = run.duration_us.filter(|_| run.status == Status::Completed).map(|us| us.max(0) as f64 / MICROS);
        if let Some(took_s) = took_s {
            add(&mut self.took, Some(BUCKETS.partition_point(|most| *most < took_s)), 1);
            self.took_s += took_s;
        }
    }

    fn add_check(&mut self, outcome: Outcome, severity: Severity) {
        let counts = match outcome {
            Outcome::Passed => return,
            Outcome::Failed => &mut self.failed_checks,
            Outcome::Errored => &mut self.errored_checks,
        };
        add(counts, Severity::ALL.iter().position(|known| *known == severity), 1);
    }

    /// Counts no less than others: what was counted is not taken back.
    fn raise_to(&mut self, others: &Self) {
        let raise = |counts: &mut [u64], others: &[u64]| {
            counts.iter_mut().zip(others).for_each(|(count, other)| *count = (*count).max(*other));
        };
        raise(&mut self.ended, &others.ended);
        raise(&mut self.took, &others.took);
        raise(&mut self.failed_checks, &others.failed_checks);
        raise(&mut self.errored_checks, &others.errored_checks);
        self.took_s = self.took_s.max(others.took_s);
    }
}

fn add(counts: &mut [u64], at: Option<usize>, more: u64) {
    if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
        *count = count.saturating_add(more);
    }
}

/// A component while it is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counted {
    pub(super) counts: RunCounts,
    /// When the run ended that completed last.
    pub(super) success: Option<(Timestamp, RunKey)>,
}

/// The runs of a project that were counted so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    project: Option<ProjectKey>,
    /// The run up to which all were looked at.
    last: Option<(RunKey, RunId)>,
    past: Option<Past>,
    /// Runs that had not ended.
    open: BTreeMap<RunKey, Option<ComponentKey>>,
    /// Runs that are counted and whose end may still become known.
    doubted: BTreeMap<RunKey, Status>,
    pub(super) components: HashMap<ComponentKey, Counted>,
    /// What had been counted before all is counted anew.
    floor: HashMap<ComponentKey, Counted>,
    /// Whether all was looked at once.
    is_whole: bool,
}

/// Whether what was counted still stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does.
    Kept,
    /// All was counted anew.
    Anew,
}

impl Tally {
    /// Returns how many runs have not ended, by component.
    pub(super) fn running(&self) -> HashMap<ComponentKey, u64> {
        let mut running = HashMap::default();
        for component in self.open.values().flatten() {
            let count: &mut u64 = running.entry(*component).or_default();
            *count = count.saturating_add(1);
        }
        running
    }

    /// Takes note of how a run stands, and counts it once for each way in which it is said to have ended.
    fn meet(&mut self, run: &CountedRun) -> bool {
        self.open.remove(&run.key);
        let counted = self.doubted.remove(&run.key);
        if self.project != Some(run.project) {
            return false;
        }
        let Some(component) = run.component.filter(|_| run.status != Status::Running) else {
            self.open.insert(run.key, run.component);
            return false;
        };
        if matches!(run.status, Status::Died | Status::Unknown) {
            self.doubted.insert(run.key, run.status);
            if self.doubted.len() > MOST_DOUBTED {
                self.doubted.pop_first();
            }
        }
        if counted != Some(run.status) {
            let known = self.components.entry(component).or_default();
            known.counts.add_run(run);
            if run.status == Status::Completed {
                known.success = known.success.max(run.ended_at.map(|at| (at, run.key)));
            }
        }
        counted.is_none()
    }

    /// Begins anew, from what had been counted.
    fn begin_again(&mut self) {
        for (component, counted) in std::mem::take(&mut self.components) {
            self.floor.entry(component).or_default().counts.raise_to(&counted.counts);
        }
        *self = Self { floor: std::mem::take(&mut self.floor), ..Self::default() };
    }

    fn end_again(&mut self) {
        for (component, counted) in std::mem::take(&mut self.floor) {
            self.components.entry(component).or_default().counts.raise_to(&counted.counts);
        }
    }
}

impl Reader<'_> {
    /// Counts what ended since the last time. When this fails, the next call goes on where it stopped.
    pub(super) fn bring_forward(&mut self, tally: &mut Tally, project: ProjectKey) -> Result<Standing, QueryError> {
        let past = self.store.past()?;
        let standing = self.standing(tally, project, past)?;
        tally.project = Some(project);
        tally.past = Some(past);
        let again: Vec<RunKey> = tally.open.keys().chain(tally.doubted.keys()).copied().collect();
        let runs = self.in_passing(|reader| Ok(reader.store.runs_again(&again)?))?;
        self.count_runs(tally, &runs)?;
        loop {
            let after = tally.last.map_or(RunKey(i64::MIN), |(key, _)| key);
            let runs = self.in_passing(|reader| Ok(reader.store.runs_behind(after, AT_ONCE)?))?;
            let Some(last) = runs.last().map(|run| (run.key, run.id)) else { break };
            self.count_runs(tally, &runs)?;
            tally.last = Some(last);
        }
        tally.end_again();
        tally.is_whole = true;
        Ok(standing)
    }

    /// Says whether the runs that were counted are still there, and begins anew where they are not.
    fn standing(&mut self, tally: &mut Tally, project: ProjectKey, past: Past) -> Result<Standing, QueryError> {
        let Some(known) = tally.past else { return Ok(Standing::Anew) };
        let is_there = match tally.last {
            Some((key, id)) => self.store.runs_again(&[key])?.iter().any(|run| run.id == id),
            None => true,
        };
        if known.forgotten > past.forgotten || (!is_there && known.forgotten == past.forgotten) {
            // Another store lies there now: its components have nothing to do with those that were counted.
            *tally = Tally::default();
        } else if known != past || tally.project != Some(project) {
            tally.begin_again();
        }
        Ok(if tally.is_whole { Standing::Kept } else { Standing::Anew })
    }

    /// Counts runs, and the checks of those that ended.
    fn count_runs(&mut self, tally: &mut Tally, runs: &[CountedRun]) -> Result<(), QueryError> {
        let ended = |run: &&CountedRun| run.status != Status::Running;
        let keys: Vec<RunKey> = runs.iter().filter(ended).map(|run| run.key).collect();
        let checks = self.in_passing(|reader| Ok(reader.store.not_passed(&keys)?))?;
        let mut of_run: HashMap<RunKey, Vec<(Outcome, Severity)>> = HashMap::default();
        for (run, outcome, severity) in checks {
            of_run.entry(run).or_default().push((outcome, severity));
        }
        for run in runs {
            let is_new = tally.meet(run);
            let known = run.component.filter(|_| is_new).and_then(|component| tally.components.get_mut(&component));
            let checks = of_run.get(&run.key).into_iter().flatten();
            if let Some(known) = known {
                checks.for_each(|(outcome, severity)| known.counts.add_check(*outcome, *severity));
            }
        }
        Ok(())
    }
}
