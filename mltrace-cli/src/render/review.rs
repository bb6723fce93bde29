//! Verdicts and suspects.

use std::fmt::Write as _;

use mltrace_core::model::RunId;
use mltrace_core::query::{Labelled, Review, Suspect, percent};

use super::{paint, run};
use crate::escape::line;
use crate::time;

/// How many judged versions of each verdict are listed.
const MOST_LABELS: usize = 20;
/// How many further runs of a suspect are named.
const MOST_RUNS: usize = 5;
/// How many reasons for a suspect are told.
const MOST_EVIDENCE: usize = 8;

/// Returns a review without any verdict.
pub(crate) fn empty() -> Review {
    Review::default()
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
        draw_suspect(&mut text, suspect);
    }
    if !answer.suspects.is_empty() {
        let _ = writeln!(text, "  no recorded run  {}", percent(answer.by_chance));
    }
    // One run that explains all flags is among the suspects already.
    let several: Vec<&Vec<RunId>> = answer.explains.iter().filter(|set| set.len() > 1).collect();
    if !several.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "together they explain all flags"));
    }
    for set in several {
        let named: Vec<String> = set.iter().map(|run| name(answer, *run)).collect();
        let _ = writeln!(text, "  {}", named.join(" and "));
    }
    if !answer.look_next.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "look next"));
    }
    for next in &answer.look_next {
        let version = next.version.short(run::DIGITS);
        let why = paint::paint(paint::FAINT, line(&next.why));
        let _ = writeln!(text, "  {}@{version}\n    {why}", line(next.name.as_str()));
    }
    text
}

/// Returns what a run is called, with its component when it is one of the suspects.
fn name(answer: &Review, id: RunId) -> String {
    let mut suspects = answer.suspects.iter().flat_map(|suspect| suspect.runs.iter().zip(&suspect.components));
    match suspects.find(|(run, _)| **run == id) {
        Some((_, component)) => format!("{} (run {})", line(component), id.short()),
        None => format!("run {}", id.short()),
    }
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

fn draw_suspect(text: &mut String, suspect: &Suspect) {
    let mut names = suspect.components.iter().zip(&suspect.runs);
    let name = |(component, run): (&String, &RunId)| format!("{} (run {})", line(component), run.short());
    let first = paint::paint(paint::STRONG, names.next().map(name).unwrap_or_default());
    let share = percent(suspect.probability);
    // The share is that of all of them: no verdict says how much of it is whose.
    let or_others = match names.len() {
        0 => String::new(),
        1 => " or one other".to_owned(),
        others => format!(" or one of {others} others"),
    };
    let _ = writeln!(text, "  {}. {first}{or_others}  {share}", suspect.rank);
    let others: Vec<String> = names.by_ref().take(MOST_RUNS).map(name).collect();
    let more = names.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if !others.is_empty() {
        let _ = writeln!(text, "     no verdict tells it from {}{more}", others.join(", "));
    }
    for evidence in suspect.evidence.iter().take(MOST_EVIDENCE) {
        let _ = writeln!(text, "     {}", line(evidence));
    }
    if suspect.evidence.len() > MOST_EVIDENCE {
        let _ = writeln!(text, "     … and {} more", suspect.evidence.len() - MOST_EVIDENCE);
    }
    let sum = format!(
        "score {:.1} = {:.1} for the verdicts {} {:.1} for what changed",
        suspect.score,
        suspect.score_of_verdicts,
        if suspect.score_of_changes < 0.0 { '-' } else { '+' },
        suspect.score_of_changes.abs(),
    );
    let _ = writeln!(text, "     {}", paint::paint(paint::FAINT, sum));
}
