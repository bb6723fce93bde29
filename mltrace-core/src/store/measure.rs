//! Metrics and checks as a store finds them.

use crate::model::{ArtifactName, Number, Outcome, Severity, Timestamp};

/// A metric of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricDetail {
    /// What was measured.
    pub name: String,
    /// Of which artifact, when it is not of the run as a whole.
    pub about: Option<ArtifactName>,
    /// At which step of the run.
    pub step: Option<i64>,
    /// When.
    pub at: Timestamp,
    /// How much it is.
    pub value: Number,
}

/// A check of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckDetail {
    /// What was checked.
    pub name: String,
    /// Of which artifact, when it is not of the run as a whole.
    pub about: Option<ArtifactName>,
    /// When.
    pub at: Timestamp,
    /// How it came out.
    pub outcome: Outcome,
    /// How much depends on it.
    pub severity: Severity,
    /// What was found, in words.
    pub message: Option<String>,
}

/// What was measured and checked of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// The metrics, by name, artifact, step and time.
    pub metrics: Vec<MetricDetail>,
    /// The checks, by name, artifact and time.
    pub checks: Vec<CheckDetail>,
}

/// What runs are looked for by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhatOfRuns<'s> {
    /// A metric, of this name if one is given.
    Metric(Option<&'s str>),
    /// A check.
    Check,
    /// A check that did not pass.
    FailedCheck,
}
