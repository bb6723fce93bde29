//! What was observed many times in a run: how often, and how the values spread.

use serde::{Deserialize, Serialize};

use super::{RunId, TopValue};

/// What was observed of a run under one name. Reported twice, the one of more values counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// What was observed.
    pub name: String,
    /// How many values there were, of all sorts.
    pub count: u64,
    /// Whether these are all: of a run that was killed only those are known that were written by then.
    pub is_whole: bool,
    /// How many were no value, as `None`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing: u64,
    /// How many were not a number (`NaN`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub nans: u64,
    /// How many were infinite.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub infinite: u64,
    /// How the numbers spread; absent when there were none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<Spread>,
    /// The texts that came first, the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<TopValue>,
    /// How many texts are none of these.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub others: u64,
}

/// How numbers spread: a sketch that can be merged with others of its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// All of them together.
    pub sum: f64,
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
    /// How often pairs of buckets were made one.
    pub level: u32,
    /// How many are zero.
    pub zeros: u64,
    /// How many are in each bucket below zero, by the bucket of their size.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub negative: Vec<(i32, u64)>,
    /// How many are in each bucket above zero.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub positive: Vec<(i32, u64)>,
}

/// An observation of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObservationFact {
    /// The run.
    pub run: RunId,
    /// What was observed.
    pub observation: Observation,
}

impl Observation {
    /// Forgets its values: counts stay.
    pub fn keep_secret(&mut self) {
        self.others = self.top.iter().fold(self.others, |sum, top| sum.saturating_add(top.count));
        self.spread = None;
        self.top.clear();
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
