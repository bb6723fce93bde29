//! A trace as nodes and arrows, for programs that draw.

use std::collections::{HashMap, HashSet};

use mltrace_core::model::{ArtifactName, Bound, Status, Version, VersionId};
use mltrace_core::query::{Run, Trace};

use super::{run, runs};
use crate::time;

/// A graph to draw; arrows name nodes by their place.
#[derive(Default)]
pub(super) struct Graph {
    /// The nodes.
    pub(super) nodes: Vec<Node>,
    /// The arrows, each once.
    pub(super) arrows: Vec<Arrow>,
}

/// A run or a version.
pub(super) struct Node {
    /// What it is.
    pub(super) shape: Shape,
    /// What is written into it, as recorded: whoever draws escapes it.
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
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Arrow {
    /// Where the data come from.
    pub(super) from: usize,
    /// Where they go.
    pub(super) to: usize,
    /// How the read was bound, when not by content.
    pub(super) label: Option<&'static str>,
}

impl Graph {
    /// Returns the graph of a trace.
    pub(super) fn of(answer: &Trace) -> Self {
        let mut builder = Builder::default();
        let asked = builder.version(&answer.artifact.name, &answer.artifact.version);
        for run in &answer.runs {
            builder.run(&run.run);
        }
        if let Some(node) = builder.graph.nodes.get_mut(asked) {
            node.is_asked = true;
        }
        builder.graph
    }
}

#[derive(Default)]
struct Builder {
    graph: Graph,
    versions: HashMap<Version, usize>,
    drawn: HashSet<Arrow>,
}

impl Builder {
    fn run(&mut self, run: &Run) {
        let mut lines = vec![run.component.clone(), run.id.short(), time::show(run.started_at)];
        if run.status != Status::Completed || !run.stale.is_empty() {
            lines.push(runs::status(run));
        }
        let is_bad = matches!(run.status, Status::Failed | Status::Died);
        let node = self.node(Node { shape: Shape::Run, lines, is_bad, is_asked: false });
        for output in &run.outputs {
            let Some(version) = &output.version else { continue };
            let place = self.version(&output.name, version);
            if let (Some(label), Some(node)) = (run::label(output), self.graph.nodes.get_mut(place)) {
                node.is_bad = label == "flagged";
                // A version that two runs wrote has one label.
                if !node.lines.iter().any(|line| line == label) {
                    node.lines.push(label.to_owned());
                }
            }
            self.arrow(Arrow { from: node, to: place, label: None });
        }
        // What a run wrote and read again came from nobody else.
        for input in run.inputs.iter().filter(|input| input.written_by != Some(run.id)) {
            let place = self.version(&input.name, &input.version);
            let label = match input.bound {
                Bound::Content => None,
                Bound::Declaration => Some("by declaration"),
                Bound::Time => Some("by time"),
                Bound::Copy => Some("copy"),
                Bound::UnknownWriter => Some("unknown writer"),
            };
            self.arrow(Arrow { from: place, to: node, label: label.filter(|_| input.bound != Bound::Copy) });
            if let (Bound::Copy, Some(original)) = (input.bound, &input.same_content_as) {
                let original = self.version(&original.name, &original.version);
                self.arrow(Arrow { from: original, to: place, label });
            }
        }
    }

    fn version(&mut self, name: &ArtifactName, version: &VersionId) -> usize {
        let key = Version { name: name.clone(), version: version.clone() };
        if let Some(place) = self.versions.get(&key) {
            return *place;
        }
        // The version that a run wrote under an opaque name says nothing that the arrow does not.
        let digits = matches!(version, VersionId::Content(_) | VersionId::Declared(_) | VersionId::Stat(_))
            .then(|| version.short(run::DIGITS));
        let lines = [Some(name.to_string()), digits].into_iter().flatten().collect();
        let place = self.node(Node { shape: Shape::Version, lines, is_bad: false, is_asked: false });
        self.versions.insert(key, place);
        place
    }

    fn node(&mut self, node: Node) -> usize {
        self.graph.nodes.push(node);
        self.graph.nodes.len() - 1
    }

    fn arrow(&mut self, arrow: Arrow) {
        if self.drawn.insert(arrow.clone()) {
            self.graph.arrows.push(arrow);
        }
    }
}
