//! Reads the text of a shell as the shell does, and takes out the secrets in words that are quoted or escaped.

use std::borrow::Cow;
use std::ops::Range;

use super::REDACTED;
use super::line::Line;
use super::plain::is_placeholder;
use super::word::named;

/// Brackets that are nested deeper are letters like others.
const DEEPEST: usize = 32;

/// A text in quotes may be one of a shell again, this often.
const MOST_SHELLS: usize = 3;

/// The longest `${…}`.
const LONGEST_NAME: usize = 64;

/// Returns `text` without the secrets in words that are not written plainly; those that are need no shell to be read.
///
/// Text that is no shell's, or is cut, may have a quote that is never closed: nothing is said of what follows that.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'`') || byte == b'(') {
        return Cow::Borrowed(text);
    }
    let mut found = secrets(text, MOST_SHELLS);
    found.sort_by_key(|secret| secret.place.start);
    let mut result = String::new();
    let mut kept_to = 0;
    for Secret { place, closing } in found {
        if place.start < kept_to {
            continue;
        }
        result.push_str(text.get(kept_to..place.start).unwrap_or_default());
        result.push_str(REDACTED);
        result.extend(closing);
        kept_to = place.end;
    }
    if kept_to == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(text.get(kept_to..).unwrap_or_default());
    Cow::Owned(result)
}

struct Secret {
    place: Range<usize>,
    /// The quote to put behind what stands in its place: it was opened before the secret, and closed inside of it.
    closing: Option<char>,
}

fn secrets(text: &str, shells: usize) -> Vec<Secret> {
    let mut shell = Shell { text, shells, frames: vec![Frame::default()], found: Vec::new() };
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        at = shell.take(at, letter).max(at.saturating_add(letter.len_utf8()));
    }
    if shell.frames.last().is_some_and(|frame| frame.quote == Quote::None) {
        shell.end_word(text.len());
    }
    shell.found
}

/// In which quotes a letter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Quote {
    #[default]
    None,
    /// `'…'`
    Single,
    /// `"…"`
    Double,
    /// `$'…'`
    Dollar,
}

impl Quote {
    fn letter(self) -> Option<char> {
        match self {
            Self::None => None,
            Self::Single | Self::Dollar => Some('\''),
            Self::Double => Some('"'),
        }
    }
}

/// A word as the program will get it.
#[derive(Default)]
struct Word {
    text: String,
    /// Where parts of the word stand in the text of the shell.
    parts: Vec<Part>,
    /// Whether the word is written otherwise than the program gets it.
    is_quoted: bool,
}

/// Letters of a word that stand side by side.
#[derive(Clone, Copy, Default)]
struct Part {
    /// Where they begin in the word.
    from: usize,
    /// Where they begin in the text of the shell.
    at: usize,
    quote: Quote,
}

impl Word {
    fn push(&mut self, letter: char, at: usize, quote: Quote) {
        let from = self.text.len();
        let is_next = |last: &Part| {
            last.quote == quote && last.at.saturating_add(from.saturating_sub(last.from)) == at && from >= last.from
        };
        if !self.parts.last().is_some_and(is_next) {
            self.parts.push(Part { from, at, quote });
        }
        self.text.push(letter);
    }

    /// Returns where the letter at `from` stands in the text of the shell, and in which quotes.
    fn place(&self, from: usize) -> Option<(usize, Quote)> {
        let next = self.parts.partition_point(|part| part.from <= from);
        let part = self.parts.get(next.checked_sub(1)?)?;
        Some((part.at.saturating_add(from.saturating_sub(part.from)), part.quote))
    }
}

/// A command inside another: what stands between brackets or backticks.
#[derive(Default)]
struct Frame {
    line: Line,
    word: Option<Word>,
    quote: Quote,
    /// What ends it.
    closing: Option<char>,
    /// Whether its output is part of a word: `$(…)`.
    is_substituted: bool,
}

struct Shell<'a> {
    text: &'a str,
    shells: usize,
    /// The innermost is the last; there is always one.
    frames: Vec<Frame>,
    found: Vec<Secret>,
}

impl Shell<'_> {
    /// Takes the letter at `at`; returns where the next one stands.
    fn take(&mut self, at: usize, letter: char) -> usize {
        let next = at.saturating_add(letter.len_utf8());
        let after = self.text.get(next..).and_then(|rest| rest.chars().next());
        let quote = self.frames.last().map_or(Quote::None, |frame| frame.quote);
        match (quote, letter) {
            (Quote::None, '\'') => self.quote(Quote::Single),
            (Quote::None, '"') => self.quote(Quote::Double),
            (Quote::Double, '"') | (Quote::Single | Quote::Dollar, '\'') => self.quote(Quote::None),
            (Quote::None, '$') if matches!(after, Some('\'' | '"')) => {
                self.quote(if after == Some('"') { Quote::Double } else { Quote::Dollar });
                return next.saturating_add(1);
            }
            (Quote::None | Quote::Double, '$') if after == Some('(') && self.open(at, ')', true) => {
                return next.saturating_add(1);
            }
            (Quote::None | Quote::Double, '$') if after == Some('{') => return self.variable(at),
            (Quote::None | Quote::Double, '`') if self.backtick(at) => {}
            (Quote::None | Quote::Double | Quote::Dollar, '\\') => return self.escape(at, next, after, quote),
            (Quote::None, _) => return self.plain(at, letter, next),
            _ => self.push(at, letter),
        }
        next
    }

    fn plain(&mut self, at: usize, letter: char, next: usize) -> usize {
        match letter {
            ';' | '&' | '|' | '\n' => self.end_command(at),
            '(' => {
                self.end_command(at);
                self.open(at, ')', false);
            }
            ')' => {
                self.end_command(at);
                self.close(')');
            }
            '<' | '>' => self.end_word(at),
            '#' if self.frames.last().is_some_and(|frame| frame.word.is_none()) => {
                let rest = self.text.get(next..).unwrap_or_default();
                return next.saturating_add(rest.find('\n').unwrap_or(rest.len()));
            }
            _ if letter.is_ascii_whitespace() => self.end_word(at),
            _ => self.push(at, letter),
        }
        next
    }

    fn word(&mut self) -> Option<&mut Word> {
        Some(self.frames.last_mut()?.word.get_or_insert_default())
    }

    fn push(&mut self, at: usize, letter: char) {
        let quote = self.frames.last().map_or(Quote::None, |frame| frame.quote);
        if let Some(word) = self.word() {
            word.push(letter, at, quote);
        }
    }

    fn mark_quoted(&mut self) {
        if let Some(word) = self.word() {
            word.is_quoted = true;
        }
    }

    fn quote(&mut self, quote: Quote) {
        self.mark_quoted();
        if let Some(frame) = self.frames.last_mut() {
            frame.quote = quote;
        }
    }

    /// A slash takes the next letter; in double quotes only those that mean something there.
    fn escape(&mut self, at: usize, next: usize, after: Option<char>, quote: Quote) -> usize {
        let Some(after) = after.filter(|after| quote != Quote::Double || "$`\"\\\n".contains(*after)) else {
            self.push(at, '\\');
            return next;
        };
        self.mark_quoted();
        // A line that goes on.
        if after != '\n' || quote == Quote::Dollar {
            self.push(next, after);
        }
        next.saturating_add(after.len_utf8())
    }

    /// `${NAME:-a b}` is part of its word.
    fn variable(&mut self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let end = rest.char_indices().take(LONGEST_NAME).find(|(_, letter)| *letter == '}').map_or(1, |(end, _)| end);
        for (place, letter) in rest.char_indices().take_while(|(place, _)| *place < end) {
            self.push(at.saturating_add(place), letter);
        }
        at.saturating_add(end)
    }

    fn backtick(&mut self, at: usize) -> bool {
        if self.frames.last().is_some_and(|frame| frame.closing == Some('`') && frame.quote == Quote::None) {
            self.end_command(at);
            self.close('`');
            return true;
        }
        self.open(at, '`', true)
    }

    fn open(&mut self, at: usize, closing: char, is_substituted: bool) -> bool {
        if self.frames.len() >= DEEPEST {
            return false;
        }
        if is_substituted {
            self.push(at, '$');
            self.mark_quoted();
        }
        let is_substituted = is_substituted || self.frames.last().is_some_and(|frame| frame.is_substituted);
        self.frames.push(Frame { closing: Some(closing), is_substituted, ..Frame::default() });
        true
    }

    fn close(&mut self, closing: char) {
        if self.frames.last().is_some_and(|frame| frame.closing == Some(closing)) {
            self.frames.pop();
        }
    }

    fn end_command(&mut self, at: usize) {
        self.end_word(at);
        if let Some(frame) = self.frames.last_mut() {
            frame.line.end_command();
        }
    }

    /// The word that is under way ends before `end`.
    fn end_word(&mut self, end: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        let Some(word) = frame.word.take() else { return };
        let from = frame.line.take(&word.text);
        if !word.is_quoted && !frame.is_substituted {
            return;
        }
        let from = from.or_else(|| if word.is_quoted { named(&word.text) } else { None });
        match from {
            Some(from) => self.found.extend(self.secret(&word, from, end)),
            None => self.inner(&word, end),
        }
    }

    fn secret(&self, word: &Word, from: usize, end: usize) -> Option<Secret> {
        let (start, quote) = word.place(from).filter(|_| from < word.text.len())?;
        let value = self.text.get(start..end)?;
        let closing = quote.letter();
        let inside = closing.and_then(|closing| value.strip_suffix(closing));
        let secret = match inside {
            Some(inside) => Secret { place: start..start.saturating_add(inside.len()), closing: None },
            None => Secret { place: start..end, closing },
        };
        (!is_placeholder(inside.unwrap_or(value))).then_some(secret)
    }

    /// A word with spaces may be the text of another shell: `ssh host "mysql -p'…'"`.
    fn inner(&mut self, word: &Word, end: usize) {
        let Some(shells) = self.shells.checked_sub(1) else { return };
        if !word.text.bytes().any(|byte| byte.is_ascii_whitespace()) {
            return;
        }
        let place = |at: usize| word.place(at).map(|(at, _)| at);
        self.found.extend(secrets(&word.text, shells).into_iter().filter_map(|secret| {
            let Range { start, end: to } = secret.place;
            let to = if to < word.text.len() { place(to)? } else { end };
            Some(Secret { place: place(start)?..to, closing: None })
        }));
    }
}
