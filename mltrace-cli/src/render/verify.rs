//! What lies on disk against the record.

use std::fmt::Write as _;

use anstyle::Style;
use mltrace_core::model::VersionId;
use mltrace_core::query::{DiskState, Verified, Verify};

use super::{cut, paint, run};
use crate::escape::line;

/// The states in the order in which they are counted, what is wrong first.
const STATES: [DiskState; 5] =
    [DiskState::Changed, DiskState::Missing, DiskState::UnknownWriter, DiskState::Unchanged, DiskState::NotLocal];

/// How many artifacts are named when nobody asks for all.
const MOST: usize = 30;

/// Returns what is wrong, or each artifact when `names_all`, and how many there are of each state. Where there are many they
/// are named when `is_whole`.
pub(crate) fn text(answer: &Verify, names_all: bool, is_whole: bool) -> String {
    if answer.artifacts.is_empty() {
        return "no artifacts\n".to_owned();
    }
    let mut text = String::new();
    let named: Vec<&Verified> =
        answer.artifacts.iter().filter(|artifact| names_all || artifact.state.is_wrong()).collect();
    let (shown, more) = cut::first(&named, MOST, is_whole || names_all);
    for artifact in shown {
        let (style, word) = word(artifact.state);
        let about = about(artifact);
        let about = if about.is_empty() { about } else { format!("  {}", paint::paint(paint::FAINT, line(&about))) };
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{} {}{about}",
            paint::paint(style, format_args!("{word:<14}")),
            line(artifact.name.as_str())
        );
    }
    if more > 0 {
        let _ = writeln!(text, "{}", cut::more(more));
    }
    let counts = STATES.iter().filter_map(|state| {
        let count = answer.artifacts.iter().filter(|artifact| artifact.state == *state).count();
        (count > 0).then(|| format!("{count} {}", word(*state).1))
    });
    let _ = writeln!(text, "{}", counts.collect::<Vec<_>>().join(", "));
    text
}

fn word(state: DiskState) -> (Style, &'static str) {
    match state {
        DiskState::Unchanged => (paint::GOOD, "unchanged"),
        DiskState::Changed => (paint::BAD, "changed"),
        DiskState::Missing => (paint::BAD, "missing"),
        DiskState::UnknownWriter => (paint::WARNING, "unknown writer"),
        DiskState::NotLocal => (paint::FAINT, "not local"),
    }
}

fn about(artifact: &Verified) -> String {
    let written =
        artifact.written_by.map(|run| format!("run {} wrote {}", run.short(), artifact.version.short(run::DIGITS)));
    let read = || format!("last read as {}", artifact.version.short(run::DIGITS));
    let is_told = !matches!(artifact.state, DiskState::NotLocal) && artifact.version != VersionId::None;
    let words = [
        is_told.then(|| written.unwrap_or_else(read)),
        artifact.found.as_ref().map(|found| format!("it holds {}", found.short(run::DIGITS))),
        artifact.problem.clone(),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
