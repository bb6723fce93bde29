//! JSON that means exactly what was recorded and is harmless when a terminal shows it.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::escape::is_hidden;

/// Returns the value as JSON on one line.
///
/// What a terminal would obey or hide is written `\uXXXX`: the same text for every reader of JSON.
pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Visible(CompactFormatter));
    // The answers hold text keys and no fallible parts, and a `Vec` takes all bytes.
    if let Err(error) = value.serialize(&mut serializer) {
        debug_assert!(false, "an answer did not serialise: {error}");
    }
    bytes
}

/// Writes text with `\u` escapes for characters that do not show themselves.
struct Visible(CompactFormatter);

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
        let bytes = to_bytes(&name);
        assert_eq!(String::from_utf8_lossy(&bytes), r#""a\u001b\n\"\\\u009b\u202e\udb40\udc41ü""#);
        assert_eq!(serde_json::from_slice::<String>(&bytes).unwrap(), name);
    }
}
