//! What is stale, why, and where the fresher run is.

use std::fmt::Write as _;

use mltrace_core::query::{Stale, StaleRun, StaleRuns};

use super::paint;
use crate::escape::line;
use crate::time;

/// Returns each run with its reasons: those of then, then those of now that are not the same.
pub(crate) fn text(answer: &StaleRuns) -> String {
    if answer.runs.is_empty() {
        return "nothing is stale\n".to_owned();
    }
    let mut text = String::new();
    for run in &answer.runs {
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

/// Returns why a run is stale, with when it is; what was so then and still is, is told once.
pub(super) fn reasons(run: &StaleRun) -> impl Iterator<Item = (&'static str, &Stale)> {
    let then = run.stale.iter().map(|stale| ("when it ran", stale));
    let now = run.stale_since().map(|stale| ("if used now", stale));
    then.chain(now)
}
