//! How good is a red wine? From what a laboratory measured to a grade for every bottle, each step registered.
//!
//! The data are the UCI red wines that ship inside the crate `linfa-datasets`: 1599 rows, of which 240 repeat another
//! row exactly. No step here knows of lineage: who depends on whom is found from what each one read and wrote.

#![allow(clippy::disallowed_methods, reason = "a pipeline writes its own files")]

pub mod grader;
pub mod planted;
pub mod release;
pub mod steps;
pub mod table;

use std::path::Path;

/// What goes wrong in a step.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many batches the experts taste.
const TASTED: usize = 2;

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
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// How many rows were duplicates.
    pub dropped: usize,
    /// The error over the test bottles.
    pub rmse: f64,
    /// What keeps the model from grading bottles; nothing where it does.
    pub withheld: Vec<String>,
    /// How many batches were graded.
    pub batches: usize,
}

/// Runs the whole pipeline in `folder`. Only a model that passes the gate grades bottles.
///
/// # Errors
/// When a file cannot be read or written, the settings are out of range, or a check fails.
pub fn run(folder: &Path, settings: &Settings) -> Result<Summary, Error> {
    let raw = steps::ingest(folder)?;
    let (clean, dropped) = steps::clean(&raw, folder)?;
    let features = steps::featuregen(&clean, folder, settings.milligrams_per_gram)?;
    let split = steps::split(&features, folder, settings.seed, settings.test_fraction)?;
    let model = steps::train(&split.train, folder, settings.penalty, settings.l1_ratio)?;
    let rmse = steps::evaluate(&model, &split.test, folder)?;

    let withheld = release::release(&model)?;
    if !withheld.is_empty() {
        return Ok(Summary { dropped, rmse, withheld, batches: 0 });
    }
    let mut predictions = Vec::new();
    for bottles in &split.bottles {
        predictions.push(steps::predict(&model, bottles, folder)?);
    }
    for prediction in predictions.iter().take(TASTED) {
        steps::taste(prediction, &clean)?;
    }
    Ok(Summary { dropped, rmse, withheld, batches: predictions.len() })
}
