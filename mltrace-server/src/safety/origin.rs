//! Who stands behind a request: this server's own page, a program, a person who follows a link, or a foreign page.

use axum::extract::Request;
use axum::http::{HeaderMap, Method, header};

use super::programs::is_for_programs;

/// Who stands behind a request, as far as a browser says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// A page of this server, the person at the browser, or a program, which says nothing.
    Own,
    /// A link on a foreign page that a person pressed: a window shows one of this server's pages next.
    Visitor,
    /// A foreign page that opens a window of its own accord, or a browser that does not tell who pressed.
    Unpressed,
    /// A foreign page, with anything else.
    Foreign,
}

/// Returns who stands behind the request.
///
/// Browsers name the page that sends a form or a script's request in `Origin`, and how it relates to this server in
/// `Sec-Fetch-Site`; programs, and browsers older than 2023, send neither of them with a question.
pub(super) fn sender(request: &Request, authority: &str) -> Sender {
    let headers = request.headers();
    if !has_own_origin(headers, authority) {
        return Sender::Foreign;
    }
    if all(headers, "sec-fetch-site", |site| matches!(site, "same-origin" | "none")) {
        return Sender::Own;
    }
    let says = |name: &str, word: &str| headers.contains_key(name) && all(headers, name, |value| value == word);
    let is_visit = *request.method() == Method::GET
        && is_page(request.uri().path())
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document");
    match is_visit {
        false => Sender::Foreign,
        true if says("sec-fetch-user", "?1") => Sender::Visitor,
        true => Sender::Unpressed,
    }
}

fn has_own_origin(headers: &HeaderMap, authority: &str) -> bool {
    let is_same = |origin: &str| {
        let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
    };
    headers.get_all(header::ORIGIN).iter().count() <= 1 && all(headers, "origin", is_same)
}

/// Returns whether every header of this name passes.
fn all(headers: &HeaderMap, name: &str, passes: impl Fn(&str) -> bool) -> bool {
    headers.get_all(name).iter().all(|value| passes(value.to_str().unwrap_or_default()))
}

/// Returns whether a person looks at what is at the path.
fn is_page(path: &str) -> bool {
    path != "/live" && !is_for_programs(path) && !path.starts_with("/assets/")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn check(asked: &str, headers: &[(&'static str, &'static str)], expected: Sender) {
        let (method, path) = asked.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        assert_eq!(sender(&request, "localhost:8090"), expected, "{asked} {headers:?}");
    }

    #[test]
    fn programs_and_own_pages_may_ask_and_change_things() {
        for asked in ["GET /api/v1/stale", "POST /flag", "GET /"] {
            check(asked, &[], Sender::Own);
            check(asked, &[("origin", "http://localhost:8090")], Sender::Own);
            check(asked, &[("origin", "https://LOCALHOST:8090"), ("sec-fetch-site", "same-origin")], Sender::Own);
            check(asked, &[("sec-fetch-site", "none")], Sender::Own);
        }
    }

    #[test]
    fn foreign_pages_may_neither_ask_nor_change() {
        for asked in ["GET /api/v1/stale", "HEAD /", "POST /flag", "GET /live", "GET /assets/x", "GET /trace"] {
            check(asked, &[("origin", "http://evil.example")], Sender::Foreign);
            check(asked, &[("origin", "http://localhost:9999")], Sender::Foreign);
            check(asked, &[("origin", "null")], Sender::Foreign);
            check(asked, &[("origin", "http://localhost:8090.evil.example")], Sender::Foreign);
            check(asked, &[("sec-fetch-site", "cross-site")], Sender::Foreign);
            check(asked, &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")], Sender::Foreign);
            check(asked, &[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")], Sender::Foreign);
            check(asked, &[("origin", "http://localhost:8090"), ("origin", "http://evil.example")], Sender::Foreign);
        }
    }

    #[test]
    fn a_link_may_lead_to_a_page_and_to_nothing_else() {
        let site = ("sec-fetch-site", "cross-site");
        let (mode, dest, user) =
            (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"), ("sec-fetch-user", "?1"));
        check("GET /trace?artifact=a", &[site, mode, dest, user], Sender::Visitor);
        check("GET /api", &[("sec-fetch-site", "same-site"), mode, dest, user], Sender::Visitor);
        check("GET /trace?artifact=a", &[site, mode, dest], Sender::Unpressed);
        check("GET /trace?artifact=a", &[site, mode, dest, ("sec-fetch-user", "?0")], Sender::Unpressed);
        for asked in ["GET /api/v1/stale", "GET /live", "GET /assets/x", "POST /flag", "POST /verify", "HEAD /"] {
            check(asked, &[site, mode, dest, user], Sender::Foreign);
        }
        for dest in ["iframe", "frame", "embed", "object", "image", "script", "empty", ""] {
            check("GET /", &[site, mode, ("sec-fetch-dest", dest), user], Sender::Foreign);
        }
        for mode in ["no-cors", "cors", "websocket", ""] {
            check("GET /", &[site, ("sec-fetch-mode", mode), dest, user], Sender::Foreign);
        }
        check("GET /", &[site, mode, user], Sender::Foreign);
        check("GET /", &[site, mode, dest, user, ("origin", "null")], Sender::Foreign);
    }
}
