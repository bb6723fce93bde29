//! Which quoted texts of SQL are secrets by the word before them: `PASSWORD '…'`, `SECRET_ACCESS_KEY '…'`,
//! `CREATE SECRET (… SECRET '…')`.

use super::name::{is_lookup, is_secret_name};

/// A longer word is no name.
const LONGEST: usize = 64;

/// How many words may stand between `CREATE` and `SECRET`: `OR REPLACE PERSISTENT`.
const BETWEEN: usize = 3;

/// What was read so far.
pub(super) struct Sql<'a> {
    last: &'a str,
    /// How many words came since `CREATE`.
    since_create: usize,
    creates_secret: bool,
}

impl Default for Sql<'_> {
    fn default() -> Self {
        Self { last: "", since_create: usize::MAX, creates_secret: false }
    }
}

impl<'a> Sql<'a> {
    /// Takes the next word.
    pub(super) fn take(&mut self, word: &'a str) {
        self.creates_secret |= self.last.eq_ignore_ascii_case("secret") && self.since_create <= BETWEEN + 1;
        let is_create = word.eq_ignore_ascii_case("create");
        self.since_create = if is_create { 0 } else { self.since_create.saturating_add(1) };
        self.last = word;
    }

    /// Returns whether a text in quotes that follows the last word is a secret. People also speak of a `token '…'`: a name
    /// of one word has to be `password`, or to stand in a statement that creates a secret.
    pub(super) fn names_secret(&self) -> bool {
        let is_name = self.last.len() <= LONGEST && (self.last.contains('_') || self.creates_secret);
        self.last.eq_ignore_ascii_case("password") || (is_name && is_secret_name(self.last) && !is_lookup(self.last))
    }
}
