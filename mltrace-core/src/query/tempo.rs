//! How long runs take: what is usual of a component, how it moved there, and where a trace spent its time.

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::answer::Trace;
use super::view::milliseconds;
use super::{QueryError, Reader};
use crate::lineage::{self, Spent, Usual};
use crate::model::{RunId, Timestamp};
use crate::store::{ComponentKey, ProjectKey};
use crate::words;

/// How many of the last completed runs show what is usual.
const RUNS: usize = 100;

/// How long the runs of a component usually take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UsualDuration {
    /// How long the quickest of the middle half of its last runs took, in milliseconds.
    pub low_ms: f64,
    /// How long the slowest of them took.
    pub high_ms: f64,
    /// The same of the upper level, where they fall into two: what lies between is not usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<UpperLevel>,
}

/// The upper of two levels of durations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UpperLevel {
    /// How long the quickest of its middle half took, in milliseconds.
    pub low_ms: f64,
    /// How long the slowest of them took.
    pub high_ms: f64,
}

impl UsualDuration {
    /// Returns it in words.
    #[must_use]
    pub fn says(self) -> String {
        let level = |low_ms, high_ms| match [low_ms, high_ms].map(words::span) {
            [low, high] if low == high => low,
            [low, high] => format!("{low} to {high}"),
        };
        let lower = level(self.low_ms, self.high_ms);
        self.upper.map_or_else(|| lower.clone(), |upper| format!("{lower} or {}", level(upper.low_ms, upper.high_ms)))
    }
}

/// How the durations of a component moved to what they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DurationTrend {
    /// Whether they crept there, and did not get there at once.
    pub is_creeping: bool,
    /// The median before, in milliseconds.
    pub before_ms: f64,
    /// The median now.
    pub after_ms: f64,
    /// The first run that took longer, or less.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// The commit of its code, where the run before it had another one.
    pub commit: Option<String>,
}

impl DurationTrend {
    /// Returns it in words, with a moment as anyone who shows it writes moments.
    #[must_use]
    pub fn says(&self, shown: impl FnOnce(Timestamp) -> String) -> String {
        let (from, to) = (words::span(self.before_ms), words::span(self.after_ms));
        let (ratio, when) = (self.after_ms / self.before_ms, shown(self.at));
        let how = match ratio {
            _ if self.is_creeping && ratio > 1.0 => "crept up",
            _ if self.is_creeping => "crept down",
            1.9..=2.1 => "doubled",
            0.48..=0.52 => "halved",
            _ if ratio > 1.0 => "rose",
            _ => "fell",
        };
        let at = self.commit.as_ref().map(|commit| format!(" at commit {}", commit.get(..8).unwrap_or(commit)));
        let since = if self.is_creeping { "since" } else { "on" };
        format!("{how} from {from} to {to} {since} {when}{}", at.unwrap_or_default())
    }
}

/// Where a trace spent its time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Timing {
    /// How long it took from the first begin on the critical path to the last end, in milliseconds.
    pub span_ms: f64,
    /// How much of that runs on the path ran.
    pub running_ms: f64,
    /// How much of that nothing on the path ran.
    pub waiting_ms: f64,
    /// Whether the trace was cut, so that the path may begin further up.
    pub is_cut: bool,
    /// The chain of runs of which each is what the next one waited for longest, the first one first.
    pub critical_path: Vec<TimedRun>,
}

/// A run on the critical path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TimedRun {
    /// The run.
    pub run: RunId,
    /// Its component.
    pub component: String,
    /// When it began.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds; `null` when that is not known.
    pub duration_ms: Option<f64>,
    /// How long after the end of the run before it it began, in milliseconds.
    pub waited_ms: f64,
    /// How long the runs of its component usually take; `null` where they are too few to say.
    pub usual: Option<UsualDuration>,
    /// Whether it took much longer or much less.
    pub is_unusual: bool,
    /// How that moved there; `null` where it did not.
    pub trend: Option<DurationTrend>,
}

impl Reader<'_> {
    /// Returns where a trace spent its time: the critical path to the run that wrote what was asked for.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn timing(&mut self, trace: &Trace) -> Result<Timing, QueryError> {
        let places: HashMap<RunId, usize> =
            trace.runs.iter().enumerate().map(|(place, at)| (at.run.id, place)).collect();
        let spent = |at: &super::RunAtDepth| {
            let start = milliseconds(at.run.started_at.0);
            let end = at.run.ended_at.map_or(start, |end| milliseconds(end.0));
            let after = at.run.depends_on.iter().filter_map(|run| places.get(run).copied()).collect();
            Spent { start, end, after }
        };
        let runs: Vec<Spent> = trace.runs.iter().map(spent).collect();
        // Of several writers of what was asked for, the last one ends the path.
        let roots = (0..runs.len()).filter(|place| trace.runs.get(*place).is_some_and(|at| at.depth == 0));
        let ended = |place: &usize| runs.get(*place).map_or(f64::MIN, |run| run.end);
        let Some(last) = roots.max_by(|one, other| ended(one).total_cmp(&ended(other))) else {
            return Ok(Timing::default());
        };
        let path = lineage::critical_path(&runs, last);
        let components = self.components_of_path(trace, &path)?;
        let project = self.project()?;
        let mut timing = Timing { is_cut: trace.is_cut, ..Timing::default() };
        let (mut first, mut end) = (None, None);
        // What is usual of a component of another project nobody knows here.
        let mut tempos: HashMap<ComponentKey, Tempo> = HashMap::default();
        for place in path {
            let (Some(spent), Some(at)) = (runs.get(place), trace.runs.get(place)) else { continue };
            let run = &at.run;
            let component = components.get(&run.id).copied();
            if let Some((project, component)) = project.zip(component)
                && !tempos.contains_key(&component)
            {
                let own = self.store.component(project, &run.component)?.filter(|own| own.key == component);
                let tempo = own.map(|own| self.tempo(project, own.key)).transpose()?.unwrap_or_default();
                tempos.insert(component, tempo);
            }
            let tempo = component.and_then(|component| tempos.get(&component)).cloned().unwrap_or_default();
            let waited_ms = end.map_or(0.0, |end: f64| (spent.start - end).max(0.0));
            first = first.or(Some(spent.start));
            end = Some(end.map_or(spent.end, |end: f64| end.max(spent.end)));
            timing.waiting_ms += waited_ms;
            timing.critical_path.push(TimedRun {
                run: run.id,
                component: run.component.clone(),
                started_at: run.started_at,
                duration_ms: run.duration_ms,
                waited_ms,
                is_unusual: run.duration_ms.is_some_and(|took| tempo.is_unusual(took)),
                usual: tempo.shown(),
                trend: tempo.trend,
            });
        }
        timing.span_ms = end.zip(first).map_or(0.0, |(end, first)| end - first);
        timing.running_ms = timing.span_ms - timing.waiting_ms;
        Ok(timing)
    }

    /// Returns the component of each run on the path: one of another project may have the same name.
    fn components_of_path(
        &mut self,
        trace: &Trace,
        path: &[usize],
    ) -> Result<HashMap<RunId, ComponentKey>, QueryError> {
        let mut keys = Vec::with_capacity(path.len());
        for at in path.iter().filter_map(|place| trace.runs.get(*place)) {
            keys.extend(self.store.run(at.run.id)?);
        }
        let names = self.store.run_names(&keys)?;
        Ok(names.into_iter().map(|name| (name.id, name.component_key)).collect())
    }

    /// Returns how long the runs of a component take.
    pub(super) fn tempo(&mut self, project: ProjectKey, component: ComponentKey) -> Result<Tempo, QueryError> {
        let usual = Usual::of(&self.store.durations(component, RUNS)?);
        let trend = self.duration_trend(project, component)?;
        Ok(Tempo { usual, trend })
    }
}

/// How long the runs of a component take.
#[derive(Clone, Debug, Default)]
pub(super) struct Tempo {
    usual: Option<Usual>,
    pub(super) trend: Option<DurationTrend>,
}

impl Tempo {
    /// Returns the usual range as an answer shows it.
    pub(super) fn shown(&self) -> Option<UsualDuration> {
        self.usual.map(|Usual { low, high, upper }| {
            let upper = upper.map(|(low_ms, high_ms)| UpperLevel { low_ms, high_ms });
            UsualDuration { low_ms: low, high_ms: high, upper }
        })
    }

    /// Returns whether a duration is none that is usual.
    pub(super) fn is_unusual(&self, duration_ms: f64) -> bool {
        self.usual.is_some_and(|usual| usual.is_outside(duration_ms))
    }

    /// Returns whether a run that has not ended takes longer than is usual.
    pub(super) fn is_overdue(&self, so_far_ms: f64) -> bool {
        self.usual.is_some_and(|usual| so_far_ms > longest(usual) && usual.is_outside(so_far_ms))
    }
}

/// Returns the longest that is usual: a run between two levels may still come to the upper one.
fn longest(usual: Usual) -> f64 {
    usual.upper.map_or(usual.high, |(_, high)| high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trend_is_told_in_words() {
        let trend = |is_creeping, before_ms, after_ms, commit: Option<&str>| {
            let commit = commit.map(str::to_owned);
            let at = "2021-05-03T12:00:00Z".parse().unwrap();
            let run = RunId(uuid::Uuid::nil());
            let trend = DurationTrend { is_creeping, before_ms, after_ms, run, at, commit };
            trend.says(|at| at.to_string().chars().take(10).collect())
        };
        let doubled = "doubled from 5.0 s to 10.0 s on 2021-05-03 at commit 8f14e45f";
        assert_eq!(trend(false, 5e3, 1e4, Some("8f14e45fceea167a")), doubled);
        assert_eq!(trend(true, 5e3, 8e3, None), "crept up from 5.0 s to 8.0 s since 2021-05-03");
        assert_eq!(trend(false, 8e3, 5e3, None), "fell from 8.0 s to 5.0 s on 2021-05-03");
        assert_eq!(trend(false, 5e3, 7e3, None), "rose from 5.0 s to 7.0 s on 2021-05-03");
    }
}
