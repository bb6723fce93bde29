//! Whether what lies on the server's disk is what was recorded.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::query::{DiskState, Verified};
use serde::Deserialize;

use super::fields::Field;
use super::{layout, parts};
use crate::api::{self, Checked};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many artifacts the page lists.
const MOST: usize = 300;
/// The states, what is wrong first.
const STATES: [DiskState; 5] =
    [DiskState::Changed, DiskState::Missing, DiskState::UnknownWriter, DiskState::Unchanged, DiskState::NotLocal];

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Short, "/verify", ask).answer("/verify", check)
}

/// What is compared; everything when nothing is named.
#[derive(Deserialize)]
struct VerifyForm {
    #[serde(default)]
    artifact: String,
}

fn ask(app: &App, asked: &VerifyForm) -> Result<Markup, Failure> {
    Ok(layout::page(app, "Verify", "/verify", &html! { h1 { "Verify" } (form(&asked.artifact)) }))
}

/// The bytes are read only when somebody presses the button: a link must not cost the disk its time.
fn form(artifact: &str) -> Markup {
    let field = Field::of("artifact", artifact);
    html! {
        p { "Does the disk of this server still hold what was recorded? Every byte in the project's folder is compared." }
        form.stack action="/verify" method="post" {
            label for="artifact" { "An artifact or a folder; everything when it is empty" }
            input #artifact name=(field.name()) value=(field.value(artifact));
            (field.told())
            button type="submit" { "Compare now" }
        }
    }
}

fn check(app: &App, told: &VerifyForm) -> Result<Markup, Failure> {
    let artifact = told.artifact.trim_matches(' ');
    let artifacts: Vec<String> = (!artifact.is_empty()).then(|| artifact.to_owned()).into_iter().collect();
    let Checked { found, is_cut } = api::verified(app, &artifacts)?;
    let mut all: Vec<&Verified> = found.artifacts.iter().collect();
    all.sort_by_key(|artifact| STATES.iter().position(|state| *state == artifact.state));
    let counts = STATES.iter().filter_map(|state| {
        let count = all.iter().filter(|artifact| artifact.state == *state).count();
        (count > 0).then(|| format!("{count} {}", word(*state).1))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    let body = html! {
        h1 { "Verify" }
        p.lead role="status" { @if all.is_empty() { "No artifacts." } @else { (counts) "." } }
        @if is_cut { p.notice { "There was no time for more. Name an artifact or a folder, or run " code { "mltrace verify" } " on the machine." } }
        @if !all.is_empty() {
            table {
                thead { tr { th scope="col" { "Artifact" } th scope="col" { "On disk" } th scope="col" { "Recorded" } th scope="col" { "By" } } }
                tbody { @for artifact in all.iter().take(MOST) { (row(artifact)) } }
            }
            (parts::more(all.len(), MOST))
        }
        h2 { "Compare again" }
        (form(artifact))
    };
    Ok(layout::page(app, "Verify", "/verify", &body))
}

/// Returns the sign and the word of a state.
fn word(state: DiskState) -> (&'static str, &'static str) {
    match state {
        DiskState::Unchanged => ("✓", "unchanged"),
        DiskState::Changed => ("✗", "changed"),
        DiskState::Missing => ("✗", "missing"),
        DiskState::UnknownWriter => ("?", "unknown writer"),
        DiskState::NotLocal => ("–", "not local"),
    }
}

fn row(artifact: &Verified) -> Markup {
    let (sign, word) = word(artifact.state);
    let class = match artifact.state {
        DiskState::Changed | DiskState::Missing => "status failed",
        DiskState::Unchanged => "status completed",
        DiskState::UnknownWriter => "status cancelled",
        DiskState::NotLocal => "status",
    };
    html! {
        tr {
            td { (parts::version(&artifact.name, Some(&artifact.version))) }
            td {
                span class=(class) { span.sign aria-hidden="true" { (sign) } " " (word) }
                @if let Some(found) = &artifact.found { ", it holds " (parts::version_id(found, 8)) }
                @if let Some(problem) = &artifact.problem { ", " (escape::line(problem)) }
            }
            td { (parts::version_id(&artifact.version, 8)) }
            td { @match artifact.written_by { Some(run) => (parts::run(run)), None => "nobody known" } }
        }
    }
}
