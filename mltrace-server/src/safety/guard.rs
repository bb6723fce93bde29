//! The door: every request passes it before anything else looks at it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use super::attempts::{Attempt, Attempts};
use super::origin::Sender;
use super::{AllowedHost, Asker, Peer, Streams, Token, connection, host, length, origin, peer};
use crate::app::App;
use crate::failure::Failure;
use crate::pages;

/// Where the token is asked for.
pub(crate) const LOGIN: &str = "/login";

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
    attempts: Arc<Attempts>,
    /// The places of streams of news.
    pub(crate) streams: Streams,
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
        Ok(Self { address: bind, allowed, token, attempts: Arc::new(Attempts::new()), streams: Streams::default() })
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

    /// Returns whether the text, which the peer says is the token, is it.
    pub(crate) fn opens(&self, peer: Peer, text: &str) -> Attempt {
        self.token.as_ref().map_or(Attempt::Right, |token| self.attempts.attempt(peer, || token.is(text)))
    }

    /// Returns what comes of the token that a request brings; a session is not one, and cannot be guessed.
    fn knows(&self, request: &Request) -> Attempt {
        let Some(token) = &self.token else { return Attempt::Right };
        let bearer = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        match bearer {
            Some(bearer) => match without_scheme(bearer) {
                Some(text) => self.opens(peer(request), text),
                None => Attempt::Wrong,
            },
            None if has_session(token, request.headers()) => Attempt::Right,
            None => Attempt::Wrong,
        }
    }
}

/// Returns the token behind `Bearer`, which may be written in any case.
fn without_scheme(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Returns whether a path needs no token: what shows the page that asks for it.
fn is_open(path: &str) -> bool {
    path == LOGIN || path.starts_with("/assets/")
}

fn has_session(token: &Token, headers: &HeaderMap) -> bool {
    cookies(headers, SESSION).any(|value| token.is_session(value))
}

/// Returns the values of the cookies of a name.
pub(crate) fn cookies<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
}

/// Returns the cookie for somebody who knows the token; `None` when there is none to know.
pub(crate) fn session_cookie(guard: &Guard) -> Option<String> {
    let value = guard.token.as_ref()?.session();
    Some(format!("{SESSION}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={SESSION_S}"))
}

/// Returns the one host that the request is addressed to.
fn authority(request: &Request) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let Some(host) = hosts.next() else {
        // HTTP/2 has a field of its own in the place of the header.
        let named = request.uri().authority().filter(|_| request.version() == Version::HTTP_2);
        return named.map(Authority::as_str);
    };
    let host = host.to_str().ok()?;
    // A request line may name a host too; both must be the same.
    let is_one = hosts.next().is_none() && request.uri().authority().is_none_or(|named| named.as_str() == host);
    is_one.then_some(host)
}

/// Says after how long a client may come back, in whole seconds.
pub(crate) fn retry_after(wait: Duration, response: &mut Response) {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
}

/// Lets a request through, or answers it.
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let asker = Asker::of(&request);
    match refuse(&app.guard, &request) {
        None => match connection(&request).cloned() {
            Some(connection) if !is_open(request.uri().path()) => {
                connection.pass();
                next.run(request.map(|body| connection.read(body))).await
            }
            _ => next.run(request).await,
        },
        Some(Refused::AtTheDoor) => pages::doorstep(&request),
        Some(Refused::Because(failure, wait)) => {
            let is_asked = failure.status == StatusCode::UNAUTHORIZED && request.method() == Method::GET;
            let mut response = match asker {
                Asker::Grpc => failure.into_grpc(),
                Asker::Program => failure.into_json(),
                Asker::Person if is_asked => pages::to_login(&request),
                Asker::Person => pages::failed(failure),
            };
            if let Some(wait) = wait {
                retry_after(wait, &mut response);
            }
            response
        }
    }
}

/// Why a request is not let through.
enum Refused {
    /// It may come back after so long, where there is a time.
    Because(Failure, Option<Duration>),
    /// A foreign page leads here: the person is asked to press once more, which costs the store nothing.
    AtTheDoor,
}

fn refused(status: StatusCode, message: impl Into<String>, hint: &str) -> Option<Refused> {
    Some(Refused::Because(Failure::new(status, message).hint(hint), None))
}

fn refuse(guard: &Guard, request: &Request) -> Option<Refused> {
    let authority = match authority(request) {
        Some(authority) if host::is_meant(authority, &guard.allowed) => authority,
        Some(authority) => {
            let name = host::without_port(authority).unwrap_or("HOST").trim_matches(['[', ']']);
            let hint = format!("start the server with `--allowed-host {name}` to be asked under this name");
            return refused(StatusCode::FORBIDDEN, format!("`{authority}` is not a name of this server"), &hint);
        }
        None => {
            let hint = "send one `Host` header, the same as in the address";
            return refused(StatusCode::BAD_REQUEST, "the request must name one host", hint);
        }
    };
    let is_question = matches!(*request.method(), Method::GET | Method::HEAD);
    let sender = origin::sender(request, authority);
    if sender == Sender::Foreign {
        let what = if is_question { "ask" } else { "change" };
        let message = format!("a page of another server may not {what} anything here");
        return refused(StatusCode::FORBIDDEN, message, "open the page of this server yourself");
    }
    let known = if is_open(request.uri().path()) { Attempt::Right } else { guard.knows(request) };
    match (sender, known) {
        (Sender::Unpressed, _) => return Some(Refused::AtTheDoor),
        // Browsers keep the cookie to themselves when a foreign page leads here, and send it from the page at the door.
        (Sender::Visitor, Attempt::Wrong) => return Some(Refused::AtTheDoor),
        (_, Attempt::Right) => {}
        (_, Attempt::Wrong) => {
            let hint = "send it as `Authorization: Bearer TOKEN`, or log in at `/login`";
            return refused(StatusCode::UNAUTHORIZED, "this server asks for a token", hint);
        }
        (_, Attempt::TooMany(wait)) => {
            let failure = Failure::new(StatusCode::TOO_MANY_REQUESTS, "too many wrong tokens came from this address");
            return Some(Refused::Because(failure.hint("try again later, with the right one"), Some(wait)));
        }
    }
    length::refuse(request).map(|failure| Refused::Because(failure, None))
}
