//! OpenLineage events, as Airflow, Spark, Flink and dbt send them.
//!
//! Clients raise an answer of 4xx in the code of their user and never send the event again; they send again what was
//! answered with 503. So an event is refused only if it can never be understood.

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use mltrace_core::ingest;
use mltrace_core::model::Record;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Operation;
use crate::app::App;
use crate::asked;
use crate::failure::Failure;
use crate::routes::Routes;

/// Where events are sent, as the clients write it.
const PATHS: [&str; 2] = ["/api/v1/lineage", "/api/v1/lineage/"];
const BATCH_PATHS: [&str; 2] = ["/api/v1/lineage/batch", "/api/v1/lineage/batch/"];
/// The longest event, and the longest body as it is sent.
pub(crate) const LIMIT: usize = 16 << 20;
/// The longest batch once it is unpacked.
const BATCH_LIMIT: usize = 64 << 20;
/// How many events of a batch that were refused are named one by one.
const MOST_FAILED: usize = 1000;

/// Returns whether events are sent to a path.
pub(crate) fn is_path(path: &str) -> bool {
    PATHS.contains(&path) || BATCH_PATHS.contains(&path)
}

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = routes
        .operation(Operation::event(
            PATHS[0],
            "Record an OpenLineage event, gzipped or not. 201: the journal holds it. 400: it can never be understood. \
             503: send it again",
        ))
        .operation(Operation::events::<Batch>(
            BATCH_PATHS[0],
            "Record OpenLineage events. The answer names those that can never be understood",
        ));
    let limit = DefaultBodyLimit::max(LIMIT);
    let routes =
        PATHS.into_iter().fold(routes, |routes, path| routes.route(Method::POST, path, post(one).layer(limit)));
    BATCH_PATHS.into_iter().fold(routes, |routes, path| routes.route(Method::POST, path, post(many).layer(limit)))
}

/// Records one event.
async fn one(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let text = text(&headers, body, LIMIT)?;
    let record = ingest::event(&app.home, &text).map_err(|fault| Failure::usage(fault.to_string()))?;
    keep(&app, vec![record], text.len()).await?;
    Ok(StatusCode::CREATED.into_response())
}

/// What became of the events of a batch.
#[derive(Debug, Serialize, JsonSchema)]
struct Batch {
    /// `success`, or `partial_success` when some were refused.
    status: &'static str,
    /// How many there were.
    summary: Summary,
    /// The first thousand that were refused.
    failed_events: Vec<Failed>,
}

/// How many events a batch had.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    /// All.
    received: usize,
    /// Those that the journal holds.
    successful: usize,
    /// Those that were refused.
    failed: usize,
    /// Those of them that are to be sent again.
    retriable: usize,
    /// Those of them that can never be understood.
    non_retriable: usize,
}

/// An event that was refused.
#[derive(Debug, Serialize, JsonSchema)]
struct Failed {
    /// Its place in the batch, from 0.
    index: usize,
    /// Why.
    reason: String,
    /// Whether it is to be sent again.
    retriable: bool,
}

/// Records all events of a list that can be understood.
async fn many(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let text = text(&headers, body, BATCH_LIMIT)?;
    let events: Vec<&RawValue> = serde_json::from_str(&text)
        .map_err(|error| Failure::usage(format!("the body is not a list of events: {error}")))?;
    let (mut records, mut failed, mut count) = (Vec::with_capacity(events.len()), Vec::new(), 0_usize);
    for (index, event) in events.iter().enumerate() {
        match ingest::event(&app.home, event.get()) {
            Ok(record) => records.push(record),
            Err(fault) => {
                count += 1;
                let reason = fault.to_string();
                failed.extend((failed.len() < MOST_FAILED).then_some(Failed { index, reason, retriable: false }));
            }
        }
    }
    let (received, successful) = (events.len(), records.len());
    keep(&app, records, text.len()).await?;
    let status = if count == 0 { "success" } else { "partial_success" };
    let summary = Summary { received, successful, failed: count, retriable: 0, non_retriable: count };
    Ok(super::json(StatusCode::OK, &Batch { status, summary, failed_events: failed }))
}

async fn keep(app: &App, records: Vec<Record>, bytes: usize) -> Result<(), Failure> {
    if !app.home.is_enabled || !app.inbox.keep(records, bytes).await? {
        return Err(Failure::unrecorded(&app.home));
    }
    Ok(())
}

/// Returns the text of a body, unpacked, of at most so many bytes.
fn text(headers: &HeaderMap, body: Result<Bytes, BytesRejection>, most: usize) -> Result<String, Failure> {
    let is_packed = is_packed(headers)?;
    let bytes = super::body(headers, body, &["application/json"])?;
    let no_text = || Failure::usage("the body is not UTF-8");
    if !is_packed {
        return String::from_utf8(bytes.into()).map_err(|_| no_text());
    }
    let mut unpacked = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(&*bytes).take(limit).read_to_end(&mut unpacked);
    read.map_err(|error| Failure::usage(format!("the body cannot be unpacked: {error}")))?;
    if unpacked.len() > most {
        return Err(asked::body(StatusCode::PAYLOAD_TOO_LARGE));
    }
    String::from_utf8(unpacked).map_err(|_| no_text())
}

/// Returns whether a body is packed by gzip.
fn is_packed(headers: &HeaderMap) -> Result<bool, Failure> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let codings: Vec<_> = codings.map(|coding| coding.trim_ascii().to_ascii_lowercase()).collect();
    match codings.iter().map(Vec::as_slice).collect::<Vec<_>>().as_slice() {
        [] | [b"identity" | b""] => Ok(false),
        [b"gzip" | b"x-gzip"] => Ok(true),
        _ => {
            let failure =
                Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body is packed in a way that is not known here");
            Err(failure.hint("send it as it is, or with the header `Content-Encoding: gzip`"))
        }
    }
}
