//! Where in text a value is given to a name that says it is a secret: `password=…`, `"apiKey": "…"`, a header.

use std::ops::Range;

use super::shape::{is_random, is_scrambled, is_token_68, run};
use super::{REDACTED, is_secret_name};

/// The longest name that is looked at.
const LONGEST_NAME: usize = 64;

/// The longest header that is looked at.
const LONGEST_HEADER: usize = 4096;

/// Returns the secret that the `=` or `:` at `at` gives to a name, without its quotes.
pub(super) fn value_at(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let sign = *bytes.get(at)?;
    let before = at.checked_sub(1)?;
    let previous = *bytes.get(before)?;
    let mut after = at.saturating_add(1);
    if is_other_sign(sign, previous, bytes.get(after).copied()) {
        return None;
    }
    if bytes.get(after) == Some(&b'>') {
        after = after.saturating_add(1);
    }
    let name = name_before(text, at)?;
    let is_header =
        name.text.eq_ignore_ascii_case("authorization") || name.text.eq_ignore_ascii_case("proxy-authorization");
    if !is_header && !is_secret_key(name.text) {
        return None;
    }
    let spaces = run(bytes.get(after..)?, |byte| matches!(byte, b' ' | b'\t')).len();
    let start = after.saturating_add(spaces);
    if is_header {
        return credentials(text, start);
    }
    if let Some(value) = quoted(text, unwrapped(text, start)) {
        return is_secret_value(text.get(value.clone())?, name.text).then_some(value);
    }
    let is_bare = match sign {
        b'=' => spaces == 0 && after == at.saturating_add(1),
        // `X-Api-Key: …`; a name that could stand in source code is followed by a type as often as by a secret, and then
        // only what is surely no type is one.
        _ => name.text.contains('-') || name.is_quoted,
    };
    let value = bare(text, start, name.is_quoted && sign == b':')?;
    let secret = text.get(value.clone())?;
    if !is_bare && !is_scrambled(secret.as_bytes()) {
        return None;
    }
    let is_number = || secret.bytes().all(|byte| byte.is_ascii_digit());
    ((!name.is_quoted || sign == b'=' || is_number()) && is_secret_value(secret, name.text)).then_some(value)
}

/// Returns the secret that follows a flag `--password` at `at` as a word of its own.
pub(super) fn flag_value_at(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let rest = bytes.get(at..)?.strip_prefix(b"--")?;
    let name_length = run(rest, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).len();
    let start = at.saturating_add(2);
    let end = start.saturating_add(name_length);
    let is_flag = name_length <= LONGEST_NAME && bytes.get(end) == Some(&b' ') && is_secret_name(text.get(start..end)?);
    let value = is_flag.then(|| bare(text, end.saturating_add(1), false)).flatten()?;
    let secret = text.get(value.clone())?;
    // `--password is required` gives no secret away.
    let is_word = secret.bytes().all(|byte| byte.is_ascii_lowercase()) || secret.starts_with('-');
    (!is_word && is_secret_value(secret, "")).then_some(value)
}

/// Returns the literal that `param!("password", …)` or `.param("password", …)`, whose bracket is at `at`, gives to the
/// name of a secret: the value is not recorded, and the source must not tell it either.
pub(super) fn argument_at(text: &str, at: usize) -> Option<Range<usize>> {
    let call = text.get(..at)?.trim_end();
    if !call.ends_with("param!") && !call.ends_with(".param") {
        return None;
    }
    let after_space = |from: usize| {
        let rest = text.get(from..)?;
        text.len().checked_sub(rest.trim_start().len())
    };
    let name = quoted(text, after_space(at.saturating_add(1))?)?;
    let comma = after_space(name.end.saturating_add(1))?;
    if !is_secret_name(text.get(name)?) || text.as_bytes().get(comma) != Some(&b',') {
        return None;
    }
    let mut depth = 0_usize;
    for (place, byte) in text.bytes().enumerate().skip(comma) {
        match byte {
            b'(' => depth = depth.saturating_add(1),
            b')' => depth = depth.checked_sub(1)?,
            b'"' => return quoted(text, place).filter(|literal| !literal.is_empty()),
            _ => {}
        }
    }
    None
}

/// `==`, `!=`, `<=`, `+=`, `::` assign nothing, or nothing new.
fn is_other_sign(sign: u8, previous: u8, next: Option<u8>) -> bool {
    if sign == b':' {
        return previous == b':' || next == Some(b':') || next == Some(b'=');
    }
    next == Some(b'=') || matches!(previous, b'=' | b'!' | b'<' | b'>' | b'+' | b'-' | b'*' | b'/')
}

/// Names of secrets in connection strings and signed addresses, beside those of parameters.
fn is_secret_key(name: &str) -> bool {
    let begins = |prefix: &str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    name.eq_ignore_ascii_case("pwd") || begins("x-amz-") || begins("x-goog-") || is_secret_name(name)
}

struct Name<'a> {
    text: &'a str,
    is_quoted: bool,
}

/// Returns the name before the sign at `at`: `name=`, `"name": `, `\"name\":`, `env["name"] = `.
fn name_before(text: &str, at: usize) -> Option<Name<'_>> {
    let bytes = text.get(..at)?.as_bytes();
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let without = |bytes: &'_ [u8], skip: fn(&u8) -> bool, most: usize| {
        let count = bytes.iter().rev().take(most).take_while(|byte| skip(byte)).count();
        bytes.len().saturating_sub(count)
    };
    // `:=` has its colon here.
    let end = without(bytes, |byte| *byte == b':', 1);
    let end = without(bytes.get(..end)?, is_space, 4);
    let end = without(bytes.get(..end)?, |byte| *byte == b']', 1);
    let unquoted = without(bytes.get(..end)?, |byte| matches!(byte, b'"' | b'\'' | b'`'), 1);
    let is_quoted = unquoted < end;
    let end = if is_quoted { without(bytes.get(..unquoted)?, |byte| *byte == b'\\', 8) } else { unquoted };
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let start = without(bytes.get(..end)?, is_inner, LONGEST_NAME);
    // In a path `…/token=1/…` names a partition, and `$` or `{` before a name only refers to it.
    let is_part =
        start.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(|byte| matches!(byte, b'/' | b'$'));
    let text = text.get(start..end).filter(|name| !name.is_empty() && !is_part)?;
    Some(Name { text, is_quoted })
}

/// Returns where a value begins inside of what `Debug` and source text put around one: `Some("…")`.
fn unwrapped(text: &str, start: usize) -> usize {
    const AROUND: &[&str] =
        &["Some(", "Ok(", "Secret(", "SecretString(", "Password(", "String::from(", "Cow::Borrowed(", "Box::new("];
    let mut rest = text.get(start..).unwrap_or_default();
    while let Some(inner) = AROUND.iter().find_map(|around| rest.strip_prefix(around)) {
        rest = inner.trim_start();
    }
    text.len().saturating_sub(rest.len())
}

/// Returns what stands in quotes at `start`; in text that was quoted before, the quotes are `\"`.
fn quoted(text: &str, start: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let rest = bytes.get(start..)?;
    // `b"…"`, `r"…"`, `f"…"`, `r#"…"#`.
    let prefix = match rest {
        [b'b' | b'r' | b'f', b'"' | b'\'', ..] => 1,
        [b'r', b'#', b'"', ..] => 2,
        _ => 0,
    };
    let slashes = run(rest.get(prefix..)?, |byte| byte == b'\\').len();
    let open = start.saturating_add(prefix).saturating_add(slashes);
    let quote = *bytes.get(open).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'))?;
    let from = open.saturating_add(1);
    let mut skipped = 0_usize;
    let mut end = from;
    while let Some(byte) = bytes.get(end) {
        // Text that was quoted twice closes with no more slashes than it opened with.
        let closes = if slashes == 0 { skipped.is_multiple_of(2) } else { skipped <= slashes };
        if *byte == b'\n' || (*byte == quote && closes) {
            break;
        }
        skipped = if *byte == b'\\' { skipped.saturating_add(1) } else { 0 };
        end = end.saturating_add(1);
    }
    let closed = bytes.get(end) == Some(&quote);
    let to = if closed { end.saturating_sub(skipped.min(slashes)) } else { end };
    Some(from..to.max(from))
}

/// Returns the word at `start`, without the punctuation that ends a sentence or closes a bracket.
fn bare(text: &str, start: usize, is_in_json: bool) -> Option<Range<usize>> {
    let is_end = |letter: char| {
        letter.is_whitespace()
            || matches!(letter, ';' | '&' | '"' | '\'' | '`' | '\\')
            || (is_in_json && matches!(letter, ',' | '}' | ']'))
    };
    let rest = text.get(start..)?;
    let word = rest.get(..rest.find(is_end).unwrap_or(rest.len()))?;
    let mut end = word.trim_end_matches([',', '.', ')', ']', '}', '>', ':']).len();
    // A bracket that was opened inside the word belongs to it: `[redacted]`, `${NAME}`.
    while let (Some(inner), Some(last)) = (word.get(..end), word.get(end..).and_then(|rest| rest.chars().next())) {
        let opening = match last {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            '>' => '<',
            _ => break,
        };
        if inner.matches(opening).count() <= inner.matches(last).count() {
            break;
        }
        end = end.saturating_add(last.len_utf8());
    }
    Some(start..start.saturating_add(end))
}

/// Returns the credentials of a header that begin at `start`: what follows `Basic` or `Bearer`.
fn credentials(text: &str, start: usize) -> Option<Range<usize>> {
    let range = quoted(text, start).unwrap_or_else(|| {
        let rest = text.get(start..).unwrap_or_default();
        let rest = rest.char_indices().nth(LONGEST_HEADER).and_then(|(far, _)| rest.get(..far)).unwrap_or(rest);
        start..start.saturating_add(rest.find(['\r', '\n', '"', '\'', '`', '\\']).unwrap_or(rest.len()))
    });
    let value = text.get(range.clone())?;
    let word = |text: &str| run(text.as_bytes(), is_token_68).len();
    let is_random_word = |text: &str| is_random(text.as_bytes().get(..word(text)).unwrap_or_default(), 8);
    let (first, rest) = value.split_once(' ').unwrap_or((value, ""));
    let from = range.end.saturating_sub(rest.len());
    let is_known =
        ["basic", "bearer", "token", "apikey", "negotiate"].iter().any(|known| first.eq_ignore_ascii_case(known));
    let secret = if is_known && word(rest) >= 4 {
        from..from.saturating_add(word(rest))
    } else if is_random_word(first) {
        range.start..range.start.saturating_add(word(first))
    } else if is_random_word(rest) && word(first) == first.len() {
        from..range.end
    } else {
        return None;
    };
    text.get(secret.clone()).filter(|secret| !is_placeholder(secret)).map(|_| secret)
}

/// Returns whether what a name was given is a secret and not a reference to one.
fn is_secret_value(value: &str, name: &str) -> bool {
    let is_reference = |part: &str| part.eq_ignore_ascii_case(name);
    let is_word =
        ["null", "none", "nil", "true", "false", "undefined"].iter().any(|word| value.eq_ignore_ascii_case(word));
    // On its own `pwd` is a folder as often as a password.
    let is_folder = name.eq_ignore_ascii_case("pwd") && value.starts_with(['/', '.', '~', '$']);
    !is_word && !is_folder && !is_placeholder(value) && !value.rsplit(['.', ':']).next().is_some_and(is_reference)
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
        || between("${", "}")
        || between("${{", "}}")
        || between("<", ">")
        || between("[", "]")
        || between("%(", ")s")
        || text.strip_prefix('$').is_some_and(is_variable)
}
