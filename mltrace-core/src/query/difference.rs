//! What differs between two runs or two traces.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::RunId;

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Difference {
    /// The component; `None` when no recorded run wrote what was asked for.
    pub component: Option<String>,
    /// `missing` (a run on one side only), `git.commit`, `git.branch`, `git.dirty`, `code`, `code.is_in_work_tree`, `status`, `host`, `user`,
    /// `param:NAME`, `input:NAME`, `duration`, or `content`: the version itself, made of the same by the same; among
    /// measures `metric:NAME`, `check:NAME` and `profile:FIGURE of ARTIFACT`.
    pub field: String,
    /// Its value on one side.
    pub a: Option<Value>,
    /// Its value on the other.
    pub b: Option<Value>,
    /// The run on each side.
    pub runs: [Option<RunId>; 2],
    /// How the source texts differ, as a unified diff, where `field` is `code` and both are recorded.
    #[serde(default)]
    pub source_diff: Option<String>,
}

/// What differs from an earlier run of the same component: what is newest first, of equal ones what is upstream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Since {
    /// The earlier run.
    pub run: RunId,
    /// What differs and follows from nothing else that does.
    pub differences: Vec<Difference>,
    /// How many runs differ only because of that.
    pub consequences: usize,
    /// Whether not all of it was compared: of runs with a great many parameters, metrics, checks or inputs only the first by
    /// name are. Absent when everything was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}
