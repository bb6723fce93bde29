//! What is expected of a table: its columns, and what may be in them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ColumnType, Severity};

/// What is expected of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExpectedTable {
    /// Whether no other columns are expected.
    pub closed: bool,
    /// How much depends on it.
    pub severity: Severity,
    /// The columns.
    pub columns: BTreeMap<String, ExpectedColumn>,
}

/// What is expected of a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct ExpectedColumn {
    /// What its values are; a whole number is a number, too.
    #[serde(rename = "type")]
    pub kind: Option<ColumnType>,
    /// Whether it may be missing.
    pub optional: bool,
    /// Which share of the rows may have no value.
    pub nulls: Option<f64>,
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// The only values; none are reported: any.
    pub values: Vec<String>,
}

impl ExpectedColumn {
    /// Returns why no column can be as it says.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let bounds = [self.min, self.max].into_iter().flatten();
        if bounds.clone().any(f64::is_nan) {
            return Some("an end of its range is no number");
        }
        if self.min.zip(self.max).is_some_and(|(least, greatest)| least > greatest) {
            return Some("its `min` is greater than its `max`");
        }
        if self.nulls.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Some("its `nulls` is no share from 0 to 1");
        }
        let is_of_numbers =
            self.kind.is_none_or(|kind| matches!(kind, ColumnType::Integer | ColumnType::Number | ColumnType::Mixed));
        (!is_of_numbers && bounds.count() > 0).then_some("it has a range, and its `type` is none of numbers")
    }
}

impl ExpectedTable {
    /// Returns what distinguishes this expectation from others, and from what it was before somebody changed it.
    #[must_use]
    pub fn version(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        blake3::hash(text.as_bytes()).to_hex().chars().take(12).collect()
    }
}
