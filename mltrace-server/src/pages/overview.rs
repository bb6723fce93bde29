//! The first page that a person sees: what failed, runs or is late, the last days, how each component goes, what is wrong.

use axum::extract::{RawQuery, State};
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::Timestamp;
use mltrace_core::query::{CheckOfRun, ComponentOverview, Day, Failures, HealthProblem, Labelled, Overview, Wrong};
use std::sync::Arc;

use super::figures::{self, Bar};
use super::{layout, link, panels, parts, start};
use crate::api::{self, Nothing};
use crate::app::App;
use crate::failure::Failure;
use crate::moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route(Method::GET, "/", get(first))
}

/// Answers with the overview; the list of runs, which was here once, is where its parameters lead.
async fn first(State(app): State<Arc<App>>, RawQuery(asked): RawQuery) -> axum::response::Response {
    match asked.filter(|asked| !asked.is_empty()) {
        Some(asked) => Redirect::to(&link::back(&format!("/runs?{asked}"))).into_response(),
        None => {
            let page = app.question(Demand::Short, |app| page(app, &api::overview(app, &Nothing {})?)).await;
            page.map_or_else(super::failed, super::shown)
        }
    }
}

fn page(app: &App, found: &Overview) -> Result<Markup, Failure> {
    let body = html! {
        h1 { "Overview" }
        @if found.components.is_empty() { (start::steps(app)) }
        @else {
            div #live data-live="live" aria-live="off" {
                (numbers(found))
                (panels::panel("Runs a day", &html! {}, &days(found)))
                (panels::panel("Components", &html! {}, &strip(found)))
                (problems(found))
            }
        }
    };
    Ok(layout::page(app, "Overview", "/", &body))
}

/// The four numbers that say whether there is anything to do.
fn numbers(found: &Overview) -> Markup {
    let tile = |count: u64, is: &str, words: &Markup, to: &str| {
        html! { li.tile.{ (if count > 0 { is } else { "good" }) } { a href=(to) { strong { (count) } (words) } } }
    };
    let runs = |search: &str| link::runs(search);
    html! {
        ul.tiles {
            (tile(found.failed, "bad", &html! { "failed or died in 24\u{a0}h" }, &runs("status:failed,died since:24h")))
            (tile(found.running, if found.overdue > 0 { "warn" } else { "live" }, &html! {
                "running" @if found.overdue > 0 { ", " strong.inline { (found.overdue) " overdue" } }
            }, &if found.overdue > 0 { "/health".to_owned() } else { runs("status:running") }))
            (tile(found.flagged, "bad", &html! { "flagged as bad, open" }, "/review"))
            (tile(found.late, "warn", &html! { @if found.late == 1 { "component late" } @else { "components late" } }, "/health"))
        }
    }
}

fn days(found: &Overview) -> Markup {
    let bars: Vec<Bar> = found.days.iter().map(bar).collect();
    let is_old = found.days.last().is_some_and(|day| found.at.micros_since(day.from) > 2 * DAY);
    html! {
        figure.figure.wide {
            (figures::bars(&bars, "Runs a day by how they stand; each bar leads to its runs"))
            figcaption {
                "Days in UTC. Green completed, red failed or died, blue running; the number above a day is what failed."
                @if is_old { " Nothing has begun since the last of these days." }
                @if found.is_cut { " There are more runs than were counted: earlier days are left out." }
            }
        }
    }
}

fn bar(day: &Day) -> Bar {
    let date = moment::show(day.from).split(' ').next().unwrap_or_default().to_owned();
    let until = moment::show(day.from.plus_micros(DAY - 1)).replace(' ', "T");
    let search = |of: &str| link::runs(&format!("{of}since:{date} until:{until}"));
    let below = date.get(5..).unwrap_or_default().replace('-', "/");
    Bar { below, title: date.clone(), runs: day.runs.clone(), all: search(""), failed: search("status:failed,died ") }
}

/// The components, what is not well first.
fn strip(found: &Overview) -> Markup {
    html! {
        table.strip {
            (panels::head(&["Component", "Owner", "Last runs", "Usually takes", "Last success", "Health"]))
            tbody { @for of in &found.components { (component(of, found.at, &found.problems)) } }
        }
        @if found.left_out > 0 { p.notice { "And " (found.left_out) " more, which ran longer ago: " a href="/components" { "all components" } "." } }
    }
}

fn component(of: &ComponentOverview, now: Timestamp, problems: &[HealthProblem]) -> Markup {
    let name = &of.health.component;
    let took: Vec<f64> = of.last_runs.iter().filter_map(|run| run.duration_ms).collect();
    html! {
        tr data-row {
            td { (parts::component(name)) }
            td data-label="owner" { @if let Some(owner) = &of.owner { a href=(link::owner(owner)) { (parts::name(owner)) } } }
            td { a.ticks-link href=(link::runs(&link::term("component", name))) { (figures::ticks(&of.last_runs)) } }
            td data-label="takes" { @if let Some(usual) = of.health.usual { span.whole { (usual.says()) } " " (figures::spark(&took)) } }
            td data-label="last success" { @if let Some(at) = of.last_success { (parts::time(at, now)) } @else { "never" } }
            td { (health(of, problems)) }
        }
    }
}

fn health(of: &ComponentOverview, problems: &[HealthProblem]) -> Markup {
    let why = problems.iter().find(|problem| problem.component == of.health.component);
    let why = why.map(|problem| problem.message.as_str()).unwrap_or_default();
    match of.wrong {
        Some(Wrong::Failing) => parts::badge("bad", "✗", "last run failed", ""),
        Some(Wrong::Overdue) => parts::badge("warn", "◷", "overdue", why),
        Some(Wrong::Late) => parts::badge("warn", "◷", "late", why),
        None if of.health.is_retired => parts::badge("", "–", "retired", ""),
        None => parts::badge("good", "✓", "well", ""),
    }
}

/// What is wrong: failures by their error, new flags, failed checks.
fn problems(found: &Overview) -> Markup {
    html! {
        div.panels {
            (panels::panel("Failures", &html! {}, &html! {
                @if found.failures.is_empty() { p { "No run of these days failed or died." } }
                @else {
                    table {
                        (panels::head(&["Runs", "Error", "Newest"]))
                        tbody { @for of in &found.failures { (failures(of, found)) } }
                    }
                }
            }))
            (panels::panel("Flags and checks", &html! {}, &html! {
                @if found.flags.is_empty() && found.failed_checks.is_empty() {
                    p { "Nothing is flagged as bad, and no check failed in these days." }
                    p.quiet-text { "Is an output wrong? Flag it where it is listed, and " a href="/review" { "the review" } " tells which runs to suspect." }
                }
                @if !found.flags.is_empty() { (flags(&found.flags, found.at)) }
                @if !found.failed_checks.is_empty() { (checks(&found.failed_checks, found.at)) }
            }))
        }
    }
}

fn failures(of: &Failures, found: &Overview) -> Markup {
    let from = found.days.first().map(|day| moment::show(day.from)).unwrap_or_default();
    let mut search = format!("status:{}", of.status.as_str());
    match &of.lasting {
        Some(lasting) => search = format!("{search} {}", link::term("error", lasting)),
        None => search.extend(of.components.first().map(|name| format!(" {}", link::term("component", name)))),
    }
    let search = format!("{search} since:{}", from.split(' ').next().unwrap_or_default());
    html! {
        tr data-row {
            td.number { (of.runs) " ×" }
            td {
                a href=(link::runs(&search)) {
                    @match &of.error {
                        Some(error) => code { (escape::line(&shortened(error))) },
                        None => { (of.status.as_str()) ", no error is known" },
                    }
                }
                div.quiet-text { @for (place, name) in of.components.iter().enumerate() { @if place > 0 { ", " } (parts::component(name)) } }
            }
            td { (parts::time(of.last_at, found.at)) " " (parts::run(of.last)) }
        }
    }
}

/// Returns a line of an error as far as a list shows it.
pub(super) fn shortened(error: &str) -> String {
    match error.char_indices().nth(240) {
        Some((end, _)) => format!("{}…", error.get(..end).unwrap_or_default()),
        None => error.to_owned(),
    }
}

fn flags(flags: &[Labelled], now: Timestamp) -> Markup {
    html! {
        ul.plain { @for flag in flags {
            li data-row {
                (parts::verdict(Some(mltrace_core::model::Verdict::Flagged))) " " (parts::version(&flag.name, Some(&flag.version)))
                @if let Some(reason) = &flag.reason { " " q.reason { (escape::line(reason)) } }
                " " span.quiet-text { @if let Some(by) = &flag.by { "by " (parts::name(by)) ", " } (parts::time(flag.at, now)) }
            }
        } }
    }
}

fn checks(checks: &[CheckOfRun], now: Timestamp) -> Markup {
    html! {
        ul.plain { @for of in checks {
            li data-row {
                (parts::badge("bad", "✗", of.check.outcome.as_str(), "")) " check "
                a href=(link::runs(&link::term(&format!("check.{}", of.check.name), of.check.outcome.as_str()))) { (parts::name(&of.check.name)) } " of "
                (parts::component(&of.component)) " " (parts::run(of.run)) " "
                span.quiet-text { (parts::time(of.started_at, now)) }
            }
        } }
    }
}
