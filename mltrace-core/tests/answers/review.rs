//! What a review says of suspects, and where it says to look next.

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
fn while_nothing_is_ok_what_is_new_upstream_is_told_though_it_lasts_and_something_else_is_newer() {
    let mut lines = Vec::new();
    for round in 0..8 {
        // Setting 1 came in the sixth round; the host of the training changes all the time, and did so last.
        lines.push(line(1 + round * 2, "clean", usize::from(round > 4), &["raw"], "cleaned"));
        lines.push(line(2 + round * 2, "train", 0, &["cleaned"], "model"));
        lines[round * 2 + 1]["host"] = json!(format!("worker-{}", round % 3));
    }
    let mut story = Story::told(&lines);
    story.tell(&[judged(14, "model", "flagged", 200), judged(16, "model", "flagged", 201)]);
    let review = story.reader().review(None).unwrap();
    assert_eq!(
        review.sentence(|moment| moment.to_string()),
        "Nothing is ok yet; what is new upstream: clean ran with seed = 1 (before: 0): 2 of 2 bad."
    );
    assert!(review.facts[0].is_new && review.facts.iter().any(|fact| !fact.is_new));
    let strongest = review.strongest_change.unwrap();
    assert!(strongest.contains("parameter `seed` = 1, before 0"), "{strongest}");
    story.tell(&[judged(2, "model", "ok", 202)]);
    let review = story.reader().review(None).unwrap();
    assert_eq!((&review.newest_change, &review.strongest_change), (&None, &None));
    assert!(
        !review.sentence(|moment| moment.to_string()).contains("Nothing is ok"),
        "{}",
        review.sentence(|moment| moment.to_string())
    );
}

const MODELS: usize = 12;

/// Models of one training, each of which four predictions were made with, and how well each did.
fn models(auc: impl Fn(usize) -> f64) -> Vec<Value> {
    let mut lines = Vec::new();
    for model in 0..MODELS {
        let mut train = line(model * 5, "train", 0, &["rows"], "model");
        train["metrics"] = json!([{"name": "auc", "value": auc(model)}]);
        lines.push(train);
        for number in 1..5 {
            lines.push(line(model * 5 + number, "predict", 0, &["model"], &format!("p{model}-{number}")));
        }
    }
    lines
}

/// Verdicts on the predictions made with some models.
fn judge_models(models: &[usize], verdict: &str) -> Vec<Value> {
    let of = |model: &usize| (1..5).map(|number| model * 5 + number).collect::<Vec<_>>();
    let judge = |run: usize| judged(run, &format!("p{}-{}", run / 5, run % 5), verdict, 500 + run);
    models.iter().flat_map(of).map(judge).collect()
}

#[test]
fn the_one_run_that_all_bad_ones_came_from_is_named_in_the_sentence() {
    let mut story = Story::told(&models(|_| 0.9));
    story.tell(&[judge_models(&[5], "flagged"), judge_models(&[1, 2, 3, 6], "ok")].concat());
    let review = story.reader().review(None).unwrap();
    let run = id(25).short();
    assert_eq!(
        review.sentence(|moment| moment.to_string()),
        format!("All 4 bad ones and none of the ok ones came from train (run {run}).")
    );
    // What is known of several components names none.
    let mut lines = models(|_| 0.9);
    for line in &mut lines {
        if line["component"] == "train" {
            line["inputs"] = json!([{"name": format!("clean-{}", line["id"])}]);
        }
    }
    let cleans: Vec<Value> = (0..MODELS)
        .map(|model| line(80 + model, "clean", 0, &["rows"], &format!("clean-{}", json!(id(model * 5)))))
        .map(|mut line| {
            (line["started_at"], line["ended_at"]) = (json!(at(0)), json!(at(1)));
            line
        })
        .collect();
    let mut story = Story::told(&[cleans, lines].concat());
    story.tell(&[judge_models(&[5], "flagged"), judge_models(&[1, 2, 3, 6], "ok")].concat());
    let doubt = story.reader().review(None).unwrap().sentence(|moment| moment.to_string());
    assert_eq!(doubt, "Nothing that is recorded tells the bad ones from the others for certain.");
}

#[test]
fn a_measure_furthest_out_is_a_fact_before_an_ok_is_given_further_out_and_is_none_the_likelier_after() {
    let auc = |model: usize| [0.91, 0.93, 0.9, 0.92, 0.91, 0.92, 0.9, 0.91, 0.92, 0.55, 0.5, 0.92][model];
    let mut story = Story::told(&models(auc));
    story.tell(&[judge_models(&[9], "flagged"), judge_models(&[0, 1, 2, 3, 4, 11], "ok")].concat());
    let mut fact = |extra: &[Value]| {
        story.tell(extra);
        let facts = story.reader().review(None).unwrap().facts;
        facts.into_iter().find(|fact| fact.aspect == "metric:auc").unwrap()
    };
    let before = fact(&[]);
    assert_eq!((before.rank, before.flagged, before.ok), (1, 4, 0));
    assert!(before.strength > mltrace_core::query::Strength::Weak, "{before:?}");
    let after = fact(&judge_models(&[10], "ok"));
    assert_eq!((after.flagged, after.ok, &after.value), (4, 4, &before.value));
    assert!(after.score < before.score && after.strength <= before.strength, "{before:?} became {after:?}");
}
