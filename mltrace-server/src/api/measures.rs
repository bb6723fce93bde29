//! What was measured, checked and observed, run by run.

use mltrace_core::query::{Checks, MeasureFilter, Metrics, Observations, Span};
use schemars::JsonSchema;
use serde::Deserialize;

use super::values::{Limit, Truth, blank, limited};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// So many runs are merged at most, as the command does.
const MOST_MERGED: usize = 10_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .ask(Demand::Long, "/api/v1/metrics", "What was measured, run by run", metrics)
        .ask(Demand::Long, "/api/v1/checks", "How checks came out, newest run first", checks)
        .ask(
            Demand::Long,
            "/api/v1/observations",
            "What was observed in runs, merged, and how far it moved since others",
            observations,
        )
}

/// Returns a run, or else those between two moments.
fn span(run: Option<&String>, since: Option<&Moment>, until: Option<&Moment>) -> Span {
    let [since, until] = [since, until].map(|moment| moment.map(|moment| moment.at));
    run.cloned().map_or(Span::Times { since, until }, Span::Run)
}

/// Which metrics are meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct MetricsQuery {
    /// Of this component.
    #[serde(deserialize_with = "blank")]
    component: Option<String>,
    /// Only this metric.
    #[serde(deserialize_with = "blank")]
    name: Option<String>,
    /// Of runs that started at or after.
    #[serde(deserialize_with = "blank")]
    since: Option<Moment>,
    /// Of runs that started before or at.
    #[serde(deserialize_with = "blank")]
    until: Option<Moment>,
    /// Of this run, whatever `since` and `until` are.
    #[serde(deserialize_with = "blank")]
    run: Option<String>,
    /// Of the last so many runs in which it was measured; 50 unless said otherwise.
    #[serde(deserialize_with = "blank")]
    limit: Option<Limit>,
}

fn metrics(app: &App, asked: &MetricsQuery) -> Result<Metrics, Failure> {
    let span = span(asked.run.as_ref(), asked.since.as_ref(), asked.until.as_ref());
    let filter = MeasureFilter { component: asked.component.clone(), span, limit: Some(limited(asked.limit)) };
    app.ask(|reader| reader.metrics(asked.name.as_deref(), &filter))
}

/// Which checks are meant.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ChecksQuery {
    /// Of this component.
    #[serde(deserialize_with = "blank")]
    component: Option<String>,
    /// Only those that did not pass.
    #[serde(deserialize_with = "blank")]
    failed: Option<Truth>,
    /// Of runs that started at or after.
    #[serde(deserialize_with = "blank")]
    since: Option<Moment>,
    /// Of runs that started before or at.
    #[serde(deserialize_with = "blank")]
    until: Option<Moment>,
    /// Of this run, whatever `since` and `until` are.
    #[serde(deserialize_with = "blank")]
    run: Option<String>,
    /// Of the last so many runs in which something was checked; 50 unless said otherwise.
    #[serde(deserialize_with = "blank")]
    limit: Option<Limit>,
}

fn checks(app: &App, asked: &ChecksQuery) -> Result<Checks, Failure> {
    let span = span(asked.run.as_ref(), asked.since.as_ref(), asked.until.as_ref());
    let filter = MeasureFilter { component: asked.component.clone(), span, limit: Some(limited(asked.limit)) };
    app.ask(|reader| reader.checks(asked.failed == Some(Truth::True), &filter))
}

/// Which observations are meant, and with which they are compared.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct ObservationsQuery {
    /// Of this component.
    #[serde(deserialize_with = "blank")]
    component: Option<String>,
    /// Only what was observed under this name.
    #[serde(deserialize_with = "blank")]
    name: Option<String>,
    /// Of runs that started at or after.
    #[serde(deserialize_with = "blank")]
    since: Option<Moment>,
    /// Of runs that started before or at.
    #[serde(deserialize_with = "blank")]
    until: Option<Moment>,
    /// Of this run, whatever `since` and `until` are.
    #[serde(deserialize_with = "blank")]
    run: Option<String>,
    /// Compared with runs that started at or after.
    #[serde(deserialize_with = "blank")]
    before_since: Option<Moment>,
    /// Compared with runs that started before or at.
    #[serde(deserialize_with = "blank")]
    before_until: Option<Moment>,
    /// Compared with this run, whatever `before_since` and `before_until` are.
    #[serde(deserialize_with = "blank")]
    before_run: Option<String>,
}

fn observations(app: &App, asked: &ObservationsQuery) -> Result<Observations, Failure> {
    let now = span(asked.run.as_ref(), asked.since.as_ref(), asked.until.as_ref());
    let before = span(asked.before_run.as_ref(), asked.before_since.as_ref(), asked.before_until.as_ref());
    let before = (before != Span::default()).then_some(before);
    let filter = MeasureFilter { component: asked.component.clone(), span: now, limit: Some(MOST_MERGED) };
    app.ask(|reader| reader.observations(asked.name.as_deref(), &filter, before.as_ref()))
}
