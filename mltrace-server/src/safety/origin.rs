//! Whether a request that changes something comes from a page of this server, or from no page at all.

use axum::http::{HeaderMap, header};

/// Returns whether no foreign page stands behind the request.
///
/// Browsers name the page that sends a form or a script's request in `Origin`, and how it relates to this server in
/// `Sec-Fetch-Site`; programs send neither.
pub(super) fn is_own(headers: &HeaderMap, authority: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_same = |origin: &str| {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
    };
    let origins = headers.get_all(header::ORIGIN).iter().count();
    origins <= 1
        && text("origin").is_none_or(is_same)
        && text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        assert_eq!(is_own(&map, "localhost:8090"), expected, "{headers:?}");
    }

    #[test]
    fn programs_and_own_pages_may_change_things() {
        check(&[], true);
        check(&[("origin", "http://localhost:8090")], true);
        check(&[("origin", "https://LOCALHOST:8090"), ("sec-fetch-site", "same-origin")], true);
        check(&[("sec-fetch-site", "none")], true);
    }

    #[test]
    fn foreign_pages_may_not() {
        check(&[("origin", "http://evil.example")], false);
        check(&[("origin", "http://localhost:9999")], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "http://localhost:8090.evil.example")], false);
        check(&[("sec-fetch-site", "cross-site")], false);
        check(&[("sec-fetch-site", "same-site")], false);
        check(&[("origin", "http://localhost:8090"), ("origin", "http://evil.example")], false);
    }
}
