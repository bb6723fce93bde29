//! How a version came to be: the drawn graph, the runs over time, or the tree, and beside them the run that is looked at.

use std::collections::{BTreeSet, HashMap};

use maud::{Markup, html};
use mltrace_core::model::{RunId, Verdict, VersionId};
use mltrace_core::query::{Diff, QueryError, Reader, Run, Timing, Trace, TraceOptions};
use serde::Deserialize;
use url::form_urlencoded;

use super::boxes::Marks;
use super::graph::{Asked, Graph};
use super::verdicts::Verdicts;
use super::window::Zoom;
use super::{brief, layout, link, panels, parts, side, timeline, tree};
use crate::api::{Depth, blank, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// The largest trace that a page shows, in runs.
const MOST_RUNS: usize = 4000;
/// The largest trace that is compared with the one before, for the marks in the picture.
const MOST_COMPARED: usize = 1000;
/// How many readers are named of an artifact that no run wrote.
const MOST_NAMED: usize = 20;
/// The ways to see a trace: what an address calls them, and their titles.
const VIEWS: [(&str, &str); 3] = [("", "Graph"), ("timeline", "Timeline"), ("tree", "Tree")];

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
    /// `timeline` or `tree`; else the graph.
    #[serde(default)]
    view: String,
    /// The run that is looked at.
    #[serde(default, alias = "focus", deserialize_with = "run_id")]
    at: Option<RunId>,
    /// The components whose runs have boxes of their own, percent-encoded, with commas between them.
    #[serde(default)]
    open: String,
    /// How large the picture is, in hundredths, or `fit`.
    #[serde(default)]
    zoom: String,
    /// Draw every run, however many.
    #[serde(default)]
    all: String,
    /// Why it is flagged, as it was begun in the command bar.
    #[serde(default)]
    reason: String,
}

impl TraceQuery {
    /// Returns the components that are opened.
    fn opened(&self) -> BTreeSet<String> {
        let names = self.open.split(',').filter(|name| !name.is_empty());
        names.flat_map(|name| form_urlencoded::parse(name.as_bytes()).map(|(name, _)| name.into_owned())).collect()
    }
}

/// The page that somebody looks at: its links lead to the same trace.
#[derive(Clone, Copy)]
pub(super) struct Here<'q>(&'q TraceQuery);

impl Here<'_> {
    /// Returns the address of this page with other values of some of what it asks for.
    pub(super) fn with(&self, other: &[(&str, &str)]) -> String {
        let Self(asked) = self;
        let text = |shown: Option<String>| shown.unwrap_or_default();
        let depth = text(asked.depth.map(|depth| depth.0.to_string()));
        // A span ago would be another moment by then.
        let as_of = text(asked.as_of.as_ref().map(|moment| moment.at.to_string()));
        let at = text(asked.at.map(|at| at.to_string()));
        let pairs = [
            ("artifact", asked.artifact.as_str()),
            ("depth", &depth),
            ("as_of", &as_of),
            ("view", &asked.view),
            ("at", &at),
            ("open", &asked.open),
            ("zoom", &asked.zoom),
            ("all", &asked.all),
        ];
        let value = |name: &str| other.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        link::to("/trace", &pairs.map(|(name, own)| (name, value(name).unwrap_or(own))))
    }

    /// Returns the address with the runs of a component opened as well.
    pub(super) fn opened(&self, component: &str) -> String {
        let mut open = self.0.opened();
        open.insert(component.to_owned());
        self.with(&[("open", &listed(&open))])
    }

    /// Returns the address with the runs of a component in one box again.
    fn closed(&self, component: &str) -> String {
        let mut open = self.0.opened();
        open.remove(component);
        self.with(&[("open", &listed(&open))])
    }
}

fn listed(components: &BTreeSet<String>) -> String {
    let coded: Vec<String> =
        components.iter().map(|name| form_urlencoded::byte_serialize(name.as_bytes()).collect()).collect();
    coded.join(",")
}

/// What a page shows.
struct Found {
    trace: Trace,
    verdicts: Verdicts,
    unwritten: Option<Unwritten>,
    /// What changed since the last version that somebody found fine, or the one before.
    diff: Option<Diff>,
    marks: Marks,
    /// Whether some marks are not there because the runs hold too much to be compared here.
    is_unmarked: bool,
    timing: Option<Timing>,
}

impl Found {
    fn of(reader: &mut Reader<'_>, asked: &TraceQuery) -> Result<Self, QueryError> {
        let as_of = asked.as_of.as_ref().map(|moment| moment.at);
        let options = TraceOptions { depth: asked.depth.map(|depth| depth.0), as_of, most: Some(MOST_RUNS) };
        let trace = reader.trace(&asked.artifact, &options)?;
        let is_written = !trace.runs.is_empty();
        let unwritten = (!is_written).then(|| Unwritten::of(reader, &asked.artifact, &trace)).transpose()?;
        let named = link::named(&trace.artifact.name, Some(&trace.artifact.version));
        let may_compare = is_written && trace.runs.len() <= MOST_COMPARED;
        let diff = if may_compare { reader.aside(|reader| compared(reader, &named))? } else { Some(None) };
        let mut is_unmarked = diff.is_none();
        let diff = diff.flatten();
        let verdicts = Verdicts::of(reader)?;
        let mut marks = Marks::default();
        if let Some(diff) = &diff {
            marks.since = side::since(diff).to_owned();
            for run in diff.differences.iter().filter_map(|difference| difference.runs[1]) {
                *marks.changed.entry(run).or_insert(0) += 1;
            }
        }
        if is_written && verdicts.has(Verdict::Flagged) {
            let review = reader.aside(|reader| reader.review(None))?;
            is_unmarked |= review.is_none();
            let suspects = review.map(|review| review.suspects).unwrap_or_default();
            let runs = suspects.iter().flat_map(|suspect| suspect.runs.iter().map(|run| (*run, suspect.rank)));
            let own: HashMap<RunId, u32> = runs.collect();
            let here = trace.runs.iter().filter_map(|step| Some((step.run.id, *own.get(&step.run.id)?)));
            marks.suspects = here.collect();
        }
        let timing = if asked.view == "timeline" { Some(reader.timing(&trace)?) } else { None };
        Ok(Self { trace, verdicts, unwritten, diff, marks, is_unmarked, timing })
    }
}

/// Returns what changed upstream of a version, where there is one to compare it with.
fn compared(reader: &mut Reader<'_>, named: &str) -> Result<Option<Diff>, QueryError> {
    match reader.diff(named, None) {
        Ok(diff) => Ok(Some(diff)),
        Err(QueryError::NothingBefore { .. } | QueryError::OnlyFlagged { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn page(app: &App, asked: &TraceQuery) -> Result<Markup, Failure> {
    let found = app.ask(|reader| Found::of(reader, asked))?;
    let name = found.trace.artifact.name.as_str();
    let body = html! {
        (header(&found, asked))
        @if let Some(unwritten) = &found.unwritten { (unwritten.shown(found.trace.read_by.len())) }
        @else { (views(&found, asked)) }
    };
    Ok(layout::page(app, &format!("Trace of {name}"), "/graph", &body))
}

/// One line: what is traced, what people said of it, and what can be done.
fn header(found: &Found, asked: &TraceQuery) -> Markup {
    let version = &found.trace.artifact;
    let name = version.name.as_str();
    let named = link::named(&version.name, Some(&version.version));
    let back = Here(asked).with(&[]);
    html! {
        p.path { "How did this come to be?" }
        div.title {
            h1 { (brief::title(name)) }
            @if version.version != VersionId::None { span.quiet-text { "version " (parts::version_id(&version.version, 8)) } }
            @if let Some(moment) = asked.as_of.as_ref() { span { "as of " (parts::exact(moment.at)) } }
        }
        div.facts {
            div.verdicts {
                (found.verdicts.judge(&version.name, Some(&version.version), &back))
                @if version.version != VersionId::None {
                    details.why open[!asked.reason.is_empty()] { summary { "Say why" } (parts::judge_because(&named, &asked.reason, &back)) }
                }
            }
            @if found.unwritten.is_none() {
                a href=(link::to("/diff", &[("a", &named)])) { "What changed?" }
                a href=(link::to("/impact", &[("artifact", &named)])) { "What was made from it?" }
            }
            a href=(link::artifact(name)) { "All versions" }
        }
    }
}

/// The ways to see the trace, the one that is asked for, and beside it the run that is looked at.
fn views(found: &Found, asked: &TraceQuery) -> Markup {
    let (place, is_whole) = (Here(asked), !asked.all.is_empty());
    let trace = &found.trace;
    let runs = || trace.runs.iter().map(|step| &step.run);
    let first = runs().next();
    let looked_at = asked.at.and_then(|at| runs().find(|run| run.id == at)).or(first);
    let at = looked_at.map(|run| run.id);
    let view = VIEWS.iter().find(|(code, _)| *code == asked.view).map_or("Graph", |(_, title)| *title);
    let open = asked.opened();
    let drawn = Asked { place, is_whole, open: &open, at, zoom: Zoom::asked(&asked.zoom) };
    html! {
        @if trace.is_cut { p.notice { "Runs further up are left out." } }
        @if found.is_unmarked { p.notice { "What changed, or who is suspected, is not marked: these runs hold too much to be compared here." } }
        (panels::tabs("Ways to see it", &VIEWS.map(|(code, title)| (place.with(&[("view", code)]), title)), view))
        div.beside {
            section.main aria-label=(view) {
                @match view {
                    "Timeline" => @if let Some(timing) = &found.timing { (timeline::shown(trace, timing, &place, at, is_whole)) },
                    "Tree" => (tree::shown(trace, &place, &found.marks, at, is_whole)),
                    _ => (graph(trace, &drawn, &found.marks)),
                }
            }
            section.side aria-label="The run that is looked at" {
                @if let Some(run) = looked_at {
                    (side::shown(run, trace, found.diff.as_ref(), &found.verdicts, &place, &place.with(&[])))
                }
            }
        }
    }
}

fn graph(trace: &Trace, asked: &Asked<'_>, marks: &Marks) -> Markup {
    let graph = Graph::of(trace, asked, marks);
    html! { @if let Some(graph) = &graph {
        (shared(graph, trace, asked))
        (graph.picture(asked))
        (legend())
    } }
}

/// What shares a box in the picture, with the way to the whole, and what was opened, with the way back.
fn shared(graph: &Graph<'_>, trace: &Trace, asked: &Asked<'_>) -> Markup {
    let (place, rest) = (&asked.place, graph.rest());
    html! {
        p.quiet-text.shared {
            (mltrace_core::words::counted(trace.runs.len(), "run"))
            @if graph.has_groups() { "; those of one component share a box, which opens when it is clicked" }
            @if rest > 0 { "; " (rest) " further up share a box" }
            "."
            @if (graph.has_groups() || rest > 0) && !asked.is_whole { " " a href=(place.with(&[("all", "1")])) { "Draw every run" } }
            @else if asked.is_whole { " " a href=(place.with(&[("all", "")])) { "Fold those that are alike" } }
            @for component in asked.open { " " a.tag href=(place.closed(component)) { "fold " (parts::name(component)) } }
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
                li { "≠ something is otherwise than it was for the last version that is ok, or else for the one before; or it was "
                    "changed beside the record" }
                li { "A full line is known by content or by a declared version; a dashed one by time or by a copy; "
                    "a dotted one leads from something that no recorded run wrote." }
                li { "Click a box to see its run. Drag to move the picture, turn the wheel with Ctrl to zoom." }
            }
        }
    }
}
