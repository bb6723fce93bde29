//! How much text is kept, and how longer text is cut with a mark.

/// What is remarked, after how many reads or writes, of a run that went on while threads without a run read or wrote.
pub const LOOSE: &str = "on threads without a run while this run went on, not recorded";

/// What is remarked, before its name, of what a run wrote and somebody removed where nobody else can look.
pub const REMOVED: &str = "removed where it lay: ";

/// The most bytes of a name: 8 KiB.
pub const LIMIT_NAME: usize = 8 << 10;
/// The most bytes of a parameter, a note or an error: 64 KiB.
pub const LIMIT_TEXT: usize = 64 << 10;
/// The most bytes of a function's source: 256 KiB.
pub const LIMIT_SOURCE: usize = 256 << 10;

/// What ends a text that was cut.
pub const CUT: &str = "… [cut]";

/// Cuts `text` to at most `limit` bytes, at a character, and ends it with a mark when something was cut.
pub fn cut(text: &mut String, limit: usize) {
    if text.len() <= limit {
        return;
    }
    let mut end = limit.saturating_sub(CUT.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.truncate(end);
    text.push_str(CUT);
}
