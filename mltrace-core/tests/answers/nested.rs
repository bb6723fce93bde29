//! Runs inside runs: the inner one did the work, the outer ones are context.

use mltrace_core::query::{ImpactOf, ImpactState, Run, TraceOptions};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, parent: Option<usize>, inputs: &[Value], outputs: &[Value]) -> Value {
    // Who is inside began later and ended earlier.
    let (began, ended) = (number * 10, 1000 - number * 10);
    let (began, ended) = if number >= 8 { (2000 + number, 2100 + number) } else { (began, ended) };
    json!({"id": id(number), "component": component, "started_at": at(began), "ended_at": at(ended),
           "parent": parent.map(id), "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

fn shape(story: &mut Story, artifact: &str) -> String {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

fn run(story: &mut Story, number: usize) -> Run {
    story.reader().inspect(&id(number).to_string()).unwrap()
}

/// `outer` calls `middle`, which calls `parse`; all name `rows`, and `train` reads it.
fn pipeline(rows: &Value) -> Vec<Value> {
    vec![
        line(1, "outer", None, &[], std::slice::from_ref(rows)),
        line(2, "middle", Some(1), &[], std::slice::from_ref(rows)),
        line(3, "parse", Some(2), &[json!("raw")], std::slice::from_ref(rows)),
        line(8, "train", None, std::slice::from_ref(rows), &[json!("model")]),
    ]
}

#[test]
fn the_innermost_run_wrote_what_those_around_it_name_too() {
    for rows in [file("rows", 1), json!("rows")] {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]] {
            let lines = pipeline(&rows);
            let mut story = Story::told(&[]);
            order.iter().for_each(|place| story.tell(&lines[*place..=*place]));
            assert_eq!(shape(&mut story, "model"), "train0 parse1", "{rows} {order:?}");
            assert_eq!(shape(&mut story, "rows"), "parse0", "{rows} {order:?}");
            let (outer, parse) = (run(&mut story, 1), run(&mut story, 3));
            assert_eq!(outer.outputs[0].inner, Some(id(3)));
            assert_eq!(outer.outputs[0].version, parse.outputs[0].version);
            let within: Vec<&str> = parse.outputs[0].within.iter().map(|around| around.component.as_str()).collect();
            assert_eq!(within, ["middle", "outer"]);
        }
    }
}

#[test]
fn a_parent_that_is_told_last_makes_no_other_graph() {
    let rows = file("rows", 1);
    let inside = line(3, "parse", Some(1), &[json!("raw")], std::slice::from_ref(&rows));
    let mut alone = inside.clone();
    alone.as_object_mut().unwrap().remove("parent");
    let mut story = Story::told(&[alone, line(1, "outer", None, &[], std::slice::from_ref(&rows))]);
    story.tell(&[inside]);
    assert_eq!(run(&mut story, 3).parent, Some(id(1)));
    assert_eq!(run(&mut story, 1).outputs[0].inner, Some(id(3)));
    assert_eq!(shape(&mut story, "rows"), "parse0");
}

#[test]
fn no_wrapper_makes_its_inner_step_rebuilt_or_stale() {
    let mut story = Story::told(&pipeline(&json!("rows")));
    let impact = story.reader().impact(&ImpactOf::Run(&id(3).to_string())).unwrap();
    let states: Vec<ImpactState> = impact.artifacts.iter().map(|impacted| impacted.state).collect();
    assert_eq!(states, [ImpactState::Current, ImpactState::Current]);
    assert_eq!(run(&mut story, 8).stale, []);
    let impact = story.reader().impact(&ImpactOf::Component { name: "outer", commit: None }).unwrap();
    let components: Vec<&str> = impact.runs.iter().map(|at| at.run.component.as_str()).collect();
    assert_eq!(components, ["outer", "parse", "train"], "what was made from the wrapper's output");
}

#[test]
fn a_wrapper_that_changed_what_was_made_inside_wrote_it() {
    let mut story = Story::told(&[
        line(1, "outer", None, &[], &[file("rows", 2)]),
        line(2, "parse", Some(1), &[json!("raw")], &[file("rows", 1)]),
        line(8, "train", None, &[file("rows", 2)], &[json!("model")]),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0 outer1");
}

#[test]
fn a_run_beside_another_one_echoes_nothing() {
    let mut story = Story::told(&[
        line(1, "one", None, &[], &[file("rows", 1)]),
        line(2, "two", None, &[json!("raw")], &[file("rows", 1)]),
        line(8, "train", None, &[file("rows", 1)], &[json!("model")]),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0 one1", "the last to write it");
}

#[test]
fn an_export_says_what_was_written_inside() {
    let mut story = Story::told(&pipeline(&json!("rows")));
    let mut lines = Vec::new();
    story
        .reader()
        .export(None, &mut |line| {
            lines.push(line);
            true
        })
        .unwrap();
    let mut other = Story::told(&lines);
    assert_eq!(shape(&mut other, "model"), "train0 parse1");
    assert_eq!(run(&mut other, 1).outputs[0].inner, Some(id(3)));
}
