//! OpenLineage events, as Airflow, Spark, Flink and dbt send them.
//!
//! Clients raise an answer of 4xx in the code of their user and never send the event again; they send again what was
//! answered with 503. So an event is refused only if it can never be understood.

use std::borrow::Cow;
use std::io::Read as _;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use flate2::read::MultiGzDecoder;
use mltrace_core::ingest;
use mltrace_core::model::Record;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use super::Operation;
use crate::app::App;
use crate::asked;
use crate::failure::Failure;
use crate::inbox::AT_ONCE;
use crate::list;
use crate::routes::Routes;
use crate::turns::Demand;

/// Where events are sent, as the clients write it.
const PATHS: [&str; 2] = ["/api/v1/lineage", "/api/v1/lineage/"];
const BATCH_PATHS: [&str; 2] = ["/api/v1/lineage/batch", "/api/v1/lineage/batch/"];
/// The longest event, and the longest body as it is sent.
pub(crate) const LIMIT: usize = 16 << 20;
/// The longest batch once it is unpacked.
const BATCH_LIMIT: usize = 64 << 20;
/// How many events a batch has at most.
pub(crate) const MOST_EVENTS: usize = 10_000;
/// The longest body, and the longest text of one, that takes no turn, and the longest text that is read at once.
const SHORT: usize = 64 << 10;
const QUICK: usize = 8 << 10;
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
    /// Returns how long its text may be.
    fn limit(self) -> usize {
        match self {
            Self::One => LIMIT,
            Self::Many => BATCH_LIMIT,
        }
    }

    /// Records what a request brings. What takes less than a millisecond is read at once, and what is short on a thread of its
    /// own; the rest takes a turn, one after the other.
    async fn take(self, app: Arc<App>, request: Request) -> Result<Response, Failure> {
        super::check_type(request.headers(), &["application/json"])?;
        let is_packed = is_packed(request.headers())?;
        let body = app.room.read(request, LIMIT).await?;
        if body.bytes.len() <= SHORT
            && let Some(text) = text(&body.bytes, is_packed, SHORT)?
        {
            if text.len() <= QUICK {
                return self.record(&app, &text).await;
            }
            let text = text.into_owned();
            let record = move || Handle::current().block_on(self.record(&app, &text));
            return tokio::task::spawn_blocking(record).await.map_err(|_| Failure::late())?;
        }
        let record = move |app: &App| {
            let text = text(&body.bytes, is_packed, self.limit())?;
            let text = text.ok_or_else(|| asked::body(StatusCode::PAYLOAD_TOO_LARGE))?;
            Handle::current().block_on(self.record(app, &text))
        };
        app.work_as(Demand::Import, record).await
    }

    async fn record(self, app: &App, text: &str) -> Result<Response, Failure> {
        match self {
            Self::One => one(app, text).await,
            Self::Many => many(app, text).await,
        }
    }
}

/// Records one event.
async fn one(app: &App, text: &str) -> Result<Response, Failure> {
    let record = ingest::event(&app.home, text).map_err(|fault| Failure::usage(fault.to_string()))?;
    keep(app, vec![record], text.len()).await?;
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
async fn many(app: &App, text: &str) -> Result<Response, Failure> {
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
            keep(app, std::mem::take(&mut records), bytes).await?;
            bytes = 0;
        }
    }
    keep(app, records, bytes).await?;
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

async fn keep(app: &App, records: Vec<Record>, bytes: usize) -> Result<(), Failure> {
    if !app.home.is_enabled || !app.inbox.keep(records, bytes).await? {
        return Err(Failure::unrecorded(&app.home));
    }
    Ok(())
}

/// Returns the text of a body, unpacked; `None` when it is longer than `most` bytes.
fn text(body: &[u8], is_packed: bool, most: usize) -> Result<Option<Cow<'_, str>>, Failure> {
    let no_text = || Failure::usage("the body is not UTF-8");
    if !is_packed {
        return std::str::from_utf8(body).map(|text| Some(text.into())).map_err(|_| no_text());
    }
    let mut unpacked = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    let read = MultiGzDecoder::new(body).take(limit).read_to_end(&mut unpacked);
    read.map_err(|error| Failure::usage(format!("the body cannot be unpacked: {error}")))?;
    if unpacked.len() > most {
        return Ok(None);
    }
    String::from_utf8(unpacked).map(|text| Some(text.into())).map_err(|_| no_text())
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
