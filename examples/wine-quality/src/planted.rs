//! Twenty faults, each planted for three of sixteen rounds of a pipeline over the wines, and what `review` says then.
//!
//! Each round takes another delivery of bottles and brings them to another unit, so that no two are alike. What a round
//! came to is judged by its error alone, as a monitor would: flagged where that is a tenth off the median, else ok.

use std::path::{Path, PathBuf};

use mltrace::answer::Many;
use mltrace::{Verdict, register};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Error;
use crate::grader::Grader;
use crate::table::Table;

/// How many rounds there are.
const ROUNDS: usize = 16;
/// In which of them the fault is there.
const BROKEN: std::ops::Range<usize> = 9..12;
/// How far off the usual error a round has to be to be flagged, as a share of it.
const OFF: f64 = 0.1;

/// A fault, and what names its cause.
pub struct Fault {
    /// What kind it is: `parameter`, `code`, `input file`, `order` or `dropped rows`.
    pub kind: &'static str,
    /// What is wrong.
    pub says: &'static str,
    /// The component that is to blame.
    pub component: &'static str,
    /// What of it, as the answer calls it.
    pub aspect: &'static str,
}

const fn fault(kind: &'static str, says: &'static str, component: &'static str, aspect: &'static str) -> Fault {
    Fault { kind, says, component, aspect }
}

/// That a run read what a cache holds.
const FROM_CACHE: &str = "input:wine-out/cache/\u{2026}";

/// All faults.
pub const FAULTS: [Fault; 20] = [
    fault("parameter", "a penalty that lets no weight live", "train", "param:penalty"),
    fault("parameter", "grades are cut off at 4", "clean", "param:limit"),
    fault("parameter", "two features are kept", "featuregen", "param:keep"),
    fault("parameter", "nearly all bottles are for testing", "split", "param:test_fraction"),
    fault("parameter", "grades are scaled before they are compared", "evaluate", "param:grade_scale"),
    fault("code", "alcohol is left out of the training", "train", "code"),
    fault("code", "the grades are turned round", "featuregen", "code"),
    fault("code", "one column is written over with another", "clean", "code"),
    fault("code", "each grade is compared with the next bottle's", "evaluate", "code"),
    fault("input file", "a calibration that was edited by hand", "clean", "input:wine-out/lab/calibration.csv"),
    fault("input file", "weights that were lost", "featuregen", "input:wine-out/lab/weights.csv"),
    fault("input file", "a list that excludes nearly all bottles", "split", "input:wine-out/lab/exclude.csv"),
    fault("input file", "experts who grade higher", "evaluate", "input:wine-out/lab/bias.csv"),
    fault("order", "yesterday's bottles are tested", "evaluate", FROM_CACHE),
    fault("order", "yesterday's model is tested", "evaluate", FROM_CACHE),
    fault("order", "yesterday's bottles are trained on", "train", FROM_CACHE),
    fault("order", "the test runs before the training", "evaluate", "stale"),
    fault("dropped rows", "a delivery is cut short", "ingest", "param:rows"),
    fault("dropped rows", "cleaning loses most rows", "clean", "param:rows"),
    fault("dropped rows", "the split loses most rows", "split", "param:train_rows"),
];

/// What came of one fault.
#[derive(Debug)]
pub struct Found {
    /// How many rounds were flagged.
    pub flagged: usize,
    /// The first fact, in words.
    pub says: String,
    /// Whether it names the cause.
    pub is_cause: bool,
}

/// Runs the rounds with a fault in the working directory, judges them, and returns what is named first.
///
/// # Errors
/// When a step fails, or the store does not answer.
pub fn plant(number: usize) -> Result<Found, Error> {
    let fault = FAULTS.get(number).ok_or("there is no such fault")?;
    let folder = PathBuf::from("wine-out");
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        rounds.push(run(&folder, round, BROKEN.contains(&round).then_some(number))?);
    }
    let mut errors: Vec<f64> = rounds.iter().map(|(rmse, _)| *rmse).collect();
    errors.sort_by(f64::total_cmp);
    let usual = errors[ROUNDS / 2];
    let (bad, fine): (Vec<_>, Vec<_>) = rounds.into_iter().partition(|(rmse, _)| (rmse / usual - 1.0).abs() > OFF);
    for (judged, verdict) in [(&fine, Verdict::Ok), (&bad, Verdict::Flagged)] {
        let artifacts: Vec<String> = judged.iter().map(|(_, metrics)| metrics.display().to_string()).collect();
        mltrace::judge(&Many { artifacts, ..Many::default() }, verdict, None)?;
    }
    let review = mltrace::review()?;
    let first = review.facts.first();
    let is_cause =
        first.is_some_and(|fact| (fact.component.as_str(), fact.aspect.as_str()) == (fault.component, fault.aspect));
    let says = first.map_or_else(String::new, |fact| format!("{} {}", fact.component, fact.says()));
    Ok(Found { flagged: bad.len(), says, is_cause })
}

/// Runs a round, and returns its error and where that was written.
fn run(folder: &Path, round: usize, fault: Option<usize>) -> Result<(f64, PathBuf), Error> {
    let is = |number: usize| fault == Some(number);
    let path = |name: &str| folder.join(name);
    let number = |bad: usize, wrong: f64, right: f64| if is(bad) { wrong } else { right };
    for (name, bad, wrong, right) in [
        ("lab/calibration.csv", 9, "noise\n4\n", "noise\n0\n"),
        ("lab/weights.csv", 10, "alcohol\n0\n", "alcohol\n1\n"),
        ("lab/exclude.csv", 11, "from\n12\n", "from\n1000000\n"),
        ("lab/bias.csv", 12, "bias\n1\n", "bias\n0\n"),
    ] {
        std::fs::create_dir_all(path("lab"))?;
        std::fs::write(path(name), if is(bad) { wrong } else { right })?;
    }
    let round_u64 = u64::try_from(round)?;
    let rows = if is(17) { 30 + round } else { 1450 + round * 37 % 120 };
    let raw = ingest(folder, round_u64, rows)?;
    let clean = if is(7) { clean_of_another_column } else { clean };
    let lost = if is(18) { 20 + round } else { usize::MAX };
    let clean = clean(&raw, &path("lab/calibration.csv"), folder, number(1, 4.0, 10.0), lost)?;
    let featuregen = if is(6) { featuregen_turned_round } else { featuregen };
    let unit = [1.0, 2.0, 5.0, 3.0, 8.0][round % 5];
    let keep = if is(2) { 2 } else { 11 };
    let features = featuregen(&clean, &path("lab/weights.csv"), folder, unit, keep)?;
    let lost = if is(19) { 15 + round } else { usize::MAX };
    let (train_on, test) = split(&features, &path("lab/exclude.csv"), folder, round_u64, number(3, 0.99, 0.5), lost)?;
    let model = path("model.json");
    let train = if is(5) { train_without_alcohol } else { train };
    let train_on = if is(15) { path("cache/train.csv") } else { train_on };
    let train = || train(&train_on, folder, number(0, 8.0, 0.05), 0.5);
    if !is(16) {
        train()?;
    }
    let (old_model, old_test) = (path("cache/model.json"), path("cache/test.csv"));
    let tested = (if is(14) { &old_model } else { &model }, if is(13) { &old_test } else { &test });
    let evaluate = if is(8) { evaluate_the_next } else { evaluate };
    let metrics = path(&format!("metrics/{round:02}.json"));
    let rmse = evaluate(tested.0, tested.1, &path("lab/bias.csv"), &metrics, number(4, 1.5, 1.0))?;
    if is(16) {
        train()?;
    }
    // What a cache would hold tomorrow; nobody records it.
    std::fs::create_dir_all(path("cache"))?;
    for (name, cached) in [("data/train.csv", "train.csv"), ("data/test.csv", "test.csv"), ("model.json", "model.json")]
    {
        std::fs::copy(path(name), path("cache").join(cached))?;
    }
    Ok((rmse, metrics))
}

#[register(inputs = ["uci-wine-quality-red"], outputs = [raw], params = [delivery], owner = "laboratory")]
fn ingest(folder: &Path, delivery: u64, rows: usize) -> Result<PathBuf, Error> {
    let wine = linfa_datasets::winequality();
    let mut table = Table::with_columns(wine.feature_names());
    table.columns.push("quality".to_owned());
    for (measured, quality) in wine.records().rows().into_iter().zip(wine.targets()) {
        table.rows.push(measured.iter().copied().chain([f64::from(u8::try_from(*quality)?)]).collect());
    }
    table.rows.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(delivery));
    table.rows.truncate(rows);
    mltrace::param!("rows", table.rows.len());
    let raw = folder.join("data/raw.csv");
    table.write(&raw)?;
    Ok(raw)
}

#[register(inputs = [raw, calibration], outputs = [clean], params = [limit], owner = "laboratory")]
fn clean(raw: &Path, calibration: &Path, folder: &Path, limit: f64, at_most: usize) -> Result<PathBuf, Error> {
    let mut table = Table::read(raw)?;
    let (quality, noise) = (table.column("quality")?, the_number(calibration)?);
    for (place, row) in table.rows.iter_mut().enumerate() {
        row[quality] = (row[quality] + if place % 2 == 0 { noise } else { -noise }).min(limit);
    }
    table.rows.truncate(at_most);
    mltrace::param!("rows", table.rows.len());
    let clean = folder.join("data/clean.csv");
    table.write(&clean)?;
    Ok(clean)
}

#[register(component = "clean", inputs = [raw, calibration], outputs = [clean], params = [limit], owner = "laboratory")]
fn clean_of_another_column(
    raw: &Path,
    calibration: &Path,
    folder: &Path,
    limit: f64,
    at_most: usize,
) -> Result<PathBuf, Error> {
    let mut table = Table::read(raw)?;
    let (quality, ph, noise) = (table.column("quality")?, table.column("pH")?, the_number(calibration)?);
    for (place, row) in table.rows.iter_mut().enumerate() {
        row[quality] = (row[ph] + if place % 2 == 0 { noise } else { -noise }).min(limit);
    }
    table.rows.truncate(at_most);
    mltrace::param!("rows", table.rows.len());
    let clean = folder.join("data/clean.csv");
    table.write(&clean)?;
    Ok(clean)
}

#[register(inputs = [clean, weights], outputs = [features], params = [unit, keep], owner = "cellar")]
fn featuregen(clean: &Path, weights: &Path, folder: &Path, unit: f64, keep: usize) -> Result<PathBuf, Error> {
    let mut table = Table::read(clean)?;
    let (alcohol, quality, weight) = (table.column("alcohol")?, table.column("quality")?, the_number(weights)?);
    for (place, row) in table.rows.iter_mut().enumerate() {
        row[alcohol] *= unit;
        if weight == 0.0 {
            row.iter_mut().take(quality).enumerate().for_each(|(column, value)| *value = noise(place + 31 * column));
        }
    }
    let features = folder.join("data/features.csv");
    kept(&table, keep)?.write(&features)?;
    Ok(features)
}

#[register(component = "featuregen", inputs = [clean, weights], outputs = [features], params = [unit, keep], owner = "cellar")]
fn featuregen_turned_round(
    clean: &Path,
    weights: &Path,
    folder: &Path,
    unit: f64,
    keep: usize,
) -> Result<PathBuf, Error> {
    let mut table = Table::read(clean)?;
    let (alcohol, quality, _) = (table.column("alcohol")?, table.column("quality")?, the_number(weights)?);
    let turned: Vec<f64> = table.rows.iter().rev().map(|row| row[quality]).collect();
    for (row, grade) in table.rows.iter_mut().zip(turned) {
        row[alcohol] *= unit;
        row[quality] = grade;
    }
    let features = folder.join("data/features.csv");
    kept(&table, keep)?.write(&features)?;
    Ok(features)
}

#[register(inputs = [features, exclude], outputs = [train, test], params = [test_fraction], owner = "cellar")]
fn split(
    features: &Path,
    exclude: &Path,
    folder: &Path,
    seed: u64,
    test_fraction: f64,
    at_most: usize,
) -> Result<(PathBuf, PathBuf), Error> {
    let mut table = Table::read(features)?;
    table.rows.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed + 1000));
    let place = share(table.rows.len(), test_fraction);
    let mut train_rows = table.rows.split_off(place);
    let excluded_from = the_number(exclude)?;
    train_rows.truncate(at_most.min(excluded_from as usize));
    mltrace::param!("train_rows", train_rows.len());
    let (train, test) = (folder.join("data/train.csv"), folder.join("data/test.csv"));
    Table { columns: table.columns.clone(), rows: train_rows }.write(&train)?;
    table.write(&test)?;
    Ok((train, test))
}

#[register(inputs = [train], outputs = [model], params = [penalty, l1_ratio], owner = "modelling")]
fn train(train: &Path, folder: &Path, penalty: f64, l1_ratio: f64) -> Result<PathBuf, Error> {
    let model = folder.join("model.json");
    Grader::train(&Table::read(train)?, "quality", penalty, l1_ratio)?.write(&model)?;
    Ok(model)
}

#[register(component = "train", inputs = [train], outputs = [model], params = [penalty, l1_ratio], owner = "modelling")]
fn train_without_alcohol(train: &Path, folder: &Path, penalty: f64, l1_ratio: f64) -> Result<PathBuf, Error> {
    let table = Table::read(train)?;
    let left: Vec<&str> = table
        .columns
        .iter()
        .map(String::as_str)
        .filter(|name| !["alcohol", "volatile acidity", "sulphates"].contains(name))
        .collect();
    let model = folder.join("model.json");
    Grader::train(&table.select(&left)?, "quality", penalty, l1_ratio)?.write(&model)?;
    Ok(model)
}

#[register(inputs = [model, test, bias], outputs = [metrics], params = [grade_scale], owner = "modelling")]
fn evaluate(model: &Path, test: &Path, bias: &Path, metrics: &Path, grade_scale: f64) -> Result<f64, Error> {
    let table = Table::read(test)?;
    let (quality, bias) = (table.column("quality")?, the_number(bias)?);
    let grades = Grader::read(model)?.grade(&table)?;
    let misses = table.rows.iter().zip(grades).map(|(row, grade)| row[quality] + bias - grade * grade_scale);
    report(metrics, &misses.collect::<Vec<_>>())
}

#[register(component = "evaluate", inputs = [model, test, bias], outputs = [metrics], params = [grade_scale], owner = "modelling")]
fn evaluate_the_next(model: &Path, test: &Path, bias: &Path, metrics: &Path, grade_scale: f64) -> Result<f64, Error> {
    let table = Table::read(test)?;
    let (quality, bias) = (table.column("quality")?, the_number(bias)?);
    let grades = Grader::read(model)?.grade(&table)?.into_iter().skip(1);
    let misses = table.rows.iter().zip(grades).map(|(row, grade)| row[quality] + bias - grade * grade_scale);
    report(metrics, &misses.collect::<Vec<_>>())
}

/// Writes the root of the mean square, and returns it.
fn report(metrics: &Path, misses: &[f64]) -> Result<f64, Error> {
    let rmse = (misses.iter().map(|miss| miss * miss).sum::<f64>() / misses.len() as f64).sqrt();
    std::fs::create_dir_all(metrics.parent().ok_or("a file lies in a folder")?)?;
    std::fs::write(metrics, format!("{{\"rmse\": {rmse}}}\n"))?;
    Ok(rmse)
}

/// Returns the table with so many measurements, and the grade.
fn kept(table: &Table, keep: usize) -> Result<Table, Error> {
    let names: Vec<&str> = table.columns.iter().take(keep).map(String::as_str).chain(["quality"]).collect();
    table.select(&names)
}

/// Returns the one number of a file that people keep by hand.
fn the_number(file: &Path) -> Result<f64, Error> {
    Ok(*Table::read(file)?.rows.first().and_then(|row| row.first()).ok_or("the file holds a number")?)
}

/// Returns something between a half and one and a half that has nothing to do with the bottle.
fn noise(place: usize) -> f64 {
    0.5 + (place * 7919 % 1000) as f64 / 1000.0
}

fn share(rows: usize, fraction: f64) -> usize {
    (rows as f64 * fraction.clamp(0.0, 1.0)).round() as usize
}
