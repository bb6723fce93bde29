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

/// How far the end of a login is looked for.
const LONGEST_LOGIN: usize = 256;

/// Returns where the address whose `://` is at `colon` ends, when its password has signs that end one in running text:
/// `mysql://root:o'neill@host/db`. With a space in it, an address is one only where a port or a path follows its host.
pub(super) fn end_of_login(text: &str, colon: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let from = colon.saturating_add("://".len());
    let stop = end_in_text(bytes, from);
    let login = text.get(from..stop)?;
    let (user, password) = login.split_once(':')?;
    let is_sign = bytes.get(stop).is_some_and(|byte| b"\"'`<>|\\ \t".contains(byte));
    let is_port = !password.is_empty() && password.bytes().all(|byte| byte.is_ascii_digit());
    if !is_sign || is_port || user.is_empty() || login.contains(['/', '@', '?', '#', '[', '{', '$']) {
        return None;
    }
    let rest = bytes.get(stop..)?;
    let near = rest.get(..LONGEST_LOGIN).unwrap_or(rest);
    let has_space = rest.first().is_some_and(u8::is_ascii_whitespace);
    let is_end = |byte: &u8| *byte == b'@' || if has_space { *byte == b'\n' } else { byte.is_ascii_whitespace() };
    let length = near.iter().position(is_end)?;
    let login_end = stop.saturating_add(length);
    let is_host =
        bytes.get(login_end.saturating_add(1)).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'[');
    // A list goes on behind a quote and a comma, and another address has its own login.
    let inside = text.get(stop..login_end)?;
    let is_list =
        inside.get(1..).is_none_or(|rest| rest.starts_with([',', ']', '}', ')', ' '])) || inside.contains("://");
    let end = end_in_text(bytes, login_end);
    let host = text.get(login_end..end)?;
    let is_address = !has_space || host.contains(['/', ':']);
    (bytes.get(login_end) == Some(&b'@') && is_host && !is_list && is_address).then_some(end)
}

/// Returns the password before the `@` at `at` of a login without a scheme: `//root:password@host`,
/// `root:password@host:5432`.
pub(super) fn login_before(text: &str, at: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_inner = |byte: &u8| !byte.is_ascii_whitespace() && !b"\"'`<>|,;=()[]{}@".contains(byte);
    let length = bytes.get(..at)?.iter().rev().take(LONGEST_LOGIN).take_while(|byte| is_inner(byte)).count();
    let mut start = at.saturating_sub(length);
    let is_address = text.get(start..at)?.starts_with("//");
    start = start.saturating_add(if is_address { 2 } else { 0 });
    let (user, password) = text.get(start..at)?.split_once(':')?;
    let is_user = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'+');
    let is_number = user.bytes().all(|byte| byte.is_ascii_digit());
    if user.is_empty()
        || is_number
        || !user.bytes().all(is_user)
        || password.starts_with('/')
        || is_placeholder(password)
    {
        return None;
    }
    let host = text.get(at.saturating_add(1)..)?;
    let host = host.get(..host.bytes().take(LONGEST_LOGIN).take_while(|byte| is_user(*byte)).count())?;
    let after = bytes.get(at.saturating_add(1).saturating_add(host.len())..)?;
    let digits = after.iter().skip(1).take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let is_end = |place: usize| after.get(place).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let has_port = after.first() == Some(&b':') && (1..=5).contains(&digits) && is_end(digits.saturating_add(1));
    let from = start.saturating_add(user.len()).saturating_add(1);
    (!host.is_empty() && !password.is_empty() && (is_address || has_port)).then_some(from..at)
}
