//! What still holds the data of a subject.

use std::fmt::Write as _;

use mltrace_core::query::{RunSubject, SubjectHeld};

use super::table;
use crate::escape::line;
use crate::time;

/// How many digits of a content are shown.
const DIGITS: usize = 12;
/// How many runs and sources are named.
const MOST: usize = 6;

/// Returns whose data it is, who took them in, what was made from them, and whether any of it is left.
pub(crate) fn text(answer: &SubjectHeld, columns: Option<u16>) -> String {
    let mut text = format!("subject {}", answer.subject.short());
    if let Some(at) = answer.retracted_at {
        let by = answer.retracted_by.as_ref().map(|by| format!(" by {}", line(by))).unwrap_or_default();
        let _ = write!(text, ", retracted {}{by}", time::show(at));
    }
    let taking: Vec<String> = answer.taken_in_by.iter().map(|run| run.short()).collect();
    let _ = writeln!(
        text,
        "\ntaken in by {}",
        if taking.is_empty() { "no run any more".to_owned() } else { some(&taking) }
    );
    if !answer.sources.is_empty() {
        let version =
            |of: &mltrace_core::model::Version| format!("{}@{}", line(of.name.as_str()), of.version.short(DIGITS));
        let sources: Vec<String> = answer.sources.iter().map(version).collect();
        let _ = writeln!(text, "read then by these, and written by no recorded run: {}", some(&sources));
    }
    if !answer.versions.is_empty() {
        text.push('\n');
    }
    let rows = answer.versions.iter().map(|held| {
        let artifact = format!("{}@{}", held.artifact.name, held.artifact.version.short(DIGITS));
        [held.state.as_str().to_owned(), artifact, held.written_by.short(), held.because.clone()]
    });
    if !answer.versions.is_empty() {
        text.push_str(&table::draw(["STATE", "VERSION", "RUN", "BECAUSE"], rows, columns));
        text.push('\n');
    }
    for of in &answer.outputs {
        let runs: Vec<String> = of.made_by.iter().map(|run| run.short()).collect();
        let _ = writeln!(text, "outputs of the task {}: {}, made by {}", line(&of.task), of.count, some(&runs));
    }
    if let Some(run) = answer.outputs.iter().find_map(|of| of.made_by.first()) {
        let _ = writeln!(text, "`mltrace forget {} --yes` takes a run back with its outputs", run.short());
    }
    text + &line(&answer.says()) + "\n"
}

/// Returns the first of some words, and how many there are besides.
fn some(words: &[String]) -> String {
    let shown = words.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match words.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// Returns the subjects of a run, each with when it was retracted.
pub(super) fn of_run(subjects: &[RunSubject]) -> impl Iterator<Item = String> {
    subjects.iter().map(|RunSubject { subject, retracted_at }| match retracted_at {
        Some(at) => format!("{}, retracted {}", subject.short(), time::show(*at)),
        None => subject.short().to_owned(),
    })
}
