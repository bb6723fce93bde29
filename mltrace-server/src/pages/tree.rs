//! A trace as a tree: each run with what it wrote for the one above it, whom to ask, and how long it took.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Timestamp};
use mltrace_core::query::{Run, Trace};
use mltrace_core::words;

use super::boxes::Marks;
use super::graph::MOST_BOXES;
use super::trace::Here;
use super::{link, parts};

/// How many lines a tree has, and one of every run: a run that many read is named in many lines.
const MOST_LINES: usize = 300;
const MOST_LINES_OF_ALL: usize = 10_000;
/// How many inputs that were changed a run names, and how many artifacts.
const MOST_CHANGED: usize = 10;
const MOST_NAMED: usize = 3;
/// How many levels are indented.
const MOST_LEVELS: usize = 12;

/// A line of the tree.
struct Line<'t> {
    level: usize,
    run: &'t Run,
    /// The run that read what this one wrote.
    reader: Option<RunId>,
    /// Whether it was shown above.
    is_again: bool,
    /// How many of the runs that it read from are too far away to be shown.
    hidden: usize,
}

/// Returns each run once below the first run that read what it wrote; a run met again is marked. The nearest runs, unless
/// it `is_whole`.
pub(super) fn shown(trace: &Trace, place: &Here<'_>, marks: &Marks, at: Option<RunId>, is_whole: bool) -> Markup {
    let (most_runs, most_lines) = if is_whole { (usize::MAX, MOST_LINES_OF_ALL) } else { (MOST_BOXES, MOST_LINES) };
    let lines = lines(trace, most_runs, most_lines);
    let count = lines.iter().filter(|line| !line.is_again).count();
    let runs: HashMap<RunId, &Run> = trace.runs.iter().map(|step| (step.run.id, &step.run)).collect();
    html! {
        ol.tree {
            @for line in &lines { (shown_line(line, &runs, place, marks, at)) }
        }
        @if count < trace.runs.len() {
            p.notice {
                "The " (count) " nearest of " (trace.runs.len()) " runs. "
                @if !is_whole { a href=(place.with(&[("all", "1")])) { "Show every run" } } @else { "The API tells them all." }
            }
        }
    }
}

fn shown_line(
    line: &Line<'_>,
    runs: &HashMap<RunId, &Run>,
    place: &Here<'_>,
    marks: &Marks,
    at: Option<RunId>,
) -> Markup {
    let Line { level, run, reader, is_again, hidden } = line;
    html! {
        li.focus[at == Some(run.id) && !is_again].{ "l" (level.min(&MOST_LEVELS)) } data-row="" {
            span.quiet { "level " (level) ": " }
            a href=(place.with(&[("at", &run.id.to_string())])) { (parts::name(&run.component)) } " " (parts::run(run.id))
            @if *is_again { span title="shown above" { " (*)" } }
            @else {
                " " (parts::status(run.status)) " " (parts::stale(&run.stale)) " " (parts::time(run.started_at, Timestamp::now()))
                @if let Some(took) = run.duration_ms { " · " span.number { (words::span(took)) } }
                @if let Some(owner) = &run.owner { " · ask " a href=(link::owner(owner)) { (parts::name(owner)) } }
                @if let Some(count) = marks.changed.get(&run.id) { " " span.weak { "≠ " (count) " changed since " (marks.since) } }
                @if let Some(rank) = marks.suspects.get(&run.id) { " " a.weak href="/review" { "suspect " (rank) } }
                (wrote(run, reader.and_then(|reader| runs.get(&reader).copied())))
                (changed(run))
            }
            @if *hidden > 0 { " " span.quiet-text { "and " (hidden) " further up" } }
        }
    }
}

/// What a run wrote that the run above it in the tree read; all of it at the top.
fn wrote(run: &Run, reader: Option<&Run>) -> Markup {
    let is_read = |name: &mltrace_core::model::ArtifactName| {
        reader.is_none_or(|reader| reader.inputs.iter().any(|input| input.name == *name))
    };
    let names: Vec<_> = run.outputs.iter().filter(|output| is_read(&output.name)).collect();
    html! { @if !names.is_empty() {
        div.wrote {
            "→ "
            @for (number, output) in names.iter().take(MOST_NAMED).enumerate() {
                @if number > 0 { ", " }
                (parts::version(&output.name, output.version.as_ref())) " " (parts::verdict(output.label))
            }
            @if names.len() > MOST_NAMED { span.quiet-text { " and " (names.len() - MOST_NAMED) " more" } }
        }
    } }
}

/// What a run read that somebody had changed beside the record.
fn changed(run: &Run) -> Markup {
    let changed = run.inputs.iter().filter_map(|input| Some((&input.name, &input.version, input.changed_since?)));
    html! {
        @for (name, version, writer) in changed.take(MOST_CHANGED) {
            div.weak { "≠ " (parts::version(name, Some(version))) " changed since run " (parts::run(writer)) " wrote it" }
        }
        @if let Some(error) = &run.error { div.error-line { (escape::line(error.lines().next().unwrap_or_default())) } }
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
    let mut stack: Vec<(usize, RunId, Option<RunId>)> =
        trace.runs.iter().filter(|step| step.depth == 0).map(|step| (0, step.run.id, None)).collect();
    while let Some((level, id, reader)) = stack.pop() {
        let Some(run) = near.get(&id).copied() else { continue };
        if lines.len() == most_lines {
            break;
        }
        let is_again = !seen.insert(id);
        let mut hidden = 0;
        if !is_again {
            let (shown, others): (Vec<RunId>, Vec<RunId>) = writers(run).iter().partition(|id| near.contains_key(id));
            stack.extend(shown.into_iter().rev().map(|writer| (level + 1, writer, Some(id))));
            hidden = others.len();
        }
        lines.push(Line { level, run, reader, is_again, hidden });
    }
    lines
}
