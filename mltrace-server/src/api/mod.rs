//! The API under `/api/v1`: the verbs of the command, the structs of its JSON.

mod values;

mod conditions;

mod profile;

mod runs;

mod queries;

mod writes;

mod verify;

mod aliases;

mod gate;

mod measures;

mod tasks;

mod health;

mod lineage;

mod traces;

mod subjects;

mod openapi;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::asked;
use crate::failure::Failure;
use crate::routes::Routes;
use crate::safety;

pub(crate) use aliases::{AliasQuery, AliasesQuery, alias, aliases};
pub(crate) use conditions::moment as when;
pub(crate) use gate::{CompareQuery, compare as side_by_side};
pub(crate) use health::{HealthQuery, health, overview};
pub(crate) use openapi::{Operation, routes as document_routes};
pub(crate) use profile::{ProfileQuery, profile};
pub(crate) use queries::{
    BlameQuery, DiffQuery, ImpactQuery, LastGoodQuery, LastStale, NearImpact, StaleQuery, VersionsPage, blame, impact,
    last_good, newest, page_of_versions, stale,
};
#[cfg(feature = "grpc")]
pub(crate) use queries::{review, trace};
pub(crate) use runs::RecentQuery;
pub(crate) use subjects::{SubjectQuery, named as subject_named, subject};
pub(crate) use tasks::{TaskQuery, task, tasks};
#[cfg(feature = "grpc")]
pub(crate) use traces::{Export, Exported};
pub(crate) use traces::{SPANS, SpanCounts};
pub(crate) use values::{Depth, Limit, Nothing, blank, limited, run_id};
pub(crate) use verify::{Checked, verified};
pub(crate) use writes::{ComponentBody, IMPORT_LIMIT, IMPORT_PATH, NoteBody, amend, judge, note};

/// Adds the API.
pub(crate) fn routes(routes: Routes) -> Routes {
    let questions = queries::routes(runs::routes(routes));
    let questions = measures::routes(subjects::routes(profile::routes(health::routes(questions))));
    tasks::routes(gate::routes(aliases::routes(verify::routes(traces::routes(lineage::routes(writes::routes(
        questions,
    )))))))
}

/// Returns whether other tools send to a path what may be as long as [`bodies::LIMIT`](crate::bodies::LIMIT) allows.
pub(crate) fn takes_long_bodies(path: &str) -> bool {
    lineage::is_path(path) || path == SPANS || safety::is_grpc(path)
}

/// Returns a response that carries JSON.
pub(crate) fn json<A: Serialize>(status: StatusCode, answer: &A) -> Response {
    match serde_json::to_vec(answer) {
        Ok(bytes) => {
            (status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
        }
        // The answers hold text keys and no fallible parts.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Returns the body of a request that says it is of one of these types.
pub(crate) fn body(headers: &HeaderMap, body: Result<Bytes, BytesRejection>, types: &[&str]) -> Result<Bytes, Failure> {
    check_type(headers, types)?;
    body.map_err(|error| asked::body(error.status()))
}

/// Refuses a request that does not say that its body is of one of these types.
///
/// A foreign page can send a form without asking, but no JSON: so the type is checked even though it is known.
pub(crate) fn check_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Failure> {
    let told = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = told.split(';').next().unwrap_or_default().trim();
    if types.iter().any(|known| kind.eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let message = format!("the body must be sent as `{}`", types.join("` or `"));
    let failure = Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    Err(failure.hint(format!("add the header `Content-Type: {}`", types.first().copied().unwrap_or_default())))
}
