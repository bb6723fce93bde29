//! Values that stand behind their name otherwise than by a sign on one line: blocks of YAML, elements of XML.

use std::ops::Range;

use super::name::{Holds, holds};
use super::plain::is_placeholder;

/// How far the end of an element is looked for.
const LONGEST_ELEMENT: usize = 4096;

/// The longest name that is looked at, and the deepest indent.
const LONGEST_NAME: usize = 64;

/// Returns what stands between `<password>`, whose last sign is at `at`, and `</password>`.
pub(super) fn element_at(text: &str, at: usize) -> Option<Range<usize>> {
    let before = text.get(..at)?;
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b':');
    let length = before.bytes().rev().take(LONGEST_NAME).take_while(is_inner).count();
    let (rest, name) = before.split_at_checked(at.checked_sub(length)?)?;
    let before = rest.strip_suffix('<')?;
    let name = name.rsplit(':').next().filter(|name| !name.is_empty())?;
    let holds = if name == "value" { holds(element_before(before)?) } else { holds(name) };
    if holds == Holds::Nothing {
        return None;
    }
    let from = at.saturating_add(1);
    let bytes = text.as_bytes().get(from..)?;
    let length = bytes.iter().take(LONGEST_ELEMENT).position(|byte| *byte == b'<')?;
    let value = text.get(from..from.saturating_add(length))?;
    let end = text.get(from.saturating_add(length)..)?.strip_prefix("</")?;
    let is_closed = end.get(..LONGEST_NAME.min(end.len())).unwrap_or(end).split('>').next()?.ends_with(name);
    let inner = value.trim();
    let start = from.saturating_add(value.len().saturating_sub(value.trim_start().len()));
    (is_closed && is_secret(inner, holds)).then(|| start..start.saturating_add(inner.len()))
}

/// Returns what stands in the element `name` that ends here, before that of its value, as Hadoop has its settings.
fn element_before(text: &str) -> Option<&str> {
    let text = text.trim_end().strip_suffix("</name>")?;
    text.get(
        text.bytes()
            .rev()
            .take(LONGEST_NAME)
            .position(|byte| byte == b'>')
            .map(|length| text.len().saturating_sub(length))?..,
    )
}

/// Returns the lines below `password:`, whose colon is at `at`, when they are its value: one word, or all that is further
/// to the right behind `|` or `>`.
pub(super) fn below(text: &str, at: usize) -> Option<Range<usize>> {
    let line_start = text.get(..at)?.bytes().rev().take(LONGEST_NAME.saturating_mul(2)).position(|byte| byte == b'\n');
    let line_start = match line_start {
        Some(length) => at.saturating_sub(length),
        None if at > LONGEST_NAME.saturating_mul(2) => return None,
        None => 0,
    };
    let line = text.get(line_start..at)?;
    let name = line.trim_start_matches([' ', '-', '\t']);
    let indent = line.len().saturating_sub(name.len());
    if name.len() > LONGEST_NAME || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte)) {
        return None;
    }
    let holds = holds(name);
    let rest = text.get(at.saturating_add(1)..)?;
    let (sign, block) = rest.split_once('\n').filter(|_| holds != Holds::Nothing)?;
    let is_block = matches!(sign.trim(), "|" | ">" | "|-" | ">-" | "|+" | ">+");
    if !is_block && !sign.trim().is_empty() {
        return None;
    }
    let is_below = |line: &&str| line.trim().is_empty() || line.len().saturating_sub(line.trim_start().len()) > indent;
    let most = if is_block && holds == Holds::Secret { usize::MAX } else { 8 };
    let length: usize = block.split_inclusive('\n').take(most).take_while(is_below).map(str::len).sum();
    let value = block.get(..length)?;
    let inner = value.trim();
    let is_word = !inner.contains(char::is_whitespace) && !inner.ends_with([':', '{', '(', ',', ';', ')']);
    let is_list = inner.starts_with(['-', '#', '"', '\'', '&', '[', '{', '<', '@']);
    let is_value =
        is_block || (is_word && !is_list && !super::assign::is_type(inner) && !super::command::is_talk(inner));
    let start =
        text.len().saturating_sub(block.len()).saturating_add(value.len().saturating_sub(value.trim_start().len()));
    (is_value && is_secret(inner, holds)).then(|| start..start.saturating_add(inner.len()))
}

fn is_secret(value: &str, holds: Holds) -> bool {
    const NONE: &[&str] = &["null", "none", "true", "false"];
    holds.fits(value) && !is_placeholder(value) && !NONE.iter().any(|none| value.eq_ignore_ascii_case(none))
}
