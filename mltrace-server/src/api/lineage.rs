//! OpenLineage events, as Airflow, Spark, Flink and dbt send them.
//!
//! Clients raise an answer of 4xx in the code of their user and never send the event again; they send again what was
//! answered with 503. So an event is refused only if it can never be understood.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mltrace_core::ingest;
use mltrace_core::model::Record;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Operation;
use crate::app::App;
use crate::bodies::{self, Keep, LIMIT, Reading};
use crate::failure::Failure;
use crate::inbox::AT_ONCE;
use crate::list;
use crate::routes::Routes;

/// Where events are sent, as the clients write it.
const PATHS: [&str; 2] = ["/api/v1/lineage", "/api/v1/lineage/"];
const BATCH_PATHS: [&str; 2] = ["/api/v1/lineage/batch", "/api/v1/lineage/batch/"];
/// The longest batch once it is unpacked.
const BATCH_LIMIT: usize = 64 << 20;
/// How many events a batch has at most.
pub(crate) const MOST_EVENTS: usize = 10_000;
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
            "Record OpenLineage events. The answer names those that can never be understood. 413: there are more than \
             10,000, and nothing is recorded",
        ));
    let doors = [(PATHS, Sent::One), (BATCH_PATHS, Sent::Many)];
    let doors = doors.into_iter().flat_map(|(paths, sent)| paths.map(|path| (path, sent)));
    doors.fold(routes, |routes, (path, sent)| {
        let handler = move |State(app): State<Arc<App>>, request: Request| sent.take(app, request);
        routes.route(Method::POST, path, post(handler))
    })
}

/// What a body holds.
#[derive(Clone, Copy, Debug)]
enum Sent {
    /// An event.
    One,
    /// A list of events.
    Many,
}

impl Sent {
    async fn take(self, app: Arc<App>, request: Request) -> Result<Response, Failure> {
        super::check_type(request.headers(), &["application/json"])?;
        bodies::take(app, request, self).await
    }
}

impl Reading for Sent {
    type Answer = Response;

    fn limit(&self) -> usize {
        match self {
            Self::One => LIMIT,
            Self::Many => BATCH_LIMIT,
        }
    }

    fn read(self, app: &App, body: &[u8], keep: Keep<'_>) -> Result<Response, Failure> {
        let text = std::str::from_utf8(body).map_err(|_| Failure::usage("the body is not UTF-8"))?;
        match self {
            Self::One => one(app, text, keep),
            Self::Many => many(app, text, keep),
        }
    }
}

/// Records one event.
fn one(app: &App, text: &str, keep: Keep<'_>) -> Result<Response, Failure> {
    let record = ingest::event(&app.home, text).map_err(|fault| Failure::usage(fault.to_string()))?;
    keep(vec![record], text.len())?;
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

/// Records all events of a list that can be understood, a part at a time: in memory they are there twice.
fn many(app: &App, text: &str, keep: Keep<'_>) -> Result<Response, Failure> {
    let events = events(text)?;
    let (mut failed, mut count) = (Vec::new(), 0_usize);
    let (mut records, mut bytes) = (Vec::new(), 0_usize);
    for (index, event) in events.iter().enumerate() {
        if !app.goes_on() {
            return Err(Failure::late());
        }
        match event_of(app, event.get()) {
            Ok(record) => records.push(record),
            Err(reason) => {
                count += 1;
                failed.extend((failed.len() < MOST_FAILED).then_some(Failed { index, reason, retriable: false }));
            }
        }
        bytes = bytes.saturating_add(event.get().len());
        if bytes >= AT_ONCE {
            keep(std::mem::take(&mut records), bytes)?;
            bytes = 0;
        }
    }
    keep(records, bytes)?;
    let received = events.len();
    let status = if count == 0 { "success" } else { "partial_success" };
    let summary = Summary {
        received,
        successful: received.saturating_sub(count),
        failed: count,
        retriable: 0,
        non_retriable: count,
    };
    Ok(super::json(StatusCode::OK, &Batch { status, summary, failed_events: failed }))
}

/// Returns the events of a list, about which nothing is recorded when there are too many of them.
fn events(text: &str) -> Result<Vec<&RawValue>, Failure> {
    let mut events = Vec::new();
    let read = list::each(text.as_bytes(), |event| {
        events.push(event);
        events.len() <= MOST_EVENTS
    });
    if events.len() > MOST_EVENTS {
        let failure = Failure::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a batch has at most {MOST_EVENTS} events"));
        return Err(failure.hint("send them in several batches"));
    }
    read.map_err(|error| Failure::usage(format!("the body is not a list of events: {error}")))?;
    Ok(events)
}

fn event_of(app: &App, text: &str) -> Result<Record, String> {
    if text.len() > LIMIT {
        return Err(format!("the event is longer than {} MiB", LIMIT >> 20));
    }
    ingest::event(&app.home, text).map_err(|fault| fault.to_string())
}
