//! Where a number changed its level, and what changed there.

use std::fmt::Write as _;

use mltrace_core::query::{Blame, LevelChange, Measure, Since};
use mltrace_core::words;

use super::{diff, paint};
use crate::escape::line;
use crate::time;

/// How many changes are reported.
const MOST_CHANGES: usize = 3;
/// How many differences are reported of the last, and of each before it: an answer fits a page of 40 lines.
const MOST_DIFFERENCES: [usize; 2] = [4, 3];

/// Returns the last changes with what differs there, or what was looked at when there is none.
pub(crate) fn text(answer: &Blame) -> String {
    let mut text = String::new();
    if answer.changes.is_empty() {
        for words in answer.unchanged() {
            // Writing to a `String` cannot fail.
            let _ = writeln!(text, "{}", line(&words));
        }
        return text;
    }
    let [of_last, of_others] = MOST_DIFFERENCES;
    let most = std::iter::once(of_last).chain(std::iter::repeat(of_others));
    for (change, most) in answer.changes.iter().take(MOST_CHANGES).zip(most) {
        told(&mut text, &answer.measure, change, most);
    }
    let since = answer.changes.iter().flat_map(|change| [&change.since_previous, &change.since_ok]).flatten();
    if since.into_iter().any(|since| since.is_cut) {
        let _ = writeln!(text, "{}", words::NOT_ALL_COMPARED);
    }
    let more = answer.changes.len().saturating_sub(MOST_CHANGES);
    if more > 0 {
        let _ = writeln!(text, "… and {} before", words::counted(more, "change"));
    }
    text
}

fn told(text: &mut String, measure: &str, change: &LevelChange, most: usize) {
    let what = format!("{measure} of {} {}", change.component, change.moved(|number| shown(measure, number)));
    let until = change.until.map(mltrace_core::model::RunId::short);
    let (run, at) = (change.run.short(), time::show_minute(change.at));
    let place = match (until, change.until_at.filter(|_| change.is_creeping)) {
        (Some(until), Some(last)) => {
            format!(
                "between {at} and {}, run {run} to run {until}; {}",
                time::show_minute(last),
                words::counted(change.runs, "run")
            )
        }
        (until, _) => {
            let until = until.map(|run| format!(" until run {run}")).unwrap_or_default();
            format!("run {run}, {at}; {}{until}", words::counted(change.runs, "run"))
        }
    };
    let at = format!("  {place}, {}", chance(change.chance));
    let _ = writeln!(text, "{}{}", paint::paint(paint::STRONG, line(&what)), paint::paint(paint::FAINT, line(&at)));
    for (since, of) in [(&change.since_previous, "the run before"), (&change.since_ok, "the last one that was fine")] {
        if let Some(since) = since {
            differences(text, since, of, most);
        }
    }
}

fn differences(text: &mut String, since: &Since, of: &str, most: usize) {
    let run = since.run.short();
    if since.differences.is_empty() {
        let _ = writeln!(text, "  nothing that is recorded differs from {of}, run {run}");
        return;
    }
    let _ = writeln!(text, "  since {of}, run {run}");
    for difference in since.differences.iter().take(most) {
        let component = difference.component.as_deref().unwrap_or("no recorded run");
        let _ = writeln!(text, "    {}  {}", line(component), line(&diff::change_in_words(difference)));
    }
    let more = since.differences.len().saturating_sub(most);
    if more > 0 {
        let _ = writeln!(text, "    … and {more} more");
    }
}

/// Returns how often something as clear is chance.
fn chance(share: f64) -> String {
    match (share * 1000.0).round() {
        thousandths if thousandths <= 1.0 => "by chance in under 1 of 1000".to_owned(),
        thousandths => format!("by chance in {thousandths} of 1000"),
    }
}

/// Returns a number with its unit.
fn shown(measure: &str, number: f64) -> String {
    match measure.parse::<Measure>() {
        Ok(Measure::Duration) => words::span(number),
        Ok(Measure::Size(_)) => format!("{number:.0} bytes"),
        _ => words::brief(Some(number)),
    }
}
