//! Spans, as OpenTelemetry exports them over HTTP: those that name what they read or wrote are runs.
//!
//! Answers are those of its protocol: 200 also where some spans can never be taken, which the answer counts; 400 for a body
//! that can never be understood; 503 for one that is to be sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use mltrace_core::ingest::{self, SpanReport};
use mltrace_core::otlp::Encoding;
use prost::Message;
use schemars::JsonSchema;
use serde::Serialize;

use super::Operation;
use crate::app::App;
use crate::bodies::{self, Keep, Reading};
use crate::failure::{Failure, mark_for_retry};
use crate::inbox::AT_ONCE;
use crate::routes::Routes;

/// Where spans are sent, as the exporters write it.
pub(crate) const SPANS: &str = "/v1/traces";
/// The longest export once it is unpacked.
const UNPACKED: usize = 64 << 20;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

pub(super) fn routes(routes: Routes) -> Routes {
    let summary = "Record the spans of OpenTelemetry that name what they read or wrote, gzipped or not. 200: the journal \
                   holds them, and `partialSuccess` counts those that can never be taken. 503: send them again";
    let handler = async |State(app): State<Arc<App>>, request: Request| match encoding(request.headers()) {
        Ok(encoding) => answer(bodies::take(app, request, Export(encoding)).await, encoding),
        Err(failure) => failure.into_response(),
    };
    routes.operation(Operation::spans::<Exported>(SPANS, summary)).route(Method::POST, SPANS, post(handler))
}

/// Returns how a body is written.
fn encoding(headers: &HeaderMap) -> Result<Encoding, Failure> {
    super::check_type(headers, &[PROTOBUF, JSON])?;
    let is_json = super::check_type(headers, &[JSON]).is_ok();
    Ok(if is_json { Encoding::Json } else { Encoding::Protobuf })
}

/// An export that is written so.
pub(crate) struct Export(pub(crate) Encoding);

impl Reading for Export {
    type Answer = SpanReport;

    fn limit(&self) -> usize {
        UNPACKED
    }

    fn read(self, app: &App, body: &[u8], keep: Keep<'_>) -> Result<SpanReport, Failure> {
        let (mut records, mut bytes, mut kept) = (Vec::new(), 0_usize, Ok(()));
        let read = ingest::spans(&app.home, body, self.0, &mut |record, length| {
            records.push(record);
            bytes = bytes.saturating_add(length);
            if bytes >= AT_ONCE {
                kept = keep(std::mem::take(&mut records), std::mem::take(&mut bytes));
            }
            if kept.is_ok() && !app.goes_on() {
                kept = Err(Failure::late());
            }
            kept.is_ok()
        });
        let report = read.map_err(|fault| Failure::usage(fault.to_string()))?;
        kept?;
        // Switched off, it says so even where there is nothing to record.
        keep(records, bytes)?;
        app.spans.add(&report);
        Ok(report)
    }
}

/// What became of the spans that this server received.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpanCounts(Arc<[AtomicU64; 3]>);

impl SpanCounts {
    fn add(&self, report: &SpanReport) {
        for (sum, more) in self.0.iter().zip([report.runs, report.dropped, report.refused]) {
            sum.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Returns how many they are.
    pub(crate) fn report(&self) -> SpanReport {
        let [runs, dropped, refused] = self.0.each_ref().map(|sum| sum.load(Ordering::Relaxed));
        SpanReport { runs, dropped, refused, reason: None }
    }
}

/// The answer to an export: `ExportTraceServiceResponse`.
#[derive(Clone, PartialEq, Message, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exported {
    /// What was refused, if anything was.
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_success: Option<Partial>,
}

/// How many spans were refused, and why: `ExportTracePartialSuccess`.
#[derive(Clone, PartialEq, Message, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Partial {
    /// How many.
    #[prost(int64, tag = "1")]
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "String")]
    rejected_spans: i64,
    /// Why the first of them was.
    #[prost(string, tag = "2")]
    error_message: String,
}

/// JSON made from protobuf writes a long number as a text.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn as_text<S: serde::Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

impl Exported {
    /// Returns the answer to these spans. Those that are no runs are not mentioned: exporters would warn of them for ever.
    pub(crate) fn of(report: SpanReport) -> Self {
        let partial = report.reason.map(|reason| Partial {
            rejected_spans: i64::try_from(report.refused).unwrap_or(i64::MAX),
            error_message: format!("a span is refused: {reason}"),
        });
        Self { partial_success: partial }
    }
}

/// Why an export was refused: `google.rpc.Status`.
#[derive(Clone, PartialEq, Message, Serialize, JsonSchema)]
pub(super) struct Refused {
    /// The number of the status in gRPC.
    #[prost(int32, tag = "1")]
    code: i32,
    /// Why.
    #[prost(string, tag = "2")]
    message: String,
}

/// Returns the answer, written as the request was.
fn answer(read: Result<SpanReport, Failure>, encoding: Encoding) -> Response {
    match read {
        Ok(report) => written(StatusCode::OK, &Exported::of(report), encoding),
        Err(failure) => {
            let refused = Refused { code: failure.grpc_code(), message: failure.text() };
            let mut response = written(failure.status, &refused, encoding);
            mark_for_retry(failure.status, &mut response);
            response
        }
    }
}

fn written<M: Message + Serialize>(status: StatusCode, message: &M, encoding: Encoding) -> Response {
    match encoding {
        Encoding::Json => super::json(status, message),
        Encoding::Protobuf => {
            let kind = (header::CONTENT_TYPE, HeaderValue::from_static(PROTOBUF));
            (status, [kind], message.encode_to_vec()).into_response()
        }
    }
}
