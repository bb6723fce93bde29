//! A report names those whom it concerns.

use mltrace_core::model::Timestamp;
use mltrace_core::query::Tell;
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

/// A run of one component a day, by its owner, of one file into another.
fn line(number: usize, component: &str, unit: &str, edges: [(&str, usize); 2]) -> Value {
    let [read, written] = edges.map(|(name, number)| json!({"name": name, "version": content(number), "size": 99}));
    json!({"id": id(number), "component": component, "owner": format!("owner of {component}"), "params": {"unit": unit},
           "started_at": at(number * 10), "ended_at": at(number * 10 + 5), "inputs": [read], "outputs": [written]})
}

/// A verdict on scores.
fn judged(name: &str, number: usize, verdict: &str) -> Value {
    json!({"type": "label", "id": id(90 + number), "name": name, "version": content(number), "verdict": verdict,
           "at": at(9000)})
}

fn told(story: &mut Story, artifact: &str) -> Vec<Tell> {
    let now: Timestamp = at(10_000).parse().unwrap();
    story.reader().report(artifact, now).unwrap().tell
}

#[test]
fn owners_of_runs_that_something_speaks_for_are_not_told() {
    // Only `clean` did anything else than the day before.
    let mut story = Story::told(&[
        line(1, "ingest", "g", [("source", 80), ("raw", 11)]),
        line(2, "clean", "g", [("raw", 11), ("rows", 12)]),
        line(3, "score", "g", [("rows", 12), ("scores", 13)]),
        line(4, "ingest", "g", [("source", 80), ("raw", 21)]),
        line(5, "clean", "mg", [("raw", 21), ("rows", 22)]),
        line(6, "score", "g", [("rows", 22), ("scores", 23)]),
        judged("scores", 23, "flagged"),
    ]);
    let told = told(&mut story, "scores");
    let owners: Vec<&str> = told.iter().map(|tell| tell.owner.as_str()).collect();
    assert_eq!(owners, ["owner of score", "owner of clean"], "who wrote it, and whose run changed: {told:?}");
    assert_eq!(told[1].concerned, [id(5)]);
    assert!(told[0].is_writer && told[0].concerned.is_empty());
}

#[test]
fn owners_of_suspects_that_are_less_likely_than_chance_are_not_told() {
    let mut lines = vec![line(1, "ingest", "g", [("source", 80), ("raw", 11)])];
    for number in 2..12 {
        let scores = format!("scores-{number}");
        lines.push(line(number, "score", "g", [("raw", 11), (&scores, 20 + number)]));
        lines.push(judged(&scores, 20 + number, if number == 11 { "flagged" } else { "ok" }));
    }
    let mut story = Story::told(&lines);
    let suspects = story.reader().review(None).unwrap().suspects;
    assert!(suspects.iter().any(|suspect| suspect.components == ["ingest"] && suspect.score < 0.0), "{suspects:?}");
    let owners: Vec<String> = told(&mut story, "scores-11").into_iter().map(|tell| tell.owner).collect();
    assert_eq!(owners, ["owner of score"]);
}
