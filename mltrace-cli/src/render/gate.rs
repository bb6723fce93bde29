//! Whether a version may be used, and why not.

use std::fmt::Write as _;

use mltrace_core::query::Gate;

use super::{paint, run};
use crate::escape::line;

/// Returns whether it passes, then what was required, what does not hold first.
pub(crate) fn text(answer: &Gate) -> String {
    let version = format!("{}@{}", answer.artifact.name, answer.artifact.version.short(run::DIGITS));
    let verdict = if answer.passes { "passes" } else { "does not pass" };
    let style = if answer.passes { paint::GOOD } else { paint::BAD };
    let mut text = format!("{} {}\n", paint::paint(paint::STRONG, line(&version)), paint::paint(style, verdict));
    let mut required: Vec<_> = answer.requirements.iter().collect();
    required.sort_by_key(|required| required.holds == Some(true));
    for required in required {
        let (word, style) = match required.holds {
            Some(true) => ("ok", paint::GOOD),
            Some(false) => ("wrong", paint::BAD),
            None => ("unknown", paint::BAD),
        };
        let by = required.run.map(|run| format!("  run {}", run.short())).unwrap_or_default();
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "  {}  {}{}",
            paint::paint(style, format!("{word:<7}")),
            line(&required.message),
            paint::paint(paint::FAINT, by)
        );
    }
    text
}
