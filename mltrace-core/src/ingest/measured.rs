//! What a line of an import says was measured and checked.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::text::{artifact_name, within};
use crate::model::{
    Check, CheckFact, Metric, MetricFact, Number, Observation, ObservationFact, Outcome, Record, RunId, Severity,
    Timestamp,
};
use crate::naming::Root;

/// A metric: `{"name": "rmse", "value": 0.64}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MetricLine {
    name: String,
    #[serde(deserialize_with = "number")]
    value: Number,
    step: Option<i64>,
    about: Option<String>,
    at: Option<Timestamp>,
}

/// A check: `{"name": "no nulls", "outcome": "failed"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckLine {
    name: String,
    outcome: Outcome,
    #[serde(default)]
    severity: Severity,
    message: Option<String>,
    about: Option<String>,
    at: Option<Timestamp>,
}

/// Reads a number with the text that it is written as.
fn number<'de, D: Deserializer<'de>>(json: D) -> Result<Number, D::Error> {
    let json = Box::<RawValue>::deserialize(json)?;
    Number::of_json(&json).ok_or_else(|| serde::de::Error::custom(format!("`{json}` is not the value of a metric")))
}

/// Adds what was measured, checked and observed of a run, at the given moment where no other is reported.
pub(super) fn add(
    (metrics, checks, observations): (Vec<MetricLine>, Vec<CheckLine>, Vec<Observation>),
    (run, at, root): (RunId, Timestamp, &Root),
    records: &mut Vec<Record>,
) -> Result<(), String> {
    for metric in metrics {
        records.push(metric.record(run, at, root)?);
    }
    for check in checks {
        records.push(check.record(run, at, root)?);
    }
    add_observations(observations, run, records)
}

/// Adds what was observed of a run.
fn add_observations(all: Vec<Observation>, run: RunId, records: &mut Vec<Record>) -> Result<(), String> {
    for mut observation in all {
        if let Some(fault) = observation.fault() {
            return Err(fault);
        }
        observation.name = within("observations", observation.name)?;
        records.push(Record::Observation(ObservationFact { run, observation }));
    }
    Ok(())
}

impl MetricLine {
    fn record(self, run: RunId, at: Timestamp, root: &Root) -> Result<Record, String> {
        let about = self.about.map(|name| artifact_name(&name, root)).transpose()?;
        let (name, at) = (within("metrics", self.name)?, self.at.unwrap_or(at));
        Ok(Record::Metric(MetricFact { run, metric: Metric { name, value: self.value, step: self.step, about, at } }))
    }
}

impl CheckLine {
    fn record(self, run: RunId, at: Timestamp, root: &Root) -> Result<Record, String> {
        let about = self.about.map(|name| artifact_name(&name, root)).transpose()?;
        let message = self.message.map(|text| within("message", text)).transpose()?;
        let (name, at) = (within("checks", self.name)?, self.at.unwrap_or(at));
        let (outcome, severity) = (self.outcome, self.severity);
        Ok(Record::Check(CheckFact { run, check: Check { name, outcome, severity, message, about, at } }))
    }
}
