//! What programs ask for, and no person looks at.

use axum::extract::Request;
use axum::http::{HeaderValue, header};

use crate::api;

/// Where a monitoring system asks.
pub(crate) const METRICS: &str = "/metrics";

/// Below this the clients of Marquez ask.
const MARQUEZ: &str = "/marquez/";

/// Returns whether programs ask for what is at a path, which are answered in JSON when there is nothing.
pub(crate) fn is_for_programs(path: &str) -> bool {
    path == METRICS || path == api::SPANS || path.starts_with("/api/") || path.starts_with(MARQUEZ) || is_grpc(path)
}

/// Who asks, and in which words an answer is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A person, who sees a page.
    Person,
    /// A program, which reads JSON.
    Program,
    /// A client of gRPC.
    Grpc,
}

impl Asker {
    /// Returns who sent a request.
    pub(crate) fn of(request: &Request) -> Self {
        let kind = request.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
        match is_for_programs(request.uri().path()) {
            _ if kind.is_some_and(|kind| kind.starts_with(b"application/grpc")) => Self::Grpc,
            true => Self::Program,
            false => Self::Person,
        }
    }
}

/// Returns whether a path is one of gRPC.
pub(crate) fn is_grpc(path: &str) -> bool {
    path.starts_with("/mltrace.v1.") || path.starts_with("/opentelemetry.proto.")
}
