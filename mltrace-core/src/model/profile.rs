//! What is in a table: its rows, and of each column the type, the nulls and how the values spread.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LIMIT_NAME, VersionId, cut};
use crate::words::counted;

/// The most columns that are reported of a table.
pub const MOST_COLUMNS: usize = 500;
/// The most frequent values, and the most quantiles, that are reported of a column.
pub const MOST_VALUES: usize = 100;
/// Of how many columns of a table figures are compared: the first ones.
const FIGURED: usize = 64;

/// The profile of a content; it belongs to the content and not to a name or a run. Reported twice, the fuller one counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileFact {
    /// The content.
    pub version: VersionId,
    /// What is in it.
    pub profile: Profile,
}

/// What is in a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Profile {
    /// How it is written.
    pub format: TableFormat,
    /// How many rows were read.
    pub rows: u64,
    /// Whether these are all: reading stops at a limit of time or bytes.
    pub is_whole: bool,
    /// How many rows have another number of fields than there are columns, and of lines of JSON how many are no rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uneven_rows: u64,
    /// The first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_uneven: Option<UnevenRow>,
    /// How many columns were left out, as there are too many.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub columns_left_out: u64,
    /// The columns, in their order.
    pub columns: Vec<Column>,
}

/// A row of another length, or a line that is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnevenRow {
    /// Its line, from 1.
    pub line: u64,
    /// How many fields it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<u64>,
    /// Of a line of JSON where it stops to be that, from 1; of one without, it is JSON and no object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TableFormat {
    /// Text with a separator.
    Csv,
    /// A JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// What is in a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// How many rows have no value.
    pub nulls: u64,
    /// About how many different values there are; exact up to about a thousand.
    pub distinct: u64,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// The mean of the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// The standard deviation of the numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
    /// Shares, and the numbers that such a share of the numbers does not exceed: within one in a hundred.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<(f64, f64)>,
    /// The most frequent values, with how often each is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopValue>,
    /// Whether its values are not kept, as its name says that they are secret, or a name beside one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_secret: bool,
}

/// A frequent value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TopValue {
    /// The value as it is written, cut where it is long.
    pub value: String,
    /// How many rows have it.
    pub count: u64,
}

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// There is none.
    Empty,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// `true` and `false`.
    Boolean,
    /// Dates, or dates with times, as ISO 8601 has them.
    Date,
    /// Text.
    Text,
    /// Lists or objects.
    Nested,
    /// Values of several types.
    Mixed,
}

impl ColumnType {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Text => "text",
            Self::Nested => "nested",
            Self::Mixed => "mixed",
        }
    }
}

impl TableFormat {
    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }
}

impl Profile {
    /// Returns the figures by which one table of a kind is compared with the next: `rows`, the `columns` by name, and of each
    /// column, 64 at most, its `type`, the share of rows that have `nulls`, and the `mean` of numbers or how many `distinct`
    /// values there are. What not all rows were read of is no figure of the table.
    ///
    /// ```
    /// use mltrace_core::model::Profile;
    ///
    /// let text = r#"{"format": "csv", "rows": 4, "is_whole": true,
    ///     "columns": [{"name": "fare", "type": "number", "nulls": 1, "distinct": 3, "mean": 2.5}]}"#;
    /// let figures = serde_json::from_str::<Profile>(text)?.figures();
    /// assert_eq!(figures["rows"], 4);
    /// assert_eq!((&figures["fare.nulls"], &figures["fare.mean"]), (&0.25.into(), &2.5.into()));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn figures(&self) -> BTreeMap<String, Value> {
        let mut figures = BTreeMap::new();
        if !self.is_whole {
            return figures;
        }
        figures.insert("rows".to_owned(), self.rows.into());
        if self.has_all_columns() {
            let names: Vec<&str> = self.columns.iter().map(|column| &*column.name).collect();
            figures.insert("columns".to_owned(), names.join(", ").into());
        }
        for column in self.columns.iter().take(FIGURED) {
            let name = &column.name;
            figures.insert(format!("{name}.type"), column.kind.as_str().into());
            let share = (column.null_share(self.rows) * 1e4).round() / 1e4;
            figures.insert(format!("{name}.nulls"), share.into());
            let (figure, number) = match column.mean {
                Some(mean) => ("mean", mean.into()),
                None => ("distinct", column.distinct.into()),
            };
            figures.insert(format!("{name}.{figure}"), number);
        }
        figures
    }

    /// Returns whether this counts, and not another one of the same content: that of the whole table, and of two such the
    /// one of more rows.
    #[must_use]
    pub fn counts_over(&self, other: &Self) -> bool {
        (self.is_whole, self.rows) >= (other.is_whole, other.rows)
    }

    /// Returns in a few words how much it is.
    #[must_use]
    pub fn in_words(&self) -> String {
        let columns = u64::try_from(self.columns.len()).unwrap_or(u64::MAX);
        let mut words =
            format!("{}, {}, {}", self.format.as_str(), counted(self.rows, "row"), counted(columns, "column"));
        if !self.is_whole {
            words.push_str(match self.format {
                TableFormat::Parquet => "; the rest was not read: it takes too long, is too large, or is damaged",
                TableFormat::Csv | TableFormat::Ndjson => {
                    "; the rest was not read: it takes too long, is too large, or a row is too long"
                }
            });
        }
        words.extend(self.uneven_in_words().map(|uneven| format!("; {uneven}")));
        if self.columns_left_out > 0 {
            words += &format!("; {} left out", counted(self.columns_left_out, "more column"));
        }
        words
    }

    /// Returns in words which rows have another length, or which lines are no rows, if there are any.
    #[must_use]
    pub fn uneven_in_words(&self) -> Option<String> {
        let all = match (self.format, self.uneven_rows) {
            (_, 0) => return None,
            (TableFormat::Ndjson, 1) => "1 line is no row".to_owned(),
            (TableFormat::Ndjson, count) => format!("{count} lines are no rows"),
            (_, count) => format!("{} of another length", counted(count, "row")),
        };
        let Some(UnevenRow { line, fields, column }) = self.first_uneven else { return Some(all) };
        let first = if self.uneven_rows == 1 { "" } else { "the first is " };
        let why = match (fields, column) {
            (Some(count), _) => format!("which has {}", counted(count, "field")),
            (None, Some(column)) => format!("which is no JSON from column {column} on"),
            (None, None) => "which is no JSON object".to_owned(),
        };
        Some(format!("{all}: {first}line {line}, {why}"))
    }

    /// Returns whether the table has no other columns than these: some may have been left out, and lines of JSON may bring
    /// one in each row.
    #[must_use]
    pub fn has_all_columns(&self) -> bool {
        let is_named_at_start = self.format != TableFormat::Ndjson && !self.columns.is_empty();
        self.columns_left_out == 0 && (self.is_whole || is_named_at_start)
    }

    /// Returns why an import refuses it.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if self.columns.len() > MOST_COLUMNS {
            return Some(format!("a profile has {} columns; the limit is {MOST_COLUMNS}", self.columns.len()));
        }
        let rows = self.rows;
        self.columns.iter().find_map(|column| {
            let longest = column.top.iter().map(|top| top.value.len()).max().unwrap_or_default();
            if longest.max(column.name.len()) > LIMIT_NAME || column.top.len().max(column.quantiles.len()) > MOST_VALUES
            {
                return Some(format!(
                    "a column of a profile is too large: {LIMIT_NAME} bytes are the limit of a value"
                ));
            }
            let counted = column.top.iter().fold(column.nulls, |sum, top| sum.saturating_add(top.count));
            (counted > rows).then(|| format!("a column of a profile counts {counted} values and nulls in {rows} rows"))
        })
    }

    /// Leaves out what is more than a profile may hold, no matter who wrote it, and counts the columns that are left out. Returns
    /// how much was left out or cut.
    pub fn keep_within_limits(&mut self) -> u64 {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let columns = count(self.columns.len().saturating_sub(MOST_COLUMNS));
        self.columns_left_out = self.columns_left_out.saturating_add(columns);
        self.columns.truncate(MOST_COLUMNS);
        let mut beyond = columns;
        for column in &mut self.columns {
            let lengths = [column.quantiles.len(), column.top.len()];
            let more =
                lengths.iter().fold(0, |sum: usize, length| sum.saturating_add(length.saturating_sub(MOST_VALUES)));
            column.quantiles.truncate(MOST_VALUES);
            column.top.truncate(MOST_VALUES);
            let texts = column.top.iter_mut().map(|top| &mut top.value).chain([&mut column.name]);
            let long = texts.filter(|text| text.len() > LIMIT_NAME).map(|text| cut(text, LIMIT_NAME)).count();
            beyond = beyond.saturating_add(count(more)).saturating_add(count(long));
        }
        beyond
    }

    /// Returns the column of a name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Column {
    /// Returns which share of the rows has no value.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share is no count")]
    pub fn null_share(&self, rows: u64) -> f64 {
        if rows == 0 { 0.0 } else { self.nulls as f64 / rows as f64 }
    }

    /// Returns the middle number.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.quantiles.iter().find(|(share, _)| (share - 0.5).abs() < 1e-9).map(|(_, value)| *value)
    }

    /// Forgets its values: counts stay.
    pub fn keep_secret(&mut self) {
        (self.min, self.max, self.mean, self.sd) = (None, None, None, None);
        self.quantiles.clear();
        self.top.clear();
        self.is_secret = true;
    }
}

/// Returns a number of a table: one that has very many digits with an exponent.
#[must_use]
pub fn written(number: f64) -> String {
    let size = number.abs();
    if size >= 1e15 || (size > 0.0 && size < 1e-5) { format!("{number:e}") } else { number.to_string() }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_many_digits_have_an_exponent() {
        for (value, wanted) in [(0.0, "0"), (-2.5, "-2.5"), (1e200, "1e200"), (3e-9, "3e-9"), (123_456.0, "123456")] {
            assert_eq!(written(value), wanted);
        }
    }
}
