//! Runs side by side, and what was measured and checked of one.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::Outcome;
use mltrace_core::query::{ComparedField, RecordPart, Run};
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
    routes.page(Demand::Short, "/compare", page)
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
        @if !run.checks.is_empty() {
            h2 { "Checked" }
            table {
                thead { tr { th scope="col" { "Check" } th scope="col" { "Outcome" } th scope="col" { "What was found" } th scope="col" { "At" } } }
                tbody {
                    @for check in run.checks.iter().take(MOST) {
                        tr {
                            th scope="row" { (parts::name(&check.name)) (about(check.about.as_ref())) }
                            td.now[check.outcome != Outcome::Passed] { (check.outcome.as_str()) }
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
