//! How well the outputs of tasks fit what became of them.

use mltrace_core::query::{Task, TaskKind, TaskMetric, TaskOptions, Tasks};
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Nothing, Score, Seconds, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.ask(Demand::Short, "/api/v1/tasks", "The tasks, by name, and how much is known of each", tasks).ask(
        Demand::Long,
        "/api/v1/task",
        "How well the outputs of a task fit what became of them, window by window",
        task,
    )
}

/// Returns all tasks.
#[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself is not general enough")]
pub(crate) fn tasks(app: &App, _: &Nothing) -> Result<Tasks, Failure> {
    app.ask(|reader| reader.tasks())
}

/// Which outputs are meant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskQuery {
    /// The task.
    pub(crate) name: String,
    /// How long a window is, in seconds; else one holds all.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) window_s: Option<Seconds>,
    /// Only outputs made at this moment or later.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) since: Option<Moment>,
    /// Only outputs made before.
    #[serde(default, deserialize_with = "blank")]
    pub(crate) until: Option<Moment>,
    /// Only this metric.
    #[serde(default, deserialize_with = "blank")]
    metric: Option<TaskMetric>,
    /// What the outputs are; else what their values show.
    #[serde(default, deserialize_with = "blank")]
    kind: Option<TaskKind>,
    /// The class whose precision, recall and F1 are meant; else the mean over all.
    #[serde(default, deserialize_with = "blank")]
    positive: Option<String>,
    /// From which score on an output means yes; 0.5 unless said otherwise.
    #[serde(default, deserialize_with = "blank")]
    threshold: Option<Score>,
}

/// Returns how well the outputs of a task fit.
pub(crate) fn task(app: &App, asked: &TaskQuery) -> Result<Task, Failure> {
    let options = TaskOptions {
        window_s: asked.window_s.map(|seconds| seconds.0.into()),
        since: asked.since.as_ref().map(|moment| moment.at),
        until: asked.until.as_ref().map(|moment| moment.at),
        metrics: asked.metric.into_iter().collect(),
        kind: asked.kind,
        positive: asked.positive.clone(),
        threshold: asked.threshold.map(|score| score.0),
    };
    app.ask(|reader| reader.task(&asked.name, &options))
}
