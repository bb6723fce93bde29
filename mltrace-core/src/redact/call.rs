//! Which literals in source text are secrets because of what they are given to: `.password("…")`,
//! `.env("DB_PASS", "…")`, `var("DB_PASS").unwrap_or("…")`.

use std::ops::Range;

use super::name::{Holds, Words, holds, is_lookup};
use super::plain::{is_placeholder, is_plain};
use super::quote::quoted;

/// How far the end of a call is looked for.
const LONGEST_CALL: usize = 4096;

/// Brackets that are nested deeper end the look.
const DEEPEST: usize = 8;

/// How far back is looked for what a default stands in for.
const LONGEST_CHAIN: usize = 256;

/// Calls whose first argument names what the others are.
const SETTERS: &str = "param env set_var setenv putenv getenv get header insert append setdefault";

/// Calls that are given what a value is when there is none.
const DEFAULTS: &str = "unwrap_or unwrap_or_else map_or or or_else get_or_insert";

/// How an owned text is made of a literal, before it and behind it.
const MADE_FROM: &str = "String::from(";
const OWNED: [&str; 4] = [".to_string()", ".to_owned()", ".into()", ")"];

/// The literals of a call that are secrets.
pub(super) struct Call {
    pub(super) literals: Vec<Range<usize>>,
    pub(super) end: usize,
}

/// Returns what is secret in the call whose bracket is at `at`.
pub(super) fn call_at(text: &str, at: usize) -> Option<Call> {
    let mut call = any_call_at(text, at)?;
    call.literals
        .retain(|literal| text.get(literal.clone()).is_some_and(|value| !is_placeholder(value) && !is_plain(value)));
    (!call.literals.is_empty()).then_some(call)
}

fn any_call_at(text: &str, at: usize) -> Option<Call> {
    let before = text.get(..at)?;
    let before = before.strip_suffix(' ').unwrap_or(before);
    let path = before.strip_suffix('!').unwrap_or(before);
    let name = ident_before(path);
    let rest = path.get(..path.len().checked_sub(name.len())?)?;
    let is_any = |names: &str| !name.is_empty() && names.split(' ').any(|known| known == name);
    if is_any(SETTERS) || (name.is_empty() && (rest.is_empty() || rest.ends_with(['[', '(', ',', ' ', '\n', '{', '='])))
    {
        return named(text, at, name.is_empty());
    }
    if is_any(DEFAULTS) {
        let is_secret = rest.strip_suffix('.').is_some_and(stands_in_for_secret);
        return if is_secret { collected(text, at.saturating_add(1)) } else { None };
    }
    let mut call = if is_secret_call(rest, name) { collected(text, at.saturating_add(1))? } else { return None };
    // Before the password stands the user.
    let kind = if name == "new" { rest.strip_suffix("::").map(ident_before).unwrap_or_default() } else { name };
    let last = Words { rest: kind }.last().unwrap_or_default().to_ascii_lowercase();
    let is_login = matches!(last.as_str(), "auth" | "credentials" | "creds");
    if is_login && call.literals.len() > 1 {
        call.literals.remove(0);
    }
    Some(call)
}

fn ident_before(text: &str) -> &str {
    let is_inner = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let length = text.bytes().rev().take(64).take_while(is_inner).count();
    text.get(text.len().saturating_sub(length)..).unwrap_or_default()
}

/// Returns whether what a call of this name is given is a secret: `password`, `with_password`, `bearer_auth`,
/// `Secret::new`.
fn is_secret_call(rest: &str, name: &str) -> bool {
    if matches!(name, "new" | "from") {
        let kind = rest.strip_suffix("::").map(ident_before).unwrap_or_default();
        return kind != "Token" && !is_lookup(kind) && holds(kind) == Holds::Secret;
    }
    let is_definition = ["fn ", "def ", "function "].iter().any(|word| rest.ends_with(word));
    let last = Words { rest: name }.last().unwrap_or_default();
    let is_place = ["stdin", "env", "name", "id"].iter().any(|place| last.eq_ignore_ascii_case(place));
    if name.is_empty() || is_definition || is_place || is_lookup(name) {
        return false;
    }
    match holds(name) {
        // Parsers and lexers have tokens too.
        Holds::Secret => !name.eq_ignore_ascii_case("token") || rest.ends_with('.'),
        // `add_pass` belongs to compilers.
        Holds::Maybe => !last.eq_ignore_ascii_case("pass") || matches!(name, "pass" | "with_pass" | "set_pass"),
        Holds::Scrambled | Holds::Cookie | Holds::Nothing => false,
    }
}

/// Returns the secrets behind a first argument that names one; in a pair only what follows at once is its value.
fn named(text: &str, at: usize, is_pair: bool) -> Option<Call> {
    let after_space = |from: usize| {
        let rest = text.get(from..)?;
        text.len().checked_sub(rest.trim_start().len())
    };
    let first = after_space(at.saturating_add(1))?;
    let is_made = text.get(first..)?.starts_with(MADE_FROM);
    let name = quoted(text, if is_made { first.saturating_add(MADE_FROM.len()) } else { first })?;
    let behind = name.end.saturating_add(1);
    // A map of owned texts is filled so.
    let rest = text.get(behind..)?;
    let tail = OWNED.iter().find(|tail| rest.starts_with(**tail) && is_made == (**tail == ")"));
    let comma = after_space(behind.saturating_add(tail.map_or(0, |tail| tail.len())))?;
    let name = text.get(name).filter(|name| name.len() <= 64)?;
    if text.as_bytes().get(comma) != Some(&b',') {
        return None;
    }
    let is_header =
        ["authorization", "proxy-authorization", "cookie"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let holds = if is_header { Holds::Secret } else { holds(name) };
    let mut call = collected(text, comma.saturating_add(1))?;
    call.literals.retain(|literal| {
        let value = text.get(literal.clone()).unwrap_or_default();
        // A pair may be of a column and its type.
        let is_type = is_pair && (value.is_empty() || super::assign::is_type(value));
        holds.fits(value) && !is_type
    });
    if is_header {
        call.literals.iter_mut().for_each(|literal| *literal = without_scheme(text, literal.clone()));
    }
    (!call.literals.is_empty()).then_some(call)
}

fn without_scheme(text: &str, literal: Range<usize>) -> Range<usize> {
    let value = text.get(literal.clone()).unwrap_or_default();
    let scheme = ["basic ", "bearer ", "token ", "digest "]
        .iter()
        .find(|known| value.get(..known.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(known)));
    literal.start.saturating_add(scheme.map_or(0, |scheme| scheme.len()))..literal.end
}

/// Returns whether the end of `text` is a value that may be missing, and a secret by its name: `password`,
/// `var("DB_PASS")`, `config.token.clone()`, or what such a name is given.
fn stands_in_for_secret(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut start = bytes.len();
    for (place, byte) in bytes.iter().enumerate().rev().take(LONGEST_CHAIN) {
        match byte {
            b')' | b']' => depth = depth.saturating_add(1),
            b'(' | b'[' if depth == 0 => break,
            b'(' | b'[' => depth = depth.saturating_sub(1),
            _ if depth > 0 || byte.is_ascii_alphanumeric() || b"_.:?!&".contains(byte) => {}
            // A chain may go on in the next line.
            _ if byte.is_ascii_whitespace() && matches!(bytes.get(start), None | Some(b'.' | b' ' | b'\n' | b'\t')) => {
            }
            _ => break,
        }
        start = place;
    }
    let chain = text.get(start..).unwrap_or_default();
    let mut words = chain.split(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '-'));
    let given = text.get(..start).unwrap_or_default().trim_end();
    words.any(|word| matches!(holds(word), Holds::Secret | Holds::Maybe))
        || given.strip_suffix('=').is_some_and(|_| super::assign::is_given_to_secret(given))
}

/// Returns the literals from `from` to the end of the call, but for those that an inner call looks something up with.
fn collected(text: &str, from: usize) -> Option<Call> {
    let bytes = text.as_bytes();
    let mut literals = Vec::new();
    let mut open = Open { text, inner: Vec::new() };
    let mut at = from;
    while let Some(byte) =
        bytes.get(at).filter(|_| at < from.saturating_add(LONGEST_CALL) && open.inner.len() < DEEPEST)
    {
        match byte {
            b'(' => open.inner.push((at, None)),
            b')' if open.inner.pop().is_none() => break,
            b';' if open.inner.is_empty() => break,
            b'"' | b'\'' => {
                let Some(literal) = literal(text, at) else {
                    at = at.saturating_add(1);
                    continue;
                };
                at = literal.end;
                if !open.looks_up() {
                    literals.push(literal);
                }
            }
            _ => {}
        }
        at = at.saturating_add(1);
    }
    (!literals.is_empty()).then_some(Call { literals, end: at })
}

/// The inner calls that are open: where the bracket of each stands, and whether it looks something up, once somebody asked.
struct Open<'t> {
    text: &'t str,
    inner: Vec<(usize, Option<bool>)>,
}

impl Open<'_> {
    /// Returns whether any of them looks something up.
    fn looks_up(&mut self) -> bool {
        let text = self.text;
        let looks_up = |at: usize| {
            let before = text.get(..at).unwrap_or_default();
            is_lookup(ident_before(before.strip_suffix('!').unwrap_or(before)))
        };
        self.inner.iter_mut().any(|(at, known)| *known.get_or_insert_with(|| looks_up(*at)))
    }
}

/// Returns what stands in the quotes at `at`; a lifetime is none.
fn literal(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let literal = quoted(text, at)?;
    let after = bytes.get(literal.end.saturating_add(1));
    let is_ended = after.is_none_or(|byte| byte.is_ascii_whitespace() || b",.)]};".contains(byte));
    (bytes.get(at) == Some(&b'"') || (is_ended && literal.len() > 1)).then_some(literal)
}
