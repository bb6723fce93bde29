//! A project of its own for one test, and a client that checks the headers of every response.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use mltrace_core::config::{Environment, Home};
use mltrace_core::record::{Hooks, Recorder};
use mltrace_server::{App, Guard, Route, Token, service};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// The token of servers that have one.
pub(crate) const TOKEN: &str = "correct-horse-battery-staple";

/// Longer than any request may take.
const FOREVER: Duration = Duration::from_secs(600);

/// A server with a project of its own.
pub(crate) struct Served {
    router: Router,
    runtime: tokio::runtime::Runtime,
    /// Its routes.
    pub(crate) routes: Vec<Route>,
    /// Where its project lies.
    pub(crate) home: Home,
    folder: TempDir,
}

/// A response that passed the validator.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Those of the head, and of the end.
    pub(crate) headers: HeaderMap,
    /// The body, where it is a text.
    pub(crate) text: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Served {
    /// Returns a server on this machine's own address.
    pub(crate) fn new() -> Self {
        Self::guarded("127.0.0.1:8090", &[], None)
    }

    /// Returns a server that holds these import lines.
    pub(crate) fn with(lines: &[Value]) -> Self {
        let served = Self::new();
        let answer = served.record(lines);
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        served
    }

    /// Returns a server that listens on `bind`.
    pub(crate) fn guarded(bind: &str, allowed: &[&str], token: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir_all(root.join(".mltrace")).unwrap();
        let home = Home::find(&root, None, &Environment::default());
        let environment = Environment { user: Some("ada".to_owned()), ..Environment::default() };
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
        let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home.clone(), &environment, hooks)));
        let allowed = allowed.iter().map(|host| host.parse().unwrap()).collect();
        let token = token.map(|token| Token::new(token).unwrap());
        let guard = Guard::new(bind.parse().unwrap(), allowed, token).unwrap();
        let (router, routes) = service(Arc::new(App::new(recorder, guard)));
        // Time stands still unless nothing else is left to do: then it jumps to the next limit.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        Self { router, runtime, routes, home, folder }
    }

    /// Sends a request as it is, and checks what every response must have.
    pub(crate) fn send(&self, request: Request<Body>) -> Answer {
        let told = format!("{} {}", request.method(), request.uri());
        let answer = self.runtime.block_on(async {
            let answered = self.router.clone().oneshot(request);
            let response = tokio::time::timeout(FOREVER, answered).await.expect("it is answered").unwrap();
            let (head, body) = response.into_parts();
            let body = body.collect().await.unwrap();
            let mut headers = head.headers;
            headers.extend(body.trailers().cloned().unwrap_or_default());
            let bytes = body.to_bytes().to_vec();
            let is_text = headers.get("content-type").is_none_or(|kind| kind != "application/grpc");
            let text = if is_text { String::from_utf8(bytes.clone()).unwrap() } else { String::new() };
            Answer { status: head.status, headers, text, bytes }
        });
        check(&told, &answer);
        answer
    }

    /// Sends a request whose answer does not end, and checks what its head must have.
    pub(crate) fn begin(&self, request: Request<Body>) -> Answer {
        let told = format!("{} {}", request.method(), request.uri());
        let response = self.runtime.block_on(self.router.clone().oneshot(request)).unwrap();
        let (head, _) = response.into_parts();
        let answer = Answer { status: head.status, headers: head.headers, text: String::new(), bytes: Vec::new() };
        check(&told, &answer);
        answer
    }

    /// Lets time pass, which stands still otherwise.
    pub(crate) fn wait(&self, time: Duration) {
        self.runtime.block_on(async { tokio::time::sleep(time).await });
    }

    /// Returns a request to this machine.
    pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header("host", "127.0.0.1:8090")
    }

    /// Asks for a page or an answer.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(Self::request(Method::GET, path).body(Body::empty()).unwrap())
    }

    /// Asks for an answer, which must be there.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text);
        answer.json()
    }

    /// Sends JSON.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        let request = Self::request(Method::POST, path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
    }

    /// Sends import lines.
    pub(crate) fn record(&self, lines: &[Value]) -> Answer {
        let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let request = Self::request(Method::POST, "/api/v1/runs").header("content-type", "application/x-ndjson");
        self.send(request.body(Body::from(body)).unwrap())
    }

    /// Sends a form as a page of this server does.
    pub(crate) fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Self::request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("origin", "http://127.0.0.1:8090")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body)).unwrap())
    }

    /// Returns the folder of the store.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("project/.mltrace")
    }
}

/// Checks what every response must have, no matter who made it.
fn check(told: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]
    {
        assert!(policy.contains(part), "{told}: `{policy}` lacks `{part}`");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{told}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{told}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{told}");
    assert_eq!(answer.header("x-frame-options"), "DENY", "{told}");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{told}");
    // The theme is the one part that changes by itself.
    let is_kept = told.contains(" /assets/") && !told.contains("/assets/theme.css");
    let is_asset = is_kept && answer.status == StatusCode::OK;
    assert_eq!(answer.header("cache-control") == "no-store", !is_asset, "{told}");
    assert!(answer.headers.get("access-control-allow-origin").is_none(), "{told}: others may not read");
    if matches!(answer.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
        assert!(answer.header("retry-after").parse::<u32>().is_ok(), "{told}");
    }
    if answer.header("content-type").starts_with("text/html") {
        let page = answer.text.to_lowercase();
        for inline in ["<script>", " style=", "<style", " onclick=", "javascript:", " onload="] {
            assert!(!page.contains(inline), "{told}: a page holds `{inline}`");
        }
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "{told}: a page fetches from elsewhere");
    }
}
