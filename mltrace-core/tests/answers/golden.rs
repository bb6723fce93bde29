//! What each question about measures answers, word for word: whoever changes a promised field sees it here.
//!
//! `cargo test -p mltrace-core --test answers -- --ignored make_the_golden_answers` writes `tests/golden/measures.json` anew.

use std::fs;
use std::path::PathBuf;

use mltrace_core::model::DataSubject;
use mltrace_core::query::{
    MeasureFilter, MetricRequirement, NotWorseThan, Requirements, Span, TaskOptions, TraceOptions, Whereabouts,
};
use serde_json::{Value, json};

use crate::story::{Story, at, id};

const ROUNDS: usize = 20;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/measures.json")
}

fn content(round: usize) -> String {
    format!("b3:{round:064x}")
}

/// In each round a table is cleaned and a model trained on it; in the last ten something else is observed, and more slowly.
fn story() -> Story {
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        let (start, is_late) = (round * 3600, round >= 10);
        let (fare, bucket) = if is_late { (20, 150) } else { (10, 116) };
        let observed = json!([
            {"name": "fare", "count": 10, "is_whole": true, "missing": 1, "nans": 1, "spread": {"sum": 8 * fare,
                "min": 1.5, "max": 40, "level": 0, "zeros": 0, "positive": [[bucket, 8]]}},
            {"name": "zone", "count": 10, "is_whole": round != 3, "top": [{"value": "JFK", "count": 7}], "others": 3}]);
        lines.push(
            json!({"id": id(round * 10), "component": "clean", "subjects": ["ada"], "params": {"drop": round / 10},
            "inputs": [{"name": "raw.csv", "version": content(100)}], "observations": observed,
            "outputs": [{"name": "clean.csv", "version": content(round)}],
            "started_at": at(start), "ended_at": at(start + 60 + 200 * usize::from(is_late))}),
        );
        let column = json!({"name": "fare", "type": "number", "nulls": round, "distinct": 90, "min": 1.5, "max": 40,
            "mean": 12.5 + round as f64, "sd": 3, "quantiles": [[0.25, 8], [0.5, 12], [0.75, 20]]});
        lines.push(json!({"type": "profile", "version": content(round), "profile":
            {"format": "csv", "rows": 100 + round, "is_whole": true, "columns": [column]}}));
        let outcome = if round == 18 { "failed" } else { "passed" };
        lines.push(json!({"id": id(round * 10 + 1), "component": "train", "outputs": ["model"],
            "inputs": [{"name": "clean.csv", "version": content(round)}],
            "metrics": [{"name": "test/auc@city=nyc", "value": 0.9 - round as f64 / 100.0, "at": at(start + 500)},
                {"name": "loss", "value": "3.10", "step": 1, "at": at(start + 450)}, {"name": "loss", "value": "NaN",
                "step": 2, "at": at(start + 460)}, {"name": "importance", "value": 7, "about": "clean.csv", "at": at(start + 500)}],
            "checks": [{"name": "whole", "outcome": outcome, "message": "rows are missing", "at": at(start + 500)}],
            "started_at": at(start + 400), "ended_at": at(start + 600)}));
        for (kind, value, after) in [("output", 10 + round, 700), ("feedback", 12, 5000)] {
            lines.push(json!({"type": kind, "task": "fare", "id": round, "value": value, "at": at(start + after)}));
        }
    }
    for (number, round) in [7, 17].into_iter().enumerate() {
        let version = format!("w:{}", id(round * 10 + 1));
        lines.push(json!({"type": "alias", "id": id(900 + number), "alias": "production", "reason": "it passed",
            "artifact": {"name": "model", "version": version}, "by": "ada", "at": at(80_000 + number)}));
    }
    Story::told(&lines)
}

fn answers(story: &mut Story) -> Value {
    let reader = &mut story.reader();
    let of = |span| MeasureFilter { span, limit: Some(3), ..MeasureFilter::default() };
    let since = |second: usize| Span::Times { since: Some(at(second).parse().unwrap()), until: None };
    let until = |second: usize| Span::Times { since: None, until: Some(at(second).parse().unwrap()) };
    let required = Requirements {
        metrics: vec![
            MetricRequirement::parse("loss", "< 2").unwrap(),
            MetricRequirement::parse("rows", "> 9").unwrap(),
        ],
        baseline: Some(NotWorseThan { artifact: "@production".to_owned(), ..NotWorseThan::default() }),
        since: Some(at(0).parse().unwrap()),
        is_unflagged: true,
        is_checked: true,
    };
    let [table, before] = [19, 0].map(|round| format!("clean.csv@{}", content(round)));
    let days = TaskOptions { window_s: Some(6 * 3600), ..TaskOptions::default() };
    let trace = reader.trace("model", &TraceOptions::default()).unwrap();
    json!({
        "metrics": reader.metrics(None, &of(Span::default())).unwrap(),
        "checks": reader.checks(false, &of(Span::default())).unwrap(),
        "checks that did not pass": reader.checks(true, &of(Span::default())).unwrap(),
        "observations": reader.observations(None, &of(since(17 * 3600)), Some(&until(3 * 3600))).unwrap(),
        "profile": reader.profile(&table, Some(&before), false).unwrap(),
        "compare": reader.compare(&[&id(71).to_string(), "model"]).unwrap(),
        "gate": reader.gate("model", &required).unwrap(),
        "aliases": reader.aliases(None).unwrap(),
        "alias": reader.alias("production", None).unwrap(),
        "tasks": reader.tasks().unwrap(),
        "task": reader.task("fare", &TaskOptions::default()).unwrap(),
        "task by window": reader.task("fare", &days).unwrap(),
        "health": reader.health(&[], at(86_000).parse().unwrap()).unwrap(),
        "timing": reader.timing(&trace).unwrap(),
        "subject": reader.subject(&DataSubject::of("ada").unwrap(), Whereabouts::Nowhere).unwrap(),
        "blame": reader.blame(&"observed:fare.p50".parse().unwrap(), None).unwrap(),
        "inspect": reader.inspect(&id(191).to_string()).unwrap(),
    })
}

#[test]
fn every_question_about_measures_answers_as_it_did() {
    let golden: Value = serde_json::from_slice(&fs::read(file()).unwrap()).unwrap();
    // Read as what is kept is: a number may be another one by its last digit.
    let found: Value = serde_json::from_str(&answers(&mut story()).to_string()).unwrap();
    for (question, answer) in golden.as_object().unwrap() {
        assert_eq!(&found[question], answer, "{question}");
    }
    assert_eq!(found.as_object().unwrap().len(), golden.as_object().unwrap().len());
}

#[test]
#[ignore = "it writes the answers that the other test expects"]
fn make_the_golden_answers() {
    let answers = serde_json::to_string_pretty(&answers(&mut story())).unwrap();
    fs::write(file(), answers + "\n").unwrap();
}
