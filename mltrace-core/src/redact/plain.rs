//! What is no secret, whatever it is given to: numbers, switches, and what stands for something else.

use super::REDACTED;

/// Returns whether text is a number or a truth value, which `pass` and `auth` may well be.
pub(super) fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["", "true", "false", "yes", "no", "on", "off", "null", "none"];
    // A password may be of digits alone: a number of six or more is no count of passes.
    (text.len() < 6 && text.bytes().all(|byte| byte.is_ascii_digit()))
        || WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Returns whether text stands for something that is filled in later: nothing at all, `{name}`, `${NAME}`, `$NAME`,
/// `<name>`, `%s`, `***`.
pub(super) fn is_placeholder(text: &str) -> bool {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-' | b' ' | b'?');
    let between = |open: &str, close: &str| {
        let inner = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inner.is_some_and(|inner| inner.bytes().all(is_name))
    };
    let is_variable =
        |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    text.is_empty()
        || text == REDACTED
        || text.bytes().all(|byte| byte == b'*')
        || matches!(text, "%s" | "%d" | "..." | "…" | "xxx" | "xxxx" | "?")
        || between("{", "}")
        || between("{{", "}}")
        || (between("${", "}") && !has_default(text))
        || between("${{", "}}")
        || between("<", ">")
        || between("[", "]")
        || between("%(", ")s")
        || text.strip_prefix('$').is_some_and(is_variable)
}

/// Returns whether `${NAME:-value}` reports a value.
fn has_default(text: &str) -> bool {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    inner.split_once(":-").is_some_and(|(_, value)| !is_placeholder(value))
}
