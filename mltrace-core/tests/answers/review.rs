//! What a review tells of suspects, and where it says to look next.

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
