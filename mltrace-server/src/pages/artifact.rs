//! The versions of an artifact, and the form by which people judge any of them.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{ArtifactName, VersionId};
use mltrace_core::query::{AboutVersion, VersionOf, Versions};
use mltrace_core::words;
use serde::Deserialize;

use super::fields::Field;
use super::{brief, layout, link, parts, profile, series, verdicts};
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
    let about = app.ask(|reader| reader.about_versions(&found))?;
    let name = found.name.as_str();
    let back = link::artifact(name);
    let has_profile = about.iter().any(|about| about.profile.is_some());
    let body = html! {
        p.path { "Artifact" }
        h1 { (brief::title(name)) }
        div.facts {
            a.strong href=(link::trace(name)) { "How did the latest version come to be?" }
            a href=(link::to("/last-good", &[("artifact", name)])) { "Which version can be relied on?" }
            a href=(link::to("/stale", &[("artifact", name)])) { "Is it stale?" }
            a href=(link::to("/verify", &[("artifact", name)])) { "Is it still on disk?" }
            @if has_profile { a href=(link::to("/profile", &[("artifact", name)])) { "What is in it?" } }
        }
        (compare(&found))
        (drift(&about))
        table {
            thead { tr {
                th scope="col" { "Version" } th scope="col" { "Written" } th scope="col" { "By" }
                th scope="col" { "Size" } @if has_profile { th scope="col" { "Rows" } th scope="col" { "Columns" } }
                th scope="col" { "Read by" } th scope="col" { "Verdict" }
            } }
            tbody { @for (version, about) in found.versions.iter().zip(&about) { (row(&found.name, version, about, has_profile, &back)) } }
        }
        @if let Some(next) = next {
            nav.paging aria-label="Pages" {
                a rel="next" href=(link::to("/artifact", &[("name", name), ("before", &next.to_string())])) { "Older versions →" }
            }
        }
    };
    Ok(layout::page(app, name, "/outputs", &body))
}

/// How size and rows moved from version to version, and how the columns of the latest differ from those of the one before.
fn drift(about: &[AboutVersion]) -> Markup {
    let series = |of: &dyn Fn(&AboutVersion) -> Option<f64>| -> Vec<f64> {
        about.iter().take(series::LAST).rev().filter_map(of).collect()
    };
    let sizes = series(&|about| about.size.map(|size| size as f64));
    let rows = series(&|about| about.profile.as_ref().map(|profile| profile.rows as f64));
    let mut profiles = about.iter().filter_map(|about| about.profile.as_ref());
    let drift = profiles.next().zip(profiles.next()).map(|(now, before)| mltrace_core::profile::drift(before, now));
    html! { @if sizes.len() > 2 || rows.len() > 2 || drift.is_some() {
        section.drift aria-label="Drift" {
            @if sizes.len() > 2 { span { "Size, last " (sizes.len()) ": " (series::of_versions(&sizes)) } }
            @if rows.len() > 2 { span { "Rows, last " (rows.len()) ": " (series::of_versions(&rows)) } }
            @if let Some(drift) = &drift {
                details { summary { "The columns of the latest, compared with those of the one before" } (profile::differences(drift)) }
            }
        }
    } }
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

fn row(name: &ArtifactName, version: &VersionOf, about: &AboutVersion, has_profile: bool, back: &str) -> Markup {
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
            td.number data-label="size" { @if let Some(size) = about.size { (brief::bytes(size)) } }
            @if has_profile {
                td.number data-label="rows" { @if let Some(profile) = &about.profile { (profile.rows) } }
                td.number data-label="columns" { @if let Some(profile) = &about.profile { a href=(link::to("/profile", &[("artifact", &named)])) { (profile.columns.len()) } } }
            }
            td data-label="read by" { @match about.readers {
                0 => span.quiet-text { "nobody" },
                readers => a href=(link::to("/impact", &[("artifact", &named)])) { (words::counted(readers, "run")) },
            } }
            td {
                (verdicts::judged(version.label, version.reason.as_deref(), version.by.as_deref())) " "
                (parts::judge(&named, version.label, back))
            }
        }
    }
}
