//! What stands beside the picture of a trace: the run that is looked at, in short, with where it leads.

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{RunId, Timestamp};
use mltrace_core::query::{Diff, Difference, Run, Trace};
use mltrace_core::words;

use super::trace::Here;
use super::verdicts::Verdicts;
use super::{compare, link, parts};

/// How many changes, neighbours, outputs and parameters are shown.
const MOST: usize = 8;

/// Shows a run of a trace.
pub(super) fn shown(
    run: &Run,
    trace: &Trace,
    diff: Option<&Diff>,
    verdicts: &Verdicts,
    place: &Here<'_>,
    back: &str,
) -> Markup {
    let near = |run: &Run| {
        html! { a href=(place.with(&[("at", &run.id.to_string())])) { (parts::sign(run.status)) " " (parts::name(&run.component)) } }
    };
    let find = |id: RunId| trace.runs.iter().map(|step| &step.run).find(|run| run.id == id);
    let before: Vec<&Run> = run.depends_on.iter().filter_map(|id| find(*id)).collect();
    let after: Vec<&Run> =
        trace.runs.iter().map(|step| &step.run).filter(|other| other.depends_on.contains(&run.id)).collect();
    let list = |title: &str, runs: &[&Run]| {
        html! { @if !runs.is_empty() {
            h3 { (title) }
            ul.plain { @for run in runs.iter().take(MOST) { li { (near(run)) } } @if runs.len() > MOST { li.quiet-text { "and " (runs.len() - MOST) " more" } } }
        } }
    };
    html! {
        article #at.card {
            h2 { (parts::component(&run.component)) " " (parts::status(run.status)) " " (parts::stale(&run.stale)) }
            dl {
                dt { "Run" } dd { (parts::run(run.id)) }
                dt { "Started" } dd { (parts::exact(run.started_at)) " (" (parts::time(run.started_at, Timestamp::now())) ")" }
                @if let Some(took) = run.duration_ms { dt { "Took" } dd { (words::span(took)) } }
                @if let Some(owner) = &run.owner { dt { "Ask" } dd { a href=(link::owner(owner)) { (parts::name(owner)) } } }
            }
            p { a.strong href=(link::run(run.id)) { "Everything about this run" } }
            @if let Some(error) = &run.error { pre.error tabindex="0" { (escape::block(error)) } }
            (changes(run, diff))
            (list("One step up", &before))
            (list("One step down", &after))
            @if !run.outputs.is_empty() {
                h3 { "Wrote" }
                @for output in run.outputs.iter().take(MOST) {
                    div.output {
                        (parts::version(&output.name, output.version.as_ref())) " "
                        // Of what is traced the buttons stand above.
                        @if output.name == trace.artifact.name { (parts::verdict(output.label)) }
                        @else { (verdicts.judge(&output.name, output.version.as_ref(), back)) }
                    }
                }
                @if run.outputs.len() > MOST { p.quiet-text { "and " (run.outputs.len() - MOST) " more" } }
            }
            @if !run.params.is_empty() {
                h3 { "Parameters" }
                dl {
                    @for (name, value) in run.params.iter().take(MOST) { dt { (parts::name(name)) } dd { code { (parts::name(&value.to_string())) } } }
                    @if run.params.len() > MOST { dt { "…" } dd { "and " (run.params.len() - MOST) " more" } }
                    @if let Some(more) = run.left_out.as_ref().and_then(|out| out.says(out.params)) { dt { "…" } dd { (more) } }
                }
            }
        }
    }
}

/// What the run has otherwise than that of the version which this one is compared with.
fn changes(run: &Run, diff: Option<&Diff>) -> Markup {
    let Some(diff) = diff else { return html! {} };
    let own: Vec<&Difference> =
        diff.differences.iter().filter(|difference| difference.runs[1] == Some(run.id)).collect();
    html! { @if !own.is_empty() {
        h3 { "Changed since " (since(diff)) }
        table.changed {
            thead { tr { th scope="col" { "What" } th scope="col" { "Then" } th scope="col" { "Now" } } }
            tbody { @for difference in own.iter().take(MOST) {
                tr {
                    th scope="row" { (compare::field(&difference.field)) }
                    td data-label="then" { (compare::value(&difference.field, difference.a.as_ref())) }
                    td.now data-label="now" { (compare::value(&difference.field, difference.b.as_ref())) }
                }
            } }
        }
    } }
}

/// Returns in a few words what a version is compared with.
pub(super) fn since(diff: &Diff) -> &'static str {
    match diff.baseline {
        Some(mltrace_core::query::Baseline::Ok) => "the last ok",
        _ => "the one before",
    }
}
