//! Light or dark, as somebody chooses: a style of its own, a few bytes that are asked for with each page, so that no page has
//! to know the theme, and nothing but a form is needed to choose it.

use axum::extract::{FromRequest as _, RawForm, Request};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::{failed, link};
use crate::asked;
use crate::routes::Routes;
use crate::safety;

/// The cookie that remembers it.
const COOKIE: &str = "mltrace_theme";
/// How long a browser keeps it, in seconds: a year.
const COOKIE_S: u32 = 31_536_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.route(Method::GET, link::THEME, get(style)).route(Method::POST, "/theme", post(choose))
}

/// How pages look, whatever the system prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Theme {
    /// As the system prefers.
    Auto,
    Light,
    Dark,
}

impl Theme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Returns the theme that a browser was given before.
    fn of(headers: &HeaderMap) -> Self {
        match safety::cookies(headers, COOKIE).last() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::Auto,
        }
    }
}

/// Returns the style that chooses between the two colours of everything. Paper is always light.
async fn style(headers: HeaderMap) -> Response {
    let style = match Theme::of(&headers) {
        Theme::Auto => "",
        Theme::Light => {
            "@media screen { :root { color-scheme: light; } .theme [value=light] { color: var(--link); } }\n"
        }
        Theme::Dark => "@media screen { :root { color-scheme: dark; } .theme [value=dark] { color: var(--link); } }\n",
    };
    ([(header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8"))], style).into_response()
}

#[derive(Deserialize)]
struct ThemeForm {
    theme: Theme,
}

/// Remembers a theme, and leads back to where it was chosen.
async fn choose(request: Request) -> Response {
    let back = link::referer(request.headers());
    let told = asked::form::<ThemeForm>(RawForm::from_request(request, &()).await);
    let ThemeForm { theme } = match told {
        Ok(told) => told,
        Err(wrong) => return failed(wrong),
    };
    let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_S}", theme.as_str());
    let mut response = Redirect::to(&back).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
