//! Lists of runs as tables.

use mltrace_core::query::{History, Output, Run, Runs};
use mltrace_core::words;

use super::{cut, measures, table};
use crate::time;

/// How many metrics a history shows when nobody asks for more.
const METRICS: usize = 20;

/// Returns the runs of all components.
pub(crate) fn recent(answer: &Runs, columns: Option<u16>) -> String {
    if answer.runs.is_empty() {
        return "no runs\n".to_owned();
    }
    let rows = answer.runs.iter().map(|run| {
        [
            run.id.short(),
            run.component.clone(),
            status(run),
            time::show(run.started_at),
            took(run),
            outputs(&run.outputs),
        ]
    });
    table::draw(["RUN", "COMPONENT", "STATUS", "STARTED", "TOOK", "OUTPUTS"], rows, columns)
}

/// Returns the runs of all components of several projects.
pub(crate) fn of_projects(answer: &Runs, columns: Option<u16>) -> String {
    if answer.runs.is_empty() {
        return "no runs\n".to_owned();
    }
    let rows = answer.runs.iter().map(|run| {
        [
            run.id.short(),
            run.project.clone(),
            run.component.clone(),
            status(run),
            time::show(run.started_at),
            took(run),
            outputs(&run.outputs),
        ]
    });
    table::draw(["RUN", "PROJECT", "COMPONENT", "STATUS", "STARTED", "TOOK", "OUTPUTS"], rows, columns)
}

/// Returns the runs of one component, with what distinguishes them, and what was measured of them.
pub(crate) fn history(answer: &History, is_whole: bool, columns: Option<u16>) -> String {
    if answer.runs.is_empty() {
        return "no runs\n".to_owned();
    }
    let rows = answer.runs.iter().map(|run| {
        [
            run.id.short(),
            status(run),
            time::show(run.started_at),
            took(run),
            commit(run),
            params(run),
            outputs(&run.outputs),
        ]
    });
    let mut text = table::draw(["RUN", "STATUS", "STARTED", "TOOK", "COMMIT", "PARAMETERS", "OUTPUTS"], rows, columns);
    if !answer.metrics.is_empty() {
        let (shown, more) = cut::first(&answer.metrics, METRICS, is_whole);
        text.push('\n');
        text.push_str(&measures::of_component(shown, columns));
        if more > 0 {
            text.push_str(&format!("{}\n", cut::more(more)));
        }
    }
    if answer.is_cut {
        text.push_str("metrics are left out, as there are a great many: `mltrace metrics COMPONENT` shows all\n");
    }
    text
}

/// Returns how the run stands; `stale` is said too, for a run that read old inputs.
pub(super) fn status(run: &Run) -> String {
    let stale = if run.stale.is_empty() { "" } else { ", stale" };
    format!("{}{stale}", run.status.as_str())
}

/// Returns how long the run took.
pub(super) fn took(run: &Run) -> String {
    run.duration_ms.map(words::span).unwrap_or_default()
}

/// Returns the commit in short, with a star when the work tree differed.
pub(super) fn commit(run: &Run) -> String {
    let Some(git) = &run.git else { return String::new() };
    let commit = git.commit.as_deref().unwrap_or_default();
    let star = if git.dirty == Some(true) { "*" } else { "" };
    format!("{}{star}", commit.get(..8).unwrap_or(commit))
}

fn params(run: &Run) -> String {
    let params = run.params.iter().map(|(name, value)| format!("{name}={}", param(value)));
    let more = run.left_out.as_ref().and_then(|out| out.says(out.params));
    params.chain(more.map(|more| format!("+{more}"))).collect::<Vec<_>>().join(" ")
}

/// Returns a parameter's value as one would write it; text without quotes.
pub(super) fn param(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns the first output by name and how many more there are.
fn outputs(outputs: &[Output]) -> String {
    match outputs {
        [] => String::new(),
        [only] => only.name.to_string(),
        [first, more @ ..] => format!("{} +{}", first.name, more.len()),
    }
}
