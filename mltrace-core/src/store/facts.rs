//! What runs are compared by.

use std::collections::BTreeMap;

use serde_json::Value;

use super::extent::FactsCut;
use super::key::{ComponentKey, RunKey};
use super::measure::Measures;
use super::row::CodeDetail;
use crate::model::{Observation, RunId, Status, Timestamp, Version};

/// What may make the outputs of a run differ.
#[derive(Clone, Debug, PartialEq)]
pub struct FactsRow {
    /// Its key.
    pub key: RunKey,
    /// Its id.
    pub id: RunId,
    /// Its component.
    pub component_key: ComponentKey,
    /// Its component's name.
    pub component: String,
    /// How it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// How long it took, in microseconds.
    pub duration_us: Option<i64>,
    /// The commit of its code.
    pub commit: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// Whether the work tree differed from the commit.
    pub dirty: Option<bool>,
    /// Its source, without the text.
    pub code: Option<CodeDetail>,
    /// What was checked of it, and measured at the last step of each metric.
    pub measures: Measures,
    /// Its host.
    pub host: Option<String>,
    /// Its user.
    pub user: Option<String>,
    /// Its parameters.
    pub params: BTreeMap<String, Value>,
    /// What was observed many times in it, by name; only where that was asked for, too.
    pub observations: Vec<Observation>,
    /// The names of what it read, sorted, each once.
    pub names: Vec<String>,
    /// What it read of what no recorded run wrote, as far as it reported the version.
    pub unwritten: Vec<Version>,
    /// How many microseconds before it began the oldest version was written that it read of what other runs wrote.
    pub oldest_input_us: Option<i64>,
    /// After how many seconds an input counts as old for its component.
    pub stale_after_s: Option<i64>,
    /// Whether another run had written a later version of something by the time that it read the earlier one.
    pub is_superseded: bool,
    /// What was left out of these.
    pub cut: FactsCut,
}
