//! What `doctor` found.

use mltrace_core::store::Checkup;

use super::paint;
use crate::escape::line;

/// Returns the findings, one a line, what may surprise and what is wrong last.
pub(crate) fn text(checkup: &Checkup) -> String {
    let fine =
        checkup.fine.iter().map(|finding| format!("{}     {}\n", paint::paint(paint::GOOD, "ok"), line(finding)));
    let wrong =
        checkup.wrong.iter().map(|finding| format!("{}  {}\n", paint::paint(paint::BAD, "wrong"), line(finding)));
    let notes = checkup.notes.iter().map(|note| format!("{}   {}\n", paint::paint(paint::WARNING, "note"), line(note)));
    fine.chain(notes).chain(wrong).collect()
}
