//! Takes the secrets out of commands that stand in text: in a shell's text, a message, a note.

use std::borrow::Cow;
use std::ops::Range;

use super::REDACTED;
use super::known::Known;
use super::line::Line;
use super::plain::is_placeholder;
use super::quote::{quoted, word_end};
use super::shape::run;
use super::sql::{self, Sql};

/// What kind of text a command stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Around {
    /// All of it is a command.
    Shell,
    /// People talk of options as well: `--password is required`.
    Prose,
}

/// Words that follow the name of an option when people talk of it.
static TALK: Known = Known::new(
    "\
    a an and are as at be but by can cannot could does expects file flag flags for from given has have if in instead is it \
    may missing must need needs not of on only option options or requires required set should so takes that the then this \
    to unless unset use used value was when which will with without would",
);

/// Returns `text` without the secrets of the commands in it.
pub(super) fn text(text: &str, around: Around) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    // Most texts are names, which hold no second word.
    if !bytes.iter().any(u8::is_ascii_whitespace) && !text.contains("\"-") && !text.contains("'-") {
        return Cow::Borrowed(text);
    }
    let (mut line, mut sql) = (Line::default(), Sql::default());
    let mut result = String::new();
    let mut kept_to = 0_usize;
    let mut at = 0_usize;
    let mut is_after_option = false;
    loop {
        let secret = if line.awaits_secret()
            && let Some(value) = quoted_value(text, at)
        {
            at = value.end;
            let from = line.take(text.get(value.clone()).unwrap_or_default());
            is_after_option = false;
            from.map(|from| value.start.saturating_add(from)..value.end)
        } else if is_before_space(bytes.get(at..).unwrap_or_default())
            && sql.names_secret()
            && let Some(value) = sql::value(text, at)
        {
            at = value.end;
            let _ = line.take("");
            Some(value)
        } else {
            let Some(word) = next_word(text, at, around) else { break };
            if is_after_option && around == Around::Prose && is_mention(text.get(at..word.start).unwrap_or_default()) {
                line.forget();
            }
            at = word.end;
            is_after_option = bytes.get(word.start) == Some(&b'-');
            sql.take(text.get(word.start..word.end).unwrap_or_default());
            word.secret(text, &mut line, around)
        };
        let Some(secret) = secret else { continue };
        at = at.max(secret.end);
        let secret = unquoted(text, secret);
        if text.get(secret.clone()).is_none_or(is_placeholder) || secret.start < kept_to {
            continue;
        }
        result.push_str(text.get(kept_to..secret.start).unwrap_or_default());
        result.push_str(REDACTED);
        kept_to = secret.end;
    }
    if kept_to == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(text.get(kept_to..).unwrap_or_default());
    Cow::Owned(result)
}

/// Returns whether space follows, or a comment of SQL.
fn is_before_space(rest: &[u8]) -> bool {
    rest.first().is_some_and(u8::is_ascii_whitespace) || rest.starts_with(b"/*")
}

/// Returns a secret without the quotes in which all of it stands.
fn unquoted(text: &str, secret: Range<usize>) -> Range<usize> {
    let value = text.get(secret.clone()).unwrap_or_default();
    let slashes = value.len().saturating_sub(value.trim_start_matches('\\').len());
    let (opening, rest) = value.split_at_checked(slashes.saturating_add(1)).unwrap_or_default();
    let is_quoted = opening.ends_with(['"', '\'']) && rest.ends_with(opening);
    let sides = if is_quoted { opening.len() } else { 0 };
    secret.start.saturating_add(sides)..secret.end.saturating_sub(sides)
}

/// Returns what stands in the quotes that follow an option, which may stand in quotes itself: `--password "…"`,
/// `["--password", "…"]`, `.arg("--password").arg("…")`.
fn quoted_value(text: &str, after: usize) -> Option<Range<usize>> {
    let rest = text.get(after..)?;
    let closed = rest.trim_start_matches('\\').strip_prefix(['"', '\'']);
    let between = closed.unwrap_or(rest);
    let between = between.strip_prefix(").arg(").unwrap_or(between);
    let is_between = |letter: char| letter.is_whitespace() || (closed.is_some() && matches!(letter, ',' | '&' | '('));
    let value = between.trim_start_matches(is_between);
    let start = text.len().saturating_sub(value.len());
    // A quote that follows at once closes, or is part of the word.
    let is_value = value.len() < between.len() || between.len().saturating_add(1) < closed.map_or(0, str::len);
    let is_quote = value.trim_start_matches('\\').starts_with(['"', '\'']);
    if is_value && is_quote { quoted(text, start) } else { None }
}

/// A word, and what stands around it.
struct Word {
    /// Where what stands before the word begins: quotes, brackets.
    opening: usize,
    start: usize,
    end: usize,
    /// Whether a command ended before it.
    is_first: bool,
}

/// Returns the next word from `at` on.
fn next_word(text: &str, at: usize, around: Around) -> Option<Word> {
    let bytes = text.as_bytes();
    let mut opening = at;
    let mut start = at;
    let mut is_first = false;
    while let Some(byte) = bytes.get(start) {
        if byte.is_ascii_whitespace() {
            opening = start.saturating_add(1);
        } else if matches!(byte, b';' | b'|' | b'&') {
            is_first = true;
            opening = start.saturating_add(1);
        } else if !b"\"'`([{<>\\,)]}".contains(byte) && !is_colon_of_json(bytes, start) {
            break;
        }
        start = start.saturating_add(1);
    }
    bytes.get(start)?;
    // What only ends sentences is no word, and is read once.
    let signs = run(bytes.get(start..)?, |byte| b".,:>)]}".contains(&byte)).len();
    let end = word_end(text, start, around == Around::Shell).max(start.saturating_add(signs.max(1)));
    let end = (end..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
    Some(Word { opening, start, end, is_first })
}

/// Returns whether the byte at `at` stands between a name and the quote of its value: what is in there has words of its
/// own.
fn is_colon_of_json(bytes: &[u8], at: usize) -> bool {
    let quote =
        |place: Option<usize>| place.and_then(|place| bytes.get(place)).filter(|byte| matches!(byte, b'"' | b'\''));
    bytes.get(at) == Some(&b':')
        && quote(at.checked_sub(1)).is_some()
        && quote(at.checked_sub(1)) == bytes.get(at.saturating_add(1))
}

impl Word {
    /// Returns what of the word, or of what its quotes hold, is a secret.
    fn secret(&self, text: &str, line: &mut Line, around: Around) -> Option<Range<usize>> {
        let word = text.get(self.start..self.end)?;
        if self.is_first {
            line.end_command();
        }
        if line.awaits_secret() && around == Around::Prose && is_talk(word) {
            line.forget();
        }
        let is_value = line.awaits_secret();
        // `curl -u token:`, where the colon looked like one of a sentence.
        let is_user = line.awaits_user() && text.as_bytes().get(self.end) == Some(&b':');
        let from = line.take(text.get(self.start..self.end.saturating_add(usize::from(is_user)))?)?;
        let start = self.start.saturating_add(from);
        // `<PASSWORD>` and `[redacted]` stand for a value with their brackets.
        let bracket = self.start.checked_sub(1).filter(|at| *at >= self.opening && is_value && from == 0);
        if let Some(at) = bracket
            && matches!(text.as_bytes().get(at), Some(b'<' | b'[' | b'{'))
        {
            let is_closing = |byte: Option<&u8>| matches!(byte, Some(b'>' | b']' | b'}'));
            if is_closing(text.as_bytes().get(self.end)) {
                return Some(at..self.end.saturating_add(1));
            }
            if is_closing(word.as_bytes().last()) {
                return Some(at..self.end);
            }
        }
        // The quote before the word ends the secret.
        let before = text.get(..self.start)?;
        let inside = before.ends_with(['"', '\'']).then(|| quoted(text, self.start.saturating_sub(1))).flatten();
        let end = inside.map_or(self.end, |inside| inside.end.max(self.end));
        Some(start..end)
    }
}

/// Returns whether an option was only spoken of, by what stands between it and the next word: no space, or the quote
/// that closes and no comma of a list.
fn is_mention(between: &str) -> bool {
    if !between.starts_with(['"', '\'', '`', '\\']) {
        return !between.starts_with(char::is_whitespace);
    }
    !between.contains([',', '.']) && between.contains(char::is_whitespace)
}

/// Returns whether a word after the name of an option is no value of it.
pub(super) fn is_talk(word: &str) -> bool {
    let is_option = word.strip_prefix('-').is_some_and(|name| {
        let name = name.strip_prefix('-').unwrap_or(name);
        let name = name.split('=').next().unwrap_or(name);
        name.is_empty() || name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') || name.len() == 1
    });
    is_option || TALK.has(word)
}
