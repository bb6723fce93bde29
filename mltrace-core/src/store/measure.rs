//! What was measured and checked of runs, and how one looks for such runs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::key::ProjectKey;
use crate::model::{ArtifactName, Check, Metric, VersionId};

/// What was measured and checked of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// The metrics, by name, artifact, step and time.
    pub metrics: Vec<Metric>,
    /// The checks, by name, artifact and time.
    pub checks: Vec<Check>,
}

/// Which profiles are meant.
#[derive(Clone, Copy, Debug)]
pub enum Profiles<'a> {
    /// That of a content.
    Of(&'a VersionId),
    /// Those of all contents of a project.
    In(ProjectKey),
}

/// What runs are looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhatOfRuns<'s> {
    /// A metric, of this name if one is given.
    Metric(Option<&'s str>),
    /// An observation, of this name if one is given.
    Observation(Option<&'s str>),
    /// A check.
    Check,
    /// A check that did not pass.
    FailedCheck,
}

/// A table that a run wrote, or read where no recorded run wrote it, and that has a profile.
#[derive(Clone, Debug, PartialEq)]
pub struct TableRow {
    /// What it is called.
    pub name: ArtifactName,
    /// Whether the run wrote it, and did not only read it.
    pub is_written: bool,
    /// Its [figures](crate::model::Profile::figures).
    pub figures: BTreeMap<String, Value>,
}
