//! What was measured and checked of the datasets of a run.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::attempt::Attempt;
use super::event::Facets;
use super::facets::{Assertion, Assertions, Statistics, Test, Tests};
use crate::model::{
    ArtifactName, Check, CheckFact, Metric, MetricFact, Number, Outcome, Record, RunId, Severity, Timestamp,
};
use crate::naming;

/// The name of a measure and the artifact: the last value counts.
type Of = (String, Option<ArtifactName>);

#[derive(Default)]
struct Measures {
    metrics: BTreeMap<Of, Metric>,
    checks: BTreeMap<Of, Check>,
}

/// Returns what was measured and checked of a run, and of what it read and wrote.
pub(super) fn measures(attempt: &Attempt<'_, '_>, run: RunId) -> Vec<Record> {
    let mut found = Measures::default();
    for sent in &attempt.events {
        let at = sent.event.at;
        let mut names = Vec::new();
        for (place, dataset) in (0..).zip(sent.event.inputs.iter().chain(&sent.event.outputs)) {
            let Some(name) = naming::dataset(&dataset.namespace, &dataset.name, sent.root) else { continue };
            [&dataset.facets, &dataset.edge].into_iter().for_each(|facets| found.of_dataset(facets, &name, at));
            if place < sent.event.inputs.len() {
                names.push(name);
            }
        }
        let tests = sent.event.run_facets().and_then(|facets| facets.get::<Tests>("test"));
        // A test of a single dataset is one of that.
        let about = if let [one] = names.as_slice() { Some(one) } else { None };
        tests.into_iter().flat_map(|tests| tests.tests).for_each(|test| found.test(test, about, at));
    }
    let metrics = found.metrics.into_values().map(|metric| Record::Metric(MetricFact { run, metric }));
    let checks = found.checks.into_values().map(|check| Record::Check(CheckFact { run, check }));
    metrics.chain(checks).collect()
}

impl Measures {
    fn of_dataset(&mut self, facets: &Facets<'_>, about: &ArtifactName, at: Timestamp) {
        for name in ["inputStatistics", "outputStatistics", "dataQualityMetrics"] {
            let Some(facet) = facets.get::<Statistics<'_>>(name) else { continue };
            let whole = [("rows", facet.row_count), ("bytes", facet.size), ("files", facet.file_count)];
            let whole = whole.into_iter().filter_map(|(what, value)| Some((what.to_owned(), value?)));
            let columns = facet.column_metrics.iter().flat_map(|(column, metrics)| {
                metrics.iter().map(move |(what, value)| (format!("{column}.{what}"), *value))
            });
            whole.chain(columns).for_each(|(what, value)| self.metric(what, value, about, at));
        }
        let facet = facets.get::<Assertions>("dataQualityAssertions");
        facet.into_iter().flat_map(|facet| facet.assertions).for_each(|assertion| self.assertion(assertion, about, at));
    }

    fn metric(&mut self, name: String, value: &RawValue, about: &ArtifactName, at: Timestamp) {
        if let Some(value) = Number::of_json(value) {
            let about = Some(about.clone());
            self.metrics.insert((name.clone(), about.clone()), Metric { name, value, step: None, about, at });
        }
    }

    fn assertion(&mut self, assertion: Assertion, about: &ArtifactName, at: Timestamp) {
        let Assertion { assertion, success, column, severity, name, description, expected, actual } = assertion;
        let called = || column.map_or_else(|| assertion.clone(), |column| format!("{assertion}({column})"));
        let outcome = if success { Outcome::Passed } else { Outcome::Failed };
        let message = message(outcome, description, expected, actual);
        let (name, about) = (name.unwrap_or_else(called), Some(about.clone()));
        self.check(Check { name, outcome, severity: severe(severity.as_deref()), message, about, at });
    }

    fn test(&mut self, test: Test, about: Option<&ArtifactName>, at: Timestamp) {
        let Test { name, status, severity, description, expected, actual } = test;
        let outcome = match status.to_ascii_lowercase().as_str() {
            "pass" | "passed" | "success" => Outcome::Passed,
            "fail" | "failed" => Outcome::Failed,
            "error" | "errored" => Outcome::Errored,
            // What was not executed found nothing out.
            _ => return,
        };
        let message = message(outcome, description, expected, actual);
        let (severity, about) = (severe(severity.as_deref()), about.cloned());
        self.check(Check { name, outcome, severity, message, about, at });
    }

    fn check(&mut self, check: Check) {
        self.checks.insert((check.name.clone(), check.about.clone()), check);
    }
}

fn severe(word: Option<&str>) -> Severity {
    if word.is_some_and(|word| word.eq_ignore_ascii_case("warn")) { Severity::Warn } else { Severity::Error }
}

/// Returns in words what was found; a check that passed needs none.
fn message(
    outcome: Outcome,
    description: Option<String>,
    expected: Option<String>,
    actual: Option<String>,
) -> Option<String> {
    let found = match (expected, actual) {
        (Some(expected), Some(actual)) => Some(format!("expected {expected}, got {actual}")),
        (None, Some(actual)) => Some(format!("got {actual}")),
        (_, None) => None,
    };
    let parts: Vec<String> = description.into_iter().chain(found).filter(|text| !text.is_empty()).collect();
    (outcome != Outcome::Passed && !parts.is_empty()).then(|| parts.join(": "))
}
