//! The model of a drawn trace.

use std::collections::BTreeSet;

use super::layout::{Layout, layout};
use crate::model::{ArtifactName, Bound, RunId, Verdict, VersionId};
use crate::query::Run;

/// The boxes of a trace, and the edges between them.
#[derive(Default)]
pub struct Drawing<'t> {
    /// What stands in each box.
    pub boxes: Vec<Content<'t>>,
    /// What leads from box to box, in the direction of the data.
    pub edges: Vec<Edge<'t>>,
}

/// What a box stands for.
pub enum Content<'t> {
    /// One run.
    Run(&'t Run),
    /// A version of an artifact.
    Version(DrawnVersion<'t>),
    /// Runs of one component.
    Group(&'t str, Vec<&'t Run>),
    /// The runs that are furthest from what was asked about, of whatever component.
    Rest(Vec<&'t Run>),
    /// Something that was read and that no recorded run wrote; and which run had written it before it was changed.
    Source(&'t str, Option<RunId>),
    /// Several of these, and a run that read one.
    Sources(BTreeSet<&'t str>, RunId),
}

/// A version of an artifact that is drawn.
pub struct DrawnVersion<'t> {
    /// The artifact.
    pub name: &'t ArtifactName,
    /// The version.
    pub version: &'t VersionId,
    /// What people said of it.
    pub verdict: Option<Verdict>,
    /// Whether it is the version that was asked for.
    pub is_asked: bool,
}

/// An edge, with what was read or written over it.
pub struct Edge<'t> {
    /// The box that it comes from and the one that it leads to, by their places.
    pub ends: (usize, usize),
    /// What was read or written.
    pub names: BTreeSet<&'t str>,
    /// How the reads are known, by the worst of them; what was written is known by its content.
    pub bound: Bound,
}

impl Drawing<'_> {
    /// Returns a place for everything, with boxes of these sizes; `None` when it would take more than `most` places.
    #[must_use]
    pub fn layout(&self, sizes: &[(f64, f64)], most: usize) -> Option<Layout> {
        let ends: Vec<(usize, usize)> = self.edges.iter().map(|edge| edge.ends).collect();
        layout(sizes, &ends, most)
    }
}
