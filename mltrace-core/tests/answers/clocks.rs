//! Clocks of two hosts: what the content proves.

use mltrace_core::model::Bound;
use mltrace_core::query::{ImpactOf, TraceOptions};
use serde_json::{Value, json};

use crate::story::{Story, content, id};

fn line(number: usize, host: Option<&str>, times: [&str; 2], inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": format!("c{number}"), "host": host, "started_at": times[0], "ended_at": times[1],
           "inputs": inputs, "outputs": outputs})
}

/// Returns by how much the clocks are apart, if the reader is bound to the writer that began after it had read.
fn apart(hosts: [Option<&str>; 2], read_at: &str, size: u64) -> Option<f64> {
    let rows = json!({"name": "rows", "version": content(1), "size": size});
    let wrote = ["2026-02-02T00:00:00Z", "2026-02-02T00:01:00Z"];
    let mut story = Story::told(&[
        line(1, hosts[0], wrote, &[], std::slice::from_ref(&rows)),
        line(2, hosts[1], [read_at, "2026-02-02T00:02:00Z"], std::slice::from_ref(&rows), &[json!("model")]),
    ]);
    let trace = story.reader().trace("model", &TraceOptions::default()).unwrap();
    let impact = story.reader().impact(&ImpactOf::Run(&id(1).to_string())).unwrap();
    assert_eq!(trace.runs.len(), impact.runs.len(), "upward and downward");
    let input = &trace.runs[0].run.inputs[0];
    assert_eq!(input.bound == Bound::Content, input.clocks_apart_ms.is_some());
    input.clocks_apart_ms
}

#[test]
fn a_read_before_the_writer_began_is_a_matter_of_two_clocks() {
    let (two, seconds) = ([Some("a"), Some("b")], "2026-02-01T23:59:58Z");
    assert_eq!(apart(two, seconds, 1000), Some(2000.0));
    assert_eq!(apart(two, "2026-02-01T00:00:01Z", 1000), Some(86_399_000.0), "almost a day");
    assert_eq!(apart(two, "2026-01-31T23:59:59Z", 1000), None, "more than a day");
    assert_eq!(apart([Some("a"), Some("a")], seconds, 1000), None, "one host");
    assert_eq!(apart([Some("a"), None], seconds, 1000), None, "a host that nobody knows");
    assert_eq!(apart(two, seconds, 10), None, "a content that tells little");
}
