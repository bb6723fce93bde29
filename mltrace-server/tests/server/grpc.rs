//! gRPC: what its clients send as frames in bodies, and the statuses that they understand.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use prost::Message;
use serde_json::{Value, json};

use crate::client::{Answer, Served, TOKEN};
use crate::spans::{export, message, packed, runs};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// The messages of our service, as far as these tests need them.
#[derive(Clone, PartialEq, Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
}

#[derive(Clone, PartialEq, Message)]
struct Reply {
    #[prost(uint64, tag = "1")]
    through: u64,
    #[prost(message, repeated, tag = "2")]
    refused: Vec<Refused>,
    #[prost(bool, tag = "3")]
    is_journaled: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Refused {
    #[prost(uint64, tag = "1")]
    number: u64,
    #[prost(string, tag = "2")]
    message: String,
}

/// Returns a message as it stands in a body: whether it is packed, how long it is, and itself.
fn frame(is_packed: bool, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[u8::from(is_packed)][..], &length, message].concat()
}

/// Returns the messages of an answer.
fn messages(answer: &Answer) -> Vec<Vec<u8>> {
    let (mut rest, mut messages) = (answer.bytes.as_slice(), Vec::new());
    while let Some((head, behind)) = rest.split_first_chunk::<5>() {
        let length = u32::from_be_bytes(head[1..].try_into().unwrap()) as usize;
        messages.push(behind[..length].to_vec());
        rest = &behind[length..];
    }
    messages
}

fn call(served: &Served, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let asked = Served::request(Method::POST, path).header("content-type", "application/grpc").header("te", "trailers");
    let asked = headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value));
    served.send(asked.body(body.into()).unwrap())
}

fn line(text: &str) -> Vec<u8> {
    frame(false, &Text { text: text.to_owned() }.encode_to_vec())
}

#[test]
fn an_exporter_reports_packed_or_not_and_is_told_what_was_refused() {
    let served = Served::new();
    let body = export(&[(1, Some("a.csv")), (2, None), (3, Some("b.csv"))]);
    for (headers, body) in [(&[][..], frame(false, &body)), (&[("grpc-encoding", "gzip")], frame(true, &packed(&body)))]
    {
        let answer = call(&served, EXPORT, headers, body);
        assert_eq!((answer.status, answer.header("grpc-status")), (StatusCode::OK, "0"), "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/grpc");
        assert_eq!(messages(&answer), [b""]);
    }
    let answer = call(&served, EXPORT, &[], frame(false, &export(&[(0, Some("a.csv"))])));
    let partial = message::Answer::decode(messages(&answer)[0].as_slice()).unwrap().partial.unwrap();
    assert_eq!(partial.rejected, 1);
    assert_eq!(runs(&served).len(), 2);
    let told = served.get("/metrics").text;
    assert!(told.contains("mltrace_spans_total{outcome=\"recorded\"} 4"), "{told}");
}

#[test]
fn what_goes_wrong_has_the_status_of_the_protocol() {
    let served = Served::new();
    let good = export(&[(1, Some("a.csv"))]);
    let gzip = ("grpc-encoding", "gzip");
    let bomb = packed(&vec![0; 17 << 20]);
    for (headers, body, status) in [
        (&[][..], frame(false, b"nonsense"), "3"),
        (&[gzip], frame(true, &bomb), "8"),
        (&[gzip], frame(true, b"nonsense"), "13"),
        (&[("grpc-encoding", "br")], frame(true, &good), "12"),
        (&[], vec![0; (16 << 20) + 1], "8"),
    ] {
        let answer = call(&served, EXPORT, headers, body);
        assert_eq!(answer.header("grpc-status"), status, "{answer:?}");
        assert!(!answer.header("grpc-message").is_empty(), "{answer:?}");
    }
    let asked = Served::request(Method::POST, EXPORT).header("content-type", "application/json");
    let answer = served.send(asked.body(Body::from(frame(false, &good))).unwrap());
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let other = EXPORT.replace("trace", "logs");
    let answer = call(&served, &other, &[], frame(false, b""));
    assert_eq!(answer.header("grpc-status"), "12");
    std::fs::remove_dir_all(served.home.journal()).ok();
    std::fs::write(served.home.journal(), "a file in the place of the folder").unwrap();
    let answer = call(&served, EXPORT, &[], frame(false, &good));
    assert_eq!(answer.header("grpc-status"), "14", "{answer:?}");
}

#[test]
fn who_may_not_ask_reads_why_from_the_head() {
    let served = Served::guarded("127.0.0.1:8090", &[], Some(TOKEN));
    let body = || frame(false, &export(&[(1, Some("a.csv"))]));
    let answer = call(&served, EXPORT, &[], body());
    assert_eq!((answer.status, answer.header("grpc-status")), (StatusCode::OK, "16"));
    assert!(answer.header("grpc-message").contains("asks for a token"), "{answer:?}");
    let bearer = format!("Bearer {TOKEN}");
    let answer = call(&served, EXPORT, &[("authorization", &bearer)], body());
    assert_eq!(answer.header("grpc-status"), "0");
    // HTTP/2 names the host in a field of its own.
    for (host, status) in [("localhost:8090", "0"), ("evil.example", "7")] {
        let asked = axum::http::Request::post(format!("http://{host}{EXPORT}")).version(axum::http::Version::HTTP_2);
        let asked = asked.header("content-type", "application/grpc").header("authorization", &bearer);
        let answer = served.send(asked.body(Body::from(body())).unwrap());
        assert_eq!(answer.header("grpc-status"), status, "{host}");
    }
    let calls: Vec<_> = served.routes.iter().filter(|route| route.path.contains(".v1.")).collect();
    assert_eq!(calls.len(), 5, "{calls:?}");
    for route in calls {
        for (header, value, status) in [
            ("authorization", "Bearer wrong", "16"),
            ("origin", "http://evil.example", "7"),
            ("sec-fetch-site", "cross-site", "7"),
        ] {
            let answer = call(&served, route.path, &[(header, value)], body());
            // Who is wrong too often is not looked at for a while.
            served.wait(std::time::Duration::from_secs(6));
            assert_eq!(
                (answer.header("grpc-status"), answer.bytes.len()),
                (status, 0),
                "{route:?} with {header}: {value}"
            );
        }
    }
}

#[test]
fn lines_of_a_stream_are_acknowledged_and_questions_answered_in_promised_json() {
    let served = Served::new();
    let run = |name: &str| json!({"component": "clean", "ended_at": "2021-05-01T00:00:00Z", "outputs": [name]});
    let pretty = serde_json::to_string_pretty(&run("b.csv")).unwrap();
    let lines = [run("a.csv").to_string(), "nonsense".to_owned(), pretty];
    let body = lines.iter().flat_map(|text| line(text)).collect::<Vec<u8>>();
    let answer = call(&served, "/mltrace.v1.Lineage/Record", &[], body);
    assert_eq!(answer.header("grpc-status"), "0", "{answer:?}");
    let replies: Vec<Reply> = messages(&answer).iter().map(|reply| Reply::decode(reply.as_slice()).unwrap()).collect();
    let refused: Vec<u64> = replies.iter().flat_map(|reply| &reply.refused).map(|refused| refused.number).collect();
    assert_eq!((replies.last().unwrap().through, refused), (3, vec![2]), "{replies:?}");
    let answer = call(&served, "/mltrace.v1.Lineage/Trace", &[], line("b.csv"));
    let told = Text::decode(messages(&answer)[0].as_slice()).unwrap().text;
    let mut told: Value = serde_json::from_str(&told).unwrap();
    let mut expected = served.ask("/api/v1/trace?artifact=b.csv");
    for trace in [&mut told, &mut expected] {
        trace["as_of"].take();
    }
    assert_eq!(told, expected);
    let answer = call(&served, "/mltrace.v1.Lineage/Trace", &[], line("nothing"));
    assert_eq!(answer.header("grpc-status"), "5", "{answer:?}");
    let answer = call(&served, "/mltrace.v1.Lineage/Review", &[], frame(false, b""));
    let told = Text::decode(messages(&answer)[0].as_slice()).unwrap().text;
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap(), served.ask("/api/v1/review"));
}

#[test]
fn lines_wait_in_the_journal_while_the_store_is_away() {
    let served = Served::new();
    std::fs::create_dir_all(served.folder().join("mltrace.db")).unwrap();
    let run = json!({"component": "clean", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["a.csv"]});
    let answer = call(&served, "/mltrace.v1.Lineage/Record", &[], line(&run.to_string()));
    let reply = Reply::decode(messages(&answer)[0].as_slice()).unwrap();
    assert_eq!((reply.through, reply.is_journaled), (1, true), "{answer:?}");
}
