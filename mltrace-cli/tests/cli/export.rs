//! `mltrace export openlineage`: what is recorded here is what other tools take.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::clients::{given, tool};
use crate::env::TestEnv;
use crate::serve::Serving;

/// Where the schemas of the specification lie.
const SPECIFICATION: &str = "MLTRACE_OPENLINEAGE_SPEC";
/// What a test of the export keeps: events with all that can be said.
const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../mltrace-core/tests/openlineage/exported.ndjson");

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever has the specification says where")]
fn the_specification_takes_each_event_and_each_facet() {
    let Some(python) = tool("python") else { return };
    let Some(folder) = std::env::var_os(SPECIFICATION).map(PathBuf::from) else {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {SPECIFICATION} names no folder with the schemas of OpenLineage");
        return;
    };
    let mut validator = Command::new(python);
    let events = std::fs::File::open(EVENTS).unwrap();
    validator.arg(given("validate.py")).arg(folder).stdin(Stdio::from(events)).env("PYTHONDONTWRITEBYTECODE", "1");
    let output = validator.output().unwrap();
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(printed, "14 events, 13 facets, 0 faults\n");
}

#[test]
fn another_store_that_takes_the_events_gives_the_same_answers() {
    let (env, other) = (TestEnv::taxi(), TestEnv::new());
    let events = env.done(&["export", "openlineage"]);
    assert_eq!(events.lines().count(), 2 * 7 + 5, "of seven runs and five components that somebody described");
    let answer = other.call_with_input(&["import", "openlineage", "-"], &events);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "19 lines: 19 stored, 0 known already\n"));
    let model = crate::env::MODEL;
    assert_eq!(other.done(&["trace", model]), env.done(&["trace", model]));
    for question in [&["recent"][..], &["inspect", "latest"], &["impact", model], &["components"]] {
        assert_eq!(other.done(question), env.done(question), "{question:?}");
    }
    let since = env.done(&["export", "openlineage", "--since", "2100-01-01"]);
    assert_eq!(since, "");
    assert_eq!(env.call(&["export", "--all-projects", "openlineage"]).code, 2);
}

#[test]
fn what_a_terminal_would_obey_is_escaped() {
    let line = r#"{"component":"a","ended_at":"2021-05-01T00:00:00Z","outputs":["x\u001b[31m\u202e"]}"#;
    let env = TestEnv::with_lines(&[line.to_owned()]);
    let events = env.done(&["export", "openlineage"]);
    assert!(events.contains(r"x\u001b[31m\u202e") && !events.contains('\u{202e}'), "{events}");
}

#[test]
fn what_is_exported_here_is_received_there() {
    let (env, other) = (TestEnv::taxi(), TestEnv::new());
    let serving = Serving::start(&other, &["--bind", "127.0.0.1:0"]);
    let url = serving.told["url"].as_str().unwrap().trim_end_matches('/').to_owned();
    assert_eq!(env.done(&["export", "openlineage", "--to", &url]), "19 events sent\n");
    let model = crate::env::MODEL;
    assert_eq!(other.done(&["trace", model]), env.done(&["trace", model]));
    let mut named = env.std_command(&["export", "openlineage", "--to", "--since", "2100-01-01"]);
    let output = named.env("OPENLINEAGE_URL", &url).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0 events sent\n");
    // The address alone sends nothing.
    let mut printed = env.std_command(&["export", "openlineage"]);
    let output = printed.env("OPENLINEAGE_URL", "http://127.0.0.1:1").output().unwrap();
    assert_eq!(output.stdout.split(|byte| *byte == b'\n').count(), 20);
    assert_eq!(env.call(&["export", "openlineage", "--to"]).code, 2);
    assert_eq!(env.call(&["export", "openlineage", "--follow"]).code, 2);
    let said = env.fails(2, &["export", "openlineage", "--to", "ftp://ada:hunter2@h"]);
    assert!(said.contains("is no address of a receiver") && !said.contains("hunter2"), "{said}");
    let said = env.fails(1, &["export", "openlineage", "--to", &format!("{url}/nowhere")]);
    assert!(said.contains("404") && said.contains("hint: name the address that stands before"), "{said}");
}

/// Answers each request with the next status, the last one for ever, and returns where it listens and what it is sent.
fn answering(statuses: &'static [&'static str]) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, sent) = mpsc::channel();
    std::thread::spawn(move || {
        for (place, stream) in listener.incoming().enumerate() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            while stream.read_line(&mut head).unwrap() > 2 {
                let last = head.lines().last().unwrap().to_ascii_lowercase();
                length = last.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let status = statuses[place.min(statuses.len() - 1)];
            let mut stream = stream.into_inner();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 3\r\nconnection: close\r\n\r\nwhy").unwrap();
            if sender.send(head + &String::from_utf8(body).unwrap()).is_err() {
                break;
            }
        }
    });
    (url, sent)
}

#[test]
fn a_receiver_that_is_busy_is_asked_again_and_what_it_refuses_is_said() {
    let env = TestEnv::with_lines(&crate::env::runs(&["a -> first -> b"]));
    let (url, sent) = answering(&["503 Busy", "429 Slow", "201 Created", "400 Bad"]);
    let mut command = env.std_command(&["export", "openlineage", "--to", &url]);
    let output = command.env("OPENLINEAGE_API_KEY", "sesame-0001").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stdout).as_ref()),
        (Some(1), "1 events sent, 1 refused\n")
    );
    assert!(said.contains("answers 503") && said.contains("trying again"), "{said}");
    assert!(said.contains("an event was refused") && said.contains("400") && said.contains("why"), "{said}");
    let requests: Vec<String> = sent.try_iter().collect();
    assert_eq!(requests.len(), 4);
    assert!(requests.iter().all(|request| request.starts_with("POST /api/v1/lineage HTTP/1.1\r\n")));
    assert!(requests[0].to_ascii_lowercase().contains("authorization: bearer sesame-0001"), "{}", requests[0]);
    assert!(!said.contains("sesame"), "{said}");
    let (url, _sent) = answering(&["401 Unauthorized"]);
    let said = env.fails(1, &["export", "openlineage", "--to", &url]);
    assert!(said.contains("hint: put the receiver's key into `OPENLINEAGE_API_KEY`"), "{said}");
    let (url, _sent) = answering(&["302 Found"]);
    assert!(env.fails(1, &["export", "openlineage", "--to", &url]).contains("redirects are not followed"));
}

#[test]
fn who_follows_sends_the_start_and_the_end_of_each_run_once() {
    let env = TestEnv::with_lines(&crate::env::runs(&["a -> first -> b"]));
    let (url, sent) = answering(&["201 Created"]);
    let since = ["export", "openlineage", "--to", &url, "--follow", "--since", "2020-01-01", "--quiet"];
    let mut follower = env.std_command(&since).spawn().unwrap();
    let next = || {
        let request = sent.recv_timeout(Duration::from_secs(60)).unwrap();
        let event: serde_json::Value = serde_json::from_str(request.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        (event["eventType"].as_str().unwrap().to_owned(), event["job"]["name"].as_str().unwrap().to_owned())
    };
    let told = |kind: &str, job: &str| (kind.to_owned(), job.to_owned());
    assert_eq!([next(), next()], [told("START", "first"), told("COMPLETE", "first")]);
    env.call_with_input(&["import", "-"], r#"{"id":"0190f3a0-0000-7000-8000-000000000001","component":"slow","started_at":"2021-01-01T00:00:00Z","status":"running","inputs":["b"]}"#);
    assert_eq!(next(), told("START", "slow"));
    env.call_with_input(&["import", "-"], r#"{"id":"0190f3a0-0000-7000-8000-000000000001","component":"slow","ended_at":"2021-01-01T00:05:00Z","status":"failed","error":"no"}"#);
    assert_eq!(next(), told("FAIL", "slow"));
    assert!(follower.try_wait().unwrap().is_none(), "it goes on");
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn runs_are_exported_as_a_prov_document() {
    let env = TestEnv::taxi();
    let document = env.done(&["export", "prov"]);
    let parsed: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(parsed["activity"].as_object().unwrap().len(), 7);
    assert!(document.ends_with("}\n") && document.lines().count() == 1);
    let later: serde_json::Value =
        serde_json::from_str(&env.done(&["export", "prov", "--since", "2100-01-01"])).unwrap();
    assert_eq!(later["activity"], serde_json::json!({}));
}
