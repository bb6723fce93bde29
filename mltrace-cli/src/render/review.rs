//! Verdicts and suspects.

use std::collections::HashMap;
use std::fmt::Write as _;

use mltrace_core::model::{RunId, Version};
use mltrace_core::query::{Fact, Labelled, LookNext, Review, Suspect, percent};
use mltrace_core::words;

use super::{cut, paint, run};
use crate::escape::line;
use crate::time;

/// How many facts are reported.
const MOST_FACTS: usize = 3;
/// How many suspects are reported when nobody says.
const MOST_SUSPECTS: usize = 3;
/// How many suspects of one cause are reported.
const MOST_OF_A_CAUSE: usize = 2;
/// How many outputs to look at next are reported.
const MOST_LOOKS: usize = 2;
/// How many versions that are meant are named.
const MOST_MEANT: usize = 30;
/// How many judged versions of each verdict are listed.
const MOST_LABELS: usize = 3;
/// How many further runs of a suspect are named.
const MOST_RUNS: usize = 3;
/// How many lines of reasons for a suspect there are, the verdicts' one left out.
const MOST_EVIDENCE: usize = 2;

/// Returns a review without any verdict.
pub(crate) fn empty() -> Review {
    Review::default()
}

/// Returns an output to look at, and what its verdict would show.
pub(crate) fn asked(next: &LookNext) -> String {
    format!("{}@{}: {}", next.name, next.version.short(run::DIGITS), next.why)
}

/// Returns how many versions there are.
pub(crate) fn versions(count: usize) -> String {
    words::counted(count, "version")
}

/// Returns versions, one a line, as they can be named again; of many the first ones, all when `is_whole`.
pub(crate) fn meant(versions: &[Version], is_whole: bool) -> String {
    let mut text = String::new();
    let (shown, more) = cut::first(versions, MOST_MEANT, is_whole);
    for version in shown {
        let _ = writeln!(text, "{}@{}", line(version.name.as_str()), line(&version.version.to_string()));
    }
    if more > 0 {
        let _ = writeln!(text, "{}", cut::more(more));
    }
    text
}

/// Returns what the bad ones share, then the suspects, the likeliest first, then where to look next and the verdicts.
pub(crate) fn text(answer: &Review) -> String {
    text_of(answer, MOST_SUSPECTS)
}

/// Returns the same with at most so many suspects.
pub(crate) fn text_of(answer: &Review, suspects: usize) -> String {
    if answer.flagged.is_empty() && answer.ok.is_empty() {
        return "nothing is flagged\n".to_owned();
    }
    let mut text = String::new();
    if !answer.flagged.is_empty() {
        facts(&mut text, answer);
    }
    if !answer.suspects.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "suspects"));
    } else if !answer.flagged.is_empty() {
        text.push_str("no recorded run is upstream of what is flagged\n");
    }
    let (mut shown, mut cause, mut has_share) = (HashMap::new(), None, false);
    // Of one cause the first are enough: the line of its fact says how many runs there are.
    let is_few = |suspect: &&Suspect| {
        let count: &mut usize = shown.entry(suspect.fact).or_default();
        *count += 1;
        suspect.fact.is_none() || *count <= MOST_OF_A_CAUSE
    };
    for suspect in answer.suspects.iter().filter(is_few).take(suspects) {
        if suspect.fact != cause {
            let _ = writeln!(text, "  {}", answer.cause(suspect.fact, time::show_minute));
        }
        cause = suspect.fact;
        let share = answer.share_of(suspect);
        has_share |= share.is_some();
        draw_suspect(&mut text, suspect, share);
    }
    if has_share {
        let _ = writeln!(text, "  no recorded run  {}", percent(answer.by_chance));
    }
    if let Some(set) = answer.together().next() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "together they explain all flags"));
        let named: Vec<String> = set.iter().map(|run| name(answer, *run)).collect();
        let _ = writeln!(text, "  {}", named.join(" and "));
    }
    if !answer.look_next.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "look next"));
    }
    for next in answer.look_next.iter().take(MOST_LOOKS) {
        let version = next.version.short(run::DIGITS);
        let why = paint::paint(paint::FAINT, line(&next.why));
        let _ = writeln!(text, "  {}@{version}\n    {why}", line(next.name.as_str()));
    }
    if answer.is_cut {
        let _ = writeln!(text, "{}", words::NOT_ALL_COMPARED);
    }
    labels(&mut text, &paint::paint(paint::BAD, "flagged"), &answer.flagged);
    labels(&mut text, &paint::paint(paint::GOOD, "ok"), &answer.ok);
    text
}

/// Reports in a sentence what the bad ones share, then each such fact with its runs.
fn facts(text: &mut String, answer: &Review) {
    let told = answer.telling(MOST_FACTS);
    let judged = format!("{} bad, {} ok.", answer.flagged.len(), answer.ok.len());
    let sentence = answer.sentence(time::show_minute);
    let _ = writeln!(text, "{judged} {}", paint::paint(paint::STRONG, line(&sentence)));
    if !told.is_empty() {
        let _ = writeln!(text, "{}", paint::paint(paint::STRONG, "what the bad ones share"));
    }
    for fact in told {
        let says = format!("{} {}", fact.component, fact.says());
        let _ = writeln!(text, "  {}. {}: {}", fact.rank, paint::paint(paint::STRONG, line(&says)), fact.counts());
        let runs = format!(
            "{}; {}{}, {}; see `mltrace inspect {}`",
            fact.how_sure(),
            if fact.has_more { "at least " } else { "" },
            words::counted(fact.runs.len(), "run"),
            span(fact),
            fact.runs.first().map(|run| run.short()).unwrap_or_default(),
        );
        let _ = writeln!(text, "     {}", paint::paint(paint::FAINT, line(&runs)));
    }
}

fn span(fact: &Fact) -> String {
    let (since, until) = (time::show_minute(fact.since), time::show_minute(fact.until));
    if fact.runs.len() == 1 { since } else { format!("{since} to {until}") }
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
    // The line that says how many more there are takes the place of one.
    let shown = if labels.len() > MOST_LABELS { MOST_LABELS - 1 } else { MOST_LABELS };
    for label in labels.iter().take(shown) {
        let mut words = vec![label.version.short(run::DIGITS)];
        words.extend(label.by.as_ref().map(|by| format!("by {by}")));
        words.push(time::show(label.at));
        let about = paint::paint(paint::FAINT, line(&words.join(", ")));
        let reason = label.reason.as_ref().map(|reason| format!(": {}", line(reason))).unwrap_or_default();
        let _ = writeln!(text, "  {}{reason}  {about}", line(label.name.as_str()));
    }
    if labels.len() > shown {
        let _ = writeln!(text, "  … and {} more", labels.len() - shown);
    }
}

fn draw_suspect(text: &mut String, suspect: &Suspect, share: Option<f64>) {
    let mut names = suspect.components.iter().zip(&suspect.runs);
    let name = |(component, run): (&String, &RunId)| format!("{} (run {})", line(component), run.short());
    let first = paint::paint(paint::STRONG, names.next().map(name).unwrap_or_default());
    let share = share.map(|share| format!("  {} if one run is to blame", percent(share))).unwrap_or_default();
    // The share is that of all of them: no verdict says how much of it is whose.
    let or_others = match names.len() {
        0 => String::new(),
        1 => " or one other".to_owned(),
        others => format!(" or one of {others} others"),
    };
    let _ = writeln!(text, "  {}. {first}{or_others}{share}", suspect.rank);
    let others: Vec<String> = names.by_ref().take(MOST_RUNS).map(name).collect();
    let more = names.count();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if !others.is_empty() {
        let _ = writeln!(text, "     no verdict tells it from {}{more}", others.join(", "));
    }
    let sum = format!(
        "score {:.1} = {:.1} for the verdicts {} {:.1} for what changed",
        suspect.score,
        suspect.score_of_verdicts,
        if suspect.score_of_changes < 0.0 { '-' } else { '+' },
        suspect.score_of_changes.abs(),
    );
    let mut evidence = suspect.evidence.iter();
    let upstream = evidence.next().map(|upstream| line(upstream)).unwrap_or_default();
    let _ = writeln!(text, "     {upstream}; {}", paint::paint(paint::FAINT, sum));
    let shown = if evidence.len() > MOST_EVIDENCE { MOST_EVIDENCE - 1 } else { MOST_EVIDENCE };
    for evidence in evidence.by_ref().take(shown) {
        let _ = writeln!(text, "     {}", line(evidence));
    }
    let more = evidence.count();
    if more > 0 {
        let _ = writeln!(text, "     … and {more} more");
    }
}
