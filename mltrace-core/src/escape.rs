//! Makes names safe to show: what would move a cursor, hide itself or turn text round is written out.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Returns the text on one line with every character that does not show itself written as an escape.
///
/// A terminal obeys control characters, and in pages too bidirectional and zero-width characters make one name look like another.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// Returns the text with its lines and tabs kept and everything else escaped as [`line()`] does.
#[must_use]
pub fn block(text: &str) -> Cow<'_, str> {
    escape(text, |character| matches!(character, '\n' | '\t'))
}

/// Returns whether a terminal would obey or hide this character instead of showing it.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul and Khmer fillers, Mongolian separators.
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            // Zero-width characters and marks of direction, separators of lines, embeddings and overrides.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, isolates.
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            // Tags, which spell text that nobody sees.
            | '\u{e0000}'..='\u{e0fff}')
}

fn escape(text: &str, is_kept: fn(char) -> bool) -> Cow<'_, str> {
    let is_escaped = |character| is_hidden(character) && !is_kept(character);
    if !text.contains(is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().saturating_add(16));
    for character in text.chars() {
        match character {
            _ if !is_escaped(character) => shown.push(character),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            // Writing to a `String` cannot fail.
            '\0'..='\x7f' => drop(write!(shown, "\\x{:02x}", u32::from(character))),
            _ => drop(write!(shown, "\\u{{{:x}}}", u32::from(character))),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, shown: &str) {
        assert_eq!(line(text), shown);
    }

    #[test]
    fn plain_names_stay_as_they_are() {
        check("s3://bucket/trip data/größe-数据.csv", "s3://bucket/trip data/größe-数据.csv");
        assert!(matches!(line("a/b.csv"), Cow::Borrowed(_)));
    }

    #[test]
    fn terminal_sequences_lose_their_power() {
        check("\x1b]0;x\x07", "\\x1b]0;x\\x07");
        check("\u{9b}31m", "\\u{9b}31m");
        check("a\nb\tc\rd\0\x7f", "a\\nb\\tc\\rd\\x00\\x7f");
    }

    #[test]
    fn names_that_look_alike_are_told_apart() {
        check("abc\u{202e}vsc.exe", "abc\\u{202e}vsc.exe");
        check("zero\u{200b}width\u{feff}", "zero\\u{200b}width\\u{feff}");
        check("line\u{2028}end", "line\\u{2028}end");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("fn a() {\n\t1\r\n}"), "fn a() {\n\t1\\r\n}");
    }
}
