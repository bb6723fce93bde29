//! What still holds the data of a subject.

use maud::{Markup, html};
use mltrace_core::query::{HeldVersion, HoldState, Run, SubjectHeld};
use serde::Deserialize;

use super::fields::Field;
use super::{layout, link, parts};
use crate::api::{self, SubjectQuery, blank};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many versions, runs or sources are shown.
const MOST: usize = 300;
/// How many of the runs that made outputs of a task are shown.
const MOST_MAKERS: usize = 6;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/subject", page).form("/subject", ask)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default, deserialize_with = "blank")]
    name: Option<String>,
}

/// The name is sent in a body, and the page that answers has the pseudonym in its address: addresses are kept by browsers.
fn ask(_: &App, told: &SubjectQuery) -> Result<String, Failure> {
    Ok(link::subject(&api::subject_named(told.name.trim())?))
}

fn page(app: &App, asked: &Asked) -> Result<Markup, Failure> {
    let Some(name) = &asked.name else {
        let body = html! {
            h1 { "Subjects" }
            p.lead { "Which versions were made from somebody's data?" }
            (form())
        };
        return Ok(layout::page(app, "Subjects", "/subject", &body));
    };
    let found = api::subject(app, &SubjectQuery { name: name.clone() })?;
    let body = html! {
        p.path { a href="/subject" { "Subject" } }
        h1 { code { (found.subject.short()) } }
        @if let Some(at) = found.retracted_at {
            p.notice { "Retracted " (parts::exact(at)) @if let Some(by) = &found.retracted_by { " by " (parts::name(by)) } "." }
        }
        p.lead { (parts::sentence(&found.says())) }
        p.quiet-text {
            "A server reads no file for this: " code { "mltrace forget --subject NAME" } " on the machine that holds them does."
        }
        (held(&found))
        (taken_in(&found))
        h2 { "Another subject" }
        (form())
    };
    Ok(layout::page(app, "Subject", "/subject", &body))
}

fn form() -> Markup {
    let field = Field::of("name", "");
    html! {
        form.stack action="/subject" method="post" {
            label for="name" { "Its name, or the pseudonym that a run shows" }
            input #name name=(field.name()) autocomplete="off" spellcheck="false" required;
            button type="submit" { "Look" }
        }
    }
}

fn held(found: &SubjectHeld) -> Markup {
    html! {
        @if !found.versions.is_empty() {
            h2 { "Made from the data" }
            table {
                thead { tr {
                    th scope="col" { "State" } th scope="col" { "Artifact" } th scope="col" { "Version" } th scope="col" { "Run" }
                    th scope="col" { "Because" }
                } }
                tbody { @for version in found.versions.iter().take(MOST) { (row(version)) } }
            }
            (parts::more(found.versions.len(), MOST))
        }
        @if !found.outputs.is_empty() {
            h2 { "Outputs of tasks" }
            table {
                thead { tr { th scope="col" { "Task" } th scope="col" { "Outputs" } th scope="col" { "Runs" } } }
                tbody { @for of in found.outputs.iter().take(MOST) {
                    tr {
                        th scope="row" { (parts::name(&of.task)) }
                        td { (of.count) }
                        td { @for run in of.made_by.iter().take(MOST_MAKERS) { (parts::run(*run)) " " }
                            @if of.made_by.len() > MOST_MAKERS { "and " (of.made_by.len().saturating_sub(MOST_MAKERS)) " more" } }
                    }
                } }
            }
            (parts::more(found.outputs.len(), MOST))
        }
    }
}

fn row(held: &HeldVersion) -> Markup {
    html! {
        tr {
            td.now[held.state != HoldState::Gone] { (held.state.as_str()) }
            td { (parts::version(&held.artifact.name, Some(&held.artifact.version))) }
            td { (parts::version_id(&held.artifact.version, 8)) }
            td { (parts::run(held.written_by)) }
            td { (parts::words(&held.because)) }
        }
    }
}

fn taken_in(found: &SubjectHeld) -> Markup {
    html! {
        h2 { "Taken in by" }
        @if found.taken_in_by.is_empty() { p { "No run any more." } }
        ul { @for run in found.taken_in_by.iter().take(MOST) { li { (parts::run(*run)) } } }
        (parts::more(found.taken_in_by.len(), MOST))
        @if !found.sources.is_empty() {
            h2 { "Read by these, and written by no recorded run" }
            ul {
                @for source in found.sources.iter().take(MOST) {
                    li { (parts::version(&source.name, Some(&source.version))) " " (parts::version_id(&source.version, 8)) }
                }
            }
            (parts::more(found.sources.len(), MOST))
        }
    }
}

/// The subjects of a run.
pub(super) fn of_run(run: &Run) -> Markup {
    html! {
        @if !run.subjects.is_empty() {
            h2 { "Took in data of" }
            ul {
                @for of in run.subjects.iter().take(MOST) {
                    li {
                        a href=(link::subject(&of.subject)) { code { (of.subject.short()) } }
                        @if let Some(at) = of.retracted_at { ", retracted " (parts::exact(at)) }
                    }
                }
            }
            (parts::more(run.subjects.len(), MOST))
        }
    }
}
