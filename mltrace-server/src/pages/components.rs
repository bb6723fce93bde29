//! The components, and the tags.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::Timestamp;
use serde::Deserialize;

use super::{layout, link, parts, start};
use crate::api::blank;
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many components or tags a page lists.
const MOST: usize = 300;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/components", list).page(Demand::Short, "/tags", tags)
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

pub(super) fn tag_links(tags: &[String]) -> Markup {
    html! { @for tag in tags { a.tag href=(link::tag(tag)) { (parts::name(tag)) } " " } }
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
