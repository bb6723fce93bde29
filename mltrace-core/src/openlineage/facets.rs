//! The facets that are parsed, each as far as it is used; most fields are optional.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::model::VersionId;

/// Who is a run's parent.
#[derive(Deserialize)]
pub(super) struct Parent {
    pub(super) run: ParentRun,
}

#[derive(Deserialize)]
pub(super) struct ParentRun {
    #[serde(rename = "runId")]
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct ErrorMessage {
    pub(super) message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NominalTime {
    pub(super) nominal_start_time: Option<String>,
    pub(super) nominal_end_time: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Engine {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tags {
    pub(super) tags: Vec<Tag>,
}

#[derive(Deserialize)]
pub(super) struct Tag {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobType {
    pub(super) processing_type: Option<String>,
    pub(super) job_type: Option<String>,
    pub(super) emission_pattern: Option<Emission>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Emission {
    pub(super) event_content_mode: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Owners {
    pub(super) owners: Vec<Owner>,
}

#[derive(Deserialize)]
pub(super) struct Owner {
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Documentation {
    pub(super) description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CodeLocation {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) url: Option<String>,
    pub(super) repo_url: Option<String>,
    pub(super) path: Option<String>,
    pub(super) version: Option<String>,
    pub(super) tag: Option<String>,
    pub(super) branch: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Sql {
    pub(super) query: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SourceCode {
    pub(super) source_code: String,
    pub(super) language: Option<String>,
}

/// A model of dbt.
#[derive(Deserialize)]
pub(super) struct Node {
    pub(super) original_file_path: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DatasetVersion {
    pub(super) dataset_version: Value,
}

impl DatasetVersion {
    /// Returns the version: a content where it is written as we write those, else one that somebody declared.
    pub(super) fn version(self) -> Option<VersionId> {
        let text = match self.dataset_version {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let content = text.parse().ok().filter(|version| matches!(version, VersionId::Content(_)));
        (!text.is_empty()).then(|| content.unwrap_or(VersionId::Declared(text)))
    }
}

/// A dataset in a facet of another one, or of a run.
#[derive(Deserialize)]
pub(super) struct Pair {
    pub(super) namespace: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Symlinks {
    pub(super) identifiers: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lifecycle {
    pub(super) lifecycle_state_change: String,
    pub(super) previous_identifier: Option<Pair>,
}

#[derive(Deserialize)]
pub(super) struct ColumnLineage {
    #[serde(default)]
    pub(super) fields: BTreeMap<String, ColumnInputs>,
    #[serde(default)]
    pub(super) dataset: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ColumnInputs {
    #[serde(default)]
    pub(super) input_fields: Vec<Pair>,
}

/// Which part of a dataset was read or written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subset<'e> {
    #[serde(borrow, alias = "outputCondition")]
    pub(super) input_condition: &'e RawValue,
}

#[derive(Deserialize)]
pub(super) struct Condition {
    #[serde(default)]
    pub(super) partitions: Vec<Partition>,
    #[serde(default)]
    pub(super) locations: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Partition {
    pub(super) identifier: Option<String>,
    #[serde(default)]
    pub(super) dimensions: BTreeMap<String, Value>,
}

/// Numbers by name; other values are skipped later.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Statistics<'e> {
    #[serde(borrow)]
    pub(super) row_count: Option<&'e RawValue>,
    #[serde(borrow, alias = "bytes")]
    pub(super) size: Option<&'e RawValue>,
    #[serde(borrow)]
    pub(super) file_count: Option<&'e RawValue>,
    #[serde(borrow, default)]
    pub(super) column_metrics: BTreeMap<String, BTreeMap<String, &'e RawValue>>,
}

#[derive(Deserialize)]
pub(super) struct Assertions {
    pub(super) assertions: Vec<Assertion>,
}

#[derive(Deserialize)]
pub(super) struct Assertion {
    pub(super) assertion: String,
    pub(super) success: bool,
    pub(super) column: Option<String>,
    pub(super) severity: Option<String>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Tests {
    pub(super) tests: Vec<Test>,
}

#[derive(Deserialize)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) status: String,
    pub(super) severity: Option<String>,
    pub(super) description: Option<String>,
    pub(super) expected: Option<String>,
    pub(super) actual: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct ExecutionParameters {
    pub(super) parameters: Vec<ExecutionParameter>,
}

#[derive(Deserialize)]
pub(super) struct ExecutionParameter {
    pub(super) key: Option<String>,
    pub(super) name: Option<String>,
    pub(super) value: Option<Value>,
}
