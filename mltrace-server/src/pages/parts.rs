//! What many pages are made of: names, signs, times, links to things.

use std::fmt::Write as _;

use maud::{Markup, html};
use mltrace_core::escape;
use mltrace_core::model::{ArtifactName, RunId, Status, Timestamp, Verdict, VersionId};
use mltrace_core::query::Stale;

use super::fields::{Field, hidden};
use super::link;
use super::names::{self, Names};
use crate::moment;

/// The name of a component of no more letters is never broken, not even on a phone.
const UNBROKEN: usize = 40;

/// A name of any length and direction: isolated, on its own terms, and never able to hide.
pub(super) fn name(text: &str) -> Markup {
    html! { bdi.name { (escape::line(text)) } }
}

/// Words of the command: names in backticks become code.
pub(super) fn words(text: &str) -> Markup {
    html! {
        @for (number, part) in text.split('`').enumerate() {
            @if number % 2 == 1 { code { (name(part)) } } @else { (escape::block(part)) }
        }
    }
}

/// A sentence of the command, as one of a page.
pub(super) fn sentence(text: &str) -> Markup {
    html! {
        (words(&begun(text)))
        @if !text.ends_with(['.', '?', '!', '`', '…']) { "." }
    }
}

/// Returns a text with a capital letter.
pub(super) fn begun(text: &str) -> String {
    let mut first = text.chars();
    first.next().into_iter().flat_map(char::to_uppercase).chain(first).collect()
}

/// Says so where not everything that is recorded of runs was compared.
pub(super) fn not_all(is_cut: bool) -> Markup {
    html! { @if is_cut { p.notice { (sentence(mltrace_core::words::NOT_ALL_COMPARED)) } } }
}

/// Says how many of a list are not shown, where only the first of them are.
pub(super) fn more(count: usize, shown: usize) -> Markup {
    html! { @if count > shown { p.notice { "And " (count.saturating_sub(shown)) " more; the API has them all." } } }
}

/// A badge: a sign, a colour and a word; `kind` is `good`, `warn`, `bad`, `live` or nothing, and `why` is said to who points at
/// it.
pub(super) fn badge(kind: &str, sign: &str, word: &str, why: &str) -> Markup {
    html! {
        span class={ "badge " (kind) } title=[(!why.is_empty()).then(|| escape::line(why))] {
            span.sign aria-hidden="true" { (sign) } " " (word)
        }
    }
}

/// How a run stands: a sign, a colour and a word.
pub(super) fn status(status: Status) -> Markup {
    html! { span class={ "status " (status.as_str()) } { span.sign aria-hidden="true" { (sign(status)) } " " (status.as_str()) } }
}

/// Returns the sign of a status.
pub(super) fn sign(status: Status) -> &'static str {
    match status {
        Status::Running => "▶",
        Status::Completed => "✓",
        Status::Failed => "✗",
        Status::Cancelled => "⊘",
        Status::Died => "†",
        Status::Unknown => "?",
    }
}

/// A person's verdict: a sign, a colour and a word; nothing when there is none.
pub(super) fn verdict(verdict: Option<Verdict>) -> Markup {
    match verdict {
        Some(Verdict::Flagged) => html! { span.verdict.flagged { span aria-hidden="true" { "⚑" } " flagged" } },
        Some(Verdict::Ok) => html! { span.verdict.ok { span aria-hidden="true" { "✔" } " ok" } },
        Some(Verdict::None) | None => html! {},
    }
}

/// That a run was stale, with why.
pub(super) fn stale(reasons: &[Stale]) -> Markup {
    let mut why = String::new();
    for reason in reasons {
        let _ = write!(why, "{}{}", if why.is_empty() { "" } else { "; " }, reason.message);
    }
    html! { @if !reasons.is_empty() { span.stale title=(escape::line(&why)) { span aria-hidden="true" { "◷" } " stale" } } }
}

/// A moment: how long ago it was, or when, if that is longer than a week. A script shows it in the time of the reader.
pub(super) fn time(moment: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(moment) title={ (moment::show(moment)) " UTC" } { (moment::show_near(moment, now)) } }
}

/// A moment, to the second. A script shows it in the time of the reader.
pub(super) fn exact(moment: Timestamp) -> Markup {
    html! { time.exact datetime=(moment) title={ (moment::show(moment)) " UTC" } { (moment::show(moment)) } }
}

/// How long something took.
pub(super) fn took(milliseconds: Option<f64>) -> Markup {
    html! { @if let Some(took) = milliseconds { span.number { (mltrace_core::words::span(took)) } } }
}

/// A run, by its last digits.
pub(super) fn run(id: RunId) -> Markup {
    html! { a.id href=(link::run(id)) { (id.short()) } }
}

/// An alias, by which its history is reached.
pub(super) fn alias(text: &str) -> Markup {
    html! { a href=(link::alias(text)) { (name(text)) } }
}

/// A component.
pub(super) fn component(text: &str) -> Markup {
    html! { a.whole[text.chars().count() <= UNBROKEN] href=(link::component(text)) { (name(text)) } }
}

/// A version, as a link to how it came to be.
pub(super) fn version(artifact: &ArtifactName, version: Option<&VersionId>) -> Markup {
    html! { a href=(link::trace(&link::named(artifact, version))) { (names::alone(artifact.as_str())) } }
}

/// A version among others of a list.
pub(super) fn version_of(names: &Names<'_>, artifact: &ArtifactName, version: Option<&VersionId>) -> Markup {
    html! { a href=(link::trace(&link::named(artifact, version))) { (names.shown(artifact.as_str())) } }
}

/// The id of a version: its first digits, and all of it for who points at it.
pub(super) fn version_id(version: &VersionId, digits: usize) -> Markup {
    html! { code title=(escape::line(&version.to_string())) { (name(&version.short(digits))) } }
}

/// Returns what a form sends for a verdict.
pub(super) fn value(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Flagged => "flagged",
        Verdict::Ok => "ok",
        Verdict::None => "none",
    }
}

/// The buttons by which a person says what a version is; the browser comes back to `back`.
pub(super) fn judge(artifact: &str, now: Option<Verdict>, back: &str) -> Markup {
    let buttons =
        [(Verdict::Flagged, "⚑", "Flag as bad"), (Verdict::Ok, "✔", "Mark as ok"), (Verdict::None, "↺", "Take back")];
    let shown = buttons.iter().filter(|(verdict, ..)| match now {
        Some(Verdict::Flagged | Verdict::Ok) => now != Some(*verdict),
        _ => *verdict != Verdict::None,
    });
    html! {
        form.judge action="/flag" method="post" data-now=(value(now.unwrap_or(Verdict::None))) {
            (hidden("artifact", artifact))
            (hidden("back", back))
            @for (verdict, sign, word) in shown {
                button class=(value(*verdict)) type="submit" name="verdict" value=(value(*verdict)) {
                    span aria-hidden="true" { (sign) } " " (word)
                    span.quiet { " " (escape::line(artifact)) }
                }
            }
        }
    }
}

/// The same with why, which was begun elsewhere.
pub(super) fn judge_because(artifact: &str, reason: &str, back: &str) -> Markup {
    let why = Field::of("reason", reason);
    html! {
        form.stack action="/flag" method="post" {
            (hidden("artifact", artifact))
            (hidden("back", back))
            label for="reason" { "Why" }
            input #reason name=(why.name()) maxlength="65536" value=(why.value(reason));
            (why.told())
            span {
                button type="submit" name="verdict" value=(value(Verdict::Flagged)) { "Flag as bad" } " "
                button type="submit" name="verdict" value=(value(Verdict::Ok)) { "Mark as ok" }
            }
        }
    }
}
