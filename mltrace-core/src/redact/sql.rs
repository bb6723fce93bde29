//! Which quoted texts of SQL are secrets by the words before them: `PASSWORD '…'`, `IDENTIFIED BY '…'`,
//! `SECRET_ACCESS_KEY N'…'`, `SET PASSWORD FOR 'ada' = '…'`, `CREATE SECRET (… SECRET $$…$$)`.

use std::ops::Range;

use super::name::{is_lookup, is_secret_name};
use super::quote::quoted;
use super::shape::run;

/// A longer word is no name.
const LONGEST: usize = 64;

/// How far the end of a comment, or of a text between dollars, is looked for.
const FAR: usize = 4096;

/// How many words may stand between `CREATE` and `SECRET`: `OR REPLACE PERSISTENT`.
const BETWEEN: usize = 3;

/// How many words may stand between `IDENTIFIED` and `BY`, and between `SET PASSWORD FOR` and `=`.
const BEFORE_BY: usize = 3;
const BEFORE_EQUALS: usize = 6;

/// What was read so far.
pub(super) struct Sql<'a> {
    last: &'a str,
    before_last: &'a str,
    /// How many words came since `CREATE`, since `IDENTIFIED`, and since `SET PASSWORD FOR`.
    since_create: usize,
    since_identified: usize,
    since_set: usize,
    creates_secret: bool,
}

impl Default for Sql<'_> {
    fn default() -> Self {
        let (since_create, since_identified, since_set) = (usize::MAX, usize::MAX, usize::MAX);
        Self { last: "", before_last: "", since_create, since_identified, since_set, creates_secret: false }
    }
}

impl<'a> Sql<'a> {
    /// Takes the next word.
    pub(super) fn take(&mut self, word: &'a str) {
        let is = |word: &str, known: &str| word.eq_ignore_ascii_case(known);
        let since = |is_now: bool, before: usize| if is_now { 0 } else { before.saturating_add(1) };
        self.creates_secret |= is(self.last, "secret") && self.since_create <= BETWEEN + 1;
        self.since_create = since(is(word, "create"), self.since_create);
        self.since_identified = since(is(word, "identified"), self.since_identified);
        let is_set = is(word, "for") && is(self.last, "password") && is(self.before_last, "set");
        self.since_set = since(is_set, self.since_set);
        (self.before_last, self.last) = (self.last, word);
    }

    /// Returns whether a text in quotes that follows the last word is a secret. People also speak of a `token '…'`: a name
    /// of one word has to be `password`, or to stand in a statement that creates a secret.
    pub(super) fn names_secret(&self) -> bool {
        let is = |known: &str| self.last.eq_ignore_ascii_case(known);
        let is_given = is("by") && self.since_identified <= BEFORE_BY + 1;
        let is_set = self.last == "=" && self.since_set <= BEFORE_EQUALS + 1;
        let is_name = self.last.len() <= LONGEST && (self.last.contains('_') || self.creates_secret);
        is("password") || is_given || is_set || (is_name && is_secret_name(self.last) && !is_lookup(self.last))
    }
}

/// Returns what stands in the quotes that follow at `at` behind space and comments: `'…'`, `N'…'`, `E'…'`, `$$…$$`.
pub(super) fn value(text: &str, at: usize) -> Option<Range<usize>> {
    let start = behind_space(text, at).filter(|start| *start > at)?;
    let rest = text.as_bytes().get(start..)?;
    match rest {
        [b'"' | b'\'' | b'\\', ..] => quoted(text, start),
        [b'N' | b'n' | b'E' | b'e' | b'B' | b'b' | b'X' | b'x', b'\'', ..] => quoted(text, start.saturating_add(1)),
        [b'$', ..] => between_dollars(text, start),
        _ => None,
    }
}

/// Returns where space and comments that begin at `at` end.
fn behind_space(text: &str, mut at: usize) -> Option<usize> {
    let far = at.saturating_add(FAR);
    let bytes = text.as_bytes();
    while at < far {
        let spaces = run(bytes.get(at..)?, |byte| byte.is_ascii_whitespace()).len();
        at = at.saturating_add(spaces);
        if !bytes.get(at..)?.starts_with(b"/*") {
            return Some(at);
        }
        let comment = near(text, at.saturating_add(2))?.find("*/")?;
        at = at.saturating_add(comment).saturating_add(4);
    }
    None
}

/// Returns what stands between `$$` or `$tag$` and the same sign.
fn between_dollars(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let tag = run(rest.as_bytes().get(1..)?, is_inner).len();
    let sign = rest.get(..tag.checked_add(2)?).filter(|sign| sign.ends_with('$'))?;
    let from = start.saturating_add(sign.len());
    let end = near(text, from)?.find(sign)?;
    Some(from..from.saturating_add(end))
}

/// Returns what is near behind a place.
fn near(text: &str, from: usize) -> Option<&str> {
    let rest = text.get(from..)?;
    let most = (0..=FAR.min(rest.len())).rev().find(|most| rest.is_char_boundary(*most))?;
    rest.get(..most)
}
