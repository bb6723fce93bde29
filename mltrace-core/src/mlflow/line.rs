//! A run of MLflow as a line of an import.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use super::artifacts::Artifacts;
use super::run::{Dataset, Measured, PARENT, Registered, Run, model_uri};
use crate::model::{ArtifactKind, Timestamp};

/// The tags of MLflow's own that say something about a run which nothing else says.
const TOLD: [&str; 3] = ["mlflow.runName", "mlflow.source.name", "mlflow.note.content"];

#[derive(Serialize)]
struct RunLine<'r> {
    id: &'r str,
    component: &'r str,
    status: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    git: Option<Git<'r>>,
    inputs: Vec<Edge>,
    outputs: Vec<Edge>,
    params: BTreeMap<&'r str, Box<RawValue>>,
    metrics: Vec<Metric<'r>>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct Git<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<&'r str>,
}

#[derive(Default, Serialize)]
struct Edge {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ArtifactKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    argument: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Metric<'r> {
    name: &'r str,
    value: serde_json::Value,
    step: i64,
    at: Timestamp,
}

/// Returns the line of a run with its artifacts and the versions of models that it made.
pub(super) fn line(run: &Run, artifacts: &Artifacts, registered: &[Registered]) -> String {
    let tag = |name: &str| run.tags.get(name).map(String::as_str).filter(|text| !text.is_empty());
    let git = |of: &str| tag(&format!("mlflow.source.git.{of}"));
    let git = Git { commit: git("commit"), branch: git("branch"), remote: git("repoURL") };
    let status = status(&run.status);
    let line = RunLine {
        id: &run.id,
        component: &run.experiment,
        status,
        started_at: run.start_ms.map(moment),
        ended_at: run.end_ms.map(moment).filter(|_| status != "running"),
        parent: tag(PARENT),
        user: tag("mlflow.user").or(run.user.as_deref()).filter(|user| !["", "unknown"].contains(user)),
        git: (git.commit.is_some() || git.branch.is_some() || git.remote.is_some()).then_some(git),
        inputs: inputs(run),
        outputs: outputs(run, artifacts, registered),
        params: run.params.iter().filter_map(|(name, text)| Some((name.as_str(), param(text)?))).collect(),
        metrics: run.metrics.iter().map(|(name, measured)| metric(name, measured)).collect(),
        notes: notes(run),
    };
    // A name and a text are all that it is made of.
    serde_json::to_string(&line).unwrap_or_default()
}

/// Returns how a run stands: in words, or as files number it. Another word is refused with the line.
fn status(told: &str) -> &str {
    match told {
        "RUNNING" | "SCHEDULED" | "1" | "2" => "running",
        "FINISHED" | "3" => "completed",
        "FAILED" | "4" => "failed",
        "KILLED" | "5" => "cancelled",
        other => other,
    }
}

fn moment(ms: i64) -> Timestamp {
    Timestamp(ms.saturating_mul(1000))
}

fn inputs(run: &Run) -> Vec<Edge> {
    let dataset = |dataset: &Dataset| {
        let named = Edge {
            name: format!("mlflow:{}", dataset.name),
            version: (!dataset.digest.is_empty()).then(|| format!("v:{}", dataset.digest)),
            argument: dataset.context.clone(),
            ..Edge::default()
        };
        let lies = dataset.place().map(|name| Edge { name, argument: dataset.context.clone(), ..Edge::default() });
        std::iter::once(named).chain(lies).collect::<Vec<_>>()
    };
    run.datasets.iter().flat_map(dataset).chain(run.models_read.iter().map(|model| of_model(model))).collect()
}

fn outputs(run: &Run, artifacts: &Artifacts, registered: &[Registered]) -> Vec<Edge> {
    let lies = artifacts.0.iter().map(|name| Edge { name: name.clone(), ..Edge::default() });
    let models = run.models_written.iter().map(|model| of_model(model));
    let versions = registered.iter().map(|version| Edge {
        version: Some(format!("v:{}", version.version)),
        at: version.at_ms.map(moment),
        ..of_model(&version.model)
    });
    lies.chain(models).chain(versions).collect()
}

fn of_model(model: &str) -> Edge {
    Edge { name: model_uri(model), kind: Some(ArtifactKind::Model), ..Edge::default() }
}

/// Returns a parameter: MLflow keeps the texts of numbers, and a number is compared as one.
fn param(text: &str) -> Option<Box<RawValue>> {
    let is_number = text.trim() == text && serde_json::from_str::<serde_json::Number>(text).is_ok();
    let json = if is_number { text.to_owned() } else { serde_json::to_string(text).ok()? };
    RawValue::from_string(json).ok()
}

fn metric<'r>(name: &'r str, measured: &Measured) -> Metric<'r> {
    let value = match measured.value {
        value if value.is_nan() => "NaN".into(),
        // A database holds no infinite number, but the largest one.
        f64::INFINITY | f64::MAX => "inf".into(),
        f64::NEG_INFINITY | f64::MIN => "-inf".into(),
        value => value.into(),
    };
    Metric { name, value, step: measured.step, at: moment(measured.at_ms) }
}

fn notes(run: &Run) -> Vec<String> {
    let is_told = |name: &str| !name.starts_with("mlflow.") || TOLD.contains(&name);
    let mut tags: BTreeMap<&str, &str> =
        run.tags.iter().map(|(name, text)| (name.as_str(), text.as_str())).filter(|(name, _)| is_told(name)).collect();
    if let Some(name) = &run.name {
        tags.entry("mlflow.runName").or_insert(name);
    }
    tags.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| format!("{name}: {text}")).collect()
}
