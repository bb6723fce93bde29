//! How a version came to be: the drawn graph with the tree beside it.

use std::ops::Not as _;

use maud::{Markup, html};
use mltrace_core::model::{RunId, VersionId};
use mltrace_core::query::{QueryError, Reader, Run, Trace, TraceOptions};
use mltrace_core::words;
use serde::Deserialize;

use super::graph::Graph;
use super::verdicts::Verdicts;
use super::{layout, link, parts, tree};
use crate::api::{Depth, blank, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// The largest graph that a page shows, in runs.
const MOST_RUNS: usize = 2000;
/// How many readers are named of an artifact that no run wrote.
const MOST_NAMED: usize = 20;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/trace", page)
}

#[derive(Deserialize)]
struct TraceQuery {
    artifact: String,
    #[serde(default, deserialize_with = "blank")]
    depth: Option<Depth>,
    /// What was current at this moment.
    #[serde(default, deserialize_with = "blank")]
    as_of: Option<Moment>,
    #[serde(default, deserialize_with = "run_id")]
    focus: Option<RunId>,
    /// Draw every run, however many.
    #[serde(default)]
    all: String,
    /// Why it is flagged, as it was begun in the command bar.
    #[serde(default)]
    reason: String,
}

/// The page that somebody looks at: its links lead to the same trace.
pub(super) struct Here<'q>(&'q TraceQuery);

impl Here<'_> {
    /// Returns the address of this page with one thing more.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        let Self(asked) = self;
        let depth = asked.depth.map(|depth| depth.0.to_string()).unwrap_or_default();
        // A span ago would be another moment by then.
        let as_of = asked.as_of.as_ref().map(|moment| moment.at.to_string()).unwrap_or_default();
        let all = if name == "all" { "" } else { &asked.all };
        let pairs = [("artifact", asked.artifact.as_str()), ("depth", &depth), ("as_of", &as_of), ("all", all)];
        link::to("/trace", &pairs.into_iter().chain([(name, value)]).collect::<Vec<_>>())
    }
}

fn page(app: &App, asked: &TraceQuery) -> Result<Markup, Failure> {
    let as_of = asked.as_of.as_ref().map(|moment| moment.at);
    let options = TraceOptions { depth: asked.depth.map(|depth| depth.0), as_of, most: Some(MOST_RUNS) };
    let (trace, verdicts, unwritten) = app.ask(|reader| {
        let trace = reader.trace(&asked.artifact, &options)?;
        let unwritten =
            if trace.runs.is_empty() { Some(Unwritten::of(reader, &asked.artifact, &trace)?) } else { None };
        Ok((trace, Verdicts::of(reader)?, unwritten))
    })?;
    let (place, is_whole) = (Here(asked), !asked.all.is_empty());
    let named = link::named(&trace.artifact.name, Some(&trace.artifact.version));
    let back = link::trace(&named);
    let name = trace.artifact.name.as_str();
    let focus = asked.focus.and_then(|focus| trace.runs.iter().map(|step| &step.run).find(|run| run.id == focus));
    let body = html! {
        p.path { "How did this come to be?" }
        h1 { (parts::name(name)) }
        div.facts {
            @if trace.artifact.version != VersionId::None {
                span { "version " (parts::version_id(&trace.artifact.version, 8)) }
            }
            @if let Some(moment) = as_of { span { "as of " (parts::exact(moment)) } }
            a href=(link::artifact(name)) { "All versions" }
            @if !trace.runs.is_empty() {
                a href=(link::to("/diff", &[("a", &named)])) { "What changed?" }
                a href=(link::to("/impact", &[("artifact", &named)])) { "What was made from it?" }
            }
            div.verdicts { (verdicts.judge(&trace.artifact.name, Some(&trace.artifact.version), &back)) }
        }
        @if !asked.reason.is_empty() && trace.artifact.version != VersionId::None {
            (parts::judge_because(&named, &asked.reason, &back))
        }
        @if let Some(unwritten) = &unwritten { (unwritten.shown(trace.read_by.len())) }
        @else {
            @if trace.is_cut { p.notice { "Runs further up are left out." } }
            @let graph = Graph::of(&trace, is_whole);
            @if let Some(graph) = &graph { (shared(graph, &trace, is_whole.not().then_some(&place))) }
            @let picture = graph.as_ref().map(|graph| graph.picture(&place, asked.focus));
            div.beside.wide[picture.as_ref().is_some_and(|(_, is_wide)| *is_wide)] {
                @if let Some((picture, _)) = &picture {
                    section.picture aria-label="Graph" tabindex="0" { (picture) (legend()) }
                }
                section.side {
                    @if let Some(run) = focus { (card(run, &verdicts, &back)) }
                    h2 { "As a tree" }
                    (tree::shown(&trace, &place, is_whole))
                }
            }
        }
    };
    Ok(layout::page(app, &format!("Trace of {name}"), "", &body))
}

/// What shares a box in the picture, with the way to `whole`, where each run has its own as far as that can be drawn.
fn shared(graph: &Graph<'_>, trace: &Trace, whole: Option<&Here<'_>>) -> Markup {
    let (has_groups, rest, sources) = (graph.has_groups(), graph.rest(), graph.sources());
    html! {
        @if has_groups || rest > 0 || sources > 0 {
            p.notice {
                @if has_groups || rest > 0 {
                    (trace.runs.len()) " runs: "
                    @if has_groups { "those of one component share a box" }
                    @if has_groups && rest > 0 { ", and so do " }
                    @if rest > 0 { (rest) " further up" }
                    @if !has_groups { " share a box" }
                    ", because nobody reads more. "
                }
                @if sources > 0 { (sources) " artifacts that no recorded run wrote share a box. " }
                @if let Some(place) = whole { a href=(place.with("all", "1")) { "Draw every run" } }
            }
        }
    }
}

/// Who had to do with an artifact that no recorded run wrote.
struct Unwritten {
    readers: Vec<Run>,
    /// Those that said that they write it and left no version.
    claims: Vec<Run>,
    declared_by: Vec<String>,
}

impl Unwritten {
    fn of(reader: &mut Reader<'_>, artifact: &str, trace: &Trace) -> Result<Self, QueryError> {
        let readers = trace.read_by.iter().take(MOST_NAMED).map(|run| reader.inspect(&run.to_string()));
        let readers = readers.collect::<Result<_, _>>()?;
        let declared_by = trace.declared_by.clone();
        Ok(Self { readers, claims: reader.claims(artifact, MOST_NAMED)?, declared_by })
    }

    fn shown(&self, count: usize) -> Markup {
        let list = |runs: &[Run]| {
            html! { ul { @for run in runs {
                li {
                    (parts::component(&run.component)) " " (parts::run(run.id)) " " (parts::status(run.status)) " "
                    (parts::exact(run.started_at))
                }
            } } }
        };
        html! {
            p.lead { "No recorded run wrote this." }
            @if !self.declared_by.is_empty() {
                p { "It was declared, never run, as an output of" @for job in &self.declared_by { " " (parts::component(job)) } }
            }
            @if !self.claims.is_empty() { p { "These said that they write it, and left no version of it:" } (list(&self.claims)) }
            @if !self.readers.is_empty() { p { "These read it:" } (list(&self.readers)) }
            @if count > self.readers.len() { p.notice { "And more." } }
        }
    }
}

fn legend() -> Markup {
    html! {
        details.legend {
            summary { "What the signs mean" }
            ul {
                li { "✓ completed, ✗ failed, ▶ running, ⊘ cancelled, † died" }
                li { "⚑ flagged as bad, ✔ looked at and found ok, ◷ stale: an input was old, or a fresher one existed" }
                li { "≠ changed beside the record: it is no longer what the run wrote that wrote it last" }
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
            p { (parts::exact(run.started_at)) @if let Some(took) = run.duration_ms { ", took " (words::span(took)) } }
            @if let Some(error) = &run.error { pre.error { (mltrace_core::escape::block(error)) } }
            dl {
                @for (name, value) in &run.params { dt { (parts::name(name)) } dd { code { (parts::name(&value.to_string())) } } }
                @if let Some(more) = run.left_out.as_ref().and_then(|out| out.says(out.params)) { dt { "…" } dd { (more) } }
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
