//! Texts that are many times as large in memory as in a file: they are weighed before anything is parsed.
#![expect(clippy::print_stdout, reason = "whoever measures wants the figures")]

use std::process::Command;

use mltrace_core::journal::MINOR;

use crate::env::TestEnv;
use crate::fat::peak_of;

const RUN: &str = "0199c3d1-0000-7000-8000-000000000001";
/// No record of a journal is longer.
const LONG: usize = 60 << 20;
/// How many MiB a command may hold that meets what is too heavy, and what is as heavy as it may be.
const PEAK: u64 = 250;
const PEAK_OF_HEAVY: u64 = 500;
/// The same for an event of a quarter of a million objects; maps for them would take 240 MiB.
const PEAK_OF_EVENT: u64 = 180;

/// Returns the command in less memory than what it meets would take.
fn limited(env: &TestEnv, arguments: &[&str]) -> Command {
    let own = env.std_command(arguments);
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "ulimit -v 1500000; exec \"$0\" \"$@\""]).arg(own.get_program()).args(own.get_args());
    command
        .current_dir(env.project())
        .env_clear()
        .envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Returns how many MiB a command held, and what it printed and said.
fn measure(what: &str, env: &TestEnv, arguments: &[&str]) -> (u64, String, String) {
    let begun = std::time::Instant::now();
    let (most, text, said) = peak_of(&mut limited(env, arguments));
    println!("{what}: {arguments:?}: {} MiB, {:?}", most >> 20, begun.elapsed());
    (most >> 20, text, said)
}

fn list(of: &str, length: usize) -> String {
    let count = length / (of.len() + 1);
    format!("[{}]", vec![of; count].join(","))
}

fn param(value: &str) -> String {
    format!(r#"{{"param":{{"run":"{RUN}","at":"2026-01-01T00:00:01Z","name":"x","value":{value}}}}}"#)
}

/// Leaves the journal of a process that is gone: a run, these records, and its end.
fn leave(env: &TestEnv, minor: u32, records: &[String]) {
    let process = "0199c3d1-0000-7000-8000-000000000002";
    let header = format!(
        r#"{{"process":{{"format":1,"minor":{minor},"process":"{process}","project":"project","host":"h","user":"u",
        "pid":999999,"pid_start":1,"boot":"b","pid_namespace":null,"at":"2026-01-01T00:00:00Z","writer":"1"}}}}"#
    );
    let start = format!(r#"{{"start":{{"run":"{RUN}","component":"step","at":"2026-01-01T00:00:00Z"}}}}"#);
    let end = format!(r#"{{"end":{{"run":"{RUN}","at":"2026-01-01T00:00:02Z","status":"completed"}}}}"#);
    let mut bytes = Vec::new();
    for text in [&header, &start].into_iter().chain(records).chain([&end]) {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        let mut checksum = crc32fast::Hasher::new();
        checksum.update(&length);
        checksum.update(text.as_bytes());
        bytes.extend_from_slice(&[&[0xF5, 0xFF], &length[..], &checksum.finalize().to_le_bytes()].concat());
        bytes.extend_from_slice(text.as_bytes());
    }
    std::fs::create_dir_all(env.project().join(".mltrace/journal")).unwrap();
    std::fs::write(env.project().join(format!(".mltrace/journal/{process}.log")), bytes).unwrap();
}

#[test]
fn a_record_of_too_many_values_is_left_out_before_it_is_parsed() {
    let objects = list(r#"{"a":{}}"#, LONG);
    for (what, minor, record) in [
        ("known", MINOR, param(&objects)),
        ("numbers", MINOR, param(&list("0", LONG))),
        (
            "tags",
            MINOR,
            format!(
                r#"{{"component":{{"component":"step","at":"2026-01-01T00:00:00Z","declared":{{"tags":{}}}}}}}"#,
                list(r#""""#, LONG)
            ),
        ),
        ("newer", MINOR + 1, param(&objects)),
        ("unknown", MINOR + 1, format!(r#"{{"unheard":{objects}}}"#)),
    ] {
        let env = TestEnv::new();
        leave(&env, minor, &[record]);
        let (peak, text, said) = measure(what, &env, &["recent"]);
        assert!(peak < PEAK, "{what}: {peak} MiB");
        assert!(text.contains("completed"), "{what}: {text}");
        assert!(said.contains("1 part"), "{what}: {said}");
    }
}

/// Returns a list that takes as much memory as one may.
fn heaviest() -> String {
    list(&format!("{}0{}", r#"{"a":"#.repeat(100), "}".repeat(100)), 3_100_000)
}

#[test]
fn what_is_as_heavy_as_it_may_be_is_stored_one_by_one() {
    for minor in [MINOR, MINOR + 1] {
        let env = TestEnv::new();
        let longer = format!(r#"{{"unheard":"{}"}}"#, "x".repeat(5 << 20));
        // What is read for the sake of a record that is longer than what is read at once is not parsed together with it.
        // Of a newer journal, what is not understood of a record is looked for.
        let more = if minor > MINOR { r#""unheard":1,"# } else { "" };
        let heaviest = param(&heaviest()).replacen(r#""name""#, &format!(r#"{more}"name""#), 1);
        leave(&env, minor, &[heaviest.clone(), longer, heaviest.clone(), heaviest]);
        let (peak, text, said) = measure("heaviest", &env, &["recent"]);
        assert!(peak < PEAK_OF_HEAVY, "{minor}: {peak} MiB");
        assert!(text.contains("completed") && !said.contains("cut or left out"), "{minor}: {text}{said}");
    }
}

#[test]
fn a_line_of_too_many_values_is_refused_before_it_is_parsed() {
    let env = TestEnv::new();
    for value in [list(r#"{"a":{}}"#, 15 << 20), list("0", 15 << 20)] {
        env.write("line.ndjson", &format!(r#"{{"component":"step","params":{{"x":{value}}}}}"#));
        let (peak, text, said) = measure("line", &env, &["import", "line.ndjson"]);
        assert!(peak < PEAK, "{peak} MiB");
        assert_eq!(text, "1 line: 0 stored, 0 known already, 1 wrong\n");
        let why = "it holds too many values: an object counts four times, and the limit is 2100000";
        assert_eq!(said, format!("error: line 1: {why}\n"));
    }
}

#[test]
fn an_event_of_many_small_objects_is_looked_through_in_little_memory() {
    let env = TestEnv::new();
    let run = format!(r#""run":{{"runId":"{RUN}"}},"job":{{"namespace":"n","name":"step"}}"#);
    let objects = list(r#"{"namespace":"n","name":"dataset"}"#, 9 << 20);
    let head = r#""eventType":"COMPLETE","eventTime":"2026-01-01T00:00:00Z","producer":"p","schemaURL":"s""#;
    env.write("events.ndjson", &format!(r#"{{{head},{run},"unheard":{objects}}}"#));
    let (peak, text, _) = measure("event", &env, &["import", "openlineage", "events.ndjson"]);
    assert_eq!(text, "1 line: 1 stored, 0 known already\n");
    assert!(peak < PEAK_OF_EVENT, "{peak} MiB");
}

/// Stores one record that is not understood, and lets it wait many times for this version.
fn waiting(record: &str, count: i64) -> TestEnv {
    let env = TestEnv::new();
    leave(&env, MINOR + 1, &[format!(r#"{{"unheard":"{}"}}"#, "x".repeat(10))]);
    env.done(&["recent"]);
    let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
    let sql =
        "INSERT INTO unread SELECT journal, place + $1, process, 0, is_applied, header, CAST($2 AS BLOB) FROM unread
        WHERE kept_by > 0";
    for place in 1..=count {
        assert_eq!(store.execute(sql, rusqlite::params![place, record]).unwrap(), 1);
    }
    env
}

#[test]
fn records_that_wait_are_read_a_few_at_a_time_and_weighed_first() {
    let count = |env: &TestEnv, sql: &str| {
        let store = rusqlite::Connection::open(env.project().join(".mltrace/mltrace.db")).unwrap();
        store.query_row(&format!("SELECT {sql}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    let kept = "count(*) FROM unread WHERE kept_by > 0";
    let env = waiting(&param(&list(r#"{"a":{}}"#, 16 << 20)), 15);
    let (peak, ..) = measure("too heavy", &env, &["recent"]);
    assert!(peak < PEAK, "{peak} MiB");
    assert_eq!((count(&env, kept), count(&env, "count FROM tally WHERE name = 'beyond'")), (1, 15));
    let env = waiting(&format!(r#"{{"unheard":"{}"}}"#, "x".repeat(8 << 20)), 20);
    let (peak, ..) = measure("waiting", &env, &["recent"]);
    assert!(peak < PEAK, "{peak} MiB");
    assert_eq!((count(&env, kept), count(&env, "count(*) FROM unread")), (21, 21));
    // Nothing waits for this version any more, and what waits for another is not read.
    let (peak, ..) = measure("kept", &env, &["recent"]);
    assert!(peak < 50, "{peak} MiB");
}
