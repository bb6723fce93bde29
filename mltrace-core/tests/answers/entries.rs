//! Folders of which it is known what lies in them: only what was still there was read.

use mltrace_core::model::Bound;
use mltrace_core::query::{Run, TraceOptions};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

/// Tells what lies in every folder of the content of this number.
fn folder(number: usize, entries: &[(&str, usize)], is_whole: bool) -> Value {
    let entries: serde_json::Map<_, _> =
        entries.iter().map(|(path, number)| ((*path).to_owned(), content(*number))).collect();
    json!({"type": "folder", "version": content(number), "entries": entries, "is_whole": is_whole})
}

fn run(story: &mut Story, number: usize) -> Run {
    story.reader().inspect(&id(number).to_string()).unwrap()
}

fn shape(story: &mut Story, artifact: &str) -> String {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

/// Four parts of a folder: one still there, one rewritten and put back, one removed, one that nobody looked at.
fn parts() -> Vec<Value> {
    vec![
        line(1, "one", &[], &[file("d/1.csv", 1)]),
        line(2, "two", &[], &[file("d/2.csv", 2)]),
        line(3, "again", &[], &[file("d/2.csv", 3)]),
        line(4, "removed", &[], &[file("d/sub/3.csv", 4)]),
        line(5, "opaque", &[], &[json!("d/4.csv")]),
        line(6, "train", &[file("d", 100)], &[json!("model")]),
    ]
}

#[test]
fn a_folder_comes_from_those_whose_bytes_are_still_there() {
    let mut story = Story::told(&parts());
    assert_eq!(shape(&mut story, "model"), "train0 one1 again1 removed1 opaque1", "nobody knows what was there");
    story.tell(&[folder(100, &[("1.csv", 1), ("2.csv", 2), ("4.csv", 9)], true)]);
    assert_eq!(shape(&mut story, "model"), "train0 one1 two1 opaque1");
    let names: Vec<String> = run(&mut story, 6).inputs[0].inside.iter().map(|part| part.name.to_string()).collect();
    assert_eq!(names, ["d/1.csv", "d/2.csv", "d/4.csv"]);
}

#[test]
fn what_lies_beyond_the_limit_may_be_there() {
    let mut story = Story::told(&parts());
    story.tell(&[folder(100, &[("1.csv", 1), ("2.csv", 2)], false)]);
    assert_eq!(shape(&mut story, "model"), "train0 one1 two1 removed1 opaque1");
    story.tell(&[folder(100, &[("1.csv", 1), ("2.csv", 2)], true)]);
    assert_eq!(shape(&mut story, "model"), "train0 one1 two1", "all of it is known later");
}

#[test]
fn a_file_comes_from_the_folder_that_held_it() {
    let lines = [
        line(1, "first", &[], &[file("d", 100)]),
        line(2, "second", &[], &[file("d", 200)]),
        line(3, "train", &[file("d/1.csv", 1)], &[json!("model")]),
        line(4, "edited", &[file("d/1.csv", 9)], &[json!("other")]),
        folder(100, &[("1.csv", 1)], true),
        folder(200, &[("1.csv", 2)], true),
    ];
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 4, 0, 5, 3, 1], [4, 5, 1, 3, 0, 2]] {
        let mut story = Story::told(&[]);
        order.iter().for_each(|place| story.tell(&lines[*place..=*place]));
        assert_eq!(shape(&mut story, "model"), "train0 first1", "{order:?}");
        assert_eq!(shape(&mut story, "other"), "edited0", "no folder held that: {order:?}");
        assert_eq!(run(&mut story, 4).inputs[0].bound, Bound::UnknownWriter);
    }
}

#[test]
fn a_file_of_which_nobody_knows_comes_from_the_last_folder() {
    let mut story = Story::told(&[
        line(1, "first", &[], &[file("d", 100)]),
        line(2, "second", &[], &[file("d", 200)]),
        line(3, "train", &[file("d/1.csv", 1)], &[json!("model")]),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0 second1");
    story.tell(&[folder(200, &[("2.csv", 1)], false)]);
    assert_eq!(shape(&mut story, "model"), "train0 second1", "it may lie beyond the limit");
    story.tell(&[folder(200, &[("2.csv", 1)], true)]);
    assert_eq!(shape(&mut story, "model"), "train0");
}

#[test]
fn a_part_that_was_written_over_is_seen_again_once_that_is_taken_back() {
    let mut story = Story::told(&[
        line(1, "first", &[], &[json!("d/1.csv")]),
        line(2, "second", &[], &[file("d/1.csv", 2)]),
        line(3, "train", &[file("d", 100)], &[json!("model")]),
        folder(100, &[("1.csv", 9)], true),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0", "other bytes were there");
    story.forget(id(2));
    assert_eq!(shape(&mut story, "model"), "train0 first1", "nobody knows what the first one wrote");
}

#[test]
fn what_lies_in_folders_is_exported() {
    let mut story = Story::told(&parts());
    story.tell(&[folder(100, &[("1.csv", 1), ("2.csv", 2)], true)]);
    let export = |story: &mut Story| {
        let mut lines = Vec::new();
        let mut keep = |line| {
            lines.push(line);
            true
        };
        story.reader().export(None, &mut keep).unwrap();
        lines
    };
    let lines = export(&mut story);
    let mut other = Story::told(&lines);
    assert_eq!(shape(&mut other, "model"), "train0 one1 two1");
    assert_eq!(export(&mut other), lines);
}
