//! Runs the wine pipeline twice, with a strong and a weak penalty, and says what is on record of them.
//!
//! `wine-quality [FOLDER] [MILLIGRAMS_PER_GRAM]`: the second argument is the switch that breaks a step. With it, the
//! pipeline runs a third time, and `featuregen` takes so many milligrams for a gram: 1 is the mistake of a team whose
//! laboratory reports grams. `mltrace flag` its predictions, and see whom it suspects.

#![expect(clippy::print_stdout, reason = "a program says what it did")]

use std::path::{Path, PathBuf};

use mltrace::TaskOptions;
use mltrace::answer::{Run, TaskMetric};
use wine_quality::{Error, Settings, Summary, run};

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().map_or_else(|| PathBuf::from("wine-out"), PathBuf::from);
    let unit: Option<f64> = arguments.next().map(|unit| unit.parse()).transpose()?;

    round(&folder, "first run", &Settings { penalty: 0.5, ..Settings::default() })?;
    round(&folder, "second run", &Settings { penalty: 0.05, ..Settings::default() })?;
    if let Some(milligrams_per_gram) = unit {
        let broken = Settings { penalty: 0.05, milligrams_per_gram, ..Settings::default() };
        round(&folder, "third run", &broken)?;
    }
    // The pipeline runs also where nothing is recorded; there is nothing to ask for then.
    match on_record(&folder) {
        Ok(said) => println!("{said}"),
        Err(error) => println!("not known: {error}"),
    }
    println!();
    println!("How did a prediction come to be?");
    println!("    mltrace trace {}", folder.join("predictions/batch-01.csv").display());
    Ok(())
}

/// Runs the pipeline once, and says whether its model grades bottles now.
fn round(folder: &Path, name: &str, settings: &Settings) -> Result<(), Error> {
    let Summary { dropped, rmse, withheld, batches } = run(folder, settings)?;
    let live = match withheld.as_slice() {
        [] => format!("in production, {batches} batches graded"),
        reasons => format!("not in production: {}", reasons.join("; ")),
    };
    let (penalty, unit) = (settings.penalty, settings.milligrams_per_gram);
    println!("{name:10}  penalty {penalty:<4}  {unit:>4} mg a gram  {dropped} duplicates  rmse {rmse:.3}  {live}");
    Ok(())
}

/// Returns what is on record of the last run: of its data, of its model, and of what experts said of the grades.
fn on_record(folder: &Path) -> Result<String, Error> {
    let raw = mltrace::profile(&folder.join("data/raw.csv").display().to_string(), None)?.profile;
    let gaps: u64 = raw.columns.iter().map(|column| column.nulls).sum();
    let checks: Vec<String> =
        last("ingest")?.checks.iter().map(|check| format!("{} {}", check.name, check.outcome.as_str())).collect();
    let mut metrics = last("train")?.metrics;
    metrics.extend(last("evaluate")?.metrics);
    let metrics: Vec<String> =
        metrics.iter().map(|metric| format!("{} {:.3}", metric.name, metric.value.value())).collect();
    let fit = mltrace::task("grade").fit(&TaskOptions::default())?;
    let fit = fit.windows.first().ok_or("no bottle was graded")?;
    let miss = fit.metrics.get(&TaskMetric::Mae).copied().flatten().unwrap_or(f64::NAN);
    Ok([
        format!(
            "checked     {} bottles in {} columns, {gaps} gaps, {}",
            raw.rows,
            raw.columns.len(),
            checks.join(", ")
        ),
        format!("measured    {}", metrics.join(", ")),
        format!("tasted      {} of {} bottles, {miss:.2} off on average", fit.with_feedback, fit.outputs),
    ]
    .join("\n"))
}

/// Returns the last run of a component.
fn last(component: &str) -> Result<Run, Error> {
    Ok(mltrace::history(component)?.runs.into_iter().next().ok_or("it never ran")?)
}
