//! How good is a red wine? From what a laboratory measured to a grade for every bottle, each step registered.
//!
//! The data are the UCI red wines that ship inside the crate `linfa-datasets`: 1599 rows, of which 240 repeat another
//! row exactly. No function here knows of lineage: who depends on whom is found from what each one read and wrote.

#![allow(clippy::disallowed_methods, reason = "a pipeline writes its own files")]

pub mod grader;
pub mod planted;
pub mod steps;
pub mod table;

use std::path::Path;

/// What goes wrong in a step.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How the pipeline is run.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many milligrams a gram has.
    pub milligrams_per_gram: f64,
    /// What the shuffle starts from.
    pub seed: u64,
    /// The share of the graded bottles to measure the model on.
    pub test_fraction: f64,
    /// How much large weights cost.
    pub penalty: f64,
    /// How much of the penalty is on absolute instead of squared weights.
    pub l1_ratio: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { milligrams_per_gram: 1000.0, seed: 7, test_fraction: 0.25, penalty: 0.5, l1_ratio: 0.5 }
    }
}

/// What a run of the pipeline came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// How many rows were duplicates.
    pub dropped: usize,
    /// The error over the test bottles.
    pub rmse: f64,
    /// How many batches were graded.
    pub batches: usize,
}

/// Runs the whole pipeline in `folder`.
///
/// # Errors
/// When a file cannot be read or written, or the settings are out of range.
pub fn run(folder: &Path, settings: &Settings) -> Result<Summary, Error> {
    let raw = steps::ingest(folder)?;
    let (clean, dropped) = steps::clean(&raw, folder)?;
    let features = steps::featuregen(&clean, folder, settings.milligrams_per_gram)?;
    let split = steps::split(&features, folder, settings.seed, settings.test_fraction)?;
    let model = steps::train(&split.train, folder, settings.penalty, settings.l1_ratio)?;
    let rmse = steps::evaluate(&model, &split.test, folder)?;
    for bottles in &split.bottles {
        steps::predict(&model, bottles, folder)?;
    }
    Ok(Summary { dropped, rmse, batches: split.bottles.len() })
}
