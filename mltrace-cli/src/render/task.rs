//! Tasks, and how well their outputs fit what became of them.

use mltrace_core::query::{Task, TaskKind, TaskMetric, TaskWindow, Tasks};
use mltrace_core::words;

use super::{cut, paint, table};
use crate::escape::line;
use crate::time;

/// How many windows are shown when nobody asks for more: the last ones.
const WINDOWS: usize = 30;
/// How many lines a table of classes has.
const CELLS: usize = 20;
/// What stands for what is not known.
const UNKNOWN: &str = "?";

/// Returns all tasks, a line each.
pub(crate) fn all(answer: &Tasks, columns: Option<u16>) -> String {
    if answer.tasks.is_empty() {
        return "no tasks\n".to_owned();
    }
    let rows = answer.tasks.iter().map(|task| {
        [
            task.task.clone(),
            task.outputs.to_string(),
            share(ratio(task.with_feedback, task.outputs)),
            task.without_output.to_string(),
            task.first.map(time::show).unwrap_or_default(),
            task.last.map(time::show).unwrap_or_default(),
        ]
    });
    table::draw(["TASK", "OUTPUTS", "COVERAGE", "NO OUTPUT", "FIRST", "LAST"], rows, columns)
}

#[expect(clippy::cast_precision_loss, reason = "counts of outputs")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Returns how well the outputs of a task fit what became of them: of one window a line each, of several a table.
pub(crate) fn one(answer: &Task, is_whole: bool, columns: Option<u16>) -> String {
    let outputs: u64 = answer.windows.iter().map(|window| window.outputs).sum();
    let with_feedback: u64 = answer.windows.iter().map(|window| window.with_feedback).sum();
    let left_out: u64 = answer.windows.iter().map(|window| window.left_out).sum();
    let kind = answer.kind.map_or(String::new(), |kind| format!(", {}", kind.as_str()));
    let mut text = format!("{}{kind}\n", paint::paint(paint::STRONG, line(&answer.task)));
    text.push_str(&format!("{outputs} outputs, {with_feedback} with feedback"));
    if let Some(covered) = ratio(with_feedback, outputs) {
        text.push_str(&format!(" ({})", share(Some(covered))));
    }
    if answer.without_output > 0 {
        text.push_str(&format!("; feedback without an output: {}", answer.without_output));
    }
    if answer.ahead > 0 {
        text.push_str(&format!("; dated ahead of the clock, and left out: {}", answer.ahead));
    }
    if left_out > 0 {
        text.push_str(&format!("; not compared, as no number or without end: {left_out}"));
    }
    text.push('\n');
    match (answer.window_s, answer.windows.as_slice()) {
        (None, [only]) => text.push_str(&window(only, answer.kind, is_whole, columns)),
        (_, windows) => text.push_str(&all_windows(answer, windows, is_whole, columns)),
    }
    text
}

/// Returns one window, a metric a line.
fn window(window: &TaskWindow, kind: Option<TaskKind>, is_whole: bool, columns: Option<u16>) -> String {
    let mut text = String::new();
    if let Some(lag) = window.lag_s {
        let [half, most, last] = [lag.p50, lag.p90, lag.max].map(lasted);
        text.push_str(&format!("feedback after {half} (half), {most} (9 of 10), {last} (all)\n"));
    }
    let metrics = names(kind, window).into_iter().map(|metric| {
        let value = window.metrics.get(&metric).copied().flatten();
        [metric.as_str().to_owned(), number(value)]
    });
    text.push('\n');
    text.push_str(&table::draw(["METRIC", "VALUE"], metrics, columns));
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

fn names(kind: Option<TaskKind>, window: &TaskWindow) -> Vec<TaskMetric> {
    let all = kind.map_or(&[][..], TaskKind::metrics);
    all.iter().copied().filter(|metric| window.metrics.contains_key(metric)).collect()
}

/// Returns the last windows, a line each.
fn all_windows(answer: &Task, windows: &[TaskWindow], is_whole: bool, columns: Option<u16>) -> String {
    let Some(last) = windows.last() else { return String::new() };
    let metrics = names(answer.kind, last);
    let heading = ["FROM", "OUTPUTS", "COVERAGE", "LAG"].into_iter().map(str::to_owned);
    let heading: Vec<String> = heading.chain(metrics.iter().map(|metric| metric.as_str().to_uppercase())).collect();
    let left_out = if is_whole { 0 } else { windows.len().saturating_sub(WINDOWS) };
    let rows = windows.iter().skip(left_out).map(|window| {
        let from = window.from.map(time::show_minute).unwrap_or_default();
        let lag = window.lag_s.map_or(UNKNOWN.to_owned(), |lag| lasted(lag.p50));
        let mut row = vec![from, window.outputs.to_string(), share(window.coverage), lag];
        row.extend(metrics.iter().map(|metric| number(window.metrics.get(metric).copied().flatten())));
        row
    });
    let mut text = table::draw_any(&heading, rows, columns);
    if left_out > 0 {
        text.push_str(&format!("{left_out} more, earlier: {}\n", cut::HOW));
    }
    text
}

/// Returns a share in percent, rounded down: all is only what is all.
fn share(share: Option<f64>) -> String {
    share.map_or(UNKNOWN.to_owned(), |share| format!("{} %", (share * 100.0).floor()))
}

/// Returns a span of so many seconds.
fn lasted(seconds: f64) -> String {
    let sign = if seconds < 0.0 { "-" } else { "" };
    format!("{sign}{}", words::span(seconds.abs() * 1000.0))
}

/// Returns a number with six digits that count.
fn number(value: Option<f64>) -> String {
    let Some(value) = value else { return UNKNOWN.to_owned() };
    if value == 0.0 {
        return "0".to_owned();
    }
    let size = value.abs().log10().floor();
    if !(-5.0..12.0).contains(&size) {
        return format!("{value:.5e}");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10")]
    let digits = (5.0 - size).clamp(0.0, 10.0) as usize;
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}
