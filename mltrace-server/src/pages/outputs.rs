//! What was written last, to be judged where it is listed, and the way to the graph of the newest.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Method;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use mltrace_core::model::{RunId, Timestamp, VersionId};
use mltrace_core::query::{Comparison, Output, PageOf, Run, RunCondition, RunField, RunFilter, RunList};
use serde::Deserialize;

use super::fields::Field;
use super::names::Names;
use super::verdicts::Verdicts;
use super::{layout, link, panels, parts, start};
use crate::api::{blank, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many runs a page looks at, and how many outputs of each it lists.
const RUNS: usize = 50;
const MOST: usize = 5;
/// How many of the last runs are looked through for the newest output.
const NEWEST: usize = 50;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/outputs", page).route(Method::GET, "/graph", get(graph))
}

#[derive(Deserialize)]
struct OutputsQuery {
    /// A part of a name.
    #[serde(default, deserialize_with = "blank")]
    q: Option<String>,
    #[serde(default, deserialize_with = "run_id")]
    before: Option<RunId>,
}

/// Returns the last runs that wrote something of which the name holds a text.
fn last(app: &App, text: Option<&str>, before: Option<RunId>, limit: usize) -> Result<RunList, Failure> {
    let condition = |text: &str| RunCondition::Field {
        field: RunField::Output,
        comparison: Comparison::Is,
        value: text.to_owned(),
    };
    let filter = RunFilter { conditions: text.map(condition).into_iter().collect(), ..RunFilter::default() };
    let page = PageOf { after: before, limit, most: limit, ..PageOf::default() };
    app.ask(|reader| reader.run_list(&filter, &page))
}

fn page(app: &App, asked: &OutputsQuery) -> Result<Markup, Failure> {
    let text = asked.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let found = last(app, text, asked.before, RUNS)?;
    let verdicts = app.ask(Verdicts::of)?;
    let field = Field::of("q", text.unwrap_or_default());
    let body = html! {
        h1 { "Outputs" }
        @if found.count == 0 && text.is_none() { (start::steps(app)) }
        @else {
            form.search action="/outputs" method="get" role="search" aria-label="Outputs" {
                label.quiet for="search" { "A part of a name" }
                input #search name=(field.name()) type="search" value=(field.value(text.unwrap_or_default())) autocomplete="off" spellcheck="false" placeholder="a part of a name";
                button type="submit" { "Search" }
            }
            (field.told())
            div #live data-live=[asked.before.is_none().then_some("live")] aria-live="off" { (table(&found.runs, text, &verdicts)) }
            @if let Some(next) = found.next {
                nav.paging aria-label="Pages" {
                    a rel="next" href=(link::to("/outputs", &[("q", text.unwrap_or_default()), ("before", &next.to_string())])) { "Older outputs →" }
                }
            }
        }
    };
    Ok(layout::page(app, "Outputs", "/outputs", &body))
}

fn table(runs: &[Run], text: Option<&str>, verdicts: &Verdicts) -> Markup {
    let now = Timestamp::now();
    let wanted = text.map(str::to_lowercase);
    let is_wanted =
        |output: &&Output| wanted.as_ref().is_none_or(|text| output.name.as_str().to_lowercase().contains(text));
    let listed: Vec<(&Run, &Output)> = (runs.iter())
        .flat_map(|run| run.outputs.iter().filter(is_wanted).take(MOST).map(move |output| (run, output)))
        .collect();
    if listed.is_empty() {
        return panels::empty("No output is called so.", &html! { p { a href="/outputs" { "All outputs" } } });
    }
    let names = Names::of(listed.iter().map(|(_, output)| output.name.as_str()));
    let back = link::to("/outputs", &[("q", text.unwrap_or_default())]);
    html! {
        @if let Some(common) = names.common() { p.quiet-text { "In " (parts::name(common)) } }
        table {
            (panels::head(&["Output", "Version", "Component", "Written", "Verdict"]))
            tbody { @for (run, output) in listed {
                tr data-row {
                    td.long-name { (parts::version_of(&names, &output.name, output.version.as_ref())) }
                    td { @match &output.version {
                        Some(version) => (parts::version_id(version, 8)),
                        None => { "none: " (parts::status(run.status)) },
                    } }
                    td { (parts::component(&run.component)) " " (parts::run(run.id)) }
                    td { (parts::time(output.at.or(run.ended_at).unwrap_or(run.started_at), now)) }
                    td { (verdicts.judge(&output.name, output.version.as_ref(), &back)) }
                }
            } }
        }
    }
}

/// Leads to how the newest output came to be.
async fn graph(State(app): State<Arc<App>>) -> Response {
    let newest = |app: &App| {
        let found = last(app, None, None, NEWEST)?;
        let mut outputs = found.runs.iter().flat_map(|run| &run.outputs);
        let output = outputs.find(|output| output.version.as_ref().is_some_and(|version| *version != VersionId::None));
        Ok(output.map(|output| link::trace(&link::named(&output.name, output.version.as_ref()))))
    };
    match app.question(Demand::Short, newest).await {
        Ok(Some(trace)) => Redirect::to(&trace).into_response(),
        // Where nothing was written there is nothing to draw.
        Ok(None) => Redirect::to("/outputs").into_response(),
        Err(failure) => super::failed(failure),
    }
}
