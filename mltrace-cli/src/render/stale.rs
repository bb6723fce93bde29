//! What is stale, why, and where the fresher run is.

use std::fmt::Write as _;

use mltrace_core::query::{Stale, StaleRun, StaleRuns};
use mltrace_core::words;

use super::{cut, paint};
use crate::escape::line;
use crate::time;

/// How many lines of runs are shown when nobody asks for all.
const MOST: usize = 36;

/// Returns each run with its reasons: those of then, then those of now that are not the same; of many runs the first ones,
/// all when `is_whole`.
pub(crate) fn text(answer: &StaleRuns, is_whole: bool) -> String {
    if answer.runs.is_empty() {
        return "nothing is stale\n".to_owned();
    }
    let mut text = String::new();
    let mut lines = 0;
    for (number, run) in answer.runs.iter().enumerate() {
        lines += 1 + reasons(run).count();
        if lines > MOST && !is_whole {
            let runs = words::plural(answer.runs.len() - number, "run");
            let _ = writeln!(text, "\u{2026} and {} more {runs}: {}", answer.runs.len() - number, cut::HOW);
            break;
        }
        let about = format!("  run {}, {}", run.id.short(), time::show(run.started_at));
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{}{}",
            paint::paint(paint::STRONG, line(&run.component)),
            paint::paint(paint::FAINT, about)
        );
        for (when, stale) in reasons(run) {
            let how = stale.run.map(|run| format!("  mltrace inspect {}", run.short())).unwrap_or_default();
            let _ = writeln!(text, "  {when}: {}{}", line(&stale.message), paint::paint(paint::HINT, how));
        }
    }
    text
}

/// Returns why a run is stale, with when it is; what was so then and still is, is reported once.
pub(super) fn reasons(run: &StaleRun) -> impl Iterator<Item = (&'static str, &Stale)> {
    let then = run.stale.iter().map(|stale| ("when it ran", stale));
    let now = run.stale_since().map(|stale| ("if used now", stale));
    then.chain(now)
}
