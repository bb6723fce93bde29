//! The answers about tasks, which serialised are the promised JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::words;

/// The answer of `task`: all tasks, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tasks {
    /// The tasks.
    pub tasks: Vec<TaskSummary>,
}

/// A task, with how much is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskSummary {
    /// Its name.
    pub task: String,
    /// How many outputs are known.
    pub outputs: u64,
    /// Of how many of them it is known what became of them.
    pub with_feedback: u64,
    /// Of how many ids there is feedback and no output.
    pub without_output: u64,
    /// When the first of its outputs was made.
    pub first: Option<Timestamp>,
    /// When the last one was.
    pub last: Option<Timestamp>,
}

impl TaskSummary {
    /// Returns the share of its outputs with a known outcome.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        ratio(self.with_feedback, self.outputs)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of outputs")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// What the outputs of a task are, as their values show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TaskKind {
    /// How likely something is, from 0 to 1, which came true or did not: feedback is `0` or `1`, or `false` or `true`.
    Scores,
    /// Numbers.
    Numbers,
    /// Names of classes.
    Classes,
}

impl TaskKind {
    /// All kinds, each of which is tried where the values do not fit the one before it.
    pub const ALL: [Self; 3] = [Self::Scores, Self::Numbers, Self::Classes];

    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scores => "scores",
            Self::Numbers => "numbers",
            Self::Classes => "classes",
        }
    }

    /// Returns the metrics of such outputs.
    #[must_use]
    pub fn metrics(self) -> &'static [TaskMetric] {
        use TaskMetric::{Accuracy, F1, LogLoss, Mae, MedianAe, Mse, Precision, R2, Recall, Rmse, RocAuc};
        match self {
            Self::Scores => &[Accuracy, Precision, Recall, F1, RocAuc, LogLoss],
            Self::Numbers => &[Mae, Mse, Rmse, MedianAe, R2],
            Self::Classes => &[Accuracy, Precision, Recall, F1],
        }
    }
}

/// How well outputs fit what became of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TaskMetric {
    /// The share of outputs that were right.
    Accuracy,
    /// Of the outputs that mean yes, the share that came true; of classes the mean over those that were put out.
    Precision,
    /// Of what came true, the share that was put out; of classes the mean over those that came.
    Recall,
    /// The harmonic mean of both; of classes the mean over all.
    F1,
    /// The area under the ROC curve.
    RocAuc,
    /// The mean of the negative logarithm of how likely what came was said to be.
    LogLoss,
    /// The mean absolute error.
    Mae,
    /// The mean squared error.
    Mse,
    /// Its square root.
    Rmse,
    /// The median absolute error.
    MedianAe,
    /// The coefficient of determination.
    R2,
}

impl TaskMetric {
    /// All metrics.
    pub const ALL: [Self; 11] = [
        Self::Accuracy,
        Self::Precision,
        Self::Recall,
        Self::F1,
        Self::RocAuc,
        Self::LogLoss,
        Self::Mae,
        Self::Mse,
        Self::Rmse,
        Self::MedianAe,
        Self::R2,
    ];

    /// Returns its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Precision => "precision",
            Self::Recall => "recall",
            Self::F1 => "f1",
            Self::RocAuc => "roc_auc",
            Self::LogLoss => "log_loss",
            Self::Mae => "mae",
            Self::Mse => "mse",
            Self::Rmse => "rmse",
            Self::MedianAe => "median_ae",
            Self::R2 => "r2",
        }
    }
}

/// The answer of `task TASK`: how well its outputs fit what became of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Task {
    /// The task.
    pub task: String,
    /// What its outputs are; `null` where none was made in that time.
    pub kind: Option<TaskKind>,
    /// How long a window is, in seconds; `null`: one holds all.
    pub window_s: Option<i64>,
    /// Of how many ids there is feedback and no output, at any time.
    pub without_output: u64,
    /// How many outputs are left out as they are dated more than a day ahead of the clock; of none where `until` was given.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub ahead: u64,
    /// The windows, the first of all; those without outputs between others too.
    pub windows: Vec<TaskWindow>,
}

impl Task {
    /// Returns in words how many outputs there are, and what is known of them.
    #[must_use]
    pub fn says(&self) -> String {
        let sum = |count: fn(&TaskWindow) -> u64| self.windows.iter().map(count).fold(0, u64::saturating_add);
        let (outputs, with_feedback) = (sum(|window| window.outputs), sum(|window| window.with_feedback));
        let are = if outputs == 1 { "output" } else { "outputs" };
        let mut text = format!("{outputs} {are}, {with_feedback} with feedback");
        if let Some(covered) = ratio(with_feedback, outputs) {
            text.push_str(&format!(" ({})", words::share(Some(covered))));
        }
        let besides = [
            (self.without_output, "feedback without an output"),
            (self.ahead, "dated ahead of the clock, and left out"),
            (sum(|window| window.left_out), "not compared, as no number or without end"),
        ];
        for (count, what) in besides.into_iter().filter(|(count, _)| *count > 0) {
            text.push_str(&format!("; {what}: {count}"));
        }
        text
    }
}

impl TaskWindow {
    /// Returns its metrics in the order in which people read those of such outputs.
    #[must_use]
    pub fn names(&self, kind: Option<TaskKind>) -> Vec<TaskMetric> {
        let all = kind.map_or(&[][..], TaskKind::metrics);
        all.iter().copied().filter(|metric| self.metrics.contains_key(metric)).collect()
    }
}

/// The outputs that were made in a span of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TaskWindow {
    /// When it begins; `null`: with the first output.
    pub from: Option<Timestamp>,
    /// When it ends, and the next one begins; `null`: with the last output.
    pub until: Option<Timestamp>,
    /// How many outputs were made.
    pub outputs: u64,
    /// Of how many of them it is known what became of them.
    pub with_feedback: u64,
    /// Of how many of these one value is no number, or has no end: no metric counts them.
    pub left_out: u64,
    /// The share of outputs whose feedback is known; `null` without outputs.
    pub coverage: Option<f64>,
    /// After how many seconds the feedback came; `null` without feedback.
    pub lag_s: Option<Lag>,
    /// The metrics by name; `null`: unknown, as without feedback.
    pub metrics: BTreeMap<TaskMetric, Option<f64>>,
    /// How often each output was followed by each feedback; `null` for numbers, where there are several windows or more than
    /// 400 such pairs.
    pub confusion: Option<Vec<Confused>>,
}

/// After how many seconds feedback came: less than 0 where it was there before the output.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lag {
    /// Half of it within that.
    pub p50: f64,
    /// Nine tenths of it within that.
    pub p90: f64,
    /// All of it within that.
    pub max: f64,
}

/// How often one output was followed by one feedback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Confused {
    /// The output; of scores `1` where it means yes.
    pub output: String,
    /// The feedback.
    pub feedback: String,
    /// How often.
    pub count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
