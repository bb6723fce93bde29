//! Folders whose entries are known: only what was still there was read.

use std::collections::BTreeSet;

use mltrace_core::model::Bound;
use mltrace_core::query::{ImpactOf, Run, TraceOptions};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

/// Says what lies in every folder of the content of this number.
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

/// A folder that one run filled, in which another one wrote a file anew, added one, or did both.
fn filled() -> [Value; 6] {
    [
        line(1, "backfill", &[json!("raw-1")], &[file("out", 100)]),
        folder(100, &[("d1", 1), ("d2", 2)], true),
        line(2, "daily", &[json!("raw-2")], &[file("out/d2", 3), file("out/d3", 4)]),
        folder(200, &[("d1", 1), ("d2", 3), ("d3", 4)], true),
        line(3, "train", &[file("out", 200)], &[json!("model")]),
        line(4, "early", &[file("out", 100)], &[json!("other")]),
    ]
}

#[test]
fn a_folder_comes_from_who_filled_it_and_from_who_wrote_in_it_since() {
    let lines = filled();
    for order in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [4, 2, 0, 1, 3, 5], [3, 4, 1, 2, 5, 0], [4, 0, 2, 3, 5, 1]] {
        let mut story = Story::told(&[]);
        order.iter().for_each(|place| story.tell(&lines[*place..=*place]));
        assert_eq!(shape(&mut story, "model"), "train0 backfill1 daily1", "{order:?}");
        let input = run(&mut story, 3).inputs.remove(0);
        assert_eq!((input.bound, input.changed_since), (Bound::Inside, None), "{order:?}");
        let names: BTreeSet<&str> = input.inside.iter().map(|part| part.name.as_str()).collect();
        assert_eq!(names, BTreeSet::from(["out", "out/d2", "out/d3"]), "{order:?}");
        assert_eq!(run(&mut story, 4).inputs[0].bound, Bound::Content, "{order:?}");
        let impact = story.reader().impact(&ImpactOf::Artifact("raw-1")).unwrap();
        assert!(impact.runs.iter().any(|at| at.run.component == "train"), "{order:?}");
        story.forget(id(1));
        assert_eq!(shape(&mut story, "model"), "train0 daily1", "{order:?}");
    }
}

#[test]
fn a_folder_was_changed_by_nobody_known_only_where_something_in_it_has_no_writer() {
    let changed = |entries: &[(&str, usize)], is_whole: bool| {
        let mut lines = filled().to_vec();
        lines[3] = folder(200, entries, is_whole);
        let mut story = Story::told(&lines);
        (shape(&mut story, "model"), run(&mut story, 3).inputs[0].changed_since)
    };
    let both = "train0 backfill1 daily1".to_owned();
    assert_eq!(changed(&[("d1", 1), ("d2", 3)], true), (both.clone(), None), "one was removed");
    assert_eq!(changed(&[("d1", 1), ("d2", 3), ("d4", 7)], true), (both.clone(), Some(id(1))), "one was added");
    assert_eq!(changed(&[("d1", 1), ("d2", 3)], false), (both, Some(id(1))), "nobody told all of it");
    let restored = changed(&[("d1", 9), ("d2", 2)], true);
    assert_eq!(restored, ("train0 backfill1".to_owned(), Some(id(1))), "what was put back comes from who filled it");
}

/// A folder that one run wrote as a whole, twice, of which others read a folder in it: as it stood at first, and then in part.
fn nested() -> [Value; 8] {
    [
        line(1, "gen", &[json!("raw")], &[file("out", 100)]),
        folder(100, &[("part/a", 1), ("part/b", 2), ("z", 3)], true),
        line(2, "again", &[], &[file("out", 200)]),
        folder(200, &[("part/a", 1), ("part/b", 4), ("z", 3)], true),
        line(3, "train", &[file("out/part", 300)], &[json!("model")]),
        folder(300, &[("a", 1), ("b", 2)], true),
        line(4, "edited", &[file("out/part", 400)], &[json!("other")]),
        folder(400, &[("a", 1), ("b", 9)], true),
    ]
}

#[test]
fn a_folder_in_a_folder_comes_from_who_wrote_that_as_a_whole() {
    let lines = nested();
    for order in
        [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [4, 6, 0, 2, 5, 7, 3, 1], [5, 0, 4, 3, 6, 1, 7, 2]]
    {
        let mut story = Story::told(&[]);
        order.iter().for_each(|place| story.tell(&lines[*place..=*place]));
        assert_eq!(shape(&mut story, "model"), "train0 gen1 again1", "each file from the last that held it: {order:?}");
        let input = run(&mut story, 3).inputs.remove(0);
        assert_eq!((input.bound, input.changed_since), (Bound::Inside, None), "{order:?}");
        assert!(input.inside.iter().all(|part| part.name.as_str() == "out"), "{order:?}");
        assert_eq!(shape(&mut story, "other"), "edited0 again1", "{order:?}");
        let input = run(&mut story, 4).inputs.remove(0);
        assert_eq!((input.bound, input.changed_since), (Bound::Inside, Some(id(2))), "one file is nobody's: {order:?}");
        let impact = story.reader().impact(&ImpactOf::Artifact("raw")).unwrap();
        assert!(impact.runs.iter().any(|at| at.run.component == "train"), "{order:?}");
        story.forget(id(1));
        assert_eq!(shape(&mut story, "model"), "train0 again1", "{order:?}");
        assert_eq!(run(&mut story, 3).inputs[0].changed_since, Some(id(2)), "{order:?}");
    }
}

#[test]
fn a_folder_in_a_folder_that_held_nothing_of_it_has_no_known_writer() {
    let read = |around: &[(&str, usize)], around_is_whole: bool, inner: Option<(&[(&str, usize)], bool)>| {
        let mut lines = vec![line(1, "gen", &[], &[file("out", 100)]), folder(100, around, around_is_whole)];
        lines.push(line(2, "train", &[file("out/part", 300)], &[json!("model")]));
        lines.extend(inner.map(|(entries, is_whole)| folder(300, entries, is_whole)));
        let mut story = Story::told(&lines);
        (shape(&mut story, "model"), run(&mut story, 2).inputs[0].changed_since)
    };
    let (unknown, known) = (("train0".to_owned(), None), ("train0 gen1".to_owned(), None));
    assert_eq!(read(&[("part/a", 1)], true, Some((&[("a", 2)], true))), unknown, "other bytes lay there");
    assert_eq!(read(&[("part/a", 1)], true, Some((&[], true))), unknown, "nothing was left");
    assert_eq!(read(&[("other/a", 1)], true, None), unknown, "there was no such folder");
    assert_eq!(read(&[("part/a", 1)], true, None), known, "nobody knows what lay in it");
    assert_eq!(read(&[("part/a", 1)], true, Some((&[("a", 2)], false))), known, "nor all of it");
    assert_eq!(read(&[("part/b", 1)], false, Some((&[("a", 2)], true))), known, "nor all that was written");
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

#[test]
fn a_file_of_a_folder_that_somebody_moved_is_told_by_what_held_it() {
    let lines = [
        folder(100, &[("1.csv", 1), ("2.csv", 2)], true),
        line(1, "writes", &[], &[file("old", 100)]),
        line(2, "train", &[file("new/2.csv", 2), file("new/3.csv", 3)], &[json!("model")]),
        line(3, "later", &[], &[file("newer", 100)]),
    ];
    let mut other = lines.to_vec();
    other.reverse();
    for lines in [lines.to_vec(), other] {
        let inputs = run(&mut Story::told(&lines), 2).inputs;
        let told: Vec<_> =
            inputs.iter().map(|input| input.same_content_as.as_ref().map(|other| other.name.to_string())).collect();
        assert_eq!(inputs[0].bound, Bound::UnknownWriter);
        assert_eq!(told[0].as_deref(), Some("old/2.csv"), "what held it when it was read");
        assert_eq!(told[1], None, "nobody wrote that");
    }
}
