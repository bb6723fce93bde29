//! The newest version that nothing stands against, and where a number changed its level.

use maud::{Markup, html};
use mltrace_core::model::ArtifactName;
use mltrace_core::query::{Blame, DoubtedVersion, LastGood, LevelChange, Measure, Since};
use mltrace_core::words;

use super::{compare, layout, link, parts};
use crate::api::{self, BlameQuery, LastGoodQuery};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many versions the page lists.
const MOST: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/last-good", last_good).page(Demand::Long, "/blame", blame)
}

fn last_good(app: &App, asked: &LastGoodQuery) -> Result<Markup, Failure> {
    let found = api::last_good(app, asked)?;
    let body = html! {
        p.path { "Which version can be relied on?" }
        h1 { a href=(link::artifact(found.name.as_str())) { (parts::name(found.name.as_str())) } }
        (good(&found))
        @if !found.newer.is_empty() {
            h2 { "What stands against the newer ones (" (found.newer.len()) ")" }
            table {
                thead { tr { th scope="col" { "Version" } th scope="col" { "Written" } th scope="col" { "By" } th scope="col" { "Against it" } } }
                tbody { @for newer in found.newer.iter().take(MOST) { (doubted(&found.name, newer)) } }
            }
            (parts::more(found.newer.len(), MOST))
        }
        p { "Whether the disk still holds it tells " a href=(link::to("/verify", &[("artifact", found.name.as_str())])) { "a check of the disk" } "." }
    };
    Ok(layout::page(app, &format!("Last good: {}", found.name), "", &body))
}

fn good(found: &LastGood) -> Markup {
    html! {
        @match &found.good {
            Some(good) => p.lead {
                @let named = link::named(good.name.as_ref().unwrap_or(&found.name), Some(&good.version));
                @if let Some(name) = &good.name { (parts::name(name.as_str())) " " }
                a.strong href=(link::trace(&named)) { (parts::version_id(&good.version, 12)) }
                ", written " (parts::exact(good.written_at)) " by " (parts::run(good.written_by))
                @if good.is_ok { ", and found ok" }
                @if good.name.is_some() { " in its place" }
                @if found.newer.is_empty() { ": the latest." } @else { ": the newest that is not flagged, made from nothing that is, by runs whose checks passed and that have nothing the flagged ones share." }
                @for doubt in &good.beside { " But " (parts::words(&doubt.message)) "." }
            },
            None if found.newer.is_empty() => p.lead { "No recorded run wrote it." },
            None => p.lead { "Something stands against every version" @if found.is_cut { " that was looked at" } "." },
        }
    }
}

fn doubted(name: &ArtifactName, newer: &DoubtedVersion) -> Markup {
    html! {
        tr {
            td {
                @if let Some(name) = &newer.name { (parts::name(name.as_str())) " " }
                a href=(link::trace(&link::named(newer.name.as_ref().unwrap_or(name), Some(&newer.version)))) { (parts::version_id(&newer.version, 8)) }
            }
            td { (parts::exact(newer.written_at)) }
            td { (parts::run(newer.written_by)) }
            td { @for doubt in &newer.against {
                div {
                    (parts::words(&doubt.message)) " "
                    @match doubt.run {
                        Some(run) => (parts::run(run)),
                        None => (parts::version(&doubt.artifact.name, Some(&doubt.artifact.version))),
                    }
                }
            } }
        }
    }
}

fn blame(app: &App, asked: &BlameQuery) -> Result<Markup, Failure> {
    let found = api::blame(app, asked)?;
    let body = html! {
        p.path { "Where did it change?" }
        h1 { (parts::name(&found.measure)) @if let Some(component) = &asked.component { " of " (parts::component(component)) } }
        p.quiet-text { "The last 200 completed runs of a component, and where their numbers went from one level to another that is hardly chance." }
        @if found.changes.is_empty() { @for words in found.unchanged() { p.lead { (parts::words(&sentence(&words))) } } }
        @for change in &found.changes { (changed(&found, change)) }
    };
    Ok(layout::page(app, &format!("Changes of {}", found.measure), "", &body))
}

/// Returns words as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

fn changed(found: &Blame, change: &LevelChange) -> Markup {
    let number = |number: f64| match found.measure.parse::<Measure>() {
        Ok(Measure::Duration) => words::span(number),
        Ok(Measure::Size(_)) => format!("{number:.0} bytes"),
        _ => number.to_string(),
    };
    html! {
        section.changes {
            h2 { (parts::name(&change.component)) ": " (change.moved(number)) }
            p {
                @if change.is_creeping { "Since about run " } @else { "From run " }
                (parts::run(change.run)) @if !change.is_creeping { " on" } ", " (parts::exact(change.at)) ", in " (change.runs)
                @if change.runs == 1 { " run" } @else { " runs" }
                @if let Some(until) = change.until { ", until run " (parts::run(until)) }
                @if let Some(at) = change.until_at.filter(|_| change.is_creeping) { ", " (parts::exact(at)) }
                "; something as clear is chance in " (format!("{:.1}", change.chance * 100.0)) " % of shuffled series at most."
            }
            @if let Some(since) = &change.since_previous { (differences("Since the run before", since)) }
            @if let Some(since) = &change.since_ok { (differences("Since the last one that was found ok", since)) }
        }
    }
}

fn differences(title: &str, since: &Since) -> Markup {
    html! {
        h3 { (title) ", " (parts::run(since.run)) }
        (parts::not_all(since.is_cut))
        @if since.differences.is_empty() { p { "Nothing that is recorded differs." } }
        @else {
            table {
                thead { tr { th scope="col" { "What" } th scope="col" { "Then" } th scope="col" { "Now" } } }
                tbody { @for difference in since.differences.iter().take(MOST) { (compare::row(difference, &["then".to_owned(), "now".to_owned()])) } }
            }
        }
    }
}
