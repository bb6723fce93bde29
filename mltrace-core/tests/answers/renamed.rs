//! Names under which no run wrote: a file that was renamed by hand, and what lies in a folder that a run wrote.

use mltrace_core::model::Verdict;
use mltrace_core::query::{ImpactOf, Judgement, TraceOptions, VerifyOptions};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

fn shape(story: &mut Story, artifact: &str) -> String {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

/// Flags what a name means, and returns the suspects of all that is flagged.
fn suspects(story: &mut Story, artifact: &str) -> Vec<String> {
    let version = story.reader().version(artifact, None).unwrap();
    let judgement = Judgement { verdict: Verdict::Flagged, reason: None, by: None };
    let label = story.reader().judged_now(&[version], judgement).unwrap().remove(0);
    story.tell(&[json!({"type": "label", "id": label.id, "name": label.name, "version": label.version,
                        "verdict": "flagged", "at": label.at})]);
    let review = story.reader().review(None).unwrap();
    review.suspects.iter().flat_map(|suspect| &suspect.runs).map(ToString::to_string).collect()
}

#[test]
fn a_file_that_was_renamed_by_hand_comes_from_its_writer_once_it_is_read_too() {
    for (first, renamed) in [("a.csv", "b.csv"), ("v2/m.bin", "latest.bin"), ("s3://lake/a", "s3://lake/b")] {
        let mut story = Story::told(&[
            line(1, "mk", &[], &[file(first, 1)]),
            line(2, "rd", &[file(renamed, 1)], &[json!("s3://x/o")]),
        ]);
        assert_eq!(shape(&mut story, renamed), "mk0", "{renamed}");
        assert_eq!(shape(&mut story, "s3://x/o"), "rd0 mk1");
        let report = story.reader().report(renamed, "2026-01-02T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(report.trace.runs.len(), 1, "{renamed}");
        assert!(suspects(&mut story, renamed).contains(&id(1).to_string()), "{renamed}");
    }
}

/// Says what lies in every folder of the content of this number.
fn folder(number: usize, entries: &[(&str, usize)]) -> Value {
    let entries: serde_json::Map<_, _> =
        entries.iter().map(|(path, number)| ((*path).to_owned(), content(*number))).collect();
    json!({"type": "folder", "version": content(number), "entries": entries, "is_whole": true})
}

fn made_from(story: &mut Story, artifact: &str) -> Vec<String> {
    let impact = story.reader().impact(&ImpactOf::Artifact(artifact)).unwrap();
    impact.runs.iter().map(|at| at.run.component.clone()).collect()
}

#[test]
fn what_lies_in_a_folder_that_was_written_needs_no_name_of_its_own() {
    for out in ["out", "s3://b/out", "/data/out"] {
        let part = format!("{out}/sub/p");
        let mut story = Story::told(&[
            line(1, "split", &[json!("raw")], &[json!(out)]),
            line(2, "train", &[json!(out)], &[json!("model")]),
        ]);
        assert_eq!(shape(&mut story, &part), "split0", "{part}");
        assert_eq!(made_from(&mut story, &part), ["train"], "{part}");
        let report = story.reader().report(&part, "2026-01-02T00:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(report.trace.runs.len(), 1, "{part}");
        let verified = story.reader().verify(&[&part], &mut |_| {}, &VerifyOptions::default()).unwrap();
        assert_eq!(verified.artifacts[0].written_by, Some(id(1)), "{part}");
        assert!(suspects(&mut story, &part).contains(&id(1).to_string()), "{part}");
        assert_eq!(shape(&mut story, &part), "split0", "{part} after a verdict");
        let beside = format!("{out}put/p");
        assert!(story.reader().trace(&beside, &TraceOptions::default()).is_err(), "{beside} lies elsewhere");
    }
}

#[test]
fn what_is_told_to_lie_in_a_folder_decides_whose_a_file_in_it_is() {
    let mut story = Story::told(&[
        line(1, "first", &[], &[file("out", 100)]),
        line(2, "second", &[], &[file("out", 200)]),
        folder(100, &[("p", 1), ("gone", 2)]),
        folder(200, &[("p", 3), ("sub/q", 4)]),
        line(3, "old", &[file("out", 100)], &[]),
        line(4, "new", &[file("out", 200)], &[]),
    ]);
    assert_eq!(shape(&mut story, "out/p"), "second0");
    assert_eq!(shape(&mut story, "out/gone"), "first0", "it was removed since");
    assert_eq!(shape(&mut story, "out/sub"), "second0", "a folder in it");
    let version = |number: usize| format!("out/p@{}", content(number).as_str().unwrap());
    assert_eq!(shape(&mut story, &version(1)), "first0", "by its content");
    assert_eq!(shape(&mut story, "out/p@latest"), "second0");
    assert_eq!(made_from(&mut story, &version(1)), ["old"]);
    assert_eq!(story.reader().version("out/p", None).unwrap().version.to_string(), content(3).as_str().unwrap());
    for none in ["out/typo".to_owned(), version(9), "out/p@1".to_owned()] {
        assert!(story.reader().trace(&none, &TraceOptions::default()).is_err(), "{none}");
    }
    assert!(suspects(&mut story, "out/p").contains(&id(2).to_string()));
    assert!(suspects(&mut story, "out/gone").contains(&id(1).to_string()));
}

#[test]
fn a_folder_needs_no_name_of_its_own_where_something_in_it_has_one() {
    for out in ["out", "s3://b/out"] {
        let mut story = Story::told(&[
            line(1, "one", &[], &[file(&format!("{out}/p"), 1)]),
            line(2, "two", &[], &[file(&format!("{out}/sub/q"), 2)]),
            line(3, "train", &[file(&format!("{out}/p"), 1)], &[json!("model")]),
        ]);
        assert_eq!(shape(&mut story, out), "one0 two0");
        assert_eq!(made_from(&mut story, out), ["train"]);
        let as_of = TraceOptions { as_of: Some("2026-01-01T00:00:16Z".parse().unwrap()), ..TraceOptions::default() };
        assert_eq!(story.reader().trace(out, &as_of).unwrap().runs.len(), 1, "only the first was there");
        assert!(suspects(&mut story, out).contains(&id(2).to_string()));
    }
}

#[test]
fn too_few_bytes_do_not_tell_whose_a_renamed_file_is() {
    let short = |name: &str| json!({"name": name, "version": content(1), "size": 5});
    let mut story =
        Story::told(&[line(1, "mk", &[], &[short("a.csv")]), line(2, "rd", &[short("b.csv")], &[json!("s3://x/o")])]);
    assert_eq!(shape(&mut story, "b.csv"), "");
}
