//! What one run checks or measures of an artifact is evidence about the run that wrote it: a test or an evaluation that runs
//! beside the pipeline is upstream of nothing.

use mltrace_core::query::Strength;
use serde_json::{Value, json};

use crate::story::{Story, at, id};

const ROUNDS: usize = 30;
/// The rounds in which something is wrong.
const WRONG: std::ops::Range<usize> = 20..25;

/// Each round cleans a file, trains on it and predicts; `beside` is what another run says of the file or of the model.
fn story(beside: fn(round: usize, is_wrong: bool) -> Value) -> Story {
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        let name = |step: &str| format!("s3://rides/{step}/{round:03}");
        let steps = [
            json!({"component": "clean", "inputs": [name("raw")], "outputs": [name("clean")]}),
            json!({"component": "train", "inputs": [name("clean")], "outputs": [name("model")]}),
            beside(round, WRONG.contains(&round)),
            json!({"component": "predict", "inputs": [name("model")], "outputs": [name("fares")]}),
        ];
        for (step, mut line) in steps.into_iter().enumerate() {
            let start = round * 2000 + step * 100;
            line["id"] = json!(id(round * 10 + step));
            line["started_at"] = json!(at(start));
            line["ended_at"] = json!(at(start + 50));
            lines.push(line);
        }
    }
    for round in (0..ROUNDS).filter(|round| round % 3 == 0 || WRONG.contains(round)) {
        let verdict = if WRONG.contains(&round) { "flagged" } else { "ok" };
        let name = format!("s3://rides/fares/{round:03}");
        lines.push(json!({"type": "label", "id": id(9000 + round), "name": name,
            "version": format!("w:{}", id(round * 10 + 3)), "verdict": verdict, "at": at(86_000 + round)}));
    }
    Story::told(&lines)
}

#[test]
fn a_test_beside_the_pipeline_that_failed_is_the_fact_about_what_it_tested() {
    let mut story = story(|round, is_wrong| {
        let name = format!("s3://rides/clean/{round:03}");
        let outcome = if is_wrong { "failed" } else { "passed" };
        json!({"component": "test", "inputs": [name],
            "checks": [{"name": "not_null_fare", "outcome": outcome, "about": name}]})
    });
    let review = story.reader().review(None).unwrap();
    let first = &review.facts[0];
    let aspect = "check:not_null_fare of s3://rides/clean/#";
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("clean", aspect));
    assert_eq!((first.flagged, first.ok, first.strength), (5, 0, Strength::Strong));
}

#[test]
fn a_metric_of_an_evaluation_is_a_fact_about_who_made_the_model() {
    let mut story = story(|round, is_wrong| {
        let name = format!("s3://rides/model/{round:03}");
        let auc = if is_wrong { 0.61 } else { 0.9 + 0.001 * (round % 4) as f64 };
        json!({"component": "evaluate", "inputs": [name], "metrics": [{"name": "auc", "value": auc, "about": name}]})
    });
    let review = story.reader().review(None).unwrap();
    let first = &review.facts[0];
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("train", "metric:auc of s3://rides/model/#"));
    assert_eq!((first.flagged, first.ok), (5, 0));
}
