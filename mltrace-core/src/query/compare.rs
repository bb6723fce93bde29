//! Runs side by side: who and when, configuration, data by role, metrics by split and slice, importances.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::Run;
use super::command::Commands;
use super::decimal;
use super::evaluations::{Evaluations, OUTPUTS};
use super::measures::last_metrics;
use super::{QueryError, Reader};
use crate::model::{Metric, RunId, Version};
use crate::redact::REDACTED;
use crate::store::Extent;

/// What the first part of a metric's name is called where it reports a part of the data, and a dot follows.
const SPLITS: [&str; 9] = ["train", "training", "val", "valid", "validation", "dev", "test", "eval", "holdout"];

/// What a field of a run takes in memory beside its row.
const FIELD: usize = 160;

/// The answer of `compare`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Compare {
    /// The runs, in the order in which they were named.
    pub runs: Vec<RunId>,
    /// What is known of any of them.
    pub fields: Vec<ComparedField>,
    /// Whether there are more fields: those that differ are the last to be left out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
}

/// What one thing is in each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ComparedField {
    /// What sort of thing it is.
    pub part: RecordPart,
    /// Its name: `owner`, a parameter, the role of an input, a metric.
    pub name: String,
    /// Of which part of the data a metric is: `test` of `test/auc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Of which slice of the data a metric is: `city=nyc` of `auc@city=nyc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<String>,
    /// Of which artifact a metric is: `raw.csv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What it is in each of the runs, in their order; `null` where it is not known of one.
    pub values: Vec<Value>,
    /// Of an evaluation, the run of each that measured it; `null` where it is not known of one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measured_by: Vec<Option<RunId>>,
    /// Whether it is not the same in all of them. Of parameters that were redacted nobody knows that they are the same.
    pub differs: bool,
}

/// A sort of things that runs have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RecordPart {
    /// Who ran it, when, how it ended, by which code.
    Run,
    /// Its parameters.
    Configuration,
    /// The versions that it read, by role: the argument that named them, or else their name.
    Data,
    /// The versions that it wrote, by role.
    Outputs,
    /// What was measured of it.
    Metrics,
    /// What others measured of what it wrote when they read it.
    Evaluations,
    /// What was measured of what it read or wrote, such as the importance of a feature.
    Importances,
}

impl RecordPart {
    /// All sorts, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Run,
        Self::Configuration,
        Self::Data,
        Self::Outputs,
        Self::Metrics,
        Self::Evaluations,
        Self::Importances,
    ];

    /// Returns its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Configuration => "configuration",
            Self::Data => "data",
            Self::Outputs => "outputs",
            Self::Metrics => "metrics",
            Self::Evaluations => "evaluations",
            Self::Importances => "importances",
        }
    }
}

/// What distinguishes one field from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    part: RecordPart,
    /// Where fields of one part are not by name.
    place: usize,
    split: Option<String>,
    name: String,
    about: Option<String>,
    slice: Option<String>,
}

impl Key {
    fn new(part: RecordPart, name: &str) -> Self {
        Self { part, place: 0, split: None, name: name.to_owned(), about: None, slice: None }
    }
}

/// Returns the split, the name and the slice that the name of a metric says: `test/auc@city=nyc` is `auc` on the slice
/// `city=nyc` of `test`. A dot parts the split too, where what stands before it is the usual name of one: `test.auc`.
#[must_use]
pub fn parts_of_metric(name: &str) -> (Option<&str>, &str, Option<&str>) {
    let (rest, slice) = match name.split_once('@') {
        Some((rest, slice)) if !rest.is_empty() && !slice.is_empty() => (rest, Some(slice)),
        _ => (name, None),
    };
    let dotted = || rest.split_once('.').filter(|(split, _)| SPLITS.contains(&split.to_lowercase().as_str()));
    match rest.split_once('/').or_else(dotted) {
        Some((split, metric)) if !split.is_empty() && !metric.is_empty() => (Some(split), metric, slice),
        _ => (None, rest, slice),
    }
}

impl Reader<'_> {
    /// Returns runs side by side. Each is named by its id, a unique prefix or suffix of it or `latest`, or by an artifact, of
    /// which the run is meant that wrote it last: `model.json`, `@production`.
    ///
    /// # Errors
    /// When no run or more than one is meant, nobody wrote the artifact, or the store does not answer.
    pub fn compare(&mut self, runs: &[&str]) -> Result<Compare, QueryError> {
        self.compare_most(runs, usize::MAX)
    }

    /// Compares as [`compare`](Self::compare) does, with `most` fields at most: those that differ first.
    ///
    /// # Errors
    /// When no run or more than one is meant, nobody wrote the artifact, or the store does not answer.
    pub fn compare_most(&mut self, runs: &[&str], most: usize) -> Result<Compare, QueryError> {
        let mut keys = Vec::with_capacity(runs.len());
        for text in runs {
            keys.push(self.run_or_writer(text)?);
        }
        let mut views = Vec::with_capacity(keys.len());
        // Twice the same run is two columns.
        for key in &keys {
            for mut run in self.views(std::slice::from_ref(key), Extent::Whole)? {
                let file = run.code.as_ref().map(|code| code.file.as_str());
                let mut commands = Commands::of(self.store, [(*key, file)].into_iter())?;
                commands.split(*key, &mut run.params, &mut None::<()>);
                views.push(run);
            }
        }
        let evaluations = self.evaluations_of(&views)?;
        let collided = collided(&views, &evaluations);
        let runs: Vec<RunId> = views.iter().map(|run| run.id).collect();
        let mut records = Vec::with_capacity(views.len());
        for (run, evaluations) in views.into_iter().zip(evaluations) {
            let record = record(run, evaluations, &collided);
            // Each field of each run is there once, and in the answer it is not there twice: it is moved.
            self.hold(record.len().saturating_mul(FIELD))?;
            records.push(record);
        }
        let mut keys: Vec<(Key, bool)> = Vec::new();
        for key in records.iter().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>() {
            self.work_on(records.len())?;
            keys.push((key.clone(), differs(key, &runs, &records)));
        }
        let is_cut = keys.len() > most;
        if is_cut {
            keys.sort_by_key(|(_, differs)| !differs);
            keys.truncate(most);
            keys.sort();
        }
        let fields = keys.into_iter().map(|(key, differs)| {
            let held: Vec<Held> = records.iter_mut().map(|record| record.remove(&key).unwrap_or_default()).collect();
            let is_by_others = key.part == RecordPart::Evaluations;
            let measured_by = held.iter().map(|held| held.by).filter(|_| is_by_others).collect();
            let values = held.into_iter().map(|held| held.value).collect();
            let Key { part, place: _, split, name, about, slice } = key;
            ComparedField { part, name, split, slice, about, values, measured_by, differs }
        });
        Ok(Compare { runs, fields: fields.collect(), is_cut })
    }

    /// Returns what others measured of what each of these runs wrote.
    fn evaluations_of(&mut self, runs: &[Run]) -> Result<Vec<Evaluations>, QueryError> {
        let wrote = |run: &Run| -> Vec<Version> {
            let versions = run
                .outputs
                .iter()
                .filter_map(|output| Some(Version { name: output.name.clone(), version: output.version.clone()? }));
            versions.take(OUTPUTS).collect()
        };
        let all: Vec<Vec<Version>> = runs.iter().map(wrote).collect();
        let of_each = all.iter().map(|own| {
            // Who reads what several of them wrote says of none what it measured.
            let others: Vec<&Version> = all.iter().flatten().filter(|of| !own.contains(of)).collect();
            self.evaluations(own, &others)
        });
        of_each.collect()
    }

    fn run_or_writer(&mut self, text: &str) -> Result<crate::store::RunKey, QueryError> {
        let not_found = |name: &str| QueryError::NotFound { kind: "run", name: name.to_owned() };
        match self.run_id(text) {
            Ok(id) => self.store.run(id)?.ok_or_else(|| not_found(text)),
            Err(no_run @ (QueryError::NotFound { .. } | QueryError::IsComponent { .. })) => {
                match self.find_version(text, None) {
                    Ok(found) => found.written.map(|(run, _)| run).ok_or_else(|| not_found(text)),
                    // Of what is neither, the run was most likely meant.
                    Err(QueryError::NotFound { kind: "artifact", .. }) => Err(no_run),
                    Err(other) => Err(other),
                }
            }
            Err(other) => Err(other),
        }
    }
}

/// What one thing is in a run, and which other run measured it.
#[derive(Default)]
struct Held {
    value: Value,
    by: Option<RunId>,
}

impl From<Value> for Held {
    fn from(value: Value) -> Self {
        Self { value, by: None }
    }
}

/// Returns whether a field is not the same in all runs.
fn differs(key: &Key, runs: &[RunId], records: &[BTreeMap<Key, Held>]) -> bool {
    const NONE: &Value = &Value::Null;
    let columns: Vec<(RunId, &Value)> = runs
        .iter()
        .zip(records)
        .map(|(run, record)| (*run, record.get(key).map_or(NONE, |held| &held.value)))
        .collect();
    // A run that is named twice is the same as itself.
    let is_one = |one: &(RunId, &Value), other: &(RunId, &Value)| one.0 == other.0 || is_same(key.part, one.1, other.1);
    columns.windows(2).any(|pair| !matches!(pair, [one, other] if is_one(one, other)))
}

/// Returns whether a value is known to be the same in two runs; numbers are, however they are written.
fn is_same(part: RecordPart, one: &Value, other: &Value) -> bool {
    if part == RecordPart::Configuration && (is_redacted(one) || is_redacted(other)) {
        return false;
    }
    let number = |value: &Value| match (part, value) {
        (_, Value::Number(number)) => Some(number.to_string()),
        (RecordPart::Metrics | RecordPart::Evaluations | RecordPart::Importances, Value::String(text)) => {
            Some(text.clone())
        }
        _ => None,
    };
    let numbers = number(one).zip(number(other));
    numbers.and_then(|(one, other)| decimal::is_same(&one, &other)).unwrap_or_else(|| one == other)
}

/// Returns whether a secret was taken out of a value, or of what lies in it.
fn is_redacted(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(REDACTED),
        Value::Array(items) => items.iter().any(is_redacted),
        Value::Object(fields) => fields.values().any(is_redacted),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns what distinguishes a metric from another by its split and slice.
fn key_of_metric(metric: &Metric, is_own: bool) -> Key {
    let (split, name, slice) = parts_of_metric(&metric.name);
    let (split, slice) = (split.map(str::to_owned), slice.map(str::to_owned));
    Key { split, slice, ..unsplit(metric, name, is_own) }
}

fn unsplit(metric: &Metric, name: &str, is_own: bool) -> Key {
    // What others measured is of what the run wrote, whether they say so or not.
    let about = metric.about.as_ref().filter(|_| is_own).map(|about| about.as_str().to_owned());
    let part = match (is_own, &about) {
        (false, _) => RecordPart::Evaluations,
        (true, Some(_)) => RecordPart::Importances,
        (true, None) => RecordPart::Metrics,
    };
    Key { about, ..Key::new(part, name) }
}

/// Returns what several metrics of one run would be alike, such as `test/auc` and `test.auc`.
fn collided(runs: &[Run], evaluations: &[Evaluations]) -> BTreeSet<Key> {
    let mut names: BTreeMap<(usize, Key), BTreeSet<&str>> = BTreeMap::new();
    for (number, (run, evaluations)) in runs.iter().zip(evaluations).enumerate() {
        let own = run.metrics.iter().map(|metric| (metric, true));
        for (metric, is_own) in own.chain(evaluations.values().map(|(metric, _)| (metric, false))) {
            names.entry((number, key_of_metric(metric, is_own))).or_default().insert(&metric.name);
        }
    }
    names.into_iter().filter(|(_, names)| names.len() > 1).map(|((_, key), _)| key).collect()
}

/// Returns what is known of a run, without what is empty. Metrics of which several would be one keep their names.
fn record(run: Run, evaluations: Evaluations, collided: &BTreeSet<Key>) -> BTreeMap<Key, Held> {
    let mut record = BTreeMap::new();
    let git = run.git.as_ref();
    let code = run.code.as_ref().map(|code| json!(code.hash));
    let own: [(&str, Option<Value>); 12] = [
        ("component", Some(json!(run.component))),
        ("status", Some(json!(run.status))),
        ("owner", run.owner.as_ref().map(|owner| json!(owner))),
        ("user", run.user.as_ref().map(|user| json!(user))),
        ("host", run.host.as_ref().map(|host| json!(host))),
        ("started_at", Some(json!(run.started_at))),
        ("ended_at", run.ended_at.map(|at| json!(at))),
        ("duration_ms", run.duration_ms.map(|duration| json!(duration))),
        ("commit", git.and_then(|git| git.commit.as_ref()).map(|commit| json!(commit))),
        ("branch", git.and_then(|git| git.branch.as_ref()).map(|branch| json!(branch))),
        ("dirty", git.and_then(|git| git.dirty).map(|dirty| json!(dirty))),
        ("source", code),
    ];
    for (place, (name, value)) in own.into_iter().enumerate() {
        record.extend(value.map(|value| (Key { place, ..Key::new(RecordPart::Run, name) }, value)));
    }
    let read = run.inputs.iter().map(|input| (input.argument.as_deref(), input.name.as_str(), Some(&input.version)));
    let wrote =
        run.outputs.iter().map(|output| (output.argument.as_deref(), output.name.as_str(), output.version.as_ref()));
    let versions = read.map(|read| (RecordPart::Data, read)).chain(wrote.map(|wrote| (RecordPart::Outputs, wrote)));
    for (part, (argument, name, version)) in versions {
        let shown = version.map_or_else(|| name.to_owned(), |version| format!("{name}@{version}"));
        // Several of one role are a list, in the order in which they were read.
        match record.entry(Key::new(part, argument.unwrap_or(name))).or_insert(Value::Null) {
            first @ Value::Null => *first = json!(shown),
            Value::Array(more) => more.push(json!(shown)),
            one => *one = json!([one, shown]),
        }
    }
    record.extend(run.params.into_iter().map(|(name, value)| (Key::new(RecordPart::Configuration, &name), value)));
    let own = last_metrics(run.metrics).into_iter().map(|metric| (metric, None));
    let others = evaluations.into_values().map(|(metric, by)| (metric, Some(by)));
    let mut record: BTreeMap<Key, Held> = record.into_iter().map(|(key, value)| (key, value.into())).collect();
    for (metric, by) in own.chain(others) {
        let key = key_of_metric(&metric, by.is_none());
        let key = if collided.contains(&key) { unsplit(&metric, &metric.name, by.is_none()) } else { key };
        record.insert(key, Held { value: json!(metric.value), by });
    }
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_tells_its_split_and_its_slice() {
        assert_eq!(parts_of_metric("auc"), (None, "auc", None));
        assert_eq!(parts_of_metric("test/auc"), (Some("test"), "auc", None));
        assert_eq!(parts_of_metric("auc@city=nyc"), (None, "auc", Some("city=nyc")));
        assert_eq!(parts_of_metric("test/auc@city=nyc/jfk"), (Some("test"), "auc", Some("city=nyc/jfk")));
        assert_eq!(parts_of_metric("test.auc"), (Some("test"), "auc", None));
        assert_eq!(parts_of_metric("precision@10"), (None, "precision", Some("10")));
        assert_eq!(parts_of_metric("tree.depth"), (None, "tree.depth", None), "no split is called so");
        for odd in ["/auc", "auc/", "@x", "x@", "", ".auc"] {
            assert_eq!(parts_of_metric(odd), (None, odd, None), "{odd}");
        }
    }
}
