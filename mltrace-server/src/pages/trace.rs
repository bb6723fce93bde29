//! How a version came to be: the drawn graph with the tree beside it.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use mltrace_core::model::{RunId, Timestamp, VersionId};
use mltrace_core::query::{Run, Trace, TraceOptions};
use serde::Deserialize;

use super::graph::{Graph, MOST_BOXES};
use super::verdicts::Verdicts;
use super::{layout, link, parts};
use crate::api::{Depth, blank, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::moment;
use crate::routes::Routes;

/// The largest graph that a page shows, in runs.
const MOST_RUNS: usize = 2000;
/// How many levels of the tree are indented.
const MOST_LEVELS: usize = 12;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page("/trace", page)
}

#[derive(Deserialize)]
struct TraceQuery {
    artifact: String,
    #[serde(default, deserialize_with = "blank")]
    depth: Option<Depth>,
    #[serde(default, deserialize_with = "run_id")]
    focus: Option<RunId>,
    /// Draw every run, however many.
    #[serde(default)]
    all: String,
}

fn page(app: &App, asked: &TraceQuery) -> Result<Markup, Failure> {
    let options =
        TraceOptions { depth: asked.depth.map(|depth| depth.0), most: Some(MOST_RUNS), ..TraceOptions::default() };
    let (trace, verdicts) = app.ask(|reader| Ok((reader.trace(&asked.artifact, &options)?, Verdicts::of(reader)?)))?;
    let named = link::named(&trace.artifact.name, Some(&trace.artifact.version));
    let back = link::trace(&named);
    let name = trace.artifact.name.as_str();
    let focus = asked.focus.and_then(|focus| trace.runs.iter().map(|step| &step.run).find(|run| run.id == focus));
    let graph = Graph::of(&trace, !asked.all.is_empty());
    let (picture, is_wide) = graph.picture(&asked.artifact, asked.focus);
    let body = html! {
        p.path { "How did this come to be?" }
        h1 { (parts::name(name)) }
        div.facts {
            @if trace.artifact.version != VersionId::None {
                span title=(trace.artifact.version) { "version " code { (trace.artifact.version.short(8)) } }
            }
            a href=(link::artifact(name)) { "All versions" }
            @if !trace.runs.is_empty() {
                a href=(link::to("/diff", &[("a", &named)])) { "What changed?" }
                a href=(link::to("/impact", &[("artifact", &named)])) { "What was made from it?" }
            }
            div.verdicts { (verdicts.judge(&trace.artifact.name, Some(&trace.artifact.version), &back)) }
        }
        @if trace.runs.is_empty() { (unwritten(&trace)) }
        @else {
            @if trace.is_cut { p.notice { "Runs further up are left out." } }
            @if graph.is_grouped {
                p.notice { (trace.runs.len()) " runs: those of one component share a box, beyond " (MOST_BOXES) ". "
                    a href=(link::to("/trace", &[("artifact", &asked.artifact), ("all", "1")])) { "Draw every run" } }
            }
            div.beside.wide[is_wide] {
                section.picture aria-label="Graph" tabindex="0" { (picture) (legend()) }
                section.side {
                    @if let Some(run) = focus { (card(run, &verdicts, &back)) }
                    h2 { "As a tree" }
                    (tree(&trace))
                }
            }
        }
    };
    Ok(layout::page(app, &format!("Trace of {name}"), "", &body))
}

fn unwritten(trace: &Trace) -> Markup {
    html! {
        p.lead { "No recorded run wrote this." }
        @if !trace.read_by.is_empty() {
            p { "It was read by " @for run in &trace.read_by { (parts::run(*run)) " " } "." }
        }
    }
}

fn legend() -> Markup {
    html! {
        details.legend {
            summary { "What the signs mean" }
            ul {
                li { "✓ completed, ✗ failed, ▶ running, ⊘ cancelled, † died" }
                li { "⚑ flagged as bad, ✔ looked at and found ok, ⧗ stale: an input was old, or a fresher one existed" }
                li { "A full line is known by content or by a declared version; a dashed one by time or by a copy; "
                    "a dotted one leads from something that no recorded run wrote." }
                li { "Click a box to see its run. Drag to move the picture, turn the wheel with Ctrl to zoom." }
            }
        }
    }
}

/// A run in short, beside the picture.
fn card(run: &Run, verdicts: &Verdicts, back: &str) -> Markup {
    html! {
        article #focus.card {
            h2 { (parts::component(&run.component)) " " (parts::status(run.status)) " " (parts::stale(&run.stale)) }
            p { (parts::exact(run.started_at)) @if let Some(took) = run.duration_ms { ", took " (moment::show_span(took)) } }
            @if let Some(error) = &run.error { pre.error { (mltrace_core::escape::block(error)) } }
            dl {
                @for (name, value) in &run.params { dt { (parts::name(name)) } dd { code { (parts::name(&value.to_string())) } } }
            }
            @for output in run.outputs.iter().take(5) {
                div.output {
                    (parts::version(&output.name, output.version.as_ref())) " "
                    (verdicts.judge(&output.name, output.version.as_ref(), back))
                }
            }
            p { a.strong href=(link::run(run.id)) { "Everything about this run" } }
        }
    }
}

/// Returns each run once below the first run that read what it wrote; a run met again is marked.
fn tree(trace: &Trace) -> Markup {
    let by_id: HashMap<RunId, &Run> = trace.runs.iter().map(|step| (step.run.id, &step.run)).collect();
    let mut seen = HashSet::new();
    let mut rows: Vec<(usize, &Run, bool)> = Vec::new();
    let mut stack: Vec<(usize, RunId)> =
        trace.runs.iter().filter(|step| step.depth == 0).map(|step| (0, step.run.id)).collect();
    while let Some((level, id)) = stack.pop() {
        let Some(run) = by_id.get(&id).copied() else { continue };
        let is_again = !seen.insert(id);
        rows.push((level, run, is_again));
        if !is_again {
            stack.extend(run.depends_on.iter().rev().map(|writer| (level + 1, *writer)));
        }
    }
    let now = Timestamp::now();
    html! {
        ol.tree {
            @for (level, run, is_again) in &rows {
                li class={ "l" (level.min(&MOST_LEVELS)) } {
                    span.quiet { "level " (level) ": " }
                    (parts::component(&run.component)) " " (parts::run(run.id))
                    @if *is_again { span title="shown above" { " (*)" } }
                    @else { " " (parts::status(run.status)) " " (parts::stale(&run.stale)) " " (parts::time(run.started_at, now)) }
                }
            }
        }
    }
}
