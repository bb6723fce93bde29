//! Spans over HTTP: what the exporters of OpenTelemetry send, and the answers that they understand.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use mltrace_core::ingest;
use mltrace_core::store::{self, Mode};
use prost::Message as _;
use serde_json::{Value, json};

use crate::client::{Answer, Served, TOKEN};

pub(crate) const PATH: &str = "/v1/traces";
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

/// The messages of an export, as far as these tests fill them.
pub(crate) mod message {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Export {
        #[prost(message, repeated, tag = "1")]
        pub(crate) of_resources: Vec<OfResource>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct OfResource {
        #[prost(message, repeated, tag = "2")]
        pub(crate) of_scopes: Vec<OfScope>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct OfScope {
        #[prost(message, repeated, tag = "2")]
        pub(crate) spans: Vec<Span>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Span {
        #[prost(bytes = "vec", tag = "1")]
        pub(crate) trace: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")]
        pub(crate) id: Vec<u8>,
        #[prost(string, tag = "5")]
        pub(crate) name: String,
        #[prost(fixed64, tag = "7")]
        pub(crate) start: u64,
        #[prost(fixed64, tag = "8")]
        pub(crate) end: u64,
        #[prost(message, repeated, tag = "9")]
        pub(crate) attributes: Vec<Pair>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Pair {
        #[prost(string, tag = "1")]
        pub(crate) key: String,
        #[prost(message, optional, tag = "2")]
        pub(crate) value: Option<Text>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Text {
        #[prost(string, tag = "1")]
        pub(crate) text: String,
    }

    /// What is answered: of an export what was refused, or why it was.
    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Answer {
        #[prost(message, optional, tag = "1")]
        pub(crate) partial: Option<Partial>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Partial {
        #[prost(int64, tag = "1")]
        pub(crate) rejected: i64,
        #[prost(string, tag = "2")]
        pub(crate) message: String,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    pub(crate) struct Refused {
        #[prost(int32, tag = "1")]
        pub(crate) code: i32,
        #[prost(string, tag = "2")]
        pub(crate) message: String,
    }
}

const START: u64 = 1_769_853_600_000_000_000;

/// An export of spans: of each its number, and what it wrote if it is a run.
pub(crate) fn export(spans: &[(u64, Option<&str>)]) -> Vec<u8> {
    let span = |(number, output): &(u64, Option<&str>)| {
        let pair = |(key, text): (&str, &str)| message::Pair {
            key: key.to_owned(),
            value: Some(message::Text { text: text.to_owned() }),
        };
        message::Span {
            trace: vec![7; 16],
            id: number.to_be_bytes().to_vec(),
            name: "clean".to_owned(),
            start: START,
            end: START + 1_000_000_000,
            attributes: output.map(|output| pair(("mltrace.outputs", output))).into_iter().collect(),
        }
    };
    let spans = spans.iter().map(span).collect();
    let of_scopes = vec![message::OfScope { spans }];
    message::Export { of_resources: vec![message::OfResource { of_scopes }] }.encode_to_vec()
}

fn in_json(spans: &[(u64, Option<&str>)]) -> Value {
    let span = |(number, output): &(u64, Option<&str>)| {
        let attributes: Vec<Value> = output
            .map(|output| json!({"key": "mltrace.outputs", "value": {"stringValue": output}}))
            .into_iter()
            .collect();
        json!({"traceId": "07".repeat(16), "spanId": format!("{number:016x}"), "name": "clean", "attributes": attributes,
               "startTimeUnixNano": START.to_string(), "endTimeUnixNano": (START + 1_000_000_000).to_string()})
    };
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans.iter().map(span).collect::<Vec<_>>()}]}]})
}

/// Folds what the journal holds, as the server does each second, and returns the runs of the project.
pub(crate) fn runs(served: &Served) -> Vec<Value> {
    let mut store = store::open(&served.home, Mode::Write).unwrap();
    ingest::fold(&served.home, store.as_mut()).unwrap();
    served.ask("/api/v1/recent")["runs"].as_array().unwrap().clone()
}

pub(crate) fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn send(served: &Served, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let asked =
        headers.iter().fold(Served::request(Method::POST, PATH), |asked, (name, value)| asked.header(*name, *value));
    served.send(asked.body(body.into()).unwrap())
}

#[test]
fn an_export_is_answered_as_it_is_written_and_recorded_once() {
    let served = Served::new();
    let spans = [(1, Some("a.csv")), (2, None), (3, Some("b.csv"))];
    let gzip = ("content-encoding", "gzip");
    for (headers, body, answered) in [
        (&[PROTOBUF][..], export(&spans), ""),
        (&[PROTOBUF, gzip], packed(&export(&spans)), ""),
        (&[JSON], in_json(&spans).to_string().into_bytes(), "{}"),
        (
            &[("content-type", "application/json; charset=utf-8"), gzip],
            packed(in_json(&spans).to_string().as_bytes()),
            "{}",
        ),
    ] {
        let answer = send(&served, headers, body);
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::OK, answered), "{headers:?}");
        assert_eq!(answer.header("content-type"), headers[0].1.split(';').next().unwrap());
    }
    let runs = runs(&served);
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert_eq!((&runs[0]["component"], &runs[0]["status"]), (&json!("clean"), &json!("completed")));
    let told = served.get("/metrics").text;
    for count in ["{outcome=\"recorded\"} 8", "{outcome=\"dropped\"} 4", "{outcome=\"refused\"} 0"] {
        assert!(told.contains(&format!("mltrace_spans_total{count}")), "{told}");
    }
}

#[test]
fn spans_that_can_never_be_taken_are_counted_in_the_answer() {
    let served = Served::new();
    let spans = [(0, Some("a.csv")), (0, None), (1, Some("a.csv"))];
    let answer = send(&served, &[JSON], in_json(&spans).to_string());
    let partial = &answer.json()["partialSuccess"];
    assert_eq!((answer.status, &partial["rejectedSpans"]), (StatusCode::OK, &json!("1")), "{partial}");
    assert!(partial["errorMessage"].as_str().unwrap().contains("its span id is not"), "{partial}");
    let answer = send(&served, &[PROTOBUF], export(&spans));
    let partial = message::Answer::decode(answer.text.as_bytes()).unwrap().partial.unwrap();
    assert_eq!((partial.rejected, partial.message.is_empty()), (1, false));
    assert_eq!(runs(&served).len(), 1);
}

#[test]
fn what_is_no_export_is_refused_in_the_words_of_the_protocol() {
    let served = Served::new();
    let answer = send(&served, &[PROTOBUF], "nonsense");
    assert_eq!((answer.status, answer.header("content-type")), (StatusCode::BAD_REQUEST, PROTOBUF.1));
    let refused = message::Refused::decode(answer.text.as_bytes()).unwrap();
    assert_eq!(refused.code, 3);
    assert!(refused.message.contains("not an ExportTraceServiceRequest"), "{refused:?}");
    let answer = send(&served, &[JSON], "[]");
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::BAD_REQUEST, &json!(3)));
    for headers in [&[("content-type", "text/plain")][..], &[], &[JSON, ("content-encoding", "br")]] {
        assert_eq!(send(&served, headers, "{}").status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{headers:?}");
    }
    let gzip = ("content-encoding", "gzip");
    assert_eq!(send(&served, &[JSON, gzip], "{}").status, StatusCode::BAD_REQUEST);
    let bomb = packed(&vec![b' '; 65 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(send(&served, &[JSON, gzip], bomb).status, StatusCode::PAYLOAD_TOO_LARGE);
    let announced = ("content-length", "16777217");
    assert_eq!(send(&served, &[JSON, announced], "{}").status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&served, &[JSON], vec![b' '; (16 << 20) + 1]).status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(served.get(PATH).status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(runs(&served).len(), 0);
}

#[test]
fn a_long_export_is_recorded_like_a_short_one() {
    let served = Served::new();
    let long = format!("s3://lake/{}", "a/".repeat(1000));
    let spans: Vec<(u64, Option<&str>)> = (1..=3000).map(|number| (number, Some(long.as_str()))).collect();
    // More than the journal takes in one write.
    let body = export(&spans);
    assert!(body.len() > 5 << 20, "{}", body.len());
    assert_eq!(send(&served, &[PROTOBUF, ("content-encoding", "gzip")], packed(&body)).status, StatusCode::OK);
    assert!(!runs(&served).is_empty());
    assert_eq!(served.ask("/api/v1/components")["components"][0]["runs"], 3000);
}

#[test]
fn who_may_not_record_stores_nothing() {
    let served = Served::guarded("127.0.0.1:8090", &[], Some(TOKEN));
    let body = || export(&[(1, Some("a.csv"))]);
    assert_eq!(send(&served, &[PROTOBUF], body()).status, StatusCode::UNAUTHORIZED);
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(send(&served, &[PROTOBUF, ("authorization", &bearer)], body()).status, StatusCode::OK);
}

#[test]
fn what_cannot_be_kept_is_to_be_sent_again() {
    let served = Served::new();
    std::fs::write(served.home.journal(), "a file in the place of the folder").unwrap();
    let answer = send(&served, &[PROTOBUF], export(&[(1, Some("a.csv"))]));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(message::Refused::decode(answer.text.as_bytes()).unwrap().code, 14);
}
