//! The versions of an artifact, and the form by which people judge any of them.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::VersionId;
use mltrace_core::query::{VersionOf, Versions};
use serde::Deserialize;

use super::fields::Field;
use super::{layout, link, parts, verdicts};
use crate::api::{self, VersionsPage, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::moment;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many versions the page lists.
const MOST: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/artifact", page)
}

#[derive(Deserialize)]
struct ArtifactQuery {
    name: String,
    #[serde(default, deserialize_with = "blank")]
    before: Option<VersionId>,
}

fn page(app: &App, asked: &ArtifactQuery) -> Result<Markup, Failure> {
    let VersionsPage { found, next } = api::page_of_versions(app, &asked.name, asked.before.as_ref(), MOST)?;
    let name = found.name.as_str();
    let back = link::artifact(name);
    let body = html! {
        p.path { "Artifact" }
        h1 { (parts::name(name)) }
        div.facts {
            a.strong href=(link::trace(name)) { "How did the latest version come to be?" }
            a href=(link::to("/last-good", &[("artifact", name)])) { "Which version can be relied on?" }
            a href=(link::to("/stale", &[("artifact", name)])) { "Is it stale?" }
            a href=(link::to("/verify", &[("artifact", name)])) { "Is it still on disk?" }
            @if mltrace_core::profile::format_of(name.as_ref()).is_some() {
                a href=(link::to("/profile", &[("artifact", name)])) { "What is in it?" }
            }
        }
        (compare(&found))
        table {
            thead { tr {
                th scope="col" { "Version" } th scope="col" { "Written" } th scope="col" { "By" } th scope="col" { "Verdict" }
            } }
            tbody { @for version in &found.versions { (row(&found.name, version, &back)) } }
        }
        @if let Some(next) = next {
            nav.paging aria-label="Pages" {
                a rel="next" href=(link::to("/artifact", &[("name", name), ("before", &next.to_string())])) { "Older versions →" }
            }
        }
    };
    Ok(layout::page(app, name, "", &body))
}

/// Two versions side by side: the last two, unless others are chosen.
fn compare(found: &Versions) -> Markup {
    let written: Vec<&VersionOf> = found.versions.iter().filter(|version| version.written_at.is_some()).collect();
    let names: Vec<String> = written.iter().map(|version| link::named(&found.name, Some(&version.version))).collect();
    let choice = |name: &str, title: &str, chosen: usize| {
        let field = Field::of_any(name, names.iter().map(String::as_str));
        html! {
            label { (title)
                select name=(field.name()) {
                    @for (number, (version, named)) in written.iter().zip(&names).enumerate() {
                        option value=(field.value(named)) selected[number == chosen] {
                            (escape::line(&version.version.short(8))) " " @if let Some(at) = version.written_at { (moment::show(at)) }
                        }
                    }
                }
            }
        }
    };
    html! {
        @if written.len() > 1 {
            form.filters action="/diff" method="get" aria-label="Compare two versions" {
                (choice("a", "Compare", 1)) (choice("b", "with", 0))
                button type="submit" { "Show what changed upstream" }
            }
        }
    }
}

fn row(name: &mltrace_core::model::ArtifactName, version: &VersionOf, back: &str) -> Markup {
    let named = link::named(name, Some(&version.version));
    html! {
        tr {
            td {
                a href=(link::trace(&named)) { (parts::version_id(&version.version, 8)) }
                @for alias in &version.aliases { " " (parts::alias(alias)) }
            }
            td { @if let Some(at) = version.written_at { (parts::exact(at)) } @else { "by nobody known" } }
            td {
                @if let (Some(component), Some(run)) = (&version.component, version.written_by) {
                    (parts::component(component)) " " (parts::run(run))
                }
            }
            td {
                (verdicts::judged(version.label, version.reason.as_deref(), version.by.as_deref())) " "
                (parts::judge(&named, version.label, back))
            }
        }
    }
}
