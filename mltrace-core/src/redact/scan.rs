//! Finds secrets in text in one pass from left to right.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use super::command::{self, Around};
use super::scope::Scope;
use super::url::{Url, end_in_text};
use super::{REDACTED, assign, block, call, clean, shape, shell, url};

/// Returns `text` without the secrets in it: tokens in the shapes that services issue, private keys, values given to
/// names of secrets or to options of commands, credentials in addresses, signed queries.
///
/// Text without any of them comes back as it is, quickly.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    scan(text, Scope::Text)
}

/// Returns the text of a shell without secrets: as [`text`], but whatever follows an option of a secret is one.
pub(super) fn shell(text: &str) -> Cow<'_, str> {
    scan(text, Scope::Shell)
}

/// Returns `text` without tokens and private keys; assignments and addresses in it are left alone, as befits a path.
#[must_use]
pub fn tokens(text: &str) -> Cow<'_, str> {
    scan(text, Scope::Tokens)
}

/// Returns a URI without credentials, without its query if that is signed or opens something, and without tokens.
///
/// `https://ada:pw@host/a?X-Amz-Signature=…` becomes `https://host/a`, so that one artifact has one name.
#[must_use]
pub fn uri(uri: &str) -> Cow<'_, str> {
    scan(uri, Scope::Uri)
}

/// Returns the name of a project as it may be recorded: one that is an address, such as that of its repository, without
/// credentials, and any without what a name of a secret is given.
#[must_use]
pub fn project(name: &str) -> Cow<'_, str> {
    let name = if name.contains("://") { uri(name) } else { Cow::Borrowed(name) };
    then(name, text)
}

/// Returns the address of a git remote without its user, query and fragment: neither of these names a repository, and each
/// may let one in. In the short form `user@host:path`, too.
#[must_use]
pub fn remote(address: &str) -> Cow<'_, str> {
    let is_path = !address.contains("://") && (!address.contains(':') || address.starts_with(['/', '.']));
    if is_path {
        return tokens(address);
    }
    // A password may hold the signs with which a query and a fragment begin.
    let clean = if address.contains("://") {
        uri(address)
    } else {
        let user = address.split_once('@').filter(|(user, rest)| rest.contains(':') && !user.contains('/'));
        tokens(user.map_or(address, |(_, rest)| rest))
    };
    let end = clean.find(['?', '#']).unwrap_or(clean.len());
    Cow::Owned(clean.get(..end).unwrap_or_default().to_owned())
}

/// Makes a text what is left of it, and returns whether that is another one.
pub(super) fn put(words: &mut String, redacted: fn(&str) -> Cow<'_, str>) -> bool {
    match redacted(words) {
        Cow::Borrowed(_) => false,
        Cow::Owned(cleaned) => {
            *words = cleaned;
            true
        }
    }
}

fn scan(text: &str, scope: Scope) -> Cow<'_, str> {
    if clean::is_known(text, scope) {
        return Cow::Borrowed(text);
    }
    match scan_once(text, scope) {
        Cow::Borrowed(text) => {
            clean::remember(text, scope);
            Cow::Borrowed(text)
        }
        // Where a key went that was in the way, a login may be found.
        Cow::Owned(found) => match scan_once(&found, scope) {
            Cow::Owned(found) => Cow::Owned(found),
            Cow::Borrowed(_) => Cow::Owned(found),
        },
    }
}

fn scan_once(text: &str, scope: Scope) -> Cow<'_, str> {
    let shell = if scope == Scope::Shell { shell::text(text) } else { Cow::Borrowed(text) };
    let commands = then(shell, |text| match scope {
        Scope::Text => command::text(text, Around::Prose),
        Scope::Shell => command::text(text, Around::Shell),
        Scope::Tokens | Scope::Uri => Cow::Borrowed(text),
    });
    then(commands, |text| scan_signs(text, scope))
}

/// Returns what `next` makes of a text.
fn then<'a>(text: Cow<'a, str>, next: impl Fn(&str) -> Cow<'_, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => next(text),
        Cow::Owned(text) => match next(&text) {
            Cow::Owned(text) => Cow::Owned(text),
            Cow::Borrowed(_) => Cow::Owned(text),
        },
    }
}

fn scan_signs(text: &str, scope: Scope) -> Cow<'_, str> {
    let url = if scope == Scope::Uri { Url::new(text, 0, text.len()) } else { Url::default() };
    Scan { text, scope, url, literals: VecDeque::new(), call_end: 0 }.run()
}

struct Scan<'a> {
    text: &'a str,
    scope: Scope,
    /// The address in which the scan is, or the last one.
    url: Url,
    /// What is still to come of the secrets of the call in which the scan is, or the last one.
    literals: VecDeque<Range<usize>>,
    call_end: usize,
}

/// A secret, and what to put in its place.
struct Secret {
    place: Range<usize>,
    instead: &'static str,
}

impl<'a> Scan<'a> {
    fn run(mut self) -> Cow<'a, str> {
        let bytes = self.text.as_bytes();
        let mut result = String::new();
        let mut kept_to = 0;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            // Where the scan goes on when nothing is found here.
            let mut next = at.saturating_add(1);
            let literal = self.literal(at);
            let found = match byte {
                _ if literal.is_some() => literal,
                b'=' | b':' | b'-' | b'?' | b'#' | b'(' | b'@' | b'>' => self.sign(at, byte),
                _ if byte.is_ascii_alphanumeric() => {
                    let rest = bytes.get(at..).unwrap_or_default();
                    next = at.saturating_add(shape::run(rest, |byte| byte.is_ascii_alphanumeric()).len());
                    self.word(at).or_else(|| self.word(at.saturating_add(escape_at(bytes, at)?)))
                }
                _ => None,
            };
            match found {
                Some(Secret { place, instead }) if place.start >= kept_to && place.end >= at => {
                    result.push_str(self.text.get(kept_to..place.start).unwrap_or_default());
                    result.push_str(instead);
                    kept_to = place.end;
                    // A login is known by the sign behind it.
                    at = place.end.max(at.saturating_add(1));
                }
                _ => at = next,
            }
        }
        if kept_to == 0 {
            return Cow::Borrowed(self.text);
        }
        result.push_str(self.text.get(kept_to..).unwrap_or_default());
        Cow::Owned(result)
    }

    /// Returns the literal at `at` that is a secret by its call.
    fn literal(&mut self, at: usize) -> Option<Secret> {
        while self.literals.front().is_some_and(|literal| literal.start < at) {
            self.literals.pop_front();
        }
        let place = self.literals.front().filter(|literal| literal.start == at)?.clone();
        Some(Secret { place, instead: REDACTED })
    }

    fn word(&self, at: usize) -> Option<Secret> {
        let place = shape::token_at(self.text.as_bytes(), at)?;
        Some(Secret { place, instead: REDACTED })
    }

    fn sign(&mut self, at: usize, sign: u8) -> Option<Secret> {
        if self.scope != Scope::Tokens
            && at < self.url.end
            && let Some(place) = self.url.cut_at(at)
        {
            return Some(Secret { place, instead: "" });
        }
        let rest = self.text.as_bytes().get(at..)?;
        let place = match sign {
            b'-' if rest.starts_with(b"-----BEGIN ") => shape::private_key_at(self.text, at)?,
            _ if self.scope == Scope::Tokens => return None,
            b':' if rest.starts_with(b"://") => {
                let place = self.user(at)?;
                return Some(Secret { place, instead: "" });
            }
            b':' | b'=' => {
                assign::value_at(self.text, at).or_else(|| block::below(self.text, at).filter(|_| sign == b':'))?
            }
            b'>' => block::element_at(self.text, at)?,
            b'(' if at >= self.call_end => {
                let call = call::call_at(self.text, at)?;
                self.literals = call.literals.into();
                self.call_end = call.end;
                return None;
            }
            b'@' if at >= self.url.end => url::login_before(self.text, at)?,
            _ => return None,
        };
        Some(Secret { place, instead: REDACTED })
    }

    /// Returns the credentials of the address whose `://` is at `colon`.
    fn user(&mut self, colon: usize) -> Option<Range<usize>> {
        if colon >= self.url.end {
            let end = url::end_of_login(self.text, colon).unwrap_or_else(|| end_in_text(self.text.as_bytes(), colon));
            self.url = Url::new(self.text, colon, end);
        }
        self.url.user(self.text, colon, matches!(self.scope, Scope::Text | Scope::Shell))
    }
}

/// Returns how many letters of the word at `at` belong to an escape and to no word: `\n` or `%3D`.
fn escape_at(bytes: &[u8], at: usize) -> Option<usize> {
    let before = bytes.get(at.checked_sub(1)?)?;
    match (before, bytes.get(at..)?) {
        (b'\\', [b'n' | b't' | b'r', ..]) => Some(1),
        (b'%', [first, second, ..]) if first.is_ascii_hexdigit() && second.is_ascii_hexdigit() => Some(2),
        _ => None,
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
