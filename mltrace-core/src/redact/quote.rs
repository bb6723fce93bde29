//! Where values end: quotes as shells, JSON and source code write them, and words without any.

use std::ops::Range;

use super::shape::run;

/// How far the end of a quote is looked for beyond its line.
const LONGEST_QUOTE: usize = 4096;

/// Returns what stands in quotes at `start`; in text that was quoted before, the quotes are `\"`.
pub(super) fn quoted(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let rest = bytes.get(start..)?;
    if let Some(inside) = tripled(text, start) {
        return Some(inside);
    }
    // `b"…"`, `r"…"`, `f"…"`, `r#"…"#`; `N'…'` and `E'…'` in SQL.
    let prefix = match rest {
        [b'b' | b'r' | b'f', b'"' | b'\'', ..] | [b'N' | b'E', b'\'', ..] => 1,
        [b'r', b'#', b'"', ..] => 2,
        _ => 0,
    };
    let slashes = run(rest.get(prefix..)?, |byte| byte == b'\\').len();
    let open = start.saturating_add(prefix).saturating_add(slashes);
    let quote = *bytes.get(open).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let from = open.saturating_add(1);
    if slashes == 0
        && prefix == 0
        && let Some(end) = joined(bytes, open)
    {
        return Some(from..end.max(from));
    }
    let end = closing(bytes, from, quote, slashes);
    let to = if end.is_closed { end.at.saturating_sub(end.skipped.min(slashes)) } else { end.at };
    let to = if slashes == 0 && end.is_closed { behind_doubled(bytes, from..to, quote) } else { to };
    Some(from..to.max(from))
}

/// Returns where a quote ends in which SQL writes a quote twice: `'it''s'`.
fn behind_doubled(bytes: &[u8], inside: Range<usize>, quote: u8) -> usize {
    let Range { start, mut end } = inside;
    while end > start
        && end < start.saturating_add(LONGEST_QUOTE)
        && bytes.get(end..).is_some_and(|rest| rest.starts_with(&[quote, quote]))
    {
        let next = closing(bytes, end.saturating_add(2), quote, 0);
        if !next.is_closed {
            break;
        }
        end = next.at;
    }
    end
}

/// Returns what stands between three quotes, as in Python.
fn tripled(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?;
    let quotes = ["\"\"\"", "'''"].into_iter().find(|quotes| rest.starts_with(quotes))?;
    let from = start.saturating_add(quotes.len());
    let inner = text.get(from..)?;
    let most = (0..=LONGEST_QUOTE.min(inner.len())).rev().find(|most| inner.is_char_boundary(*most))?;
    let end = inner.get(..most)?.find(quotes)?;
    (end > 0).then(|| from..from.saturating_add(end))
}

/// Returns where the word of a shell that begins with the quote at `open` ends, without its last quote, if it is joined of
/// quotes as `'a'"'"'b'` or `'a'\''b'` is.
fn joined(bytes: &[u8], open: usize) -> Option<usize> {
    let first = *bytes.get(open)?;
    let rest = bytes.get(open.saturating_add(1)..)?;
    let rest = rest.get(..LONGEST_QUOTE).unwrap_or(rest);
    let close = (0..rest.len()).find(|at| {
        rest.get(*at) == Some(&first)
            && (first == b'\'' || at.checked_sub(1).and_then(|at| rest.get(at)) != Some(&b'\\'))
    })?;
    let after = rest.get(close.saturating_add(1)..)?;
    let other = if first == b'\'' { b'"' } else { b'\'' };
    if after.first() != Some(&other) && !after.starts_with(b"\\''") {
        return None;
    }
    let mut at = open;
    let mut quote = None;
    while let Some(byte) = bytes.get(at).filter(|_| at < open.saturating_add(LONGEST_QUOTE)) {
        match (quote, byte) {
            (Some(opened), byte) if *byte == opened => quote = None,
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None | Some(b'"'), b'\\') => at = at.saturating_add(1),
            (None, byte) if byte.is_ascii_whitespace() || b",;)]}|&".contains(byte) => break,
            _ => {}
        }
        at = at.saturating_add(1);
    }
    let at = at.min(bytes.len());
    let last = at.checked_sub(1)?;
    Some(if matches!(bytes.get(last), Some(b'"' | b'\'')) { last } else { at })
}

/// Where a quote ends.
struct Closing {
    at: usize,
    is_closed: bool,
    /// How many slashes stand before it.
    skipped: usize,
}

/// Returns where the quote that was opened before `from` is closed: on its line, or, when that surely is its end, soon
/// after it.
fn closing(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> Closing {
    let mut skipped = 0_usize;
    let mut line_end = None;
    // In the single quotes of a shell a slash escapes nothing.
    let mut escaped = None;
    for (at, byte) in bytes.iter().enumerate().skip(from) {
        if line_end.is_some() && at > from.saturating_add(LONGEST_QUOTE) {
            break;
        }
        // Text that was quoted twice closes with no more slashes than it opened with.
        let closes = if slashes == 0 { skipped.is_multiple_of(2) } else { skipped <= slashes };
        if *byte == quote && closes {
            let next = bytes.get(at.saturating_add(1));
            let is_end = next.is_none_or(|next| next.is_ascii_whitespace() || b",;)]}|&:\"'".contains(next));
            if line_end.is_none() || is_end {
                return Closing { at, is_closed: true, skipped };
            }
            break;
        }
        if *byte == quote && slashes == 0 {
            escaped = Some(at);
        }
        if *byte == b'\n' {
            line_end = line_end.or(Some(at));
        }
        skipped = if *byte == b'\\' { skipped.saturating_add(1) } else { 0 };
    }
    match escaped {
        Some(at) => Closing { at, is_closed: true, skipped: 0 },
        None => Closing { at: line_end.unwrap_or(bytes.len()), is_closed: false, skipped: 0 },
    }
}

/// Returns where the last sign of a quote stands that is glued at `at` to the option of one letter at `start`: `-p"a b"`.
fn glued(text: &str, start: usize, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let option = bytes.get(start..at)?;
    let is_short = (2..=3).contains(&option.len()) && option.iter().skip(1).all(u8::is_ascii_alphabetic);
    if !option.starts_with(b"-") || !is_short {
        return None;
    }
    let slashes = run(bytes.get(at..)?, |byte| byte == b'\\').len();
    let quote = bytes.get(at.saturating_add(slashes)).filter(|byte| matches!(byte, b'"' | b'\''))?;
    // In `["-p", …]` the quote ends the word.
    let is_in_quotes = start.checked_sub(1).and_then(|before| bytes.get(before)) == Some(quote);
    if is_in_quotes {
        return None;
    }
    let inside = quoted(text, at)?;
    (inside.end < bytes.len()).then(|| inside.end.saturating_add(slashes))
}

/// Returns whether the slash at `at` takes its meaning from the sign behind it, as in a shell: `a\ b`. Before a letter or
/// a quote it is rather part of the text of a program: `\n`, `\"`.
fn escapes(bytes: &[u8], at: usize) -> bool {
    let behind = |count: usize| bytes.get(at.saturating_add(count));
    match behind(1) {
        Some(b'"' | b'\'') | None => false,
        Some(b'\\') => !matches!(behind(2), None | Some(b'"' | b'\'' | b'\\')),
        Some(byte) => !byte.is_ascii_alphanumeric() && !byte.is_ascii_control(),
    }
}

/// Returns where the word at `start` ends in a command; quotes that open in it belong to it.
pub(super) fn word_end(text: &str, start: usize, is_shell: bool) -> usize {
    let bytes = text.as_bytes();
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:@%+~".contains(&byte);
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        let previous = at.checked_sub(1).filter(|before| *before >= start).and_then(|before| bytes.get(before));
        let next = bytes.get(at.saturating_add(1));
        let glued = if matches!(byte, b'"' | b'\'' | b'\\') { glued(text, start, at) } else { None };
        match byte {
            b'"' | b'\'' if matches!(previous, Some(b'=' | b':' | b'$' | b'%')) => {
                let Some(inside) = quoted(text, at) else { break };
                at = inside.end;
            }
            // An apostrophe inside a word.
            b'\'' if previous.is_some_and(u8::is_ascii_alphanumeric) && next.is_some_and(u8::is_ascii_alphanumeric) => {
            }
            _ if glued.is_some() => at = glued.unwrap_or(at),
            b'\\' if (is_shell && next.is_some()) || escapes(bytes, at) => at = at.saturating_add(1),
            b'"' | b'\'' | b'`' | b'\\' | b';' | b'|' | b'&' => break,
            // An option may follow an arrow or a comma.
            b'-' if !is_shell && next == Some(&b'-') && previous.is_some_and(|before| !is_inner(*before)) => break,
            _ if byte.is_ascii_whitespace() => break,
            _ => {}
        }
        at = at.saturating_add(1);
    }
    let at = (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    if is_shell { at } else { trimmed(text, start, at) }
}

/// Returns the word at `start`, or its first bytes if it has more than `most`, without the punctuation that ends a sentence
/// or closes a bracket.
pub(super) fn bare(text: &str, start: usize, is_in_json: bool, most: usize) -> Option<Range<usize>> {
    let is_end = |letter: char| {
        letter.is_whitespace()
            || matches!(letter, ';' | '&' | '"' | '\'' | '`' | '\\')
            || (is_in_json && matches!(letter, ',' | '}' | ']'))
    };
    let rest = text.get(start..)?;
    let most = (0..=most.min(rest.len())).rev().find(|most| rest.is_char_boundary(*most)).unwrap_or(0);
    let rest = rest.get(..most)?;
    let is_inner = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b';' | b'&' | b'"' | b'\'' | b'`' | b'\\' | b',' | b'}' | b']')
    };
    let inner = run(rest.as_bytes(), is_inner).len();
    let mut is_escaped = false;
    let end = rest.get(inner..)?.char_indices().find(|(place, letter)| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        is_escaped = *letter == '\\' && escapes(rest.as_bytes(), inner.saturating_add(*place));
        !is_escaped && is_end(*letter)
    });
    let end = start.saturating_add(end.map_or(rest.len(), |(end, _)| inner.saturating_add(end)));
    Some(start..trimmed(text, start, end))
}

/// Returns where a word that reaches to `end` ends without the punctuation that ends a sentence or closes a bracket.
fn trimmed(text: &str, start: usize, end: usize) -> usize {
    let word = text.get(start..end).unwrap_or_default();
    let mut end = word.trim_end_matches([',', '.', ')', ']', '}', '>', ':']).len();
    if end == word.len() {
        return start.saturating_add(end);
    }
    // A bracket that was opened inside the word belongs to it: `[redacted]`, `${NAME}`. How many are open is counted once.
    const PAIRS: [(char, char); 4] = [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>')];
    let (inner, closing) = word.split_at_checked(end).unwrap_or_default();
    let mut open = PAIRS.map(|(begin, last)| (last, inner.matches(begin).count(), inner.matches(last).count()));
    for letter in closing.chars() {
        let Some((_, opened, closed)) = open.iter_mut().find(|(last, ..)| *last == letter) else { break };
        if *opened <= *closed {
            break;
        }
        *closed = closed.saturating_add(1);
        end = end.saturating_add(letter.len_utf8());
    }
    start.saturating_add(end)
}
