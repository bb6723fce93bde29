//! Where in a URL credentials and signatures stand.

use std::ops::Range;

use super::is_secret_name;
use super::plain::is_placeholder;

/// How far a URL in some text reaches, and what of it may not be kept.
#[derive(Debug, Default)]
pub(super) struct Url {
    /// Where it ends; addresses inside its query end there too.
    pub(super) end: usize,
    /// The last `@` in it.
    last_at: Option<usize>,
    /// A signed query, and a fragment that holds a token.
    cuts: [Option<Range<usize>>; 2],
}

/// Names in a query that sign it or let one in, apart from those that [`is_secret_name`] knows.
const SIGNATURES: &[&str] = &[
    "signature",
    "sig",
    "key",
    "auth",
    "authorization",
    "pass",
    "pwd",
    "jwt",
    "hmac",
    "sas",
    "awsaccesskeyid",
    "googleaccessid",
    "ossaccesskeyid",
    "accesskeyid",
    "key-pair-id",
    "code",
    "session",
    "sessionid",
];

/// How the names of signed queries of object stores begin.
const SIGNATURE_PREFIXES: &[&str] = &["x-amz-", "x-goog-", "x-oss-", "x-cos-", "x-obs-", "q-sign"];

/// In these schemes the text before the `@` is the container, not a user.
const CONTAINER_SCHEMES: &[&str] = &["abfs", "abfss", "wasb", "wasbs"];

/// Returns whether a name in a query says that the address is signed or opens something.
pub(super) fn is_signature_name(name: &str) -> bool {
    let begins = |prefix: &&str| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    SIGNATURES.iter().any(|known| name.eq_ignore_ascii_case(known))
        || SIGNATURE_PREFIXES.iter().any(begins)
        || is_secret_name(name)
}

impl Url {
    /// Looks at the address in `text[from..end]`.
    pub(super) fn new(text: &str, from: usize, end: usize) -> Self {
        // Most addresses are short, where a search for a byte is faster than one for a character.
        let address = text.as_bytes().get(from..end).unwrap_or_default();
        let place = |found: Option<usize>| found.map(|at| from.saturating_add(at));
        let first = |sign: u8| place(address.iter().position(|byte| *byte == sign));
        let fragment = first(b'#');
        let query = first(b'?').filter(|query| fragment.is_none_or(|fragment| *query < fragment));
        let cut = |start: Option<usize>, end: usize| {
            let range = start?..end;
            let names = text.get(range.clone())?.split(['?', '#', '&', ';']);
            let is_signed = names.filter_map(|part| part.split_once('=')).any(|(name, _)| is_signature_name(name));
            is_signed.then_some(range)
        };
        Self {
            end,
            last_at: place(address.iter().rposition(|byte| *byte == b'@')),
            cuts: [cut(query, fragment.unwrap_or(end)), cut(fragment, end)],
        }
    }

    /// Returns what has to go from `at` on, if something has to.
    pub(super) fn cut_at(&self, at: usize) -> Option<Range<usize>> {
        self.cuts.iter().flatten().find(|cut| cut.contains(&at)).map(|cut| at..cut.end)
    }

    /// Returns the credentials, with their `@`, of the address whose `://` is at `colon`.
    pub(super) fn user(&self, text: &str, colon: usize, keep_placeholders: bool) -> Option<Range<usize>> {
        let from = colon.saturating_add("://".len());
        let rest = text.get(from..self.end)?;
        let is_end = |byte: u8| matches!(byte, b'/' | b'?' | b'#' | b'\\');
        let authority_end = rest.bytes().position(is_end).unwrap_or(rest.len());
        let authority = rest.get(..authority_end)?;
        let at = match authority.bytes().rposition(|byte| byte == b'@') {
            Some(at) => from.saturating_add(at),
            // A password may hold a slash that was not encoded: then what should be a port is none.
            None => self.last_at.filter(|at| *at >= from && has_odd_port(authority))?,
        };
        let user = text.get(from..at)?;
        let is_container = !user.contains(':') && CONTAINER_SCHEMES.contains(&scheme_before(text, colon));
        let is_harmless = keep_placeholders && user.split(':').all(is_placeholder);
        (!is_container && !is_harmless).then_some(from..at.saturating_add(1))
    }
}

fn has_odd_port(authority: &str) -> bool {
    let Some((_, port)) = authority.rsplit_once(':').filter(|_| !authority.starts_with('[')) else {
        return false;
    };
    !port.is_empty() && !port.bytes().all(|digit| digit.is_ascii_digit()) && !is_placeholder(port)
}

fn scheme_before(text: &str, colon: usize) -> &str {
    let before = text.get(..colon).unwrap_or_default();
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.');
    // Longer than any scheme we look for: a text without spaces is not walked through again and again.
    let near = before.len().saturating_sub(8);
    let near = before.get(near..).unwrap_or_default();
    near.rsplit(|letter| !is_inner(letter)).next().unwrap_or_default()
}

/// Returns where an address that begins at `from` ends in running text.
pub(super) fn end_in_text(bytes: &[u8], from: usize) -> usize {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control() || b"\"'`<>|\\".contains(byte);
    let rest = bytes.get(from..).unwrap_or_default();
    from.saturating_add(rest.iter().position(is_end).unwrap_or(rest.len()))
}
