//! The components, one component with its history, and the tags.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Timestamp};
use mltrace_core::query::{Component, History, Run};
use serde::Deserialize;

use super::fields::{Field, hidden};
use super::{chart, layout, link, parts, recent, start};
use crate::api::{self, ComponentBody, RecentQuery, blank, run_id};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many components or tags a page lists.
const MOST: usize = 300;
/// How many runs the chart shows.
const CHARTED: usize = 60;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .page(Demand::Short, "/components", list)
        .page(Demand::Short, "/component", one)
        .form("/component", amend)
        .page(Demand::Short, "/tags", tags)
}

#[derive(Deserialize)]
struct ListQuery {
    #[serde(default, deserialize_with = "blank")]
    owner: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    tag: Option<String>,
}

fn list(app: &App, asked: &ListQuery) -> Result<Markup, Failure> {
    let found = app.ask(|reader| reader.components(asked.owner.as_deref(), asked.tag.as_deref()))?.components;
    let is_filtered = asked.owner.is_some() || asked.tag.is_some();
    let now = Timestamp::now();
    let body = html! {
        h1 { "Components" }
        @if is_filtered {
            p {
                @if let Some(owner) = &asked.owner { "Owner " strong { (parts::name(owner)) } ". " }
                @if let Some(tag) = &asked.tag { "Tag " strong { (parts::name(tag)) } ". " }
                a href="/components" { "Show all" }
            }
        }
        @if found.is_empty() && !is_filtered { (start::steps(app)) }
        @else if found.is_empty() { p { "No component passes." } }
        @else {
            table {
                thead { tr { th scope="col" { "Component" } th scope="col" { "Does" } th scope="col" { "Owner" } th scope="col" { "Tags" } th scope="col" { "Runs" } th scope="col" { "Last run" } } }
                tbody {
                    @for component in found.iter().take(MOST) {
                        tr {
                            td { (parts::component(&component.name)) }
                            td { (escape::line(component.description.as_deref().unwrap_or_default())) }
                            td data-label="owner" { @if let Some(owner) = &component.owner { a href=(link::owner(owner)) { (parts::name(owner)) } } }
                            td { (tag_links(&component.tags)) }
                            td.number data-label="runs" { (component.runs) }
                            td { @if let Some(run) = &component.last_run { (parts::status(run.status)) " " (parts::run(run.id)) " " (parts::time(run.started_at, now)) } }
                        }
                    }
                }
            }
            @if found.len() > MOST { p.notice { "And " (found.len() - MOST) " more: " a href="/search" { "search" } " for a part of a name." } }
        }
    };
    Ok(layout::page(app, "Components", "/components", &body))
}

fn tag_links(tags: &[String]) -> Markup {
    html! { @for tag in tags { a.tag href=(link::tag(tag)) { (parts::name(tag)) } " " } }
}

#[derive(Deserialize)]
struct OneQuery {
    name: String,
    #[serde(default, deserialize_with = "run_id")]
    before: Option<RunId>,
}

fn one(app: &App, asked: &OneQuery) -> Result<Markup, Failure> {
    let component = app.ask(|reader| reader.component(&asked.name))?;
    let query = RecentQuery { component: Some(asked.name.clone()), before: asked.before, ..RecentQuery::default() };
    let page = query.history(app, &asked.name)?;
    let charted: Vec<&Run> = page.history.runs.iter().take(CHARTED).collect();
    let body = html! {
        p.path { "Component" }
        h1 { (parts::name(&component.name)) }
        @if let Some(description) = &component.description { p { (escape::block(description)) } }
        div.facts {
            span { (component.runs) " runs" }
            a href=(link::to("/blame", &[("number", "duration"), ("component", &asked.name)])) { "When did it become slower or faster?" }
            @if let Some(owner) = &component.owner { span { "ask " a href=(link::owner(owner)) { (parts::name(owner)) } } }
            (tag_links(&component.tags))
            @if let Some(run) = &component.last_run { span { "last run " (parts::time(run.started_at, Timestamp::now())) " " (parts::status(run.status)) " " (parts::stale(&run.stale)) } }
        }
        (chart::durations(&charted))
        (measured(&page.history))
        (recent::table(&page.history.runs, false))
        @if let Some(next) = page.next {
            nav.paging aria-label="Pages" {
                a rel="next" href=(link::to("/component", &[("name", &asked.name), ("before", &next.to_string())])) { "Older runs →" }
            }
        }
        (form(&component))
    };
    Ok(layout::page(app, &component.name, "/components", &body))
}

/// What was measured of the runs of a page, with the curve of the last ones.
fn measured(of: &History) -> Markup {
    let metrics = &of.metrics;
    html! {
        @if !metrics.is_empty() {
            h2 { "What was measured" }
            table {
                thead { tr { th scope="col" { "Metric" } th scope="col" { "Last" } th scope="col" { "Before" } th scope="col" { "Runs" } th scope="col" { "Trend" } } }
                tbody {
                    @for series in metrics {
                        tr {
                            td { (parts::name(&series.named())) }
                            td.number data-label="last" { @if let Some(value) = series.value(0) { (value) } }
                            td.number data-label="before" { @if let Some(value) = series.value(1) { (value) } }
                            td.number data-label="runs" { (series.values.len()) }
                            td data-label="trend" { (series.trend()) }
                        }
                    }
                }
            }
            @if of.is_cut { p.notice { "Metrics are left out, as there are a great many; " code { "mltrace metrics" } " has them all." } }
            h2 { "Runs" }
        }
    }
}

fn form(component: &Component) -> Markup {
    let known_owner = component.owner.as_deref().unwrap_or_default();
    let known_text = component.description.as_deref().unwrap_or_default();
    let (owner, description) = (Field::of("owner", known_owner), Field::of_lines("description", known_text));
    let untag = Field::of_any("untag", component.tags.iter().map(String::as_str));
    html! {
        details {
            summary { "Say what this component is" }
            form.stack action="/component" method="post" {
                (hidden("name", &component.name))
                label for="owner" { "Whom to ask" }
                input #owner name=(owner.name()) value=(owner.value(known_owner));
                (owner.told())
                label for="description" { "What it does" }
                // A page loses the first line of such a field when it is empty, so there is one to lose.
                textarea #description name=(description.name()) rows="2" { "\n" (description.value(known_text)) }
                (description.told())
                label for="tag" { "Another tag" }
                input #tag name="tag" maxlength="4096";
                @if !component.tags.is_empty() {
                    label for="untag" { "A tag to take off" }
                    select #untag name=(untag.name()) {
                        option value="" { "none" }
                        @for tag in &component.tags { option value=(untag.value(tag)) { (escape::line(tag)) } }
                    }
                }
                p.quiet-text { "A field that is left empty changes nothing." }
                button type="submit" { "Save" }
            }
        }
    }
}

#[derive(Deserialize)]
struct AmendForm {
    name: String,
    #[serde(default, deserialize_with = "blank")]
    owner: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    description: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    tag: Option<String>,
    #[serde(default, deserialize_with = "blank")]
    untag: Option<String>,
}

fn amend(app: &App, told: &AmendForm) -> Result<String, Failure> {
    let known = app.ask(|reader| reader.component(&told.name))?;
    // Only what differs is said again: every word on a component has its time.
    let body = ComponentBody {
        name: told.name.clone(),
        owner: told.owner.clone().filter(|owner| known.owner.as_ref() != Some(owner)),
        description: told.description.clone().filter(|text| known.description.as_ref() != Some(text)),
        tags: told.tag.iter().cloned().collect(),
        untag: told.untag.iter().cloned().collect(),
        ..ComponentBody::default()
    };
    let component = api::amend(app, &body)?;
    Ok(link::component(&component.name))
}

/// Nothing is asked further.
#[derive(Deserialize)]
struct Nothing {}

fn tags(app: &App, _: &Nothing) -> Result<Markup, Failure> {
    let tags = app.ask(|reader| Ok(reader.tags()?.tags))?;
    let body = html! {
        h1 { "Tags" }
        @if tags.is_empty() { p { "No component has a tag yet. Put one on with " code { "mltrace component NAME --tag TAG" } "." } }
        ul.tags { @for tag in tags.iter().take(MOST) { li { a.tag href=(link::tag(tag)) { (parts::name(tag)) } } } }
        @if tags.len() > MOST { p.notice { "And " (tags.len() - MOST) " more: " a href="/search" { "search" } " for a part of a name." } }
    };
    Ok(layout::page(app, "Tags", "/tags", &body))
}
