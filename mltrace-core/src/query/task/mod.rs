//! How well the outputs of a task fit what became of them, window by window.

mod answer;

mod sum;

mod tally;

#[cfg(test)]
mod agree;

use std::collections::BTreeSet;
use std::ops::Range;

pub use answer::{Confused, Lag, Task, TaskKind, TaskMetric, TaskSummary, TaskWindow, Tasks};

use super::{QueryError, Reader};
use crate::model::Timestamp;
use crate::store::{Pair, PairOrder, PairsAsked, TaskKey, TaskRow};
use sum::{Held, Ranks, place_of};
use tally::{Names, Tally, Took, Wanted};

/// So many numbers of a window are held at most; of more the store is asked in order.
const MOST_HELD: usize = 1 << 20;
/// No answer has more windows.
const MOST_WINDOWS: i64 = 10_000;
/// Windows begin at multiples of their length from here on, a Monday: 1970-01-05T00:00:00Z.
const MONDAY: i64 = 4 * 86_400_000_000;
/// The quantiles of how long feedback took.
const QUANTILES: [f64; 3] = [0.5, 0.9, 1.0];

/// What is asked of a task.
#[derive(Clone, Debug, Default)]
pub struct TaskOptions {
    /// How long a window is, in seconds; `None`: one holds all.
    pub window_s: Option<i64>,
    /// Only outputs made then or later.
    pub since: Option<Timestamp>,
    /// Only outputs made before; `None`: those that are dated no more than a day ahead of the clock.
    pub until: Option<Timestamp>,
    /// Only these metrics; none: all that there are of such outputs.
    pub metrics: Vec<TaskMetric>,
    /// What the outputs are; `None`: what their values show.
    pub kind: Option<TaskKind>,
    /// The class whose precision, recall and F1 are meant; `None`: the mean over all.
    pub positive: Option<String>,
    /// From which score on an output means yes; `None`: 0.5.
    pub threshold: Option<f64>,
}

impl TaskOptions {
    /// Returns what is asked for that means nothing of such outputs.
    fn only_of_others(&self, kind: TaskKind) -> Option<&'static str> {
        let threshold = (kind != TaskKind::Scores && self.threshold.is_some()).then_some("a threshold");
        threshold.or((kind != TaskKind::Classes && self.positive.is_some()).then_some("a positive class"))
    }
}

/// What was counted of one window.
struct Counted {
    /// Its number since [`MONDAY`].
    number: i64,
    outputs: u64,
    with_feedback: u64,
    left_out: u64,
    lags: Held,
    tally: Tally,
}

impl Counted {
    fn new(number: i64, wanted: &Wanted) -> Self {
        let lags = Held::new(wanted.most_held);
        Self { number, outputs: 0, with_feedback: 0, left_out: 0, lags, tally: Tally::new(wanted) }
    }
}

/// A window that is over: nothing of its outputs is held any more.
struct Done {
    number: i64,
    window: TaskWindow,
    is_soft: bool,
    /// Whether the store is to be asked in order, as more was to be held than may be: for how long feedback took, and for a
    /// metric of so many outputs.
    is_lag_over: bool,
    over: Option<u64>,
}

/// A task, and what is asked of it.
struct Asked<'a> {
    task: TaskKey,
    options: &'a TaskOptions,
    /// From when on no output counts.
    until: Timestamp,
    /// How long a window is, in microseconds.
    window: Option<i64>,
    metrics: BTreeSet<TaskMetric>,
    most_held: usize,
}

impl Asked<'_> {
    fn pairs(&self, range: Range<Option<Timestamp>>, order: PairOrder) -> PairsAsked {
        PairsAsked { task: self.task, since: range.start.unwrap_or(Timestamp(i64::MIN / 2)), until: range.end, order }
    }

    /// Returns the number of the window that a moment lies in.
    fn number(&self, at: Timestamp) -> i64 {
        self.window.map_or(0, |window| at.0.saturating_sub(MONDAY).div_euclid(window))
    }

    /// Returns when a window begins and ends.
    fn range(&self, number: i64) -> Range<Option<Timestamp>> {
        let Some(window) = self.window else { return self.options.since..self.options.until };
        let begins = |number: i64| Some(Timestamp(number.saturating_mul(window).saturating_add(MONDAY)));
        begins(number)..begins(number.saturating_add(1))
    }

    /// Returns that part of a window which is asked for.
    fn part(&self, number: i64) -> Range<Option<Timestamp>> {
        let range = self.range(number);
        range.start.max(self.options.since)..Some(range.end.map_or(self.until, |end| end.min(self.until)))
    }

    fn wanted(&self, kind: TaskKind) -> Wanted {
        let wants = |metric| self.metrics.is_empty() || self.metrics.contains(&metric);
        Wanted {
            kind,
            is_said: self.options.kind.is_some(),
            threshold: self.options.threshold.unwrap_or(0.5),
            wants_area: wants(TaskMetric::RocAuc),
            wants_median: wants(TaskMetric::MedianAe),
            most_held: self.most_held,
        }
    }
}

/// What became of a look at all outputs.
enum Passed {
    Counted(Vec<Done>),
    /// They are of another kind.
    Misfit,
    TooManyWindows,
}

impl Reader<'_> {
    /// Returns all tasks, by name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn tasks(&mut self) -> Result<Tasks, QueryError> {
        let Some(project) = self.project()? else { return Ok(Tasks::default()) };
        let summary = |row: TaskRow| TaskSummary {
            task: row.name,
            outputs: row.outputs,
            with_feedback: row.with_feedback,
            without_output: row.without_output,
            first: row.first,
            last: row.last,
        };
        Ok(Tasks { tasks: self.store.tasks(project)?.into_iter().map(summary).collect() })
    }

    /// Returns how well the outputs of a task fit what became of them.
    ///
    /// # Errors
    /// When there is no such task, it has other metrics than those asked for, there would be more than 10,000 windows, or the
    /// store does not answer.
    pub fn task(&mut self, name: &str, options: &TaskOptions) -> Result<Task, QueryError> {
        self.task_within(name, options, MOST_HELD)
    }

    fn task_within(&mut self, name: &str, options: &TaskOptions, most_held: usize) -> Result<Task, QueryError> {
        let not_found = || QueryError::NotFound { kind: "task", name: name.to_owned() };
        let project = self.project()?.ok_or_else(not_found)?;
        let (key, without_output) = self.store.find_task(project, name)?.ok_or_else(not_found)?;
        let asked = Asked {
            task: key,
            options,
            until: options.until.unwrap_or_else(|| Timestamp::now().a_day_later().plus_micros(1)),
            window: options.window_s.map(|seconds| seconds.max(1).saturating_mul(1_000_000)),
            metrics: options.metrics.iter().copied().collect(),
            most_held,
        };
        let kinds = options.kind.map_or(TaskKind::ALL.to_vec(), |kind| vec![kind]);
        for kind in kinds {
            match self.pass(&asked, kind)? {
                Passed::Misfit => {}
                Passed::TooManyWindows => {
                    return Err(QueryError::TooManyWindows { task: name.to_owned(), most: MOST_WINDOWS });
                }
                Passed::Counted(done) => {
                    let is_any = done.iter().any(|done| done.window.outputs > 0);
                    let seen = is_any.then_some(kind);
                    if let Some(kind) = seen
                        && let Some(metric) = options.metrics.iter().find(|metric| !kind.metrics().contains(metric))
                    {
                        return Err(QueryError::NoTaskMetric { task: name.to_owned(), metric: *metric, kind });
                    }
                    if let Some(of) = seen.and_then(|kind| options.only_of_others(kind)) {
                        return Err(QueryError::NoTaskOption { task: name.to_owned(), option: of, kind });
                    }
                    let windows = self.windows(&asked, done, kind)?;
                    let (task, window_s) = (name.to_owned(), options.window_s.map(|seconds| seconds.max(1)));
                    let ahead = self.ahead(&asked)?;
                    return Ok(Task { task, kind: seen, window_s, without_output, ahead, windows });
                }
            }
        }
        Err(not_found())
    }

    /// Returns how many outputs are left out as they are dated ahead of the clock: a wrong clock, or a stranger's journal,
    /// would make windows of thousands of years.
    fn ahead(&mut self, asked: &Asked<'_>) -> Result<u64, QueryError> {
        let mut ahead = 0_u64;
        if asked.options.until.is_none() {
            let from = asked.options.since.map_or(asked.until, |since| since.max(asked.until));
            self.store.task_pairs(asked.pairs(Some(from)..None, PairOrder::Time), &mut |_| {
                ahead = ahead.saturating_add(1);
                true
            })?;
        }
        Ok(ahead)
    }

    /// Looks once at all outputs, as they were made, and counts them as being of one kind.
    fn pass(&mut self, asked: &Asked<'_>, kind: TaskKind) -> Result<Passed, QueryError> {
        let wanted = asked.wanted(kind);
        let (mut done, mut names) = (Vec::new(), Names::default());
        let mut open: Option<Counted> = None;
        let mut wrong = None;
        let pairs = asked.pairs(asked.options.since..Some(asked.until), PairOrder::Time);
        self.store.task_pairs(pairs, &mut |pair| {
            let number = asked.number(pair.at);
            if open.as_ref().is_none_or(|window| window.number != number) {
                if let Some(window) = open.take() {
                    let between = number.saturating_sub(window.number);
                    if between > MOST_WINDOWS.saturating_sub(i64::try_from(done.len()).unwrap_or(i64::MAX)) {
                        wrong = Some(Passed::TooManyWindows);
                        return false;
                    }
                    let next = window.number.saturating_add(1);
                    done.push(window.done(asked, &names));
                    done.extend((next..number).map(|number| Counted::new(number, &wanted).done(asked, &names)));
                }
                open = Some(Counted::new(number, &wanted));
            }
            let Some(window) = &mut open else { return false };
            if window.add(&pair, &wanted, &mut names) == Took::Misfit {
                wrong = Some(Passed::Misfit);
                return false;
            }
            true
        })?;
        if let Some(wrong) = wrong {
            return Ok(wrong);
        }
        done.extend(open.map(|window| window.done(asked, &names)));
        if done.is_empty() && asked.window.is_none() {
            done.push(Counted::new(0, &wanted).done(asked, &names));
        }
        Ok(Passed::Counted(done))
    }

    fn windows(&mut self, asked: &Asked<'_>, all: Vec<Done>, kind: TaskKind) -> Result<Vec<TaskWindow>, QueryError> {
        let is_soft = all.iter().any(|done| done.is_soft);
        let mut windows = Vec::with_capacity(all.len());
        for done in all {
            let mut window = done.window;
            if done.is_lag_over {
                let places = places(window.with_feedback);
                let lag = |pair: &Pair<'_>| pair.feedback.map_or(0.0, |(_, at)| seconds(at, pair.at));
                window.lag_s = lag_of(&self.at_places(asked, done.number, PairOrder::Lag, &places, lag)?);
            }
            if let Some(compared) = done.over {
                window.metrics.extend(self.ordered(asked, done.number, (kind, compared))?);
            }
            // Plain answers say nothing of how sure they are.
            if !is_soft && let Some(loss) = window.metrics.get_mut(&TaskMetric::LogLoss) {
                *loss = None;
            }
            window.metrics.retain(|metric, _| asked.metrics.is_empty() || asked.metrics.contains(metric));
            windows.push(window);
        }
        Ok(windows)
    }

    /// Returns the metric that depends on the order of a window's numbers, which are more than may be held.
    fn ordered(
        &mut self,
        asked: &Asked<'_>,
        number: i64,
        (kind, compared): (TaskKind, u64),
    ) -> Result<Option<(TaskMetric, Option<f64>)>, QueryError> {
        Ok(match kind {
            TaskKind::Classes => None,
            TaskKind::Numbers => {
                let middle = tally::middle_of(compared);
                let error = |pair: &Pair<'_>| tally::error_of(pair).unwrap_or(f64::NAN);
                let found = self.at_places(asked, number, PairOrder::Error, &middle, error)?;
                // What is further apart than a float can be has no place among them.
                Some((TaskMetric::MedianAe, tally::mean(&found).filter(|_| found.len() == middle.len())))
            }
            TaskKind::Scores => {
                let mut ranks = Ranks::default();
                let pairs = asked.pairs(asked.part(number), PairOrder::Output);
                self.store.task_pairs(pairs, &mut |pair| {
                    if let Some((score, is_yes)) = tally::score_of(&pair) {
                        ranks.add(score, is_yes);
                    }
                    true
                })?;
                Some((TaskMetric::RocAuc, ranks.area()))
            }
        })
    }

    /// Returns the values at these places, the least first, of those of a window that are numbers.
    fn at_places(
        &mut self,
        asked: &Asked<'_>,
        number: i64,
        order: PairOrder,
        places: &[u64],
        value: impl Fn(&Pair<'_>) -> f64,
    ) -> Result<Vec<f64>, QueryError> {
        let (mut found, mut at) = (Vec::with_capacity(places.len()), 0_u64);
        let pairs = asked.pairs(asked.part(number), order);
        self.store.task_pairs(pairs, &mut |pair| {
            let value = value(&pair);
            if value.is_finite() {
                found.extend(places.iter().filter(|place| **place == at).map(|_| value));
                at = at.saturating_add(1);
            }
            found.len() < places.len()
        })?;
        Ok(found)
    }
}

impl Counted {
    /// Returns what is known of the window, which is over.
    fn done(mut self, asked: &Asked<'_>, names: &Names) -> Done {
        let lag_s = lag_of(&self.lags.at(&places(self.with_feedback)));
        let (is_soft, is_lag_over) = (self.tally.is_soft(), self.lags.is_over());
        let over = self.tally.is_over().then(|| self.tally.compared());
        let (metrics, confusion) = tally::told(self.tally, &names.names, asked.options.positive.as_deref());
        let range = asked.range(self.number);
        let window = TaskWindow {
            from: range.start,
            until: range.end,
            outputs: self.outputs,
            with_feedback: self.with_feedback,
            left_out: self.left_out,
            coverage: tally::share(self.with_feedback, self.outputs),
            lag_s,
            metrics,
            confusion: confusion.filter(|_| asked.window.is_none()),
        };
        Done { number: self.number, window, is_soft, is_lag_over, over }
    }

    fn add(&mut self, pair: &Pair<'_>, wanted: &Wanted, names: &mut Names) -> Took {
        self.outputs = self.outputs.saturating_add(1);
        if let Some((_, at)) = pair.feedback {
            self.with_feedback = self.with_feedback.saturating_add(1);
            self.lags.add(seconds(at, pair.at));
        }
        let took = self.tally.add(pair, wanted, names);
        if took == Took::LeftOut {
            self.left_out = self.left_out.saturating_add(1);
        }
        took
    }
}

/// Returns the places of the quantiles among so many.
fn places(count: u64) -> [u64; 3] {
    QUANTILES.map(|quantile| place_of(quantile, count))
}

fn lag_of(found: &[f64]) -> Option<Lag> {
    match found {
        [p50, p90, max] => Some(Lag { p50: *p50, p90: *p90, max: *max }),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a span in microseconds")]
fn seconds(at: Timestamp, from: Timestamp) -> f64 {
    at.micros_since(from) as f64 / 1e6
}
