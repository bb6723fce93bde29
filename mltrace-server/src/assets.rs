//! The style, the script and the mark: part of the program, and kept by browsers for as long as it stays the same.

use axum::http::{HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::routes::Routes;

const STYLE: &str = concat!(include_str!("../assets/style.css"), include_str!("../assets/trace.css"));
const SCRIPT: &str = concat!(include_str!("../assets/comfort.js"), include_str!("../assets/graph.js"));
const MARK: &str = include_str!("../assets/mark.svg");

/// A browser asks again only for another address, and the address changes with the content.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

pub(crate) fn routes(routes: Routes) -> Routes {
    routes
        .route(Method::GET, "/assets/style.css", get(async || kept("text/css; charset=utf-8", STYLE)))
        .route(Method::GET, "/assets/comfort.js", get(async || kept("text/javascript; charset=utf-8", SCRIPT)))
        .route(Method::GET, "/assets/mark.svg", get(async || kept("image/svg+xml", MARK)))
}

fn kept(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind)), (header::CACHE_CONTROL, FOR_EVER)], text).into_response()
}

/// Returns the addresses of the style, the script and the mark.
pub(crate) fn addresses() -> [String; 3] {
    [("style.css", STYLE), ("comfort.js", SCRIPT), ("mark.svg", MARK)].map(|(name, text)| {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        format!("/assets/{name}?{}", hash.get(..8).unwrap_or_default())
    })
}
