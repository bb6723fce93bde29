//! A run that is taken back explains nothing any more.

use mltrace_core::model::{Bound, RunId};
use mltrace_core::query::TraceOptions;
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

/// Shows all runs with what each input was bound to.
fn shown(story: &mut Story) -> Vec<String> {
    let runs = story.reader().recent(&Default::default()).unwrap().runs;
    let runs = runs.iter().map(|run| {
        let inputs = run.inputs.iter().map(|input| {
            format!("{}:{}:{:?}:{}", input.name, input.bound.as_str(), input.written_by, input.inside.len())
        });
        format!("{} {:?} {:?}", run.id, inputs.collect::<Vec<_>>(), run.outputs)
    });
    runs.collect()
}

fn lines() -> Vec<Value> {
    let mut inner = line(3, "inner", &[], &[file("x", 3)]);
    let mut outer = line(2, "outer", &[], &[file("x", 3)]);
    inner["parent"] = json!(id(2));
    outer["ended_at"] = json!(at(100));
    vec![
        line(1, "ingest", &[], &[file("raw", 1), json!("d"), json!("old")]),
        outer,
        inner,
        line(11, "copies", &[file("raw", 1)], &[file("copy", 1), json!("old")]),
        line(
            12,
            "reads",
            &[file("raw", 1), file("copy", 1), json!("old"), file("d/1", 7), file("x", 3)],
            &[json!("model")],
        ),
        line(13, "again", &[file("copy", 1)], &[file("raw", 1)]),
    ]
}

#[test]
fn without_a_run_all_is_as_if_it_had_never_been_told() {
    for gone in [1, 2, 3, 11, 12, 13] {
        let mut story = Story::told(&lines());
        story.forget(id(gone));
        let others: Vec<Value> = lines().into_iter().filter(|line| line["id"] != json!(id(gone))).collect();
        assert_eq!(shown(&mut story), shown(&mut Story::told(&others)), "without {gone}");
        // Nothing brings it back.
        story.tell(&lines());
        assert_eq!(shown(&mut story), shown(&mut Story::told(&others)), "told again without {gone}");
    }
}

#[test]
fn what_it_explained_is_unknown_again() {
    let mut story = Story::told(&lines());
    story.forget(id(1));
    let trace = story.reader().trace("model", &TraceOptions::default()).unwrap();
    let input = trace.runs[0].run.inputs.iter().find(|input| input.name.as_str() == "raw").unwrap();
    assert_eq!((input.bound, input.written_by), (Bound::UnknownWriter, None::<RunId>));
}

#[test]
fn a_run_can_be_forgotten_before_it_is_known() {
    let mut story = Story::told(&[]);
    story.forget(id(1));
    story.tell(&lines());
    let others: Vec<Value> = lines().into_iter().skip(1).collect();
    assert_eq!(shown(&mut story), shown(&mut Story::told(&others)));
}

#[test]
fn a_size_that_only_a_forgotten_run_knew_keeps_no_copy_from_being_found() {
    let short = json!({"name": "tiny", "version": content(9), "size": 2});
    let bytes = |name: &str| json!({"name": name, "version": content(9)});
    let lines = [
        line(1, "looks", &[short], &[]),
        line(2, "ingest", &[], &[bytes("raw")]),
        line(3, "reads", &[bytes("copy")], &[]),
    ];
    let mut story = Story::told(&lines);
    assert!(shown(&mut story).concat().contains("copy:unknown_writer"));
    story.forget(id(1));
    assert_eq!(shown(&mut story), shown(&mut Story::told(&lines[1..])));
    assert!(shown(&mut story).concat().contains("copy:copy"));
}
