//! The steps of the pipeline: each reads files, writes files and is registered.

use std::path::{Path, PathBuf};

use mltrace::register;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::Error;
use crate::grader::Grader;
use crate::table::Table;

/// The bottles whose grade the model is to tell come in batches of this size.
const BATCH: usize = 25;
/// How many batches are set aside.
const BATCHES: usize = 6;

/// Writes the data of the crate `linfa-datasets` as the CSV file that it once was.
#[register(
    inputs = ["uci-wine-quality-red"],
    outputs = [raw],
    profile = [raw],
    after = [graded(raw)],
    owner = "laboratory",
    description = "fetches what the laboratory measured",
    tags = ["etl"]
)]
pub fn ingest(folder: &Path) -> Result<PathBuf, Error> {
    let wine = linfa_datasets::winequality();
    let mut table = Table::with_columns(wine.feature_names());
    table.columns.push("quality".to_owned());
    for (measured, quality) in wine.records().rows().into_iter().zip(wine.targets()) {
        let quality = f64::from(u8::try_from(*quality)?);
        table.rows.push(measured.iter().copied().chain([quality]).collect());
    }

    let raw = folder.join("data/raw.csv");
    table.write(&raw)?;
    Ok(raw)
}

/// Every wine has a grade that experts give.
fn graded(wines: &Path) -> Result<bool, Error> {
    let wines = Table::read(wines)?;
    let quality = wines.column("quality")?;
    Ok(wines.rows.iter().all(|wine| (0.0..=10.0).contains(&wine[quality])))
}

/// Numbers the bottles and drops those that repeat an earlier one exactly; returns the file and how many were dropped.
#[register(
    inputs = [raw],
    outputs = [clean],
    owner = "laboratory",
    description = "drops exact duplicates",
    tags = ["etl"]
)]
pub fn clean(raw: &Path, folder: &Path) -> Result<(PathBuf, usize), Error> {
    let table = Table::read(raw)?;
    let mut kept = Table::with_columns(["bottle".to_owned()].into_iter().chain(table.columns));
    let mut seen = std::collections::HashSet::new();
    let mut dropped = 0;
    for (bottle, row) in (1_u32..).zip(table.rows) {
        let bits: Vec<_> = row.iter().map(|value| value.to_bits()).collect();
        if seen.insert(bits) {
            kept.rows.push([f64::from(bottle)].into_iter().chain(row).collect());
        } else {
            dropped += 1;
        }
    }
    mltrace::note!("dropped {dropped} exact duplicates");

    let clean = folder.join("data/clean.csv");
    kept.write(&clean)?;
    Ok((clean, dropped))
}

/// Adds what a wine maker would work out from the measurements.
///
/// Sulphur dioxide is measured in milligrams, everything else in grams: `milligrams_per_gram` brings them together.
#[register(
    inputs = [clean],
    outputs = [features],
    params = [milligrams_per_gram],
    owner = "cellar",
    description = "works out acidity and sulphur in grams per litre",
    tags = ["features"]
)]
pub fn featuregen(clean: &Path, folder: &Path, milligrams_per_gram: f64) -> Result<PathBuf, Error> {
    let mut table = Table::read(clean)?;
    let fixed = table.column("fixed acidity")?;
    let volatile = table.column("volatile acidity")?;
    let citric = table.column("citric acid")?;
    let free = table.column("free sulfur dioxide")?;
    let total = table.column("total sulfur dioxide")?;
    let ph = table.column("pH")?;
    let sulphates = table.column("sulphates")?;
    for row in &mut table.rows {
        let acidity = row[fixed] + row[volatile] + row[citric];
        let sulphur = row[sulphates] + grams(row[total], milligrams_per_gram);
        // The share of free sulphur dioxide that protects the wine falls as it gets less acid (pKa 1.81).
        let molecular = grams(row[free], milligrams_per_gram) / (1.0 + 10_f64.powf(row[ph] - 1.81));
        row.extend([acidity, sulphur, molecular]);
    }
    table.columns.extend(["acidity", "sulphur", "molecular sulfur dioxide"].map(str::to_owned));

    let features = folder.join("data/features.csv");
    table.write(&features)?;
    Ok(features)
}

fn grams(milligrams: f64, milligrams_per_gram: f64) -> f64 {
    milligrams / milligrams_per_gram
}

/// What [`split`] makes of the bottles.
#[derive(Clone, Debug)]
pub struct Split {
    /// The bottles to train on.
    pub train: PathBuf,
    /// The bottles to measure the model on.
    pub test: PathBuf,
    /// Batches of bottles whose grade nobody has told yet.
    pub bottles: Vec<PathBuf>,
}

/// Shuffles the bottles, sets some batches aside without their grade, and splits the rest.
#[register(
    inputs = [features],
    outputs = [train, test, bottles],
    params = [seed, test_fraction],
    owner = "cellar",
    description = "sets bottles aside for testing and for predicting",
    tags = ["features"]
)]
pub fn split(features: &Path, folder: &Path, seed: u64, test_fraction: f64) -> Result<Split, Error> {
    let mut table = Table::read(features)?;
    table.rows.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed));
    let known = table.rows.split_off(BATCH * BATCHES);
    let ungraded: Vec<_> = table.columns.iter().map(String::as_str).filter(|name| *name != "quality").collect();
    let mut bottles = Vec::new();
    for (number, rows) in (1..).zip(table.rows.chunks(BATCH)) {
        let batch = folder.join(format!("bottles/batch-{number:02}.csv"));
        Table { columns: table.columns.clone(), rows: rows.to_vec() }.select(&ungraded)?.write(&batch)?;
        bottles.push(batch);
    }

    let (for_test, for_train) = known.split_at(share(known.len(), test_fraction));
    let train = folder.join("data/train.csv");
    Table { columns: table.columns.clone(), rows: for_train.to_vec() }.write(&train)?;
    let test = folder.join("data/test.csv");
    Table { columns: table.columns.clone(), rows: for_test.to_vec() }.write(&test)?;
    Ok(Split { train, test, bottles })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "few rows")]
fn share(rows: usize, fraction: f64) -> usize {
    (rows as f64 * fraction.clamp(0.0, 1.0)).round() as usize
}

/// Trains an elastic net.
#[register(
    inputs = [train],
    outputs = [model],
    params = [penalty, l1_ratio],
    kind(model = [model]),
    owner = "modelling",
    description = "fits an elastic net to the grades",
    tags = ["model"]
)]
pub fn train(train: &Path, folder: &Path, penalty: f64, l1_ratio: f64) -> Result<PathBuf, Error> {
    let table = Table::read(train)?;
    let grader = Grader::train(&table, "quality", penalty, l1_ratio)?;
    mltrace::metric!("train/rmse", grader.rmse(&table, "quality")?);

    let model = folder.join("model.json");
    grader.write(&model)?;
    Ok(model)
}

/// Measures how far the model's grades are from the experts': returns the root of the mean squared error.
#[register(
    inputs = [model, test],
    outputs = [metrics],
    kind(model = [model]),
    owner = "modelling",
    description = "compares the model's grades with the experts'",
    tags = ["model"]
)]
pub fn evaluate(model: &Path, test: &Path, folder: &Path) -> Result<f64, Error> {
    let table = Table::read(test)?;
    let rmse = Grader::read(model)?.rmse(&table, "quality")?;
    mltrace::metric!("test/rmse", rmse);
    mltrace::note!("root mean squared error {rmse:.4} over {} bottles", table.rows.len());

    let metrics = folder.join("metrics.json");
    std::fs::write(&metrics, format!("{{\"bottles\": {}, \"rmse\": {rmse}}}\n", table.rows.len()))?;
    Ok(rmse)
}

/// Grades a batch of bottles.
#[register(
    inputs = [model, bottles],
    outputs = [prediction],
    kind(model = [model]),
    owner = "cellar",
    description = "grades a batch of bottles",
    tags = ["serving"]
)]
pub fn predict(model: &Path, bottles: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let table = Table::read(bottles)?;
    let bottle = table.column("bottle")?;
    let grades = Grader::read(model)?.grade(&table)?;
    let mut graded = Table::with_columns(["bottle", "quality"]);
    for (row, grade) in table.rows.iter().zip(grades) {
        mltrace::observe!("grade", grade);
        mltrace::task("grade").output(row[bottle], to_hundredths(grade));
        graded.rows.push(vec![row[bottle], to_hundredths(grade)]);
    }

    let prediction = folder.join("predictions").join(bottles.file_name().ok_or("a batch is a file")?);
    graded.write(&prediction)?;
    Ok(prediction)
}

fn to_hundredths(grade: f64) -> f64 {
    (grade * 100.0).round() / 100.0
}

/// Tells, days later, which grade the experts gave to each bottle of a batch. They taste, and know of no pipeline.
///
/// # Errors
/// When a file cannot be read.
pub fn taste(prediction: &Path, clean: &Path) -> Result<(), Error> {
    let (graded, tasted) = (Table::read(prediction)?, Table::read(clean)?);
    let (of, bottle, quality) = (graded.column("bottle")?, tasted.column("bottle")?, tasted.column("quality")?);
    for grade in &graded.rows {
        if let Some(row) = tasted.rows.iter().find(|row| row[bottle].to_bits() == grade[of].to_bits()) {
            mltrace::task("grade").feedback(row[bottle], row[quality]);
        }
    }
    Ok(())
}
