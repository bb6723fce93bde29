//! The numbers and checks of a run among those of the last runs of its component, each as a small chart.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::model::{ArtifactName, Outcome, written};
use mltrace_core::query::{CheckOfRun, Checks, History, MeasureFilter, QueryError, Reader, Run, RunFilter, Span};
use mltrace_core::words;
use serde_json::Value;

use super::window::tenth;

/// How many runs a chart shows: this one and those before it.
pub(super) const LAST: usize = 30;
/// How large a chart is.
const WIDTH: f64 = 150.0;
const HEIGHT: f64 = 28.0;
const MARGIN: f64 = 4.0;

/// The last runs of a component up to one of them, the oldest first.
pub(super) struct Last {
    history: History,
    checks: Vec<CheckOfRun>,
}

impl Last {
    /// Returns the last runs up to this one, with what was measured and checked of them.
    pub(super) fn of(reader: &mut Reader<'_>, run: &Run) -> Result<Self, QueryError> {
        let until = Some(run.started_at);
        let filter = RunFilter { until, limit: Some(LAST), ..RunFilter::default() };
        let mut history = reader.history(&run.component, &filter)?;
        history.runs.reverse();
        let checks = if run.checks.is_empty() {
            Vec::new()
        } else {
            let span = Span::Times { since: None, until };
            let filter = MeasureFilter { component: Some(run.component.clone()), span, limit: Some(LAST) };
            let Checks { mut checks, .. } = reader.checks(false, &filter)?;
            checks.reverse();
            checks
        };
        Ok(Self { history, checks })
    }

    /// Shows the values of a parameter, where they are numbers and differ.
    pub(super) fn parameter(&self, name: &str) -> Markup {
        let values: Vec<f64> = self.history.runs.iter().filter_map(|run| run.params.get(name)?.as_f64()).collect();
        let texts: BTreeSet<String> =
            self.history.runs.iter().filter_map(|run| run.params.get(name).map(Value::to_string)).collect();
        html! {
            @if values.len() > 2 { (curve(&values)) }
            @else if texts.len() > 1 { span.quiet-text { (texts.len()) " values in the last " (self.history.runs.len()) " runs" } }
        }
    }

    /// Shows the values of a metric.
    pub(super) fn metric(&self, name: &str, about: Option<&str>) -> Markup {
        let is_meant = |series: &&mltrace_core::query::MetricSeries| {
            series.name == name && series.about.as_ref().map(ArtifactName::as_str) == about
        };
        let series = self.history.metrics.iter().find(is_meant);
        let values: Vec<f64> =
            series.into_iter().flat_map(|series| &series.values).map(|value| value.value.value()).collect();
        html! { @if values.len() > 2 { (curve(&values)) } }
    }

    /// Shows how a check came out.
    pub(super) fn check(&self, name: &str, about: Option<&str>) -> Markup {
        let is_meant =
            |of: &&CheckOfRun| of.check.name == name && of.check.about.as_ref().map(ArtifactName::as_str) == about;
        let last: Vec<&CheckOfRun> = self.checks.iter().filter(is_meant).collect();
        let failed = last.iter().filter(|of| of.check.outcome != Outcome::Passed).count();
        let label = format!("in the last {}: {failed} did not pass", words::counted(last.len(), "run"));
        html! { @if last.len() > 2 {
            svg.series role="img" aria-label=(label) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) {
                title { (label) }
                @for (number, of) in last.iter().enumerate() {
                    @let is_passed = of.check.outcome == Outcome::Passed;
                    rect.bad[!is_passed] x=(tenth(number as f64 * 5.0)) y=(if is_passed { 16.0 } else { 4.0 }) width="3.5" height=(if is_passed { 8.0 } else { 20.0 }) {}
                }
            }
        } }
    }
}

/// Shows numbers from left to right, the last of which is that of what the page is about.
fn curve(values: &[f64]) -> Markup {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (least, most) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let label = format!("the last {}: from {} to {}", values.len(), written(least), written(most));
    let step = (WIDTH - 2.0 * MARGIN) / (values.len().max(2) - 1) as f64;
    let place = |number: usize, value: f64| {
        let share = if most > least { (value - least) / (most - least) } else { 0.5 };
        (tenth(MARGIN + number as f64 * step), tenth(HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN)))
    };
    let mut path = String::new();
    let mut is_begun = false;
    for (number, value) in values.iter().enumerate() {
        // What is no number has no place: the curve is broken there.
        if !value.is_finite() {
            is_begun = false;
            continue;
        }
        let (x, y) = place(number, *value);
        let _ = write!(path, "{}{x} {y}", if is_begun { "L" } else { "M" });
        is_begun = true;
    }
    html! { @if least.is_finite() {
        svg.series role="img" aria-label=(label) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) {
            title { (label) }
            path d=(path) {}
            @if let Some(value) = values.last() && value.is_finite() {
                @let (x, y) = place(values.len() - 1, *value);
                circle cx=(x) cy=(y) r="3" {}
            }
        }
    } }
}

/// Shows a number of the last versions of an artifact, the oldest on the left.
pub(super) fn of_versions(values: &[f64]) -> Markup {
    html! { @if values.len() > 2 { (curve(values)) } }
}

/// Returns whether something came of a run, and is nothing that it was given.
pub(super) fn is_effect(field: &str) -> bool {
    let (kind, _) = field.split_once(':').unwrap_or((field, ""));
    matches!(kind, "duration" | "status" | "content")
}
