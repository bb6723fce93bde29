//! The door: every request passes it before anything else looks at it.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::{AllowedHost, Token, host, origin};
use crate::app::App;
use crate::failure::Failure;
use crate::pages;

/// The cookie that a browser shows after somebody typed the token.
pub(crate) const SESSION: &str = "mltrace_session";
/// How long that lasts: a working week.
const SESSION_S: u32 = 5 * 24 * 3600;

/// Who may ask.
#[derive(Clone, Debug)]
pub struct Guard {
    address: SocketAddr,
    allowed: Vec<AllowedHost>,
    token: Option<Token>,
}

/// A server that others can reach needs a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingToken;

impl std::fmt::Display for MissingToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a server that other machines can reach needs a token")
    }
}

impl std::error::Error for MissingToken {}

impl Guard {
    /// Returns the guard of a server that listens on `bind`.
    ///
    /// # Errors
    /// When other machines can reach it and there is no token.
    pub fn new(bind: SocketAddr, allowed: Vec<AllowedHost>, token: Option<Token>) -> Result<Self, MissingToken> {
        if token.is_none() && !bind.ip().is_loopback() {
            return Err(MissingToken);
        }
        Ok(Self { address: bind, allowed, token })
    }

    /// Returns the address at which a browser reaches the server.
    #[must_use]
    pub fn url(&self) -> String {
        match self.allowed.first() {
            Some(host) if !self.address.ip().is_loopback() => format!("http://{host}:{}/", self.address.port()),
            _ if self.address.ip().is_unspecified() => format!("http://localhost:{}/", self.address.port()),
            _ => format!("http://{}/", self.address),
        }
    }

    /// Returns whether it asks for a token.
    pub(crate) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Returns whether the text is the token.
    pub(crate) fn opens(&self, text: &str) -> bool {
        self.token.as_ref().is_none_or(|token| token.is(text))
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(bearer) = bearer {
            return bearer.strip_prefix("Bearer ").is_some_and(|text| token.is(text));
        }
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(name, value)| name == SESSION && token.is_cookie(value))
    }
}

/// Returns the cookie for somebody who knows the token; `None` when there is none to know.
pub(crate) fn session_cookie(guard: &Guard) -> Option<String> {
    let value = guard.token.as_ref()?.cookie();
    Some(format!("{SESSION}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_S}"))
}

/// Returns the one host that the request is addressed to.
fn authority(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    // A request line may name a host too; both must be the same.
    let is_one = hosts.next().is_none() && request.uri().authority().is_none_or(|named| named.as_str() == host);
    is_one.then_some(host)
}

/// Lets a request through, or answers it.
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    match refuse(&app.guard, &request) {
        None => next.run(request).await,
        Some(refused) if request.uri().path().starts_with("/api/") => refused.into_json(),
        Some(refused) if refused.status == StatusCode::UNAUTHORIZED && request.method() == Method::GET => {
            pages::to_login(&request)
        }
        Some(refused) => pages::failed(refused),
    }
}

fn refuse(guard: &Guard, request: &Request) -> Option<Failure> {
    let refused = |status, message: String| Some(Failure::new(status, message));
    let authority = match authority(request) {
        Some(authority) if host::is_meant(authority, &guard.allowed) => authority,
        Some(authority) => {
            let name = host::without_port(authority).unwrap_or("HOST").trim_matches(['[', ']']);
            let hint = format!("start the server with `--allowed-host {name}` to be asked under this name");
            return refused(StatusCode::FORBIDDEN, format!("`{authority}` is not a name of this server"))
                .map(|failure| failure.hint(hint));
        }
        None => return refused(StatusCode::BAD_REQUEST, "the request must name one host".to_owned()),
    };
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD);
    if is_change && !origin::is_own(request.headers(), authority) {
        return refused(StatusCode::FORBIDDEN, "a page of another server may not change anything here".to_owned());
    }
    // What is needed to show the page that asks for the token.
    let is_open = request.uri().path() == "/login" || request.uri().path().starts_with("/assets/");
    if !is_open && !guard.knows(request.headers()) {
        return refused(StatusCode::UNAUTHORIZED, "this server asks for a token".to_owned())
            .map(|failure| failure.hint("send it as `Authorization: Bearer TOKEN`, or log in at `/login`"));
    }
    None
}
