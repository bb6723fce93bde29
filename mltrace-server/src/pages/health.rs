//! What takes too long, what is late, and how each component goes.

use maud::{Markup, html};
use mltrace_core::model::Timestamp;
use mltrace_core::query::ComponentHealth;
use mltrace_core::words;

use super::{layout, parts};
use crate::api::{self, HealthQuery};
use crate::app::App;
use crate::failure::Failure;
use crate::moment;
use crate::routes::Routes;
use crate::turns::Demand;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/health", page)
}

fn page(app: &App, asked: &HealthQuery) -> Result<Markup, Failure> {
    let found = api::health(app, asked)?;
    let body = html! {
        h1 { "Health" }
        @if found.is_well { p.lead { "Nothing is overdue or late." } }
        @else {
            table {
                thead { tr { th scope="col" { "What" } th scope="col" { "Component" } th scope="col" { "Run" } th scope="col" { "Why" } } }
                tbody {
                    @for problem in &found.problems {
                        tr {
                            td.now { (problem.kind.as_str()) }
                            td { (parts::component(&problem.component)) }
                            td { @if let Some(run) = problem.run { (parts::run(run)) } }
                            td { (parts::words(&problem.message)) }
                        }
                    }
                }
            }
        }
        @if !found.components.is_empty() {
            h2 { "Components" }
            table {
                thead { tr {
                    th scope="col" { "Component" } th scope="col" { "Last" } th scope="col" { "Every" }
                    th scope="col" { "Usually takes" } th scope="col" { "Trend" }
                } }
                tbody { @for of in &found.components { (row(of)) } }
            }
        }
    };
    Ok(layout::page(app, "Health", "/health", &body))
}

fn row(of: &ComponentHealth) -> Markup {
    let day = |at: Timestamp| moment::show(at).split(' ').next().unwrap_or_default().to_owned();
    html! {
        tr {
            td { (parts::component(&of.component)) }
            td {
                @if let Some(at) = of.last_at { (parts::exact(at)) }
                @if let Some(at) = of.ahead_at { " (one is dated " (parts::exact(at)) ")" }
            }
            td {
                @if of.is_retired { "retired" }
                @else if let Some(every) = of.every_ms { (words::span(every)) }
                @else { "no rhythm" }
            }
            td {
                @match of.usual {
                    Some(usual) => (usual.says()),
                    None => "too few to say",
                }
            }
            td { @if let Some(trend) = &of.trend { (parts::words(&trend.says(day))) " " (parts::run(trend.run)) } }
        }
    }
}
