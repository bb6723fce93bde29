//! How long a request says that it is: what is too long is refused before a byte of it is read.

use axum::extract::Request;
use axum::http::{StatusCode, header};

use crate::failure::Failure;
use crate::{api, asked, bodies, routes};

/// Returns why the body of a request is not read, by what its head says of it.
pub(super) fn refuse(request: &Request) -> Option<Failure> {
    // A body in chunks has none: hyper drops the one that came along, as RFC 9112 says. It is counted while it is read.
    let length = request.headers().get(header::CONTENT_LENGTH);
    let most = match request.uri().path() {
        api::IMPORT_PATH => api::IMPORT_LIMIT,
        path if api::takes_long_bodies(path) => bodies::LIMIT,
        _ => routes::BODY_LIMIT,
    };
    let length = length?.to_str().ok().and_then(|length| length.parse::<u64>().ok());
    let is_too_long = length.is_none_or(|length| length > most as u64);
    is_too_long.then(|| asked::body(StatusCode::PAYLOAD_TOO_LARGE))
}
