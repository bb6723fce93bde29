//! Tasks, and how well their outputs fit what became of them.

use mltrace_core::query::{Task, TaskKind, TaskWindow, Tasks};
use mltrace_core::words::{UNKNOWN, brief, lag, lags, share};

use super::{cut, paint, table};
use crate::escape::line;
use crate::time;

/// How many windows are shown when nobody asks for more: the last ones.
const WINDOWS: usize = 30;
/// How many lines a table of classes has.
const CELLS: usize = 20;

/// Returns all tasks, a line each.
pub(crate) fn all(answer: &Tasks, columns: Option<u16>) -> String {
    if answer.tasks.is_empty() {
        return "no tasks\n".to_owned();
    }
    let rows = answer.tasks.iter().map(|task| {
        [
            task.task.clone(),
            task.outputs.to_string(),
            share(task.coverage()),
            task.without_output.to_string(),
            task.first.map(time::show).unwrap_or_default(),
            task.last.map(time::show).unwrap_or_default(),
        ]
    });
    table::draw(["TASK", "OUTPUTS", "COVERAGE", "NO OUTPUT", "FIRST", "LAST"], rows, columns)
}

/// Returns how well the outputs of a task fit what became of them: of one window a line each, of several a table.
pub(crate) fn one(answer: &Task, is_whole: bool, columns: Option<u16>) -> String {
    let kind = answer.kind.map_or(String::new(), |kind| format!(", {}", kind.as_str()));
    let mut text = format!("{}{kind}\n{}\n", paint::paint(paint::STRONG, line(&answer.task)), answer.says());
    match (answer.window_s, answer.windows.as_slice()) {
        (None, [only]) => text.push_str(&window(only, answer.kind, is_whole, columns)),
        (_, windows) => text.push_str(&all_windows(answer, windows, is_whole, columns)),
    }
    text
}

/// Returns one window, a metric a line.
fn window(window: &TaskWindow, kind: Option<TaskKind>, is_whole: bool, columns: Option<u16>) -> String {
    let mut text = String::new();
    if let Some(of) = window.lag_s {
        text.push_str(&lags([of.p50, of.p90, of.max]));
        text.push('\n');
    }
    let metrics = window.names(kind).into_iter().map(|metric| {
        let value = window.metrics.get(&metric).copied().flatten();
        [metric.as_str().to_owned(), brief(value)]
    });
    if metrics.len() > 0 {
        text.push('\n');
        text.push_str(&table::draw(["METRIC", "VALUE"], metrics, columns));
    }
    if let Some(confusion) = window.confusion.as_ref().filter(|cells| !cells.is_empty()) {
        let (shown, more) = cut::first(confusion, CELLS, is_whole);
        let cells = shown.iter().map(|cell| [cell.output.clone(), cell.feedback.clone(), cell.count.to_string()]);
        text.push('\n');
        text.push_str(&table::draw(["OUTPUT", "FEEDBACK", "COUNT"], cells, columns));
        if more > 0 {
            text.push_str(&format!("{}\n", cut::more(more)));
        }
    }
    text
}

/// Returns the last windows, a line each.
fn all_windows(answer: &Task, windows: &[TaskWindow], is_whole: bool, columns: Option<u16>) -> String {
    let Some(last) = windows.last() else { return String::new() };
    let metrics = last.names(answer.kind);
    let heading = ["FROM", "OUTPUTS", "COVERAGE", "LAG"].into_iter().map(str::to_owned);
    let heading: Vec<String> = heading.chain(metrics.iter().map(|metric| metric.as_str().to_uppercase())).collect();
    let is_by_seconds = answer.window_s.is_some_and(|window| window % 60 != 0);
    let left_out = if is_whole { 0 } else { windows.len().saturating_sub(WINDOWS) };
    let rows = windows.iter().skip(left_out).map(|window| {
        let from = window.from.map(if is_by_seconds { time::show } else { time::show_minute }).unwrap_or_default();
        let late = window.lag_s.map_or(UNKNOWN.to_owned(), |of| lag(of.p50));
        let mut row = vec![from, window.outputs.to_string(), share(window.coverage), late];
        row.extend(metrics.iter().map(|metric| brief(window.metrics.get(metric).copied().flatten())));
        row
    });
    let mut text = table::draw_any(&heading, rows, columns);
    if left_out > 0 {
        text.push_str(&format!("{left_out} more, earlier: {}\n", cut::HOW));
    }
    text
}
