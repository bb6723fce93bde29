//! The model: an elastic net over standardised measurements, kept as JSON.

use std::path::Path;

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::table::Table;

/// A trained model that grades bottles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grader {
    /// The grade of a bottle that is average in everything.
    pub intercept: f64,
    /// What each measurement adds to the grade.
    pub terms: Vec<Term>,
}

/// What one measurement adds to the grade: `weight × (value − mean) ÷ deviation`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// The column.
    pub feature: String,
    /// The column's mean over the training rows.
    pub mean: f64,
    /// The column's standard deviation over the training rows.
    pub deviation: f64,
    /// The learned weight.
    pub weight: f64,
}

impl Grader {
    /// Returns a model trained on all columns of `table` but `bottle` and `target`.
    ///
    /// # Errors
    /// When there is no such target, or the penalties are out of range.
    pub fn train(table: &Table, target: &str, penalty: f64, l1_ratio: f64) -> Result<Self, Error> {
        let features: Vec<_> =
            table.columns.iter().map(String::as_str).filter(|name| *name != "bottle" && *name != target).collect();
        let values = table.select(&features)?;
        let shape = (values.rows.len(), features.len());
        let mut values = Array2::from_shape_vec(shape, values.rows.concat())?;
        let target = table.column(target)?;
        let targets: Array1<f64> = table.rows.iter().map(|row| row[target]).collect();

        let means = values.mean_axis(Axis(0)).ok_or("there are no rows to train on")?;
        let deviations = values.std_axis(Axis(0), 0.0);
        values -= &means;
        values /= &deviations;
        let fitted = ElasticNet::params().penalty(penalty).l1_ratio(l1_ratio).fit(&Dataset::new(values, targets))?;

        let terms = features.iter().enumerate().map(|(place, &feature)| Term {
            feature: feature.to_owned(),
            mean: means[place],
            deviation: deviations[place],
            weight: fitted.hyperplane()[place],
        });
        Ok(Self { intercept: fitted.intercept(), terms: terms.collect() })
    }

    /// Returns the grade of each row.
    ///
    /// # Errors
    /// When a column that the model was trained on is missing.
    pub fn grade(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let places = self.terms.iter().map(|term| table.column(&term.feature)).collect::<Result<Vec<_>, _>>()?;
        let grade = |row: &Vec<f64>| {
            let terms = self.terms.iter().zip(&places);
            let sum: f64 = terms.map(|(term, place)| term.weight * (row[*place] - term.mean) / term.deviation).sum();
            self.intercept + sum
        };
        Ok(table.rows.iter().map(grade).collect())
    }

    /// Returns the root of the mean squared miss over rows whose `target` is known.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn rmse(&self, table: &Table, target: &str) -> Result<f64, Error> {
        let target = table.column(target)?;
        let misses = table.rows.iter().zip(self.grade(table)?).map(|(row, grade)| (row[target] - grade).powi(2));
        Ok((misses.sum::<f64>() / f64::from(u32::try_from(table.rows.len())?)).sqrt())
    }

    /// Reads a model from a JSON file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no model.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(serde_json::from_slice(&std::fs::read(path)?)?)
    }

    /// Writes the model to a JSON file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")?)
    }
}
