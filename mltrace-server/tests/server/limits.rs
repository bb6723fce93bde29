//! What a client cannot do to the others: hold places, be slow, ask for too much.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Method, StatusCode};
use mltrace_core::config::{Environment, Home};
use mltrace_core::record::{Hooks, Recorder};
use mltrace_server::{App, Guard, Server, Token};
use serde_json::{Value, json};

use crate::client::Served;

#[test]
fn a_request_that_does_not_end_is_ended() {
    let served = Served::new();
    for (path, kind) in [("/api/v1/runs", "application/json"), ("/flag", "application/x-www-form-urlencoded")] {
        let endless = Body::from_stream(tokio_stream::pending::<Result<Bytes, Infallible>>());
        let request = Served::request(Method::POST, path).header("content-type", kind);
        let answer = served.send(request.body(endless).unwrap());
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"), "{path}");
        assert!(answer.text.contains("request took too long"), "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type") == "application/json", path.starts_with("/api/"));
    }
}

#[test]
fn a_graph_is_cut_where_nobody_reads_on() {
    let step = |at: usize| {
        let time = format!("2021-05-01T{:02}:{:02}:{:02}Z", at / 3600, at / 60 % 60, at % 60);
        json!({ "component": "step", "ended_at": time, "inputs": [format!("{at}")], "outputs": [format!("{}", at + 1)] })
    };
    let lines: Vec<Value> = (0..4010).map(step).collect();
    let served = Served::with(&lines);
    let page = served.get("/trace?artifact=4010").text;
    assert!(page.contains("Runs further up are left out.") && page.contains("step ×3999"), "{page}");
    assert_eq!(served.ask("/api/v1/trace?artifact=4010")["runs"].as_array().unwrap().len(), 4010);
}

#[test]
fn what_was_made_from_something_is_cut_as_well() {
    let line = |at: usize| {
        let time = format!("2021-05-01T{:02}:{:02}:{:02}Z", at / 3600, at / 60 % 60, at % 60);
        json!({ "component": "score", "ended_at": time, "inputs": ["m"], "outputs": [format!("p/{at}")] })
    };
    let first = json!({ "component": "train", "ended_at": "2021-05-01T00:00:00Z", "outputs": ["m"] });
    let served = Served::with(&std::iter::once(first).chain((1..=5001).map(line)).collect::<Vec<Value>>());
    let impact = served.ask("/api/v1/impact?artifact=m");
    let counted = |list: &str| impact[list].as_array().unwrap().len();
    assert_eq!((counted("runs"), counted("artifacts"), &impact["is_cut"]), (5000, 5000, &json!(true)));
    let page = served.get("/impact?artifact=m").text;
    assert!(page.contains("Only the nearest runs: there are more.") && page.len() < 200_000, "{}", page.len());
    assert_eq!(served.ask("/api/v1/impact?artifact=p/1")["is_cut"], false);
    // All of it is old by now.
    let stale = served.ask("/api/v1/stale");
    assert_eq!((stale["runs"].as_array().unwrap().len(), &stale["is_cut"]), (5000, &json!(true)));
    let page = served.get("/stale").text;
    assert!(page.contains("And older ones.") && page.len() < 200_000, "{}", page.len());
}

/// Starts a server on a real port, for one that is busy until the process ends; it loses its folder before.
pub(crate) fn start(token: Option<&str>) -> (std::net::SocketAddr, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let hooks = Hooks { warn: |_| {}, appended: || {}, here: || unreachable!("no test forks") };
    let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = server.address();
    let token = token.map(|token| Token::new(token).unwrap());
    let app = App::new(recorder, Guard::new(address, Vec::new(), token).unwrap());
    std::thread::spawn(move || server.run(app, std::future::pending()));
    (address, folder)
}

#[test]
fn who_does_not_say_what_it_wants_makes_room_for_others() {
    let (address, _folder) = start(None);
    let idle = || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: local").unwrap();
        stream
    };
    let begun = Instant::now();
    let mut idle: Vec<TcpStream> = (0..256).map(|_| idle()).collect();
    // Every place is taken: the next one gets that of the oldest, from which nothing was let in.
    let mut late = TcpStream::connect(address).unwrap();
    late.write_all(b"GET /api/v1/tags HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    late.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}: it waited", begun.elapsed());
    // The others have their time, and are sent away then.
    let mut sent_away = Vec::new();
    idle[255].read_to_end(&mut sent_away).unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(9), "{:?}: they had their time", begun.elapsed());
    let mut sent_away = Vec::new();
    idle[0].read_to_end(&mut sent_away).unwrap();
}

#[test]
fn who_rests_between_two_requests_makes_room_for_others() {
    let (address, _folder) = start(None);
    let ask = |stream: &mut TcpStream| {
        stream.write_all(b"GET /api/v1/tags HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = [0; 4 << 10];
        let length = stream.read(&mut answer).unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let asked = || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
        let answer = ask(&mut stream);
        (stream, answer)
    };
    let mut rest: Vec<TcpStream> = (0..256).map(|_| asked().0).collect();
    let begun = Instant::now();
    assert!(asked().1.starts_with("HTTP/1.1 200"));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}: it waited", begun.elapsed());
    // The one that rested for longest had to leave, and no other.
    assert_eq!(rest[0].read(&mut [0; 1]).unwrap(), 0);
    assert!(ask(&mut rest[255]).starts_with("HTTP/1.1 200"));
}

#[test]
#[allow(clippy::disallowed_methods, reason = "a slow line is slow by the clock")]
fn whose_body_comes_slowly_makes_room_for_others() {
    let (address, _folder) = start(None);
    let post = move |length: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        let head =
            "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n ").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
        stream
    };
    // The oldest sends what it has as fast as a slow line takes it.
    let steady = std::thread::spawn(move || {
        let part = vec![b' '; 128 << 10];
        let mut stream = post(1 + 40 * part.len());
        for _ in 0..40 {
            stream.write_all(&part).unwrap();
            std::thread::sleep(Duration::from_millis(100));
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let begun = Instant::now();
    let slow: Vec<TcpStream> = (0..300).map(|_| post(100)).collect();
    let mut late = TcpStream::connect(address).unwrap();
    late.write_all(b"GET /api/v1/tags HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    late.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}: it waited", begun.elapsed());
    let answer = steady.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(slow);
}

#[test]
fn a_long_body_that_does_not_end_makes_room_for_others() {
    const LONG: usize = 16 << 20;
    let (address, _folder) = start(None);
    let post = move |length: usize, sent: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        let head =
            "POST /api/v1/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\nconnection: close";
        write!(stream, "{head}\r\ncontent-length: {length}\r\n\r\n").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(25))).unwrap();
        stream.write_all(&vec![b' '; sent]).unwrap();
        stream
    };
    let answer = |mut stream: TcpStream| {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // All the room there is, but for the last byte of each.
    let endless: Vec<TcpStream> = (0..6).map(|_| post(LONG, LONG - 1)).collect();
    let begun = Instant::now();
    let short = answer(post(1000, 1000));
    assert!(short.starts_with("HTTP/1.1 200") && begun.elapsed() < Duration::from_secs(2), "{short}");
    let long = answer(post(300 << 10, 300 << 10));
    assert!(long.starts_with("HTTP/1.1 200"), "{long}");
    assert!(begun.elapsed() > Duration::from_secs(3), "{:?}: they had their time", begun.elapsed());
    drop(endless);
}
