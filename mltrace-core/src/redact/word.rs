//! Which part of a word of a command line is a secret because of the name in it: `NAME=secret`, `Name: secret`.

use super::name::holds;

/// Returns where the secret begins that a word gives to a name.
pub(super) fn named(word: &str) -> Option<usize> {
    assigned(word).or_else(|| told(word))
}

/// Returns where the secret of `NAME=secret` begins; the name may itself follow `--option=` or `-e`.
fn assigned(word: &str) -> Option<usize> {
    let mut from = 0;
    for _ in 0..3 {
        let rest = word.get(from..)?;
        let name = rest.split('=').next().filter(|name| name.len() < rest.len())?;
        let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "_.-:/@+".contains(letter);
        if !name.chars().all(is_inner) {
            return None;
        }
        let at = from.saturating_add(name.len()).saturating_add(1);
        let value = word.get(at..)?;
        let last = name.rsplit([':', '/', '@']).next().unwrap_or(name);
        // In a path `…/token=1/…` names a partition; `//registry/:_authToken=` does not.
        let is_part = name.len() > last.len() && !name.ends_with(&format!(":{last}"));
        // `-eNAME=…` of a container has its name behind a letter.
        let behind_letter = last.strip_prefix('-').and_then(|last| last.get(1..)).unwrap_or_default();
        if !is_part && (is_secret(last.trim_start_matches('-'), value) || is_secret(behind_letter, value)) {
            return (!value.is_empty()).then_some(at);
        }
        from = at;
    }
    None
}

/// Returns where the secret of a header `Name: secret`, or of `pass:secret`, begins.
fn told(word: &str) -> Option<usize> {
    let (name, value) = word.split_once(':')?;
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    // `my-secret:/run/secrets` is a folder of a container, `X-Auth-Token:/…` a header.
    let is_field = name.contains('-') && name.starts_with(|letter: char| letter.is_ascii_uppercase() || letter == 'x');
    if name.is_empty() || (value.starts_with([':', '/']) && !is_field) || !name.bytes().all(is_inner) {
        return None;
    }
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    let is_header = ["authorization", "proxy-authorization", "cookie", "set-cookie"].iter().any(|other| is(other));
    let secret = value.trim_start();
    if secret.is_empty() || !(is_header || is_secret(name, secret)) {
        return None;
    }
    let from = word.len().saturating_sub(secret.len());
    let scheme = secret
        .split_once(' ')
        .map(|(scheme, _)| scheme)
        .filter(|scheme| ["basic", "bearer", "token", "digest"].iter().any(|known| scheme.eq_ignore_ascii_case(known)));
    Some(scheme.map_or(from, |scheme| from.saturating_add(scheme.len()).saturating_add(1)))
}

fn is_secret(name: &str, value: &str) -> bool {
    let is_folder = name.eq_ignore_ascii_case("pwd") && value.starts_with(['/', '.', '~']);
    holds(name).fits(value) && !is_folder
}
