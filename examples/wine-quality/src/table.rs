//! A table of numbers with named columns, read from and written to CSV files.

use std::path::Path;

use crate::Error;

/// Rows of numbers under named columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<f64>>,
}

impl Table {
    /// Returns a table without rows.
    #[must_use]
    pub fn with_columns<S: Into<String>>(columns: impl IntoIterator<Item = S>) -> Self {
        Self { columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Reads a CSV file with a header line.
    ///
    /// # Errors
    /// When the file cannot be read, or holds anything but numbers below its header.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut reader = csv::Reader::from_path(path)?;
        let mut table = Self::with_columns(reader.headers()?.iter());
        for row in reader.deserialize() {
            table.rows.push(row?);
        }
        Ok(table)
    }

    /// Writes a CSV file with a header line, and makes its folder when there is none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut writer = csv::Writer::from_path(path)?;
        writer.write_record(&self.columns)?;
        for row in &self.rows {
            writer.write_record(row.iter().map(ToString::to_string))?;
        }
        Ok(writer.flush()?)
    }

    /// Returns the place of a column.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn column(&self, name: &str) -> Result<usize, Error> {
        let place = self.columns.iter().position(|column| column == name);
        place.ok_or_else(|| format!("there is no column `{name}`").into())
    }

    /// Returns the table with these columns only, in this order.
    ///
    /// # Errors
    /// When one of them is missing.
    pub fn select(&self, names: &[&str]) -> Result<Self, Error> {
        let places = names.iter().map(|name| self.column(name)).collect::<Result<Vec<_>, _>>()?;
        let rows = self.rows.iter().map(|row| places.iter().map(|place| row[*place]).collect()).collect();
        Ok(Self { columns: names.iter().map(|&name| name.to_owned()).collect(), rows })
    }
}
