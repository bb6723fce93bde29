//! What was stale when it ran, and what would be if it were used now.

use maud::{Markup, html};
use mltrace_core::query::{Stale, StaleRun};
use mltrace_core::words::counted;

use super::{layout, link, panels, parts};
use crate::api::{self, LastStale, StaleQuery};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many runs the page lists.
const MOST: usize = 200;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/stale", page)
}

fn page(app: &App, asked: &StaleQuery) -> Result<Markup, Failure> {
    let LastStale { found, is_cut } = api::stale(app, asked, MOST)?;
    let body = html! {
        @if let Some(artifact) = &found.artifact {
            p.path { "What is stale upstream of this?" }
            h1 { (parts::version(&artifact.name, Some(&artifact.version))) }
            p { a href="/stale" { "Everything that is current" } }
        } @else {
            h1 { "Stale" }
            p.quiet-text { "Among the runs that wrote what is current: an input was old, or a fresher one existed or exists now." }
        }
        @if found.runs.is_empty() { p.lead { "Nothing is stale." } }
        @else {
            @let all = by_component(&found.runs);
            p.lead { (counted(found.runs.len(), "run")) @if is_cut { " or more" } ", of " (counted(all.len(), "component")) "." }
            @for (number, (component, runs)) in all.iter().enumerate() {
                details open[number == 0 || found.artifact.is_some()] {
                    summary { strong { (runs.len()) " × " } (parts::name(component)) }
                    p.quiet-text { (parts::component(component)) }
                    table {
                        (panels::head(&["Run", "Started", "Why"]))
                        tbody { @for run in runs { (row(run)) } }
                    }
                }
            }
            @if is_cut { p.notice { "And older ones." } }
        }
    };
    let title = found.artifact.as_ref().map_or("Stale".to_owned(), |artifact| format!("Stale: {}", artifact.name));
    Ok(layout::page(app, &title, "/stale", &body))
}

/// Returns the runs by component, those of which there are most first.
fn by_component(runs: &[StaleRun]) -> Vec<(&str, Vec<&StaleRun>)> {
    let mut all: Vec<(&str, Vec<&StaleRun>)> = Vec::new();
    for run in runs {
        match all.iter_mut().find(|(component, _)| *component == run.component) {
            Some((_, runs)) => runs.push(run),
            None => all.push((&run.component, vec![run])),
        }
    }
    all.sort_by_key(|(_, runs)| std::cmp::Reverse(runs.len()));
    all
}

fn row(run: &StaleRun) -> Markup {
    html! {
        tr {
            td { (parts::run(run.id)) }
            td { (parts::exact(run.started_at)) }
            td {
                @for stale in &run.stale { (reason("when it ran", stale, run)) }
                @for stale in run.stale_since() { (reason("if used now", stale, run)) }
            }
        }
    }
}

fn reason(when: &str, stale: &Stale, of: &StaleRun) -> Markup {
    // The row leads to its own run already.
    let other = stale.run.filter(|run| *run != of.id);
    html! {
        div {
            span.stale { span aria-hidden="true" { "◷" } " " (when) } ": " (parts::words(&stale.message))
            @if let Some(run) = other { " " a href=(link::run(run)) { "See that run" span.quiet { " " (run.short()) } } }
        }
    }
}
