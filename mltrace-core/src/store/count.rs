//! What is asked again and again by the one who watches a pipeline: which runs came since, and what of the rest is a number.

use super::error::Result;
use super::key::{ComponentKey, ProjectKey, RunKey};
use crate::model::{Number, Outcome, RunId, Severity, Status, Timestamp};

/// A run, as far as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedRun {
    /// Its key: runs that came later have larger ones.
    pub key: RunKey,
    /// Its id.
    pub id: RunId,
    /// Its project.
    pub project: ProjectKey,
    /// Its component; `None`: its start has not arrived yet.
    pub component: Option<ComponentKey>,
    /// How it stands.
    pub status: Status,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
}

/// A component, as far as it is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedComponent {
    /// Its key.
    pub key: ComponentKey,
    /// Its name.
    pub name: String,
    /// Whether it has the tag that was asked for.
    pub is_tagged: bool,
    /// The run that began last.
    pub last: Option<LastRun>,
}

/// The run of a component that began last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRun {
    /// Its key.
    pub key: RunKey,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether it has not ended.
    pub is_running: bool,
}

/// What says whether runs that were counted are still those that the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// How many runs were taken back.
    pub forgotten: u64,
    /// How many projects there are: two may turn out to be one.
    pub projects: u64,
}

/// A run, as far as an overview shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BriefRun {
    /// Its id.
    pub id: RunId,
    /// How it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
}

/// A run that failed or died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureRow {
    /// Its id.
    pub id: RunId,
    /// Its component.
    pub component: ComponentKey,
    /// Whether it failed or died.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// How its error begins.
    pub error: Option<String>,
}

/// The runs of a project that began last, from a moment on, and no more than so many of them.
#[derive(Clone, Copy, Debug)]
pub struct LastRuns {
    /// The project.
    pub project: ProjectKey,
    /// They began then or later.
    pub since: Timestamp,
    /// And then or earlier.
    pub until: Timestamp,
    /// At most so many.
    pub most: usize,
}

/// How many of the last runs began on the day that began then, and stand so.
pub type OnDay = (Timestamp, Status, u64);

/// A check that did not pass, and about which no later outcome is known.
pub type NotPassed = (RunKey, Outcome, Severity);

/// What can be counted. Each question looks at few rows, however many runs there are.
#[allow(clippy::missing_errors_doc, reason = "each fails when the store does not answer")]
pub trait Count {
    /// Returns what changes when runs are taken back or moved.
    fn past(&mut self) -> Result<Past>;
    /// Returns the runs of all projects that came after one, in the order in which they came, at most `limit`.
    fn runs_behind(&mut self, after: RunKey, limit: usize) -> Result<Vec<CountedRun>>;
    /// Returns those of these runs that are there.
    fn runs_again(&mut self, runs: &[RunKey]) -> Result<Vec<CountedRun>>;
    /// Returns the checks of runs that did not pass.
    fn not_passed(&mut self, runs: &[RunKey]) -> Result<Vec<NotPassed>>;
    /// Returns the components of a project, by name, and whether they have the tag.
    fn watched_components(&mut self, project: ProjectKey, tag: &str) -> Result<Vec<WatchedComponent>>;
    /// Returns how many verdicts were ever given.
    fn verdicts(&mut self) -> Result<u64>;
    /// Returns how many versions of a project are flagged, by the component that first wrote them; `None`: nobody did.
    fn flagged(&mut self, project: ProjectKey) -> Result<Vec<(Option<ComponentKey>, u64)>>;
    /// Returns how many versions of a project are flagged, however many verdicts there are of each.
    fn flagged_versions(&mut self, project: ProjectKey) -> Result<u64>;
    /// Returns how many of the last runs began on each day, by how they stand.
    fn days(&mut self, runs: LastRuns) -> Result<Vec<OnDay>>;
    /// Returns those of the last runs that failed or died, newest first, at most so many.
    fn failures(&mut self, runs: LastRuns, limit: usize) -> Result<Vec<FailureRow>>;
    /// Returns how many runs of a project have not ended.
    fn running(&mut self, project: ProjectKey) -> Result<u64>;
    /// Returns the runs of a component that began last, newest first, at most so many.
    fn last_of(&mut self, component: ComponentKey, limit: usize) -> Result<Vec<BriefRun>>;
    /// Returns when the run of a component began that completed last, if it is among the last so many.
    fn last_completed(&mut self, component: ComponentKey, most: usize) -> Result<Option<Timestamp>>;
    /// Returns whether a run reads more than so many things.
    fn reads_more_than(&mut self, run: RunKey, most: usize) -> Result<bool>;
    /// Returns what a metric of a run is: at its last step, of the run as a whole, else of the only artifact of which it is.
    fn last_metric(&mut self, run: RunKey, name: &str) -> Result<Option<Number>>;
}
