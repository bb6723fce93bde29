//! Runs the wine pipeline twice, with a strong and a weak penalty, and says what came out.
//!
//! `wine-quality [FOLDER] [MILLIGRAMS_PER_GRAM]`: the second argument is the switch that breaks a step. With it, the
//! pipeline runs a third time, and `featuregen` takes so many milligrams for a gram: 1 is the mistake of a team whose
//! laboratory reports grams. `mltrace flag` its predictions, and see whom it suspects.

use std::path::PathBuf;

use wine_quality::{Error, Settings, run};

#[expect(clippy::print_stdout, reason = "a program says what it did")]
fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("wine-out"), PathBuf::from);
    let unit: Option<f64> = arguments.next().map(|unit| unit.parse()).transpose()?;

    let strong = run(&folder, &Settings { penalty: 0.5, ..Settings::default() })?;
    let weak = run(&folder, &Settings { penalty: 0.05, ..Settings::default() })?;

    if let Some(milligrams_per_gram) = unit {
        let broken = run(&folder, &Settings { penalty: 0.05, milligrams_per_gram, ..Settings::default() })?;
        println!("third run  {milligrams_per_gram} mg a gram   root mean squared error {:.3}", broken.rmse);
    }

    println!("bottles    1599 measured, {} exact duplicates dropped, {} kept", strong.dropped, 1599 - strong.dropped);
    println!("first run  penalty 0.5   root mean squared error {:.3}", strong.rmse);
    println!("second run penalty 0.05  root mean squared error {:.3}", weak.rmse);
    println!("graded     {} batches in {}", weak.batches, folder.join("predictions").display());
    println!();
    println!("How did a prediction come to be?");
    println!("    mltrace trace {}", folder.join("predictions/batch-01.csv").display());
    Ok(())
}
