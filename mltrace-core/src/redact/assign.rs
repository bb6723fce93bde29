//! Where in text a value is given to a name that says it is a secret: `password=…`, `"apiKey": "…"`, a header.

use std::ops::Range;

use super::name::{Holds, holds, is_secret_option};
use super::plain::is_placeholder;
use super::quote::{bare, quoted};
use super::shape::{is_random, is_scrambled, is_token_68, run};
use super::{REDACTED, is_secret_name};

/// The longest name that is looked at: `spark.hadoop.fs.azure.account.key.ACCOUNT.dfs.core.windows.net` is one.
const LONGEST_NAME: usize = 96;

/// How much of a value without quotes is looked at to say whether it is a secret: where a long word holds many names,
/// each would be followed by all that is left.
const LONGEST_LOOK: usize = 256;

/// The longest header that is looked at.
const LONGEST_HEADER: usize = 1024;

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
    let (name, holds) = name_at(text, at, sign)?;
    let is = |other: &str| name.text.eq_ignore_ascii_case(other);
    let is_header = is("authorization") || is("proxy-authorization");
    let is_cookie = sign == b':' && (is("cookie") || is("set-cookie"));
    let holds = if is_header || is_cookie { Holds::Secret } else { holds };
    if holds == Holds::Nothing {
        return None;
    }
    let spaces = run(bytes.get(after..)?, |byte| matches!(byte, b' ' | b'\t')).len();
    let start = after.saturating_add(spaces);
    if is_header {
        return credentials(text, start).or_else(|| header_in_quotes(text, &name, start));
    }
    if is_cookie {
        return header_in_quotes(text, &name, start).or_else(|| cookie(text, start));
    }
    let is_secret = |secret: &str| is_secret_value(secret, name.text, holds);
    // `"Password: "` is what people are asked.
    let is_closing = |quote: &u8| matches!(quote, b'"' | b'\'') && bytes.get(start) == Some(quote) && !name.is_quoted;
    if name.start.checked_sub(1).and_then(|before| bytes.get(before)).is_some_and(is_closing) {
        return None;
    }
    let far = start.saturating_add(run(near(text, start)?, |byte| byte.is_ascii_whitespace()).len());
    if let Some(value) = quoted(text, unwrapped(text, far)).or_else(|| of_pair(text, start, holds)) {
        return is_secret(text.get(value.clone())?).then_some(value);
    }
    if name.is_typed {
        return None;
    }
    if let Some(value) = rest_of_line(text, &name, sign, start) {
        return is_secret(text.get(value.clone())?).then_some(value);
    }
    let is_bare = match sign {
        b'=' => spaces == 0 && after == at.saturating_add(1),
        // `X-Api-Key: …`; a name that could stand in source code is followed by a type as often as by a secret, and then
        // only what is surely no type is one.
        _ => (name.text.contains('-') && holds == Holds::Secret) || name.is_quoted,
    };
    if let Some(value) = braced(text, start).filter(|_| sign == b'=') {
        return is_secret(text.get(value.clone())?).then_some(value);
    }
    let is_in_json = name.is_quoted && sign == b':';
    let word = bare(text, start, is_in_json, LONGEST_LOOK)?;
    let is_before_quote = matches!(text.as_bytes().get(word.end), Some(b'"' | b'\''));
    let secret = text.get(word)?;
    // What a call is given is looked at by itself.
    if is_before_quote && secret.ends_with('(') && secret.len() > 1 {
        return None;
    }
    let is_random = is_scrambled(secret.as_bytes());
    if holds == Holds::Scrambled && !is_random {
        return None;
    }
    let is_surely_secret = is_random || (sign == b':' && is_no_type(secret));
    if !is_bare && !is_surely_secret {
        return None;
    }
    let is_number = || secret.bytes().all(|byte| byte.is_ascii_digit());
    let is_found = (!name.is_quoted || sign == b'=' || is_number()) && is_secret(secret);
    if is_found { bare(text, start, is_in_json, usize::MAX) } else { None }
}

/// Returns what a connection string has in braces, as ODBC quotes a value that may have a `;` in it, with these.
fn braced(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.get(start..)?.strip_prefix('{')?;
    let length = rest.bytes().take(LONGEST_LOOK).position(|byte| byte == b'}')?;
    let inner = rest.get(..length)?;
    let is_end = rest.get(inner.len().saturating_add(1)..)?.starts_with([';', '"', '\''])
        || rest.len() == inner.len().saturating_add(1);
    let is_on_one_line = !inner.contains(['\n', '{']);
    (is_end && is_on_one_line).then(|| start..start.saturating_add(inner.len()).saturating_add(2))
}

/// Returns the name that the sign at `at` gives something to, and what it says of that.
fn name_at(text: &str, at: usize, sign: u8) -> Option<(Name<'_>, Holds)> {
    let name = name_before(text, at);
    let value = name.as_ref().filter(|name| sign == b':' && name.text == "value");
    if let Some(holds) = value.and_then(|value| named_above(text, value.start)).map(holds) {
        return name.map(|name| (name, holds));
    }
    let typed = || typed_name_before(text, at).filter(|_| sign == b'=');
    let name = name.filter(|name| is_known(name.text)).or_else(typed)?;
    let holds = holds_key(name.text);
    Some((name, holds))
}

/// Returns the name in the line above `value:`, which begins at `at`, as Kubernetes has its variables: `- name: DB_PASSWORD`.
fn named_above(text: &str, at: usize) -> Option<&str> {
    let start = at.saturating_sub(LONGEST_NAME.saturating_mul(2));
    let near = text.get((start..=at).find(|start| text.is_char_boundary(*start))?..at)?;
    let above = near.trim_end_matches([' ', '\t']).strip_suffix('\n')?.trim_end();
    let line = above.rsplit('\n').next()?.trim_start_matches([' ', '\t', '-']);
    Some(line.strip_prefix("name:")?.trim().trim_matches(['"', '\'']))
}

/// Returns the rest of the line when all of it is one assignment of a file of settings, `password: …`: it is the secret
/// unless it may be a type.
fn rest_of_line(text: &str, name: &Name<'_>, sign: u8, start: usize) -> Option<Range<usize>> {
    let before = text.get(..name.start)?;
    let indent = before.bytes().rev().take(LONGEST_NAME).take_while(|byte| matches!(byte, b' ' | b'\t' | b'-')).count();
    let is_alone = matches!(before.as_bytes().get(..before.len().saturating_sub(indent))?.last(), None | Some(b'\n'));
    if sign != b':' || name.is_quoted || !is_alone {
        return None;
    }
    let rest = text.as_bytes().get(start..)?;
    let line = text.get(start..start.saturating_add(run(rest, |byte| !matches!(byte, b'\n' | b'\r')).len()))?;
    let line = line.split(" #").next().unwrap_or(line).trim_end();
    let first = line.split(' ').next().filter(|first| !first.is_empty())?;
    // `api_key: …, retries: 3` says more than one thing.
    if line.split_once(", ").is_some_and(|(_, rest)| rest.contains(": ")) {
        return None;
    }
    let is_capital = first.starts_with(|letter: char| letter.is_ascii_uppercase());
    let is_type = line.ends_with([',', ';', '{', '(', '|', '[', '}'])
        || line.starts_with(['&', '|', '>', '<', '(', '[', '{', '*', '"', '\''])
        || line.contains("::")
        || line.contains('(')
        || is_type(first.trim_end_matches(['?', ')']))
        || super::command::is_talk(first)
        || (is_capital
            && (line.contains('<') || first.bytes().all(|byte| byte.is_ascii_alphabetic()))
            && is_code(before));
    (!is_type).then(|| start..start.saturating_add(line.len()))
}

/// Types that stand behind a colon in the languages of pipelines.
const TYPES: &str = "\
    str String string int float bool bytes Bytes Any any object number boolean Optional None Option Vec list dict List Dict \
    Path PathBuf Secret SecretStr SecretString Token Password u8 u16 u32 u64 i32 i64 f32 f64 usize varchar text char null \
    unknown";

/// Returns whether what stands before a line of settings may be source code.
fn is_code(before: &str) -> bool {
    const LOOK: usize = 512;
    let near = before.as_bytes().get(before.len().saturating_sub(LOOK)..).unwrap_or_default();
    near.iter().any(|byte| matches!(byte, b'{' | b'(' | b';')) || near.windows(6).any(|part| part == b"class ")
}

/// Returns whether a word behind a colon is surely no type: it has letters and digits, and does not begin as types do.
fn is_no_type(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.bytes().any(|byte| kind(&byte));
    word.len() >= 6
        && !word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && !word.bytes().any(|byte| matches!(byte, b'(' | b'<' | b'[' | b'&' | b'_' | b':' | b'/' | b'.'))
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_alphabetic)
}

/// Returns as much of the text at `start` as the space between a sign and its value takes.
fn near(text: &str, start: usize) -> Option<&[u8]> {
    let rest = text.as_bytes().get(start..)?;
    Some(rest.get(..LONGEST_NAME).unwrap_or(rest))
}

/// Returns the password of `auth=("user", "password")`.
fn of_pair(text: &str, start: usize, holds: Holds) -> Option<Range<usize>> {
    let bracket = text.as_bytes().get(start).filter(|byte| holds == Holds::Maybe && matches!(byte, b'(' | b'['));
    let user = bracket.and_then(|_| quoted(text, start.saturating_add(1)))?;
    let rest = text.get(user.end.saturating_add(1)..)?.strip_prefix(',')?.trim_start();
    quoted(text, text.len().saturating_sub(rest.len()))
}

fn is_known(name: &str) -> bool {
    holds_key(name) != Holds::Nothing
}

/// Returns whether the `=` that ends `text` gives something to the name of a secret.
pub(super) fn is_given_to_secret(text: &str) -> bool {
    let Some(at) = text.len().checked_sub(1) else { return false };
    let name = name_before(text, at).filter(|name| is_known(name.text)).or_else(|| typed_name_before(text, at));
    name.is_some_and(|name| matches!(holds_key(name.text), Holds::Secret | Holds::Maybe))
}

/// Returns whether a word is the name of a type.
pub(super) fn is_type(word: &str) -> bool {
    TYPES.split(' ').any(|known| known == word)
}

/// What a name in a text says of the value that it is given.
fn holds_key(name: &str) -> Holds {
    let option = name.trim_start_matches('-');
    if option.len() < name.len() {
        return if is_secret_option(option) { Holds::Secret } else { Holds::Nothing };
    }
    if is_secret_key(name) { Holds::Secret } else { holds(name) }
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
    begins("x-amz-") || begins("x-goog-") || is_secret_name(name)
}

struct Name<'a> {
    text: &'a str,
    /// Where it begins.
    start: usize,
    is_quoted: bool,
    /// Whether its type stands behind it: `password: &str = …`.
    is_typed: bool,
}

/// Returns the name before the type before the `=` at `at`: `API_KEY: &str =`.
fn typed_name_before(text: &str, at: usize) -> Option<Name<'_>> {
    let bytes = text.get(..at)?.as_bytes();
    let mut depth = 0_usize;
    let mut is_path = false;
    for (place, byte) in bytes.iter().enumerate().rev().take(LONGEST_TYPE) {
        match byte {
            b':' if is_path => is_path = false,
            b':' if place.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b':') => is_path = true,
            b':' if depth == 0 => {
                return name_before(text, place)
                    .filter(|name| !name.is_quoted && is_known(name.text))
                    .map(|name| Name { is_typed: true, ..name });
            }
            b'>' | b']' | b')' => depth = depth.saturating_add(1),
            b'<' | b'[' | b'(' => depth = depth.checked_sub(1)?,
            b',' | b';' | b':' if depth == 0 => return None,
            _ if byte.is_ascii_alphanumeric() || b" _&'.,;|:".contains(byte) => {}
            _ => return None,
        }
    }
    None
}

/// The longest type that is looked at.
const LONGEST_TYPE: usize = 96;

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
    Some(Name { text, start, is_quoted, is_typed: false })
}

/// Returns where a value begins inside of what `Debug` and source text put around one: `Some("…")`, `String::from("…")`.
fn unwrapped(text: &str, start: usize) -> usize {
    let mut rest = text.get(start..).unwrap_or_default();
    for _ in 0..8 {
        // A lifetime is no quote: `&'static str`.
        rest = rest.strip_prefix('&').filter(|rest| !rest.starts_with('\'')).unwrap_or(rest);
        let path = run(rest.as_bytes().get(..rest.len().min(LONGEST_NAME)).unwrap_or_default(), |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'.' | b'!')
        });
        let name = rest.get(..path.len()).unwrap_or_default().trim_end_matches('!');
        let last = name.rsplit([':', '.']).next().unwrap_or_default();
        let inner = rest.get(path.len()..).and_then(|rest| rest.strip_prefix('('));
        match inner {
            Some(inner) if WRAPPERS.split(' ').any(|known| known == last) => rest = inner.trim_start(),
            _ => break,
        }
    }
    text.len().saturating_sub(rest.len())
}

/// What is called around a value without making another of it.
const WRAPPERS: &str = "\
    Some Ok Secret SecretString SecretStr SecretBox Password Borrowed Owned String str bytes from new into from_str from_static \
    format to_string encode lit static Zeroizing";

/// Returns the credentials of a header that begin at `start`: what follows `Basic` or `Bearer`.
fn credentials(text: &str, start: usize) -> Option<Range<usize>> {
    let range = quoted(text, start).or_else(|| header(text, start))?;
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

/// Returns the value of the header whose name stands right behind a quote: `-H "Authorization: …"`.
fn header_in_quotes(text: &str, name: &Name<'_>, start: usize) -> Option<Range<usize>> {
    let before = name.start.checked_sub(1)?;
    if name.is_quoted || !matches!(text.as_bytes().get(before), Some(b'"' | b'\'')) {
        return None;
    }
    let whole = quoted(text, before)?;
    let value = text.get(start..whole.end)?;
    let scheme = value.split_once(' ').map_or(0, |(scheme, _)| scheme.len().saturating_add(1));
    let is_scheme = ["basic ", "bearer ", "token "]
        .iter()
        .any(|known| value.get(..scheme).is_some_and(|scheme| scheme.eq_ignore_ascii_case(known)));
    let from = if is_scheme { start.saturating_add(scheme) } else { start };
    text.get(from..whole.end).filter(|secret| !is_placeholder(secret)).map(|_| from..whole.end)
}

/// Returns the cookies of a header to the end of its line.
fn cookie(text: &str, start: usize) -> Option<Range<usize>> {
    let cookies = header(text, start)?;
    let value = text.get(cookies.clone())?;
    let is_cookie = value.find('=').is_some_and(|at| at > 0);
    (is_cookie && !value.starts_with(REDACTED)).then_some(cookies)
}

/// Returns the value of a header without quotes that begins at `start`.
fn header(text: &str, start: usize) -> Option<Range<usize>> {
    let rest = text.as_bytes().get(start..)?;
    let near = rest.get(..LONGEST_HEADER).unwrap_or(rest);
    let value = run(near, |byte| !matches!(byte, b'\r' | b'\n' | b'"' | b'\'' | b'`' | b'\\'));
    let end = start.saturating_add(value.len());
    Some(start..(end..=text.len()).find(|end| text.is_char_boundary(*end))?)
}

/// Returns whether what a name was given is a secret and not a reference to one.
fn is_secret_value(value: &str, name: &str, holds: Holds) -> bool {
    let is_reference = |part: &str| part.eq_ignore_ascii_case(name);
    let is_word =
        ["null", "none", "nil", "true", "false", "undefined"].iter().any(|word| value.eq_ignore_ascii_case(word));
    // On its own `pwd` is a folder as often as a password.
    let is_folder = name.eq_ignore_ascii_case("pwd") && value.starts_with(['/', '.', '~', '$']);
    holds.fits(value)
        && !is_word
        && !is_folder
        && !is_placeholder(value)
        && !value.rsplit(['.', ':']).next().is_some_and(is_reference)
}
