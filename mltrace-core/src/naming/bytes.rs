//! Paths are bytes, and names are text: how each is written as the other.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Returns the path that the escaped one of an address stands for.
pub(super) fn from_percent(text: &str) -> OsString {
    bytes_to_os(decode_bytes(text, "%"))
}

/// What stands before two hex digits for a byte that is not UTF-8.
pub(super) const ESCAPE: &str = "\u{FFFD}";

/// Returns a path as text, with `/` between its parts; [`decode`] gives the path back.
///
/// A byte that is not part of valid UTF-8 is written as U+FFFD and two hex digits: `caf\xe9` is `caf�e9`. A literal
/// U+FFFD is written as its own three bytes in that way, so no two paths share a name.
#[must_use]
pub fn encode(path: &OsStr) -> Cow<'_, str> {
    if let Some(text) = path.to_str().filter(|text| !text.contains(ESCAPE)) {
        return with_slashes(Cow::Borrowed(text));
    }
    let mut name = String::with_capacity(path.len().saturating_add(16));
    for chunk in path.as_encoded_bytes().utf8_chunks() {
        let mut parts = chunk.valid().split(ESCAPE);
        name.extend(parts.next());
        for part in parts {
            escape(ESCAPE.as_bytes(), &mut name);
            name.push_str(part);
        }
        escape(chunk.invalid(), &mut name);
    }
    with_slashes(Cow::Owned(name))
}

fn escape(bytes: &[u8], name: &mut String) {
    for byte in bytes {
        name.push_str(ESCAPE);
        for digit in [byte >> 4, byte & 15] {
            name.extend(char::from_digit(u32::from(digit), 16));
        }
    }
}

fn with_slashes(name: Cow<'_, str>) -> Cow<'_, str> {
    if cfg!(windows) && name.contains('\\') { Cow::Owned(name.replace('\\', "/")) } else { name }
}

/// Returns the path that a name made by [`encode`] stands for.
#[must_use]
pub fn decode(name: &str) -> PathBuf {
    bytes_to_os(decode_bytes(name, ESCAPE)).into()
}

/// Turns `mark` and two hex digits into the byte they mean; a mark without digits behind it is kept.
fn decode_bytes(text: &str, mark: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split(mark);
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let digits = part.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(part.get(2..).unwrap_or_default().bytes());
            }
            None => {
                bytes.extend(mark.bytes());
                bytes.extend(part.bytes());
            }
        }
    }
    bytes
}

#[cfg(unix)]
fn bytes_to_os(bytes: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes)
}

#[cfg(not(unix))]
#[expect(clippy::needless_pass_by_value, reason = "where bytes are a name as they are, they become it")]
fn bytes_to_os(bytes: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&bytes).into_owned().into()
}
