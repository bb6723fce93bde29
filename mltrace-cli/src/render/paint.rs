//! The few colours, each for something that is also said in words.

use anstyle::{AnsiColor, Style};

/// Ends any of the others.
pub(crate) const PLAIN: anstyle::Reset = anstyle::Reset;
/// What the eye looks for: a component, a heading.
pub(crate) const STRONG: Style = Style::new().bold();
/// What stands in the background.
pub(crate) const FAINT: Style = Style::new().dimmed();
/// Failed, died, flagged, an error.
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
/// Found fine.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// Worth a second look.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
/// How to go on.
pub(crate) const HINT: Style = AnsiColor::Cyan.on_default();

/// Returns the text in that style.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
