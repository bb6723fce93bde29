//! What a review tells of suspects, and where it says to look next.

use std::sync::Arc;

use mltrace_core::store::Bounds;
use serde_json::{Value, json};

use crate::story::{Story, at, content, id};

fn line(number: usize, component: &str, seed: usize, inputs: &[&str], output: &str) -> Value {
    let input = |name: &&str| json!({"name": name, "size": 99});
    json!({"id": id(number), "component": component, "started_at": at(number * 10), "ended_at": at(number * 10 + 5),
           "params": {"seed": seed}, "inputs": inputs.iter().map(input).collect::<Vec<_>>(),
           "outputs": [{"name": output, "version": content(number), "size": 99}]})
}

/// A verdict on what a run wrote.
fn judged(number: usize, name: &str, verdict: &str, second: usize) -> Value {
    json!({"type": "label", "id": id(1000 + second), "name": name, "version": content(number), "verdict": verdict,
           "at": at(second)})
}

fn looks(story: &mut Story) -> Vec<String> {
    story.reader().review(None).unwrap().look_next.into_iter().map(|look| look.name.to_string()).collect()
}

#[test]
fn what_is_judged_is_not_looked_at_until_the_verdict_is_taken_back() {
    let mut lines =
        vec![line(1, "ingest", 0, &[], "raw"), line(2, "clean", 0, &["raw"], "a"), line(3, "clean", 0, &["raw"], "b")];
    for place in 0..4 {
        lines.push(line(4 + place, "predict", 0, &["a"], &format!("a{place}")));
        lines.push(line(8 + place, "predict", 0, &["b"], &format!("b{place}")));
    }
    let mut story = Story::told(&lines);
    story.tell(&[judged(4, "a0", "flagged", 200), judged(5, "a1", "flagged", 201)]);
    assert_eq!(looks(&mut story), ["raw"], "it tells who made it from who read it");
    story.tell(&[judged(1, "raw", "ok", 202)]);
    let others = looks(&mut story);
    assert!(!others.iter().any(|name| ["raw", "a0", "a1"].contains(&name.as_str())), "{others:?}");
    story.tell(&[judged(1, "raw", "none", 203)]);
    assert_eq!(looks(&mut story), ["raw"]);
}

#[test]
fn a_run_is_compared_with_the_last_one_over_the_same_names_in_whatever_order_it_read_them() {
    let mut story = Story::told(&[
        line(1, "train", 1, &["y", "x"], "model"),
        line(2, "train", 2, &["x"], "model"),
        line(3, "train", 3, &["x", "y", "x"], "model"),
    ]);
    story.tell(&[judged(3, "model", "flagged", 200)]);
    let review = story.reader().review(None).unwrap();
    let told = review.suspects[0].evidence.join("\n");
    assert!(told.contains("parameter `seed` = 3, before 1"), "{told}");
}

#[test]
fn a_review_takes_no_longer_the_more_runs_a_component_has() {
    // Two models of one component are flagged, and many older ones are not looked at.
    let steps = |older: usize| {
        let all = older + 200;
        let lines: Vec<Value> = (0..all).map(|run| line(run, "train", run / (all - 2), &["rows"], "model")).collect();
        let mut story = Story::told(&lines);
        let verdict = |run: usize| {
            let mut verdict = judged(run, "model", "flagged", 70_000 + run);
            verdict["id"] = json!(id(80_000 + run));
            verdict
        };
        story.tell(&[verdict(all - 1), verdict(all - 2)]);
        let answers = |most: &u64| {
            let mut reader = story.reader();
            reader.bound(Arc::new(Bounds::new(u64::MAX, *most, None))).unwrap();
            reader.review(None).is_ok()
        };
        (1..).map(|times| times * 5_000).find(answers).unwrap()
    };
    let (few, many) = (steps(0), steps(4_000));
    assert!(many <= few * 5 / 4, "{few} steps of the database, and {many} of them");
}

#[test]
fn an_extra_ok_never_raises_a_run_upstream_however_many_runs_it_is_upstream_with() {
    // In the last of three rounds of a long chain the result is bad; near the start a setting changed.
    const LONG: usize = 230;
    const CHANGED: usize = 20;
    let number = |round: usize, step: usize| 1 + round * LONG + step;
    let mut lines = Vec::new();
    for round in 0..3 {
        for step in 0..LONG {
            let before = step.checked_sub(1).map_or("raw".to_owned(), |step| format!("s{step}"));
            let seed = usize::from(round == 2 && step == CHANGED);
            lines.push(line(number(round, step), &format!("c{step}"), seed, &[&before], &format!("s{step}")));
        }
    }
    let mut story = Story::told(&lines);
    let verdict = |round: usize, step: usize, verdict: &str, second: usize| {
        judged(number(round, step), &format!("s{step}"), verdict, second)
    };
    let last = LONG - 1;
    let oks = (0..2).map(|round| verdict(round, last, "ok", 8000 + round));
    story.tell(&oks.chain([verdict(2, last, "flagged", 8010)]).collect::<Vec<_>>());
    let mut suspect = |extra: &[Value]| {
        story.tell(extra);
        let review = story.reader().review(Some(20)).unwrap();
        let with = |run: &mltrace_core::query::Suspect| run.runs.contains(&id(number(2, CHANGED)));
        review.suspects.into_iter().find(with).unwrap()
    };
    let before = suspect(&[]);
    let after = suspect(&[verdict(2, 100, "ok", 8020)]);
    assert!(after.score <= before.score, "{} became {}", before.score, after.score);
    assert!(before.score_of_changes > 0.0, "{}", before.score_of_changes);
}

#[test]
fn while_nothing_is_ok_the_newest_change_upstream_is_named() {
    let mut lines = Vec::new();
    for round in 0..6 {
        // Setting 1 came in the fourth round, and its setting 2 in the last.
        let seeds = [usize::from(round > 3), if round == 5 { 2 } else { 0 }];
        lines.push(line(1 + round * 2, "clean", seeds[0], &["raw"], "cleaned"));
        lines.push(line(2 + round * 2, "train", seeds[1], &["cleaned"], "model"));
    }
    let mut story = Story::told(&lines);
    story.tell(&[judged(12, "model", "flagged", 200)]);
    let review = story.reader().review(None).unwrap();
    let doubt = review.doubt();
    assert!(doubt.starts_with("Nothing is ok yet; the newest change upstream: train (run "), "{doubt}");
    assert!(doubt.contains("parameter `seed` = 2, before 0; in the runs before it changed 0 of 4 times"), "{doubt}");
    story.tell(&[judged(2, "model", "ok", 201)]);
    let review = story.reader().review(None).unwrap();
    assert_eq!(review.newest_change, None);
    assert!(!review.doubt().contains("Nothing is ok"), "{}", review.doubt());
}
