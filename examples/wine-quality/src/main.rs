//! Runs the wine pipeline twice, with a strong and a weak penalty, and says what came out.
//!
//! `wine-quality [FOLDER] [MILLIGRAMS_PER_GRAM]`: the second argument is the switch that breaks a step. With it, the
//! pipeline runs a third time, and `featuregen` takes so many milligrams for a gram: 1 is the mistake of a team whose
//! laboratory reports grams. `mltrace flag` its predictions, and see whom it suspects.
//!
//! A model that misses no more than the one in production, nor by a whole grade, takes its place: `mltrace alias production`.

use std::path::{Path, PathBuf};

use mltrace::answer::{MetricRequirement, NotWorseThan, Requirements};
use wine_quality::{Error, Settings, run};

#[expect(clippy::print_stdout, reason = "a program says what it did")]
fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("wine-out"), PathBuf::from);
    let unit: Option<f64> = arguments.next().map(|unit| unit.parse()).transpose()?;

    let strong = run(&folder, &Settings { penalty: 0.5, ..Settings::default() })?;
    let first = promote(&folder)?;
    let weak = run(&folder, &Settings { penalty: 0.05, ..Settings::default() })?;
    let second = promote(&folder)?;

    if let Some(milligrams_per_gram) = unit {
        let broken = run(&folder, &Settings { penalty: 0.05, milligrams_per_gram, ..Settings::default() })?;
        let third = promote(&folder)?;
        println!("third run  {milligrams_per_gram} mg a gram   root mean squared error {:.3}   {third}", broken.rmse);
    }

    println!("bottles    1599 measured, {} exact duplicates dropped, {} kept", strong.dropped, 1599 - strong.dropped);
    println!("first run  penalty 0.5   root mean squared error {:.3}   {first}", strong.rmse);
    println!("second run penalty 0.05  root mean squared error {:.3}   {second}", weak.rmse);
    println!("graded     {} batches in {}", weak.batches, folder.join("predictions").display());
    println!();
    println!("How did a prediction come to be?");
    println!("    mltrace trace {}", folder.join("predictions/batch-01.csv").display());
    Ok(())
}

/// Puts the model into production if it may be, and says whether it is.
fn promote(folder: &Path) -> Result<String, Error> {
    let model = folder.join("model.json").display().to_string();
    let required = Requirements {
        metrics: vec![MetricRequirement::parse("test/rmse", "< 1")?],
        baseline: Some(NotWorseThan { may_be_first: true, ..NotWorseThan::new("@production") }),
        is_unflagged: true,
        ..Requirements::default()
    };
    let gate = match mltrace::gate(&model, &required) {
        Ok(gate) => gate,
        // The pipeline runs also where nothing is recorded.
        Err(error) => return Ok(format!("not in production: {error}")),
    };
    if gate.passes {
        mltrace::point_alias("production", &model, Some("passed the gate"))?;
        return Ok("in production".to_owned());
    }
    let wrong = gate.requirements.into_iter().filter(|required| required.holds != Some(true));
    let reasons: Vec<String> = wrong.map(|required| required.message).collect();
    Ok(format!("not in production: {}", reasons.join("; ")))
}
