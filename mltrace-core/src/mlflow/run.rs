//! A run as MLflow knows it, wherever it is read, and the versions of its registered models.

use std::collections::BTreeMap;

use foldhash::HashMap;
use serde_json::Value;

/// The tag of a run that says inside which it was started.
pub(super) const PARENT: &str = "mlflow.parentRunId";
/// The tag of a dataset that says what a run used it for.
pub(super) const CONTEXT: &str = "mlflow.data.context";
/// What is called so was removed, and may be restored.
pub(super) const DELETED: &str = "deleted";

/// A run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) experiment: String,
    pub(super) name: Option<String>,
    pub(super) user: Option<String>,
    pub(super) status: String,
    pub(super) start_ms: Option<i64>,
    pub(super) end_ms: Option<i64>,
    /// The folder of its artifacts.
    pub(super) artifacts: Option<String>,
    /// It was deleted, or its experiment was.
    pub(super) is_deleted: bool,
    pub(super) params: BTreeMap<String, String>,
    pub(super) metrics: BTreeMap<String, Measured>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) datasets: Vec<Dataset>,
    /// The ids of the models that it took in.
    pub(super) models_read: Vec<String>,
    /// The ids of the models that it made.
    pub(super) models_written: Vec<String>,
}

/// The latest value of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Measured {
    pub(super) value: f64,
    pub(super) step: i64,
    pub(super) at_ms: i64,
}

/// A dataset as a run used it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dataset {
    pub(super) name: String,
    pub(super) digest: String,
    /// Where it is from: an object of JSON, by the kind of source.
    pub(super) source: String,
    /// What it was used for.
    pub(super) context: Option<String>,
}

impl Dataset {
    /// Returns the address or path that its source names.
    pub(super) fn place(&self) -> Option<String> {
        let source: Value = serde_json::from_str(&self.source).ok()?;
        let field = |name| source.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        ["uri", "url", "path", "delta_table_name"].into_iter().find_map(field).map(str::to_owned)
    }
}

/// A version of a registered model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) model: String,
    pub(super) version: String,
    pub(super) at_ms: Option<i64>,
    /// The folder or address that was registered.
    pub(super) source: Option<String>,
}

/// An alias of a registered model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alias {
    pub(super) model: String,
    pub(super) alias: String,
    pub(super) version: String,
}

/// The registered models.
#[derive(Debug, Default)]
pub(super) struct Registry {
    /// The versions, by the run that made them, in the order of their numbers.
    versions: HashMap<String, Vec<Registered>>,
    /// All names.
    pub(super) models: Vec<String>,
    pub(super) aliases: Vec<Alias>,
}

impl Registry {
    pub(super) fn add(&mut self, run: &str, version: Registered) {
        self.versions.entry(run.to_owned()).or_default().push(version);
    }

    /// Brings all into an order that does not depend on where it was read.
    pub(super) fn sorted(mut self) -> Self {
        for versions in self.versions.values_mut() {
            versions.sort_by(|a, b| {
                let key = |of: &Registered| (of.model.clone(), of.version.parse::<u64>().unwrap_or(u64::MAX));
                key(a).cmp(&key(b))
            });
        }
        self.models.sort();
        self.aliases.sort_by(|a, b| (&a.model, &a.alias).cmp(&(&b.model, &b.alias)));
        self
    }

    /// Returns the versions that a run made.
    pub(super) fn of(&self, run: &str) -> &[Registered] {
        self.versions.get(run).map_or(&[], Vec::as_slice)
    }
}

/// Returns the address of a model, or of all versions of one.
pub(super) fn model_uri(model: &str) -> String {
    format!("models:/{model}")
}
