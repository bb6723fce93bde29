//! Runs side by side, and what was measured and checked of one.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{Outcome, written};
use mltrace_core::query::{ComparedField, Observation, RecordPart, Run};
use mltrace_core::words;
use serde_json::Value;

use super::{layout, parts};
use crate::api::{self, CompareQuery};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many metrics and checks a page lists of each.
const MOST: usize = 200;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/compare", page)
}

fn page(app: &App, asked: &CompareQuery) -> Result<Markup, Failure> {
    let found = api::side_by_side(app, asked)?;
    let body = html! {
        h1 { "Runs side by side" }
        @if found.runs.len() > 1 && !found.fields.iter().any(|field| field.differs) { p.lead { "Nothing that is recorded differs." } }
        @if found.is_cut { p.notice { "There is more than is shown here: what differs is shown first. The command shows all." } }
        @for part in RecordPart::ALL {
            @let fields: Vec<&ComparedField> = found.fields.iter().filter(|field| field.part == part).collect();
            @if !fields.is_empty() {
                table {
                    thead { tr { th scope="col" { (part.as_str()) } @for run in &found.runs { th scope="col" { (parts::run(*run)) } } } }
                    tbody { @for field in fields { (row(field)) } }
                }
            }
        }
    };
    Ok(layout::page(app, "Runs side by side", "", &body))
}

fn row(field: &ComparedField) -> Markup {
    let split = field.split.as_ref().map(|split| format!("{split}/")).unwrap_or_default();
    let slice = field.slice.as_ref().map(|slice| format!("@{slice}")).unwrap_or_default();
    let cell = |value: &Value| {
        let text = match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        html! { td.now[field.differs] { (escape::line(&text)) } }
    };
    html! {
        tr {
            th scope="row" {
                (parts::name(&format!("{split}{}{slice}", field.name)))
                @if let Some(about) = &field.about { " of " (parts::name(about)) }
            }
            @for value in &field.values { (cell(value)) }
        }
    }
}

/// What was measured and checked of a run, where anything was.
pub(super) fn measured(run: &Run) -> Markup {
    let about = |about: Option<&mltrace_core::model::ArtifactName>| html! { @if let Some(about) = about { " of " (parts::version(about, None)) } };
    let more = |count: usize| html! { @if count > MOST { p.notice { "And " (count.saturating_sub(MOST)) " more." } } };
    html! {
        @if !run.metrics.is_empty() {
            h2 { "Measured" }
            table {
                thead { tr { th scope="col" { "Metric" } th scope="col" { "Value" } th scope="col" { "Step" } th scope="col" { "At" } } }
                tbody {
                    @for metric in run.metrics.iter().take(MOST) {
                        tr {
                            th scope="row" { (parts::name(&metric.name)) (about(metric.about.as_ref())) }
                            td { (escape::line(metric.value.as_str())) }
                            td { @if let Some(step) = metric.step { (step) } }
                            td { (parts::exact(metric.at)) }
                        }
                    }
                }
            }
            (more(run.metrics.len()))
        }
        @if !run.observations.is_empty() {
            h2 { "Observed" }
            table {
                thead { tr { th scope="col" { "Name" } th scope="col" { "Values" } th scope="col" { "Median" } th scope="col" { "Most frequent" } } }
                tbody { @for of in run.observations.iter().take(MOST) { (observed(of)) } }
            }
            (more(run.observations.len()))
        }
        @if !run.checks.is_empty() {
            h2 { "Checked" }
            table {
                thead { tr { th scope="col" { "Check" } th scope="col" { "Outcome" } th scope="col" { "What was found" } th scope="col" { "At" } } }
                tbody {
                    @for check in run.checks.iter().take(MOST) {
                        tr {
                            th scope="row" { (parts::name(&check.name)) (about(check.about.as_ref())) }
                            td.now[check.outcome != Outcome::Passed] {
                                (words::outcome(check.outcome.as_str(), check.is_warning()))
                            }
                            td { @if let Some(message) = &check.message { (escape::block(message)) } }
                            td { (parts::exact(check.at)) }
                        }
                    }
                }
            }
            (more(run.checks.len()))
        }
    }
}

fn observed(of: &Observation) -> Markup {
    let quantiles = of.spread.as_ref().map(mltrace_core::query::Spread::quantiles).unwrap_or_default();
    let median = quantiles.iter().find(|(share, _)| (share - 0.5).abs() < 1e-9);
    html! {
        tr {
            th scope="row" { (parts::name(&of.name)) }
            td {
                (of.count)
                @if of.missing > 0 { ", " (of.missing) " missing" }
                @if of.nans > 0 { ", " (of.nans) " not a number" }
                @if of.infinite > 0 { ", " (of.infinite) " infinite" }
                @if !of.is_whole { "; the rest is not known" }
            }
            td { @if let Some((_, value)) = median { (written(*value)) } }
            td {
                @for top in of.top.iter().take(MOST) { div { (parts::words(&top.value)) " (" (top.count) ")" } }
                @if of.others > 0 { div { "others (" (of.others) ")" } }
            }
        }
    }
}
