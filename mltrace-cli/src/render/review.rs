//! Verdicts and suspects.

use std::fmt::Write as _;

use mltrace_core::query::{Labelled, Review, Suspect};

use super::{paint, run};
use crate::escape::line;
use crate::time;

/// How many judged versions of each verdict are listed.
const MOST_LABELS: usize = 20;
/// How many runs of a suspect are named.
const MOST_RUNS: usize = 5;

/// Returns a review without any verdict.
pub(crate) fn empty() -> Review {
    Review { flagged: Vec::new(), ok: Vec::new(), suspects: Vec::new(), explains: Vec::new(), look_next: Vec::new() }
}

/// Returns the verdicts, then the suspects, the likeliest first, then where to look next.
pub(crate) fn text(answer: &Review) -> String {
    if answer.flagged.is_empty() && answer.ok.is_empty() {
        return "nothing is flagged\n".to_owned();
    }
    let mut text = String::new();
    labels(&mut text, &paint::paint(paint::BAD, "flagged"), &answer.flagged);
    labels(&mut text, &paint::paint(paint::GOOD, "ok"), &answer.ok);
    if !answer.suspects.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "suspects"));
    } else if !answer.flagged.is_empty() {
        text.push_str("no recorded run is upstream of what is flagged\n");
    }
    for suspect in &answer.suspects {
        draw_suspect(&mut text, suspect, answer);
    }
    if !answer.look_next.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "look next"));
    }
    for next in &answer.look_next {
        let _ = writeln!(text, "  {}  {}", line(next.name.as_str()), paint::paint(paint::FAINT, line(&next.why)));
    }
    text
}

fn labels(text: &mut String, heading: &str, labels: &[Labelled]) {
    if labels.is_empty() {
        return;
    }
    let _ = writeln!(text, "{heading}");
    for label in labels.iter().take(MOST_LABELS) {
        let mut words = vec![label.version.short(run::DIGITS)];
        words.extend(label.by.as_ref().map(|by| format!("by {by}")));
        words.push(time::show(label.at));
        let about = paint::paint(paint::FAINT, line(&words.join(", ")));
        let reason = label.reason.as_ref().map(|reason| format!(": {}", line(reason))).unwrap_or_default();
        let _ = writeln!(text, "  {}{reason}  {about}", line(label.name.as_str()));
    }
    if labels.len() > MOST_LABELS {
        let _ = writeln!(text, "  … and {} more", labels.len() - MOST_LABELS);
    }
}

fn draw_suspect(text: &mut String, suspect: &Suspect, answer: &Review) {
    let mut names = suspect.components.iter().zip(&suspect.runs);
    let named: Vec<String> = names
        .by_ref()
        .take(MOST_RUNS)
        .map(|(component, run)| format!("{} (run {})", line(component), run.short()))
        .collect();
    let more = names.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let _ = writeln!(text, "  {}. {}{more}", suspect.rank, paint::paint(paint::STRONG, named.join(", ")));
    let coverage = format!(
        "upstream of {} of {} flagged and {} of {} ok outputs",
        suspect.flagged,
        answer.flagged.len(),
        suspect.ok,
        answer.ok.len(),
    );
    // The evidence may open with the coverage itself.
    if !suspect.evidence.iter().any(|evidence| evidence.contains("upstream of")) {
        let _ = writeln!(text, "     {coverage}");
    }
    for evidence in &suspect.evidence {
        let _ = writeln!(text, "     {}", line(evidence));
    }
}
