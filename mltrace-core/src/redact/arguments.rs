//! The words of a command line without their secrets.

use std::borrow::Cow;

use super::line::Line;
use super::word::named;
use super::{REDACTED, scan};

/// Returns the words of a command line as they may be recorded.
///
/// Each word is looked at on its own, before any quoting: what follows an option of a secret goes as a whole, whatever it
/// is made of, and so does what `NAME=` is given. Words that are shell text are read as such.
#[must_use]
pub fn arguments<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut line = Line::default();
    words.into_iter().map(|word| argument(&mut line, word).into_owned()).collect()
}

/// Returns the next word of a command line as it may be recorded.
pub(super) fn argument<'w>(line: &mut Line, word: &'w str) -> Cow<'w, str> {
    match line.take(word).or_else(|| named(word)) {
        // What stands before the secret may itself be one: the user of an address.
        Some(at) => format!("{}{REDACTED}", scan::shell(word.get(..at).unwrap_or_default())).into(),
        None => scan::shell(word),
    }
}
