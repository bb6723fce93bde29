//! Runs the wine pipeline twice, with a strong and a weak penalty, and says what came out.

use std::path::PathBuf;

use wine_quality::{Error, Settings, run};

#[expect(clippy::print_stdout, reason = "a program says what it did")]
fn main() -> Result<(), Error> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("wine-out"), PathBuf::from);

    let strong = run(&folder, &Settings { penalty: 0.5, ..Settings::default() })?;
    let weak = run(&folder, &Settings { penalty: 0.05, ..Settings::default() })?;

    println!("bottles    1599 measured, {} exact duplicates dropped, {} kept", strong.dropped, 1599 - strong.dropped);
    println!("first run  penalty 0.5   root mean squared error {:.3}", strong.rmse);
    println!("second run penalty 0.05  root mean squared error {:.3}", weak.rmse);
    println!("graded     {} batches in {}", weak.batches, folder.join("predictions").display());
    println!();
    println!("How did a prediction come to be?");
    println!("    mltrace trace {}", folder.join("predictions/batch-01.csv").display());
    Ok(())
}
