//! OpenLineage events over HTTP: what clients send, and the statuses that they understand.

use std::io::Write as _;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use mltrace_core::ingest;
use mltrace_core::store::{self, Mode};
use serde_json::{Value, json};

use crate::client::{Answer, Served, TOKEN};

const PATH: &str = "/api/v1/lineage";

fn event(kind: &str, run: u32) -> Value {
    json!({
        "eventType": kind, "eventTime": "2026-01-31T10:00:00Z", "producer": "https://example.test/try",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": format!("0195e2a1-7c1e-7d30-9a52-{run:012}")}, "job": {"namespace": "ns", "name": "clean"},
        "inputs": [{"namespace": "file", "name": "/data/raw.csv"}],
        "outputs": [{"namespace": "file", "name": "/data/clean.csv"}],
    })
}

/// Folds what the journal holds, as the server does each second, and returns the runs of the project.
fn runs(served: &Served) -> Vec<Value> {
    let mut store = store::open(&served.home, Mode::Write).unwrap();
    ingest::fold(&served.home, store.as_mut()).unwrap();
    served.ask("/api/v1/recent")["runs"].as_array().unwrap().clone()
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn send(served: &Served, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let asked = Served::request(Method::POST, path).header("content-type", "application/json");
    let asked = headers.iter().fold(asked, |asked, (name, value)| asked.header(*name, *value));
    served.send(asked.body(body.into()).unwrap())
}

#[test]
fn an_event_is_created_without_a_body_as_often_as_it_is_sent() {
    let served = Served::new();
    for path in [PATH, "/api/v1/lineage/", PATH] {
        let answer = served.post(path, &event("COMPLETE", 1));
        assert_eq!((answer.status, answer.text.as_str()), (StatusCode::CREATED, ""), "{path}");
    }
    let runs = runs(&served);
    assert_eq!((runs.len(), &runs[0]["component"]), (1, &json!("ns/clean")));
}

#[test]
fn a_packed_event_is_unpacked_within_a_limit() {
    let served = Served::new();
    let body = packed(event("COMPLETE", 1).to_string().as_bytes());
    let gzip = [("content-encoding", "gzip")];
    assert_eq!(send(&served, PATH, &gzip, body.clone()).status, StatusCode::CREATED);
    let [cut, ..] = [&body[..body.len() / 2]];
    assert_eq!(send(&served, PATH, &gzip, cut.to_vec()).status, StatusCode::BAD_REQUEST);
    for coding in ["br", "deflate", "gzip, gzip"] {
        let answer = send(&served, PATH, &[("content-encoding", coding)], body.clone());
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{coding}");
    }
    let bomb = packed(&vec![b' '; (16 << 20) + 1]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(send(&served, PATH, &gzip, bomb).status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&served, PATH, &[], vec![b' '; (16 << 20) + 1]).status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(runs(&served).len(), 1);
}

#[test]
fn an_event_that_can_never_be_understood_is_refused_by_its_field() {
    let served = Served::new();
    let mut other = event("COMPLETE", 1);
    other["run"]["runId"] = json!("no id");
    let answer = served.post(PATH, &other);
    assert_eq!(
        (answer.status, &answer.json()["error"]["message"]),
        (StatusCode::BAD_REQUEST, &json!("`run.runId` is not a UUID"))
    );
    assert_eq!(send(&served, PATH, &[], "{").status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&served, PATH, &[], vec![0xff_u8]).status, StatusCode::BAD_REQUEST);
    // What is merely unknown is taken.
    let mut odd = event("SOMETIMES", 2);
    odd["run"]["facets"] = json!({"mine": {"a": [1]}, "errorMessage": "no object"});
    odd["extra"] = json!(1);
    assert_eq!(served.post(PATH, &odd).status, StatusCode::CREATED);
    assert_eq!(runs(&served)[0]["status"], "running");
}

#[test]
fn a_batch_keeps_what_can_be_understood() {
    let served = Served::new();
    let batch = json!([event("COMPLETE", 1), {"eventType": "START"}, event("COMPLETE", 2)]);
    for path in ["/api/v1/lineage/batch", "/api/v1/lineage/batch/"] {
        let answer = served.post(path, &batch);
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            answer.json(),
            json!({
                "status": "partial_success",
                "summary": {"received": 3, "successful": 2, "failed": 1, "retriable": 0, "non_retriable": 1},
                "failed_events": [{"index": 1, "reason": "`producer` is missing", "retriable": false}],
            })
        );
    }
    assert_eq!(runs(&served).len(), 2);
    let answer = served.post("/api/v1/lineage/batch", &json!([event("COMPLETE", 3)]));
    assert_eq!((&answer.json()["status"], &answer.json()["failed_events"]), (&json!("success"), &json!([])));
    assert_eq!(served.post("/api/v1/lineage/batch", &json!({})).status, StatusCode::BAD_REQUEST);
}

#[test]
fn a_batch_has_a_most_number_of_events_and_is_recorded_in_parts() {
    let served = Served::new();
    let batch = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    let gzip = [("content-encoding", "gzip")];
    let path = "/api/v1/lineage/batch";
    let answer = send(&served, path, &[], batch(10_000)).json();
    assert_eq!(
        (&answer["summary"]["failed"], answer["failed_events"].as_array().unwrap().len()),
        (&json!(10_000), 1000)
    );
    let more = batch(10_000).replace("[1,", &format!("[{},", event("COMPLETE", 1))).replace(']', ",1]");
    for (headers, body) in [(&gzip[..], packed(more.as_bytes())), (&[], more.into_bytes())] {
        let answer = send(&served, path, headers, body);
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.json()["error"]["message"], "a batch has at most 10000 events");
    }
    assert_eq!(runs(&served).len(), 0, "nothing of it is recorded");
    // More than the journal takes in one write.
    let long = |run: u32, blanks: usize| {
        event("COMPLETE", run).to_string().replacen('{', &format!("{{{}", " ".repeat(blanks)), 1)
    };
    let list: Vec<String> = (0..7).map(|run| long(run, if run == 5 { 16 << 20 } else { 1 << 20 })).collect();
    let answer = send(&served, path, &gzip, packed(format!("[{}]", list.join(",")).as_bytes()));
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let answer = answer.json();
    let failed = json!([{"index": 5, "reason": "the event is longer than 16 MiB", "retriable": false}]);
    assert_eq!((&answer["summary"]["successful"], &answer["failed_events"]), (&json!(6), &failed));
    assert_eq!(runs(&served).len(), 6);
}

#[test]
fn who_may_not_record_stores_nothing() {
    let served = Served::guarded("127.0.0.1:8090", &[], Some(TOKEN));
    let answer = served.post(PATH, &event("COMPLETE", 1));
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let bearer = format!("Bearer {TOKEN}");
    let answer = send(&served, PATH, &[("authorization", &bearer)], event("COMPLETE", 2).to_string());
    assert_eq!(answer.status, StatusCode::CREATED);
    let mut store = store::open(&served.home, Mode::Write).unwrap();
    let report = ingest::fold(&served.home, store.as_mut()).unwrap();
    assert_eq!(report.records, 2, "the header and one event");
    // A name of the server that it does not know: the answer says how to allow it.
    let asked = axum::http::Request::builder().method(Method::POST).uri(PATH).header("host", "lineage.example");
    let asked = asked.header("content-type", "application/json").body(Body::from(event("START", 3).to_string()));
    let answer = served.send(asked.unwrap());
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.json()["error"]["hint"].as_str().unwrap().contains("--allowed-host lineage.example"));
}

#[test]
fn what_cannot_be_kept_is_to_be_sent_again() {
    let served = Served::new();
    std::fs::write(served.home.journal(), "a file in the place of the folder").unwrap();
    let answer = served.post(PATH, &event("COMPLETE", 1));
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.text);
    assert!(answer.header("retry-after").parse::<u32>().is_ok());
}
