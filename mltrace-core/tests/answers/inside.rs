//! Folders and what lies in them: every question follows the edges between the two.

use std::time::Instant;

use mltrace_core::model::{Bound, Timestamp, Verdict, Version};
use mltrace_core::query::{DiskState, ImpactOf, Judgement, Run, TraceOptions, VerifyOptions};
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, inputs: &[Value], outputs: &[Value]) -> Value {
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "inputs": inputs, "outputs": outputs})
}

fn name(name: &str) -> Value {
    json!(name)
}

fn file(name: &str, number: usize) -> Value {
    json!({"name": name, "version": content(number), "size": 99})
}

fn shape(story: &mut Story, artifact: &str) -> String {
    let trace = story.reader().trace(artifact, &TraceOptions::default()).unwrap();
    let shown: Vec<String> = trace.runs.iter().map(|at| format!("{}{}", at.run.component, at.depth)).collect();
    shown.join(" ")
}

fn made_from(story: &mut Story, artifact: &str) -> Vec<String> {
    let impact = story.reader().impact(&ImpactOf::Artifact(artifact)).unwrap();
    impact.artifacts.iter().map(|impacted| impacted.name.to_string()).collect()
}

fn run(story: &mut Story, number: usize) -> Run {
    story.reader().inspect(&id(number).to_string()).unwrap()
}

#[test]
fn a_file_in_a_folder_that_a_run_wrote_comes_from_that_run() {
    for folder in ["d", "s3://lake/d", "/data/d"] {
        let part = format!("{folder}/a.csv");
        let mut story = Story::told(&[
            line(1, "split", &[name("raw")], &[file(folder, 1)]),
            line(2, "train", &[file(&part, 2)], &[name("model")]),
        ]);
        assert_eq!(shape(&mut story, "model"), "train0 split1");
        assert_eq!(made_from(&mut story, folder), ["model"]);
        let input = &run(&mut story, 2).inputs[0];
        assert_eq!((input.bound, input.written_by), (Bound::Inside, Some(id(1))));
        assert_eq!(input.inside[0].name.as_str(), folder);
        assert_eq!(shape(&mut story, &part), "split0", "the file itself too");
    }
}

#[test]
fn a_folder_comes_from_all_that_wrote_something_in_it() {
    let mut story = Story::told(&[
        line(1, "one", &[], &[file("d/a/1.csv", 1)]),
        line(2, "two", &[], &[file("d/2.csv", 2)]),
        line(3, "again", &[], &[file("d/2.csv", 3)]),
        line(4, "elsewhere", &[], &[file("data/2.csv", 4)]),
        line(5, "train", &[file("d", 5)], &[name("model")]),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0 one1 again1");
    assert_eq!(shape(&mut story, "d"), "one0 again0", "as its reader saw it");
    assert_eq!(made_from(&mut story, "d/a/1.csv"), ["model"]);
    let input = &run(&mut story, 5).inputs[0];
    assert_eq!((input.bound, input.written_by, input.inside.len()), (Bound::Inside, None, 2));
}

#[test]
fn a_folder_written_as_a_whole_comes_from_its_writer_and_from_the_parts() {
    let mut story = Story::told(&[
        line(1, "part", &[], &[file("d/1.csv", 1)]),
        line(2, "whole", &[], &[file("d", 2)]),
        line(3, "train", &[file("d", 2)], &[name("model")]),
    ]);
    assert_eq!(shape(&mut story, "model"), "train0 part1 whole1");
    assert_eq!(run(&mut story, 3).inputs[0].bound, Bound::Content);
    assert_eq!(shape(&mut story, "d"), "part0 whole0");
}

#[test]
fn the_own_name_tells_better_than_a_folder_around_it() {
    let mut story = Story::told(&[
        line(1, "part", &[], &[file("d/1.csv", 1), name("d/2")]),
        line(2, "whole", &[], &[name("d")]),
        line(3, "rewrite", &[], &[name("d/3")]),
        line(4, "train", &[file("d/1.csv", 1), name("d/2"), name("d/3")], &[name("model")]),
    ]);
    let inputs = run(&mut story, 4).inputs;
    let inside: Vec<usize> = inputs.iter().map(|input| input.inside.len()).collect();
    assert_eq!(inside, [0, 1, 0], "by content, by time before the folder, by time after it");
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let lines = [
        line(1, "whole", &[], &[name("d")]),
        line(2, "part", &[], &[file("d/1.csv", 1)]),
        line(3, "train", &[file("d", 5), file("d/2.csv", 6)], &[name("model")]),
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut story = Story::told(&[]);
        order.iter().for_each(|place| story.tell(&lines[*place..=*place]));
        assert_eq!(shape(&mut story, "model"), "train0 whole1 part1", "{order:?}");
        assert_eq!(run(&mut story, 3).depends_on, [id(1), id(2)], "{order:?}");
    }
}

#[test]
fn a_folder_is_as_old_as_what_was_written_last_of_it() {
    let day = |day: &str| json!(format!("2026-{day}T00:00:00Z"));
    let old = json!({"id": id(1), "component": "old", "started_at": day("01-01"), "ended_at": day("01-01"), "outputs": ["d/1"]});
    let new = json!({"id": id(2), "component": "new", "started_at": day("05-01"), "ended_at": day("05-01"), "outputs": ["d/2"]});
    let read = json!({"id": id(3), "component": "train", "started_at": day("05-02"), "ended_at": day("05-02"), "inputs": ["d"]});
    let late = json!({"id": id(4), "component": "train", "started_at": day("07-02"), "ended_at": day("07-02"), "inputs": ["d"]});
    let mut story = Story::told(&[old, new, read, late]);
    assert_eq!(run(&mut story, 3).stale, []);
    assert_eq!(run(&mut story, 4).stale[0].run, Some(id(2)));
}

#[test]
fn what_was_written_in_a_folder_since_makes_its_reader_stale_once() {
    let parts: Vec<Value> = (0..50).map(|number| name(&format!("d/{number}"))).collect();
    let mut story = Story::told(&[
        line(1, "parts", &[], &parts),
        line(2, "train", &[name("d")], &[name("model")]),
        line(3, "again", &[], &parts),
    ]);
    let now: Timestamp = "2026-01-01T23:00:00Z".parse().unwrap();
    let stale = story.reader().stale(Some("model"), now).unwrap();
    assert_eq!(stale.runs[0].stale_now.len(), 1, "{stale:?}");
    assert_eq!(stale.runs[0].stale_now[0].run, Some(id(3)));
}

#[test]
fn a_flag_on_a_file_or_a_folder_suspects_who_wrote_the_other() {
    let mut story = Story::told(&[
        line(1, "split", &[], &[file("d", 1)]),
        line(2, "read", &[file("d/a.csv", 2)], &[name("x")]),
        line(3, "part", &[], &[file("e/a.csv", 3)]),
        line(4, "read", &[file("e", 4)], &[name("y")]),
    ]);
    for (artifact, number) in [("d/a.csv", 1), ("e", 3)] {
        let version = story.reader().version(artifact, None).unwrap();
        let judgement = Judgement { verdict: Verdict::Flagged, reason: None, by: None };
        let label = story.reader().judged_now(&[version], judgement).unwrap().remove(0);
        let Version { name, version } = Version { name: label.name, version: label.version };
        story.tell(&[json!({"type": "label", "id": label.id, "name": name, "version": version, "verdict": "flagged",
                            "at": label.at})]);
        let review = story.reader().review(None).unwrap();
        assert!(review.suspects.iter().any(|suspect| suspect.runs.contains(&id(number))), "{artifact}: {review:?}");
    }
}

#[test]
fn verify_names_the_run_that_wrote_the_folder() {
    let mut story = Story::told(&[]);
    let (hash, bytes) = (blake3::hash(b"rows").to_hex().to_string(), "rows");
    std::fs::create_dir(story.path("d")).unwrap();
    std::fs::write(story.path("d/a.csv"), bytes).unwrap();
    story.tell(&[
        line(1, "split", &[], &[name("d")]),
        line(2, "read", &[json!({"name": "d/a.csv", "version": format!("b3:{hash}"), "size": 4})], &[]),
    ]);
    for asked in [&["d/a.csv"][..], &[]] {
        let verify = story.reader().verify(asked, &mut |_| {}, &VerifyOptions::default()).unwrap();
        let found = verify.artifacts.iter().find(|found| found.name.as_str() == "d/a.csv").unwrap();
        assert_eq!((found.state, found.written_by), (DiskState::Unchanged, Some(id(1))), "{asked:?}");
    }
}

#[test]
fn what_a_run_wrote_itself_is_seen_once_it_made_it_known() {
    let at_ = |name: &str, second: usize| json!({"name": name, "at": at(second)});
    let mut story = Story::told(&[line(
        1,
        "update",
        &[at_("d", 12), json!({"name": "e", "at": at(12)})],
        &[at_("d/1", 11), at_("e/1", 13)],
    )]);
    let inside: Vec<usize> = run(&mut story, 1).inputs.iter().map(|input| input.inside.len()).collect();
    assert_eq!(inside, [1, 0]);
}

#[test]
fn ten_thousand_files_in_a_folder_are_one_input_and_twelve_runs() {
    const FILES: usize = 10_000;
    let parts: Vec<Value> = (0..12)
        .map(|shard| {
            let outputs: Vec<Value> = (0..FILES)
                .filter(|file| file % 12 == shard)
                .map(|number| file(&format!("d/{number}"), number))
                .collect();
            line(shard, "shard", &[], &outputs)
        })
        .collect();
    let each: Vec<Value> = (0..FILES).map(|number| file(&format!("d/{number}"), number)).collect();
    let entries: serde_json::Map<_, _> = (0..FILES).map(|number| (number.to_string(), content(number))).collect();
    let folder = json!({"type": "folder", "version": content(FILES), "entries": entries, "is_whole": true});
    let time = |inputs: &[Value], folder: &[Value]| {
        let mut story = Story::told(&parts);
        let begun = Instant::now();
        story.tell(folder);
        story.tell(&[line(20, "train", inputs, &[name("model")])]);
        let told = begun.elapsed();
        let begun = Instant::now();
        let trace = story.reader().trace("model", &TraceOptions::default()).unwrap();
        assert_eq!(trace.runs.len(), 13);
        (told, begun.elapsed())
    };
    let (by_name, inside) = (time(&each, &[]), time(&[file("d", FILES)], &[]));
    let held = time(&[file("d", FILES)], &[folder]);
    // A busy machine makes times lie: they are shown, and nothing depends on them.
    println!("told and traced inside a folder: {inside:?}, with what lies in it: {held:?}, as inputs: {by_name:?}");
}

#[test]
fn a_folder_is_good_only_if_nothing_that_lies_in_it_or_was_made_into_it_is_flagged() {
    let told = |flagged: Option<(&str, Value)>| {
        let mut lines = vec![
            line(1, "clean", &[name("s3://b/raw")], &[name("s3://b/clean")]),
            line(2, "split", &[], &[file("out", 1)]),
            line(3, "fill", &[name("s3://b/clean")], &[file("out/a.csv", 2)]),
        ];
        lines.extend(flagged.map(|(name, version)| {
            json!({"type": "label", "id": id(900), "name": name, "version": version, "verdict": "flagged", "at": at(90)})
        }));
        let answer = Story::told(&lines).reader().last_good("out", None, None).unwrap();
        let against = answer.newer.iter().flat_map(|version| &version.against);
        (answer.good.is_some(), against.map(|doubt| doubt.message.clone()).collect::<Vec<_>>().join("; "))
    };
    assert_eq!(told(None), (true, String::new()));
    let part = told(Some(("out/a.csv", content(2))));
    assert_eq!(part, (false, "`out/a.csv`, which lies in it, is flagged".to_owned()));
    let above = told(Some(("s3://b/clean", json!(format!("w:{}", id(1))))));
    assert_eq!(above, (false, "it was made from `s3://b/clean`, which is flagged".to_owned()));
}

#[test]
fn what_lies_in_a_folder_is_drawn_on_the_way_to_its_reader() {
    let mut story = Story::told(&[
        line(1, "first", &[], &[file("out/a.csv", 1)]),
        line(2, "second", &[], &[file("out/b.csv", 2)]),
        line(3, "train", &[name("out")], &[name("model")]),
    ]);
    let trace = story.reader().trace("model", &TraceOptions::default()).unwrap();
    let drawing = mltrace_core::draw::versions(&trace);
    let inside = drawing.edges.iter().filter(|edge| edge.bound == Bound::Inside);
    let names: Vec<Vec<_>> = inside.map(|edge| edge.names.iter().copied().collect()).collect();
    assert_eq!(names, [["out"], ["out/a.csv"], ["out/b.csv"]]);
    let reached: std::collections::BTreeSet<usize> = drawing.edges.iter().map(|edge| edge.ends.1).collect();
    let sources = (0..drawing.boxes.len()).filter(|place| !reached.contains(place)).count();
    assert_eq!(sources, 2, "only the two that wrote the parts have nothing before them");
}
