//! What changed upstream between two versions, and what was made from something.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::VersionId;
use mltrace_core::query::{Diff, Difference, Impact, ImpactState};
use mltrace_core::words;
use serde_json::Value;

use super::{layout, link, parts};
use crate::api::{self, DiffQuery, ImpactQuery, NearImpact};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many versions the page of an impact lists.
const MOST: usize = 300;
/// How many lines of a difference between source texts a page shows.
const MOST_LINES: usize = 400;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/diff", diff).page(Demand::Long, "/impact", impact)
}

fn diff(app: &App, asked: &DiffQuery) -> Result<Markup, Failure> {
    let diff = api::diff(app, asked)?;
    let side = |version: &mltrace_core::model::Version| {
        html! {
            (parts::version(&version.name, Some(&version.version)))
            @if version.version != VersionId::None { " " (parts::version_id(&version.version, 8)) }
        }
    };
    let body = html! {
        p.path { "What changed upstream?" }
        h1 { (parts::name(diff.b.name.as_str())) }
        @if let Some(why) = diff.why() { p { "Compared with " (why) "." } }
        (parts::not_all(diff.is_cut))
        @if diff.differences.is_empty() {
            p.lead { "Nothing that is recorded differs between " (side(&diff.a)) " and " (side(&diff.b)) "." }
        } @else {
            (table(&diff.differences, &diff, &side(&diff.a), &side(&diff.b)))
        }
        @if diff.consequences > 0 { p { (diff.consequences) " more runs differ only because of these." } }
        @if !diff.measures.is_empty() {
            h2 { "Measured otherwise" }
            (table(&diff.measures, &diff, &side(&diff.a), &side(&diff.b)))
        }
    };
    Ok(layout::page(app, &format!("Changes of {}", diff.b.name), "", &body))
}

fn table(differences: &[Difference], diff: &Diff, a: &Markup, b: &Markup) -> Markup {
    let sides = [&diff.a, &diff.b].map(|side| escape::line(&side.version.short(8)).into_owned());
    html! {
        table {
            thead { tr { th scope="col" { "What" } th scope="col" { (a) } th scope="col" { (b) } } }
            tbody { @for difference in differences { (row(difference, &sides)) } }
        }
    }
}

pub(super) fn row(difference: &Difference, sides: &[String; 2]) -> Markup {
    let ([then, now], [a, b]) = (&difference.runs, sides);
    html! {
        tr {
            th scope="row" {
                @if let Some(component) = &difference.component { (parts::component(component)) " " }
                (field(&difference.field))
            }
            td data-label=(a) { (value(&difference.field, difference.a.as_ref())) @if let Some(run) = then { " " (parts::run(*run)) } }
            td.now data-label=(b) { (value(&difference.field, difference.b.as_ref())) @if let Some(run) = now { " " (parts::run(*run)) } }
        }
        (source(difference))
    }
}

/// How the source texts differ, in a row of its own.
pub(super) fn source(difference: &Difference) -> Markup {
    html! {
        @if let Some(diff) = &difference.source_diff {
            tr.source { td colspan="3" { pre tabindex="0" aria-label="How the source texts differ" { code {
                @for line in diff.lines().take(MOST_LINES) {
                    @match line.chars().next() {
                        Some('+') => ins { (escape::block(line)) "\n" },
                        Some('-') => del { (escape::block(line)) "\n" },
                        _ => { (escape::block(line)) "\n" }
                    }
                }
                @if diff.lines().count() > MOST_LINES { "… and " (diff.lines().count() - MOST_LINES) " more lines" }
            } } } }
        }
    }
}

/// What differs, in words where the command has a short form.
pub(super) fn field(field: &str) -> Markup {
    match field.split_once(':') {
        Some(("param", name)) => html! { "parameter " code { (parts::name(name)) } },
        Some(("input", name)) => html! { "input " code { (parts::name(name)) } },
        Some(("check", name)) => html! { "check " code { (parts::name(name)) } },
        Some(("metric", name)) => html! { "metric " code { (parts::name(name)) } },
        _ => html! { (parts::name(words::field(field))) },
    }
}

/// Its value on one side.
pub(super) fn value(field: &str, value: Option<&Value>) -> Markup {
    let version = || value?.as_str()?.parse::<VersionId>().ok();
    // A run may read several versions of a name.
    let short = |text: &str| text.parse::<VersionId>().map_or_else(|_| text.to_owned(), |version| version.short(12));
    match (field, value) {
        ("missing", None) => html! { "did not run" },
        ("missing", Some(_)) => html! { "ran" },
        (_, None) if field.starts_with("input:") => html! { (words::NOT_READ) },
        (_, None) => html! { "—" },
        ("duration", Some(took)) => html! { (took.as_f64().map(words::span).unwrap_or_default()) },
        ("code", Some(Value::String(hash))) => {
            let short: String = hash.chars().take(12).collect();
            html! { code title=(escape::line(hash)) { (parts::name(&short)) } }
        }
        (_, Some(Value::String(text))) => match version().filter(|_| !field.starts_with("param:")) {
            Some(VersionId::None) if field.starts_with("input:") => html! { (words::READ_UNKNOWN) },
            Some(version) => parts::version_id(&version, 12),
            None if field.starts_with("input:") => {
                html! { code { (parts::name(&text.split(", ").map(short).collect::<Vec<_>>().join(", "))) } }
            }
            None => html! { code { (parts::name(text)) } },
        },
        (_, Some(other)) => html! { code { (parts::name(&other.to_string())) } },
    }
}

fn impact(app: &App, asked: &ImpactQuery) -> Result<Markup, Failure> {
    let NearImpact { impact, is_cut } = api::impact(app, asked)?;
    let named = asked.artifact.as_ref().or(asked.run.as_ref()).or(asked.component.as_ref());
    let body = html! {
        p.path { "What was made from this?" }
        h1 { (parts::name(named.map_or("", String::as_str))) }
        @if impact.artifacts.is_empty() { p.lead { "Nothing that is recorded." } }
        @else {
            @if is_cut { p.notice { "Only the nearest runs: there are more." } }
            p { (impact.runs.len()) " runs downstream wrote " (impact.artifacts.len()) " versions. " (owners(&impact)) }
            table {
                thead { tr {
                    th scope="col" { "Artifact" } th scope="col" { "Version" } th scope="col" { "Now" }
                    th scope="col" { "Written by" } th scope="col" { "Ask" }
                } }
                tbody { @for made in impact.artifacts.iter().take(MOST) {
                    tr {
                        td { (parts::version(&made.name, Some(&made.version))) }
                        td { (parts::version_id(&made.version, 8)) }
                        td { @match made.state {
                            ImpactState::Current => strong { "in use" },
                            ImpactState::Superseded => "superseded, by one made from the same",
                            ImpactState::Rebuilt => "rebuilt since without it",
                        } }
                        td { (parts::run(made.written_by)) }
                        td { @if let Some(owner) = &made.owner { a href=(link::owner(owner)) { (parts::name(owner)) } } }
                    }
                } }
            }
            (parts::more(impact.artifacts.len(), MOST))
        }
    };
    Ok(layout::page(app, "Impact", "", &body))
}

/// whom to notify of what is in use.
fn owners(impact: &Impact) -> Markup {
    let current = impact.artifacts.iter().filter(|made| made.state == ImpactState::Current);
    let owners: std::collections::BTreeSet<&String> = current.filter_map(|made| made.owner.as_ref()).collect();
    html! {
        @if !owners.is_empty() {
            "To tell of what is in use: "
            @for (number, owner) in owners.iter().enumerate() {
                @if number > 0 { ", " }
                a href=(link::owner(owner)) { (parts::name(owner)) }
            }
            "."
        }
    }
}
