//! The tasks, and how well the outputs of one fit what became of them.

use maud::{Markup, html};
use mltrace_core::query::{Confused, Task, TaskMetric, TaskSummary, TaskWindow};
use mltrace_core::words::{UNKNOWN, brief, lag, share};

use super::{layout, link, parts};
use crate::api::{self, Nothing, TaskQuery};
use crate::app::App;
use crate::failure::Failure;
use crate::moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many windows, or pairs of an output and its feedback, are shown.
const MOST: usize = 300;
/// The windows that the page offers, in seconds.
const WINDOWS: [(&str, &str); 4] =
    [("", "all at once"), ("3600", "by hour"), ("86400", "by day"), ("604800", "by week")];

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/tasks", all).page(Demand::Long, "/task", one)
}

fn all(app: &App, asked: &Nothing) -> Result<Markup, Failure> {
    let found = api::tasks(app, asked)?;
    let body = html! {
        h1 { "Tasks" }
        @if found.tasks.is_empty() {
            p.lead { "There is none. " code { "mltrace log-output TASK ID VALUE" } " makes one." }
        } @else {
            table {
                thead { tr {
                    th scope="col" { "Task" } th scope="col" { "Outputs" } th scope="col" { "With feedback" }
                    th scope="col" { "Feedback without output" } th scope="col" { "First" } th scope="col" { "Last" }
                } }
                tbody { @for task in &found.tasks { (summary(task)) } }
            }
        }
    };
    Ok(layout::page(app, "Tasks", "/tasks", &body))
}

fn summary(task: &TaskSummary) -> Markup {
    html! {
        tr {
            td { a href=(link::task(&task.task, "")) { (parts::name(&task.task)) } }
            td data-label="outputs" { (task.outputs) }
            td data-label="with feedback" { (share(task.coverage())) }
            td data-label="feedback without output" { (task.without_output) }
            td data-label="first" { @if let Some(at) = task.first { (parts::exact(at)) } }
            td data-label="last" { @if let Some(at) = task.last { (parts::exact(at)) } }
        }
    }
}

fn one(app: &App, asked: &TaskQuery) -> Result<Markup, Failure> {
    let found = api::task(app, asked)?;
    let chosen = found.window_s.map(|seconds| seconds.to_string()).unwrap_or_default();
    let body = html! {
        p.path { a href="/tasks" { "Task" } }
        h1 { (parts::name(&found.task)) }
        p.lead { @if let Some(kind) = found.kind { (kind.as_str()) ": " } (found.says()) "." }
        p {
            @for (seconds, words) in WINDOWS {
                @if *seconds == chosen { strong { (words) } } @else { a href=(link::task(&found.task, seconds)) { (words) } } " "
            }
        }
        (windows(&found))
        @if let Some(confusion) = found.windows.iter().find_map(|window| window.confusion.as_ref()).filter(|all| !all.is_empty()) {
            h2 { "What became of each output" }
            (confused(confusion))
        }
    };
    Ok(layout::page(app, &found.task, "/tasks", &body))
}

/// The last windows, the newest first.
fn windows(task: &Task) -> Markup {
    let metrics = task.windows.last().map(|window| window.names(task.kind)).unwrap_or_default();
    let is_divided = task.window_s.is_some();
    html! {
        table {
            thead { tr {
                @if is_divided { th scope="col" { "From" } }
                th scope="col" { "Outputs" } th scope="col" { "With feedback" } th scope="col" { "After (half)" }
                @for metric in &metrics { th scope="col" { (metric.as_str()) } }
            } }
            tbody { @for window in task.windows.iter().rev().take(MOST) { (row(window, &metrics, is_divided)) } }
        }
        (parts::more(task.windows.len(), MOST))
    }
}

fn row(window: &TaskWindow, metrics: &[TaskMetric], is_divided: bool) -> Markup {
    let late = window.lag_s.map_or(UNKNOWN.to_owned(), |of| lag(of.p50));
    html! {
        tr {
            @if is_divided { td { @if let Some(from) = window.from { (moment::show(from)) } } }
            td data-label="outputs" { (window.outputs) }
            td data-label="with feedback" { (share(window.coverage)) }
            td data-label="after" { (late) }
            @for metric in metrics { td data-label=(metric.as_str()) { (brief(window.metrics.get(metric).copied().flatten())) } }
        }
    }
}

fn confused(pairs: &[Confused]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Output" } th scope="col" { "Feedback" } th scope="col" { "How often" } } }
            tbody {
                @for pair in pairs.iter().take(MOST) {
                    tr {
                        td data-label="output" { (parts::name(&pair.output)) }
                        td data-label="feedback" { (parts::name(&pair.feedback)) }
                        td data-label="times" { (pair.count) }
                    }
                }
            }
        }
        (parts::more(pairs.len(), MOST))
    }
}
