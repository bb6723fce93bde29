//! Where a person types the token, once.

use std::sync::Arc;

use axum::extract::{FromRequest as _, RawForm, RawQuery, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use maud::{Markup, html};
use serde::Deserialize;

use super::fields::hidden;
use super::{failed, layout, link, shown};
use crate::app::App;
use crate::asked;
use crate::routes::Routes;
use crate::safety::{self, Attempt};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route(Method::GET, "/login", get(ask)).route(Method::POST, "/login", axum::routing::post(enter)).route(
        Method::POST,
        "/logout",
        axum::routing::post(leave),
    )
}

/// Sends a browser to the page that asks for the token, from where it comes back.
pub(crate) fn to_login(request: &Request) -> Response {
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    Redirect::to(&link::to("/login", &[("back", &link::back(here))])).into_response()
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

async fn ask(RawQuery(text): RawQuery) -> Response {
    match asked::fields::<Back>(text.unwrap_or_default().as_bytes()) {
        Ok(asked) => shown(page(&asked.back, "")),
        Err(wrong) => failed(wrong),
    }
}

fn page(back: &str, notice: &str) -> Markup {
    let body = html! {
        h1 { "Token" }
        p { "This server can be reached by others, so it asks for its token. It was shown to the person who started it." }
        @if !notice.is_empty() { p.notice role="alert" { (notice) } }
        form.stack action="/login" method="post" {
            label for="token" { "Token" }
            input #token name="token" type="password" autocomplete="current-password" required autofocus;
            (hidden("back", &link::back(back)))
            button type="submit" { "Enter" }
        }
    };
    layout::bare("Token", "", &body)
}

#[derive(Deserialize)]
struct Entry {
    token: String,
    #[serde(default)]
    back: String,
}

async fn enter(State(app): State<Arc<App>>, request: Request) -> Response {
    let peer = safety::peer(&request);
    let entry: Entry = match asked::form(RawForm::from_request(request, &()).await) {
        Ok(entry) => entry,
        Err(wrong) => return failed(wrong),
    };
    let (status, notice, wait) = match app.guard.opens(peer, &entry.token) {
        Attempt::Right => {
            let cookie = safety::session_cookie(&app.guard);
            return with_cookie(Redirect::to(&link::back(&entry.back)).into_response(), cookie);
        }
        Attempt::Wrong => (StatusCode::UNAUTHORIZED, "That is not the token.".to_owned(), None),
        Attempt::TooMany(wait) => {
            let notice = format!("Too many wrong tokens. Try again in {} s.", wait.as_secs() + 1);
            (StatusCode::TOO_MANY_REQUESTS, notice, Some(wait))
        }
    };
    let mut response = shown(page(&entry.back, &notice));
    *response.status_mut() = status;
    if let Some(wait) = wait {
        safety::retry_after(wait, &mut response);
    }
    response
}

async fn leave() -> Response {
    let gone = format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", safety::SESSION);
    with_cookie(Redirect::to("/login").into_response(), Some(gone))
}

fn with_cookie(mut response: Response, cookie: Option<String>) -> Response {
    if let Some(value) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}
