//! Who may ask: every route of the table, by every kind of client that may not.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use crate::client::{Served, TOKEN};

/// Returns a request for a route with the address that a test wants.
fn request(method: &Method, path: &str, host: &str) -> axum::http::request::Builder {
    let kind = if is_for_programs(path) { "application/json" } else { "application/x-www-form-urlencoded" };
    Request::builder().method(method).uri(path).header("host", host).header("content-type", kind)
}

/// Returns whether programs ask for what is there, and no person looks at it.
fn is_for_programs(path: &str) -> bool {
    let of_programs = ["/api/", "/v1/", "/marquez/", "/opentelemetry.", "/mltrace.v1."];
    path == "/metrics" || of_programs.iter().any(|start| path.starts_with(start))
}

fn is_open(path: &str) -> bool {
    path == "/login" || path.starts_with("/assets/")
}

#[test]
fn every_route_refuses_a_foreign_host_and_names_the_flag() {
    let served = Served::guarded("0.0.0.0:8090", &["lineage.example"], Some(TOKEN));
    assert!(served.routes.len() > 20, "the table lists what there is");
    for route in &served.routes {
        let bearer = format!("Bearer {TOKEN}");
        for host in ["evil.example", "lineage.example.evil.example", "10.0.0.7:8090", "0.0.0.0", "[::]:1", "127.1", "*"]
        {
            let asked = request(&route.method, route.path, host).header("authorization", &bearer);
            let answer = served.send(asked.body(Body::empty()).unwrap());
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route:?} for {host}");
            assert!(answer.text.contains("--allowed-host"), "{}", answer.text);
        }
        let answer = served.send(Request::builder().method(&route.method).uri(route.path).body(Body::empty()).unwrap());
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{route:?} without a host");
        let twice = request(&route.method, route.path, "localhost").header("host", "evil.example");
        assert_eq!(served.send(twice.body(Body::empty()).unwrap()).status, StatusCode::BAD_REQUEST, "{route:?}");
    }
}

#[test]
fn every_route_asks_for_the_token() {
    let served = Served::guarded("0.0.0.0:8090", &["lineage.example"], Some(TOKEN));
    for route in &served.routes {
        for header in [None, Some("Bearer wrong"), Some("Bearer "), Some(TOKEN), Some("Basic Y29ycmVjdA==")] {
            let mut asked = request(&route.method, route.path, "lineage.example");
            if let Some(header) = header {
                asked = asked.header("authorization", header);
            }
            let answer = served.send(asked.body(Body::empty()).unwrap());
            // Who is wrong too often is not looked at for a while.
            served.wait(Duration::from_secs(6));
            let is_page = route.method == Method::GET && !is_for_programs(route.path);
            match answer.status {
                StatusCode::SEE_OTHER if is_page => assert!(answer.header("location").starts_with("/login")),
                StatusCode::UNAUTHORIZED => assert!(!is_page, "{route:?}"),
                other => assert!(is_open(route.path), "{route:?} answered {other} to {header:?}"),
            }
        }
        if route.path != "/live" {
            let asked = request(&route.method, route.path, "lineage.example")
                .header("authorization", format!("Bearer {TOKEN}"));
            let answer = served.send(asked.body(Body::empty()).unwrap());
            let is_asked_again = route.path != "/login" && answer.status == StatusCode::UNAUTHORIZED;
            assert!(!is_asked_again, "{route:?} with the token: {}", answer.text);
        }
    }
}

#[test]
fn every_request_of_a_foreign_page_is_refused() {
    let served = Served::new();
    assert!(served.routes.len() > 20);
    for route in &served.routes {
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://127.0.0.1:9999"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let asked = request(&route.method, route.path, "127.0.0.1:8090").header(name, value);
            let answer = served.send(asked.body(Body::empty()).unwrap());
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{route:?} with {name}: {value}");
        }
    }
}

/// Returns the request of a browser whose window a foreign page leads to `path`.
fn visit(path: &str, is_pressed: bool) -> axum::http::request::Builder {
    let visit = Served::request(Method::GET, path)
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    if is_pressed { visit.header("sec-fetch-user", "?1") } else { visit }
}

#[test]
fn a_link_on_a_foreign_page_leads_to_pages_only() {
    let served = Served::new();
    for route in &served.routes {
        let is_page = !is_for_programs(route.path) && !route.path.starts_with("/assets/") && route.path != "/live";
        let asked = visit(route.path, true).method(&route.method).body(Body::empty()).unwrap();
        let is_refused = served.send(asked).status == StatusCode::FORBIDDEN;
        assert_eq!(is_refused, !is_page || route.method != Method::GET, "{route:?}");
    }
}

#[test]
fn a_window_that_a_foreign_page_opens_by_itself_asks_the_store_nothing() {
    let served = Served::new();
    // Were the store asked, it would know of no such artifact.
    let path = "/trace?artifact=a%26b&as_of=%3Cscript%3E";
    let answer = served.send(visit(path, false).body(Body::empty()).unwrap());
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.text.contains("You come from another site"), "{}", answer.text);
    assert!(answer.text.contains("href=\"/trace?artifact=a%26b&amp;as_of=%3Cscript%3E\""), "{}", answer.text);
    for route in served.routes.iter().filter(|route| route.method == Method::GET) {
        let answer = served.send(visit(route.path, false).body(Body::empty()).unwrap());
        assert!(answer.status == StatusCode::FORBIDDEN || answer.text.contains("Go on"), "{route:?}");
    }
}

#[test]
fn a_link_from_elsewhere_does_not_ask_for_the_token_of_who_has_a_session() {
    let served = Served::guarded("0.0.0.0:8090", &[], Some(TOKEN));
    // A strict cookie is not sent with the visit, but with the press that follows.
    let answer = served.send(visit("/review", true).body(Body::empty()).unwrap());
    assert!(answer.text.contains("href=\"/review\"") && answer.text.contains("Go on"), "{}", answer.text);
}

#[test]
fn a_change_must_be_sent_as_json() {
    let served = Served::new();
    for path in ["/api/v1/flag", "/api/v1/note", "/api/v1/runs"] {
        let asked = Served::request(Method::POST, path).header("content-type", "text/plain");
        let answer = served.send(asked.body(Body::from("{}")).unwrap());
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
    }
}

#[test]
fn a_cookie_opens_the_pages_and_a_wrong_token_does_not() {
    let served = Served::guarded("0.0.0.0:8090", &[], Some(TOKEN));
    let wrong = served.submit("/login", &[("token", "wrong"), ("back", "/tags")]);
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(wrong.header("set-cookie"), "");
    let right = served.submit("/login", &[("token", TOKEN), ("back", "/review?a=b")]);
    assert_eq!((right.status, right.header("location")), (StatusCode::SEE_OTHER, "/review?a=b"));
    let cookie = right.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(TOKEN), "the cookie is not the token");
    let pair = cookie.split(';').next().unwrap();
    let asked = Served::request(Method::GET, "/").header("cookie", format!("theme=dark; {pair}"));
    assert_eq!(served.send(asked.body(Body::empty()).unwrap()).status, StatusCode::OK);
    let elsewhere = served.submit("/login", &[("token", TOKEN), ("back", "//evil.example")]);
    assert_eq!(elsewhere.header("location"), "/");
}

#[test]
fn the_stream_of_news_has_the_headers_of_every_response() {
    let served = Served::new();
    let answer = served.begin(Served::request(Method::GET, "/live").body(Body::empty()).unwrap());
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "text/event-stream"));
}

#[test]
fn what_is_not_there_is_said_in_the_language_of_the_client() {
    let served = Served::new();
    let page = served.get("/nothing");
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/html"));
    let answer = served.get("/api/v1/nothing");
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(answer.json()["error"]["message"], "there is nothing at `/api/v1/nothing`");
    let wrong = served.send(Served::request(Method::DELETE, "/api/v1/recent").body(Body::empty()).unwrap());
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn a_body_that_is_too_long_is_refused() {
    let served = Served::new();
    let note = serde_json::json!({ "run": "latest", "text": "x".repeat(300 << 10) });
    assert_eq!(served.post("/api/v1/note", &note).status, StatusCode::PAYLOAD_TOO_LARGE);
    let deep = format!("{{\"component\":\"c\",\"params\":{{\"p\":{}1{}}}}}", "[".repeat(5000), "]".repeat(5000));
    let asked = Served::request(Method::POST, "/api/v1/runs").header("content-type", "application/json");
    let answer = served.send(asked.body(Body::from(deep)).unwrap());
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text);
}
