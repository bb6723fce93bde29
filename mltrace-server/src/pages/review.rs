//! Whom to suspect: the verdicts, the suspects with their evidence, and what to look at next.

use std::collections::HashMap;

use maud::{Markup, html};
use mltrace_core::model::{RunId, Timestamp, Verdict};
use mltrace_core::query::{Fact, Labelled, LookNext, Review, Suspect, percent};
use mltrace_core::words;
use serde::Deserialize;

use super::fields::{Field, hidden};
use super::{layout, link, parts};
use crate::app::App;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::turns::Demand;

/// How many facts the page shows.
const MOST_FACTS: usize = 5;
/// How many runs of a suspect the page names.
const MOST_RUNS: usize = 5;
/// How many reasons for a suspect the page shows.
const MOST_EVIDENCE: usize = 8;
/// How many verdicts the page lists of each kind.
const MOST_LABELS: usize = 50;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.page(Demand::Long, "/review", page)
}

#[derive(Deserialize)]
struct Nothing {}

fn page(app: &App, _: &Nothing) -> Result<Markup, Failure> {
    let review = app.ask(|reader| reader.review(None))?;
    let names: HashMap<RunId, &str> = (review.suspects.iter())
        .flat_map(|suspect| suspect.runs.iter().copied().zip(suspect.components.iter().map(String::as_str)))
        .collect();
    let several: Vec<&Vec<RunId>> = review.together().collect();
    let has_share = review.suspects.iter().any(|suspect| review.share_of(suspect).is_some());
    let body = html! {
        h1 { "Review" }
        @if review.flagged.is_empty() { (how()) }
        @else {
            (facts(&review))
            h2 { "Whom to suspect" }
            @if review.suspects.is_empty() { p { "Nothing that is recorded stands upstream of what was flagged." } }
            @for suspects in review.suspects.chunk_by(|one, next| one.fact == next.fact) {
                @let fact = suspects.first().and_then(|first| first.fact);
                @if fact.is_some() || suspects.len() < review.suspects.len() {
                    p { (parts::sentence(&review.cause(fact, words::minute))) }
                }
                ol.suspects start=(suspects.first().map_or(1, |first| first.rank)) { @for suspect in suspects { (shown(&review, suspect)) } }
            }
            @if has_share { p.chance { "No recorded run: " span.share { (percent(review.by_chance)) } } }
            @if !several.is_empty() {
                h2 { "Together they explain every flag" }
                ul { @for set in several { li { @for run in set {
                    @if let Some(name) = names.get(run) { (parts::name(name)) " " } (parts::run(*run)) " "
                } } } }
            }
        }
        (parts::not_all(review.is_cut))
        (look_next(&review.look_next))
        (labels(&review))
    };
    Ok(layout::page(app, "Review", "/review", &body))
}

fn how() -> Markup {
    html! {
        p.lead { "Nothing is flagged." }
        p { "Open a wrong output, from " a href="/" { "the last runs" } " or through the command bar, and press “Flag as bad”. "
            "Flag what else is wrong, mark as ok what somebody looked at and found fine, and this page tells which runs to suspect, and why." }
    }
}

/// What the bad ones share, in sentences, the likeliest cause first.
fn facts(review: &Review) -> Markup {
    let told = review.telling(MOST_FACTS);
    html! {
        @if !told.is_empty() {
            h2 { "What the bad ones share" }
            p { (review.flagged.len()) " bad, " (review.ok.len()) " ok. "
                (parts::words(&review.sentence(words::minute)))
            }
            ol.shared { @for fact in told { (shared(review, fact)) } }
        }
    }
}

fn shared(review: &Review, fact: &Fact) -> Markup {
    html! {
        li.suspect.fact value=(fact.rank) {
            div {
                @match fact.runs.first() {
                    Some(run) => a.strong href=(link::run(*run)) { (parts::name(&fact.component)) },
                    None => (parts::component(&fact.component)),
                }
                " " strong { (parts::name(&fact.says())) } ": " (fact.counts()) "."
            }
            p.quiet-text {
                (parts::begun(&fact.how_sure())) "; in "
                @if fact.has_more { "at least " }
                (fact.runs.len()) @if fact.runs.len() == 1 { " run, at " } @else { " runs, since " }
                (parts::exact(fact.since))
                @if fact.runs.len() > 1 { " until " (parts::exact(fact.until)) }
                @if !fact.spans.is_empty() { " in " (fact.spans.len()) " spans" }
                ": "
                @for run in fact.runs.iter().take(MOST_RUNS) { (parts::run(*run)) " " }
                @if fact.runs.len() > MOST_RUNS { "and " (fact.runs.len() - MOST_RUNS) " more" }
                @if let Some(owner) = review.owners.get(&fact.component) {
                    " Ask " a href=(link::owner(owner)) { (parts::name(owner)) } "."
                }
            }
        }
    }
}

fn shown(review: &Review, suspect: &Suspect) -> Markup {
    let share = review.share_of(suspect).map(percent);
    let hidden = suspect.evidence.len().saturating_sub(MOST_EVIDENCE);
    html! {
        li.suspect {
            div.facts {
                @for (number, (run, component)) in suspect.runs.iter().zip(&suspect.components).take(MOST_RUNS).enumerate() {
                    @if number > 0 { "or " }
                    a.strong href=(link::run(*run)) { (parts::name(component)) " " span.id { (run.short()) } }
                }
                @if suspect.runs.len() > MOST_RUNS { "or " (suspect.runs.len() - MOST_RUNS) " more" }
                @if let (1, Some(share)) = (suspect.runs.len(), &share) { span.share { (share) } " if one run is to blame" }
            }
            // The share is that of all of them: no verdict says how much of it is whose.
            @if suspect.runs.len() > 1 {
                p.quiet-text {
                    @if let Some(share) = &share { span.share { (share) } " for one of these " (suspect.runs.len()) ", if one run is to blame: the" }
                    @else { "The" }
                    " verdicts so far cannot tell them apart."
                }
            }
            @if let Some(run) = suspect.runs.first() {
                details.evidence open[suspect.rank == 1] {
                    summary { "Evidence" span.quiet { " against " (run.short()) } }
                    ul.evidence {
                        @for evidence in suspect.evidence.iter().take(MOST_EVIDENCE) { li { (parts::words(evidence)) } }
                        @if hidden > 0 { li { "and " (hidden) " more" } }
                    }
                }
                p.quiet-text { a href=(link::to("/impact", &[("run", &run.to_string())])) { "What was made from it, to be flagged too" } }
            }
        }
    }
}

fn look_next(next: &[LookNext]) -> Markup {
    html! {
        @if !next.is_empty() {
            h2 { "Look next" }
            p { "A verdict on these would tell most." }
            p.quiet-text { "With the keyboard: " kbd { "j" } " to the next, " kbd { "f" } " flags it, " kbd { "g" } " marks it as ok, " kbd { "o" } " opens it." }
            ol.next { @for look in next {
                li data-row {
                    (parts::version(&look.name, Some(&look.version))) " " (parts::words(&look.why)) " "
                    (parts::judge(&link::named(&look.name, Some(&look.version)), None, "/review"))
                }
            } }
        }
    }
}

/// Why somebody judged so, with a way to say it.
fn why(label: &Labelled, verdict: Verdict) -> Markup {
    let named = link::named(&label.name, Some(&label.version));
    let said = label.reason.as_deref().unwrap_or_default();
    let reason = Field::of("reason", said);
    html! {
        @if let Some(reason) = &label.reason { q.reason { (mltrace_core::escape::line(reason)) } }
        details.why {
            summary { @if label.reason.is_some() { "Change" } @else { "Say why" } span.quiet { " for " (mltrace_core::escape::line(&named)) } }
            form.judge action="/flag" method="post" {
                (hidden("artifact", &named))
                input type="hidden" name="verdict" value=(parts::value(verdict));
                input name=(reason.name()) aria-label="Why" required maxlength="65536" value=(reason.value(said));
                (reason.told())
                input type="hidden" name="back" value="/review";
                button type="submit" { "Save" }
            }
        }
    }
}

fn labels(review: &Review) -> Markup {
    let now = Timestamp::now();
    let list = |title: &str, labels: &[Labelled], verdict: Verdict| {
        html! {
            @if !labels.is_empty() {
                h2 { (title) " (" (labels.len()) ")" }
                table {
                    thead { tr { th scope="col" { "Artifact" } th scope="col" { "Version" } th scope="col" { "Why" } th scope="col" { "By" } th scope="col" { "Verdict" } } }
                    tbody { @for label in labels.iter().take(MOST_LABELS) {
                        tr data-row {
                            td { (parts::version(&label.name, Some(&label.version))) }
                            td { (parts::version_id(&label.version, 8)) }
                            td { (why(label, verdict)) }
                            td { @if let Some(by) = &label.by { (parts::name(by)) " " } (parts::time(label.at, now)) }
                            td { (parts::verdict(Some(verdict))) " " (parts::judge(&link::named(&label.name, Some(&label.version)), Some(verdict), "/review")) }
                        }
                    } }
                }
                @if labels.len() > MOST_LABELS { p { "And " (labels.len() - MOST_LABELS) " more." } }
            }
        }
    };
    html! {
        (list("Flagged as bad", &review.flagged, Verdict::Flagged))
        (list("Looked at and found ok", &review.ok, Verdict::Ok))
    }
}
