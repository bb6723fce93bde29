//! Who may ask: every route of the table, by every kind of client that may not.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

use crate::client::{Served, TOKEN};

/// Returns a request for a route with the address that a test wants.
fn request(method: &Method, path: &str, host: &str) -> axum::http::request::Builder {
    let kind = if path.starts_with("/api/") { "application/json" } else { "application/x-www-form-urlencoded" };
    Request::builder().method(method).uri(path).header("host", host).header("content-type", kind)
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
            let is_page = route.method == Method::GET && !route.path.starts_with("/api/");
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
fn every_change_from_a_foreign_page_is_refused() {
    let served = Served::new();
    let changes: Vec<_> = served.routes.iter().filter(|route| route.method != Method::GET).collect();
    assert!(changes.len() >= 7, "{changes:?}");
    for route in changes {
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
