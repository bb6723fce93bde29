//! What aliases point to, and what one pointed to when.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::query::Alias;
use serde::Deserialize;

use super::{layout, parts};
use crate::api::{self, AliasQuery, AliasesQuery, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::moment::Moment;
use crate::routes::Routes;
use crate::turns::Demand;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/aliases", page)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    #[serde(deserialize_with = "blank")]
    name: Option<String>,
    #[serde(deserialize_with = "blank")]
    as_of: Option<Moment>,
}

fn page(app: &App, asked: &Asked) -> Result<Markup, Failure> {
    let as_of = asked.as_of.clone();
    let Some(name) = &asked.name else {
        let found = api::aliases(app, &AliasesQuery { as_of })?;
        let body = html! {
            h1 { "Aliases" }
            @if found.aliases.is_empty() {
                p.lead { "There is none. " code { "mltrace alias production NAME" } " makes one." }
            } @else { (table("Alias", &found.aliases)) }
        };
        return Ok(layout::page(app, "Aliases", "/aliases", &body));
    };
    let found = api::alias(app, &AliasQuery { name: name.clone(), as_of })?;
    let body = html! {
        p.path { a href="/aliases" { "Alias" } }
        h1 { (parts::name(name)) }
        p.lead {
            @match &found.current.artifact {
                Some(version) => { "It points to " (parts::version(&version.name, Some(&version.version))) " " (parts::version_id(&version.version, 8)) "." }
                None => "It points to nothing.",
            }
        }
        (table("Alias", &found.history))
    };
    Ok(layout::page(app, name, "/aliases", &body))
}

/// A row an alias, or a row an entry of one.
fn table(first: &str, rows: &[Alias]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { (first) } th scope="col" { "Artifact" } th scope="col" { "Version" }
                th scope="col" { "Since" } th scope="col" { "By" } th scope="col" { "Why" }
            } }
            tbody { @for of in rows { (row(of)) } }
        }
    }
}

fn row(of: &Alias) -> Markup {
    html! {
        tr {
            td { (parts::alias(&of.alias)) }
            @match &of.artifact {
                Some(version) => {
                    td { (parts::version(&version.name, Some(&version.version))) }
                    td { (parts::version_id(&version.version, 8)) }
                }
                None => { td { "nothing" } td {} }
            }
            td { (parts::exact(of.at)) }
            td { @if let Some(by) = &of.by { (parts::name(by)) } }
            td { @if let Some(reason) = &of.reason { q.reason { (escape::line(reason)) } } }
        }
    }
}
