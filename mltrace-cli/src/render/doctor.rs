//! What `doctor` found.

use mltrace_core::store::Checkup;

use super::paint;
use crate::escape::line;

/// Returns the findings, one a line, what is wrong last.
pub(crate) fn text(checkup: &Checkup) -> String {
    let fine =
        checkup.fine.iter().map(|finding| format!("{}     {}\n", paint::paint(paint::GOOD, "ok"), line(finding)));
    let wrong =
        checkup.wrong.iter().map(|finding| format!("{}  {}\n", paint::paint(paint::BAD, "wrong"), line(finding)));
    fine.chain(wrong).collect()
}
