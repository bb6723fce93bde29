//! One of two traces that are compared: its runs, with what may make their outputs differ.

use super::aspects::Aspects;
use crate::model::{ArtifactName, RunId, Timestamp, VersionId};

/// One of the two traces that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The version that was asked for.
    pub asked: Source,
    /// The runs upstream of it.
    pub steps: Vec<ComparedRun>,
}

/// A run with what may make its outputs differ.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedRun {
    /// The run.
    pub id: RunId,
    /// Its component.
    pub component: String,
    /// How far it is from what was asked.
    pub depth: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// Its surroundings and its parameters.
    pub aspects: Aspects,
    /// What it read.
    pub inputs: Vec<Source>,
    /// The names of what it wrote.
    pub outputs: Vec<ArtifactName>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// Whether that is outside the component's usual range.
    pub is_unusually_long_or_short: bool,
}

/// A version that was read, and the run that wrote it.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The artifact.
    pub name: ArtifactName,
    /// The argument that named it.
    pub argument: Option<String>,
    /// The version.
    pub version: VersionId,
    /// The run on this side that wrote it.
    pub writer: Option<RunId>,
}
