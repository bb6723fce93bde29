//! A trace as nodes and arrows, for programs that draw.

use mltrace_core::draw::{self, Content, Drawing, DrawnVersion};
use mltrace_core::model::{Bound, Status, Verdict, VersionId};
use mltrace_core::query::{Run, Trace};

use super::{run, runs};
use crate::time;

/// A graph to draw; arrows name nodes by their place.
pub(super) struct Graph<'t> {
    /// The nodes.
    pub(super) nodes: Vec<Node>,
    /// The arrows, each once.
    pub(super) arrows: Vec<Arrow>,
    /// What it is made from, which knows where all of it can stand.
    pub(super) drawing: Drawing<'t>,
}

/// A run or a version.
pub(super) struct Node {
    /// What it is.
    pub(super) shape: Shape,
    /// What is written into it, as recorded: anyone who draws escapes it.
    pub(super) lines: Vec<String>,
    /// Whether it failed or was flagged.
    pub(super) is_bad: bool,
    /// Whether it is the version that was asked for.
    pub(super) is_asked: bool,
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A run.
    Run,
    /// A version of an artifact.
    Version,
}

/// An arrow in the direction of the data.
pub(super) struct Arrow {
    /// Where the data come from.
    pub(super) from: usize,
    /// Where they go.
    pub(super) to: usize,
    /// How the read was bound, when not by content.
    pub(super) label: Option<&'static str>,
}

impl<'t> Graph<'t> {
    /// Returns the graph of a trace.
    pub(super) fn of(answer: &'t Trace) -> Self {
        let drawing = draw::versions(answer);
        let nodes = drawing.boxes.iter().filter_map(node).collect();
        let arrow = |edge: &draw::Edge<'_>| Arrow { from: edge.ends.0, to: edge.ends.1, label: label(edge.bound) };
        let arrows = drawing.edges.iter().map(arrow).collect();
        Self { nodes, arrows, drawing }
    }
}

/// Returns how a read was bound, in words; `None`: by content.
fn label(bound: Bound) -> Option<&'static str> {
    match bound {
        Bound::Content => None,
        Bound::Declaration => Some("by declaration"),
        Bound::Time => Some("by time"),
        Bound::Copy => Some("copy"),
        Bound::UnknownWriter => Some("unknown writer"),
        Bound::Inside => Some("inside"),
    }
}

fn node(content: &Content<'_>) -> Option<Node> {
    match content {
        Content::Run(run) => Some(of_run(run)),
        Content::Version(version) => Some(of_version(version)),
        // Only where runs share a box.
        Content::Group(..) | Content::Rest(_) | Content::Source(..) | Content::Sources(..) => None,
    }
}

fn of_run(run: &Run) -> Node {
    let mut lines = vec![run.component.clone(), run.id.short(), time::show(run.started_at)];
    if run.status != Status::Completed || !run.stale.is_empty() {
        lines.push(runs::status(run));
    }
    let is_bad = matches!(run.status, Status::Failed | Status::Died);
    Node { shape: Shape::Run, lines, is_bad, is_asked: false }
}

fn of_version(drawn: &DrawnVersion<'_>) -> Node {
    // The version that a run wrote under an opaque name says nothing that the arrow does not.
    let digits = matches!(drawn.version, VersionId::Content(_) | VersionId::Declared(_) | VersionId::Stat(_))
        .then(|| drawn.version.short(run::DIGITS));
    let verdict = run::verdict(drawn.verdict).map(str::to_owned);
    let lines = [Some(drawn.name.to_string()), digits, verdict].into_iter().flatten().collect();
    let is_bad = drawn.verdict == Some(Verdict::Flagged);
    Node { shape: Shape::Version, lines, is_bad, is_asked: drawn.is_asked }
}
