//! JSON that means exactly what was recorded and is harmless when a terminal shows it.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::escape::is_hidden;

/// Writes the value as JSON on one line, as it goes: the text of a large answer is larger than the answer.
///
/// What a terminal would obey or hide is written `\uXXXX`: the same text for every reader of JSON.
///
/// # Errors
/// When the writer takes no more.
pub(crate) fn line<T: Serialize>(value: &T, writer: &mut impl io::Write) -> io::Result<()> {
    value.serialize(&mut visible(&mut *writer))?;
    writer.write_all(b"\n")
}

/// Writes JSON that is text already, on one line, as [`line()`] would.
///
/// # Errors
/// When the writer takes no more.
pub(crate) fn text_line(json: &str, writer: &mut impl io::Write) -> io::Result<()> {
    text(json, writer)?;
    writer.write_all(b"\n")
}

/// Writes a piece of JSON that is text already.
///
/// # Errors
/// When the writer takes no more.
pub(crate) fn text(json: &str, writer: &mut impl io::Write) -> io::Result<()> {
    // Only texts hold such characters: between values there are none.
    Visible(CompactFormatter).write_string_fragment(writer, json)
}

/// Returns what writes JSON so.
pub(crate) fn visible<W: io::Write>(writer: W) -> serde_json::Serializer<W, Visible> {
    serde_json::Serializer::with_formatter(writer, Visible(CompactFormatter))
}

/// Writes text with `\u` escapes for characters that do not show themselves.
pub(crate) struct Visible(CompactFormatter);

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.contains(is_hidden) {
            return self.0.write_string_fragment(writer, fragment);
        }
        let mut units = [0_u16; 2];
        for character in fragment.chars() {
            if is_hidden(character) {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                write!(writer, "{character}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_read_back_the_same() {
        let name = "a\u{1b}\n\"\\\u{9b}\u{202e}\u{e0041}ü";
        let mut bytes = Vec::new();
        line(&name, &mut bytes).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), "\"a\\u001b\\n\\\"\\\\\\u009b\\u202e\\udb40\\udc41ü\"\n");
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), name);
    }
}
