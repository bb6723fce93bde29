//! `mltrace export openlineage`: what is recorded here is what other tools take.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::clients::{given, tool};
use crate::env::TestEnv;

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
