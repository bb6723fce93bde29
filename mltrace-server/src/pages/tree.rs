//! A trace as a tree, beside the picture.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use mltrace_core::model::{RunId, Timestamp};
use mltrace_core::query::{Run, Trace};

use super::graph::MOST_BOXES;
use super::parts;
use super::trace::Here;

/// How many lines a tree has, and one of every run: a run that many read is named in many lines.
const MOST_LINES: usize = 300;
const MOST_LINES_OF_ALL: usize = 10_000;
/// How many inputs that were changed a run names.
const MOST_CHANGED: usize = 10;
/// How many levels are indented.
const MOST_LEVELS: usize = 12;

/// A line of the tree.
struct Line<'t> {
    level: usize,
    run: &'t Run,
    /// Whether it was shown above.
    is_again: bool,
    /// How many of the runs that it read from are too far away to be shown.
    hidden: usize,
}

/// Returns each run once below the first run that read what it wrote; a run met again is marked. The nearest runs, unless
/// it `is_whole`.
pub(super) fn shown(trace: &Trace, place: &Here<'_>, is_whole: bool) -> Markup {
    let (most_runs, most_lines) = if is_whole { (usize::MAX, MOST_LINES_OF_ALL) } else { (MOST_BOXES, MOST_LINES) };
    let lines = lines(trace, most_runs, most_lines);
    let count = lines.iter().filter(|line| !line.is_again).count();
    let now = Timestamp::now();
    html! {
        ol.tree {
            @for Line { level, run, is_again, hidden } in &lines {
                li class={ "l" (level.min(&MOST_LEVELS)) } {
                    span.quiet { "level " (level) ": " }
                    (parts::component(&run.component)) " " (parts::run(run.id))
                    @if *is_again { span title="shown above" { " (*)" } }
                    @else { " " (parts::status(run.status)) " " (parts::stale(&run.stale)) " " (parts::time(run.started_at, now)) }
                    @if !is_again { (changed(run)) }
                    @if *hidden > 0 { " " span.quiet-text { "and " (hidden) " further up" } }
                }
            }
        }
        @if count < trace.runs.len() {
            p.notice {
                "The " (count) " nearest of " (trace.runs.len()) " runs. "
                @if !is_whole { a href=(place.with("all", "1")) { "Show every run" } } @else { "The API tells them all." }
            }
        }
    }
}

/// What a run read that somebody had changed beside the record.
fn changed(run: &Run) -> Markup {
    let changed = run.inputs.iter().filter_map(|input| Some((&input.name, &input.version, input.changed_since?)));
    html! {
        @for (name, version, writer) in changed.take(MOST_CHANGED) {
            div.weak { "≠ " (parts::version(name, Some(version))) " changed since run " (parts::run(writer)) " wrote it" }
        }
    }
}

/// Returns the runs that wrote what a run read, in the order in which it read.
fn writers(run: &Run) -> Vec<RunId> {
    let read = run.inputs.iter().filter_map(|input| input.written_by);
    let mut seen = HashSet::from([run.id]);
    read.chain(run.depends_on.iter().copied()).filter(|writer| seen.insert(*writer)).collect()
}

fn lines(trace: &Trace, most_runs: usize, most_lines: usize) -> Vec<Line<'_>> {
    // They are in the order of their distance.
    let near: HashMap<RunId, &Run> = trace.runs.iter().take(most_runs).map(|step| (step.run.id, &step.run)).collect();
    let mut seen = HashSet::new();
    let mut lines = Vec::new();
    let mut stack: Vec<(usize, RunId)> =
        trace.runs.iter().filter(|step| step.depth == 0).map(|step| (0, step.run.id)).collect();
    while let Some((level, id)) = stack.pop() {
        let Some(run) = near.get(&id).copied() else { continue };
        if lines.len() == most_lines {
            break;
        }
        let is_again = !seen.insert(id);
        let mut hidden = 0;
        if !is_again {
            let (shown, others): (Vec<RunId>, Vec<RunId>) = writers(run).iter().partition(|id| near.contains_key(id));
            stack.extend(shown.into_iter().rev().map(|writer| (level + 1, writer)));
            hidden = others.len();
        }
        lines.push(Line { level, run, is_again, hidden });
    }
    lines
}
