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

impl ExpectedTable {
    /// Returns what distinguishes this expectation from others, and from what it was before somebody changed it.
    #[must_use]
    pub fn version(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        blake3::hash(text.as_bytes()).to_hex().chars().take(12).collect()
    }
}
