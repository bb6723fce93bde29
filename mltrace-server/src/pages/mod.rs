//! The pages: made on the server, whole without scripts.

mod layout;

mod link;

mod parts;

mod names;

mod panels;

mod theme;

mod fields;

mod start;

mod login;

mod figures;

mod overview;

mod runs;

mod outputs;

mod judge;

mod components;

mod component;

mod run;

mod trace;

mod brief;

mod side;

mod window;

mod boxes;

mod timeline;

mod graph;

mod tree;

mod artifact;

mod series;

mod verdicts;

mod compare;

mod beside;

mod review;

mod good;

mod aliases;

mod profile;

mod stale;

mod health;

mod tasks;

mod subjects;

mod verify;

mod search;

mod api;

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::failure::{Failure, mark_for_retry};
use crate::routes::Routes;

pub(crate) use api::page as api;
pub(crate) use login::to_login;

/// Adds the pages.
pub(crate) fn routes(routes: Routes) -> Routes {
    let add = [
        login::routes,
        overview::routes,
        runs::routes,
        outputs::routes,
        judge::routes,
        components::routes,
        component::routes,
        run::routes,
        trace::routes,
        artifact::routes,
        compare::routes,
        beside::routes,
        review::routes,
        good::routes,
        aliases::routes,
        profile::routes,
        stale::routes,
        health::routes,
        tasks::routes,
        subjects::routes,
        verify::routes,
        search::routes,
        theme::routes,
    ];
    add.into_iter().fold(routes, |routes, add| add(routes))
}

/// Returns a page as a response.
pub(crate) fn shown(page: Markup) -> Response {
    (StatusCode::OK, [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))], page.into_string())
        .into_response()
}

/// Returns the page that a person sees whom a foreign page leads here: it asks the store nothing, the link in it does.
pub(crate) fn doorstep(request: &Request) -> Response {
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    let body = html! {
        h1 { "You come from another site" }
        p.lead { "A page of another site led here. Go on if that is where you wanted to go." }
        p { a.strong href=(link::back(here)) { "Go on" } }
    };
    shown(layout::bare("Go on?", "", &body))
}

/// Returns the page that says why there is no other.
pub(crate) fn failed(failure: Failure) -> Response {
    let Failure { status, told, candidates, page, .. } = failure;
    if let Some(page) = page {
        let mut response = shown(*page);
        *response.status_mut() = status;
        return response;
    }
    let title = match status {
        StatusCode::NOT_FOUND => "Not found",
        StatusCode::SERVICE_UNAVAILABLE => "Not available",
        StatusCode::CONFLICT => "Which one?",
        StatusCode::INTERNAL_SERVER_ERROR => "A bug",
        _ => "Not possible",
    };
    let body = html! {
        h1 { (title) }
        p.lead { (parts::sentence(&told.message)) }
        @if !told.candidates.is_empty() {
            p { "It may be:" }
            ul { @for candidate in &told.candidates { li { a href=(link::candidate(&candidates, candidate)) { (parts::name(candidate)) } } } }
        }
        @if let Some(hint) = &told.hint { p.hint { (parts::sentence(hint)) } }
        p { a href="/" { "Overview" } " · " a href="/runs" { "Runs" } }
    };
    let mut response = shown(layout::bare(title, "", &body));
    *response.status_mut() = status;
    mark_for_retry(status, &mut response);
    response
}
