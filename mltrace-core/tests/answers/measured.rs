//! Checks and metrics as evidence: a check that fails is a fact, and what shows an effect does not hide its cause.

use mltrace_core::query::{DoubtReason, QueryError, Strength};
use serde_json::{Value, json};

use crate::story::{Story, at, id};

const ROUNDS: usize = 40;
const STEPS: [&str; 4] = ["ingest", "featuregen", "train", "predict"];
/// The rounds in which something is wrong.
const WRONG: std::ops::Range<usize> = 20..26;

/// What is known of a run beside what it read and wrote.
type Told = fn(round: usize, step: &str) -> Value;

/// Each round reads what no other does; every third is judged, and the last ones.
fn story(told: Told) -> Story {
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        for (step, component) in STEPS.into_iter().enumerate() {
            let name = |step: usize| format!("s3://b/{round:03}/{step}");
            let start = round * 2000 + step * 100;
            let mut line = json!({"id": id(round * 10 + step), "component": component,
                "inputs": step.checked_sub(1).map(name).into_iter().collect::<Vec<_>>(), "outputs": [name(step)],
                "params": {"scale": 100}, "started_at": at(start), "ended_at": at(start + 50)});
            if let (Value::Object(line), Value::Object(more)) = (&mut line, told(round, component)) {
                line.extend(more);
            }
            lines.push(line);
        }
    }
    for round in 0..ROUNDS {
        if round % 3 == 0 || WRONG.contains(&round) {
            // One that is bad was overlooked.
            let verdict = if WRONG.contains(&round) && round != 23 { "flagged" } else { "ok" };
            lines.push(json!({"type": "label", "id": id(9000 + round), "name": format!("s3://b/{round:03}/3"),
                "version": format!("w:{}", id(round * 10 + 3)), "verdict": verdict, "at": at(86_000 + round)}));
        }
    }
    Story::told(&lines)
}

fn is_wrong(round: usize) -> bool {
    WRONG.contains(&round)
}

fn check(component: &str, of: &str, is_failed: bool) -> Value {
    if component != of {
        return json!({});
    }
    let outcome = if is_failed { "failed" } else { "passed" };
    json!({"checks": [{"name": "whole", "outcome": outcome, "message": "rows are missing"}]})
}

/// Returns the facts, each with its component and aspect.
fn facts(story: &mut Story) -> Vec<(String, String)> {
    let review = story.reader().review(None).unwrap();
    review.facts.into_iter().map(|fact| (fact.component, fact.aspect)).collect()
}

#[test]
fn a_check_that_fails_upstream_is_the_first_fact_where_nothing_else_is_recorded() {
    let mut story = story(|round, component| check(component, "featuregen", is_wrong(round)));
    let review = story.reader().review(None).unwrap();
    let first = &review.facts[0];
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("featuregen", "check:whole"));
    assert_eq!((&first.value, &first.before), (&json!("failed"), &Some(json!("passed"))));
    assert_eq!((first.flagged, first.ok, first.runs.len(), first.strength), (5, 1, 6, Strength::Strong));
    assert_eq!(first.says(), "failed its check whole (before: passed)");
    let words = review.suspects.iter().flat_map(|suspect| &suspect.evidence).cloned().collect::<Vec<_>>().join("\n");
    assert!(words.contains("its check `whole` failed, before it passed"), "{words}");
}

#[test]
fn a_metric_out_of_line_is_told_as_a_range_with_a_round_bound() {
    let mut story = story(|round, component| match component {
        "train" => {
            let rmse = (if is_wrong(round) { 1.31 } else { 0.62 }) + (round % 7) as f64 / 100.0;
            json!({"metrics": [{"name": "rmse", "value": rmse, "step": 2}, {"name": "rmse", "value": 9.0, "step": 1}],
                "checks": [{"name": "whole", "outcome": "passed"}]})
        }
        _ => json!({}),
    });
    let review = story.reader().review(None).unwrap();
    let first = &review.facts[0];
    assert_eq!((first.component.as_str(), first.aspect.as_str()), ("train", "metric:rmse"));
    assert_eq!(first.says(), "measured rmse >= 1 (before: 0.67)");
    assert!(!review.facts.iter().any(|fact| fact.aspect == "check:whole"), "that a check passed says nothing");
    let words = review.suspects.iter().flat_map(|suspect| &suspect.evidence).cloned().collect::<Vec<_>>().join("\n");
    assert!(words.contains("measured rmse = 1.37, usually 0.63 to 0.66"), "{words}");
}

#[test]
fn an_effect_that_shows_where_the_verdicts_do_does_not_hide_its_cause() {
    // What was flagged measured badly, without exception; the parameter explains one more output, which is fine.
    let mut story = story(|round, component| match component {
        "featuregen" if is_wrong(round) => json!({"params": {"scale": 1}}),
        "train" => check(component, "train", is_wrong(round) && round != 23),
        "predict" => {
            let share = if is_wrong(round) && round != 23 { 0.4 } else { 0.0 };
            json!({"metrics": [{"name": "zeros", "value": share + (round % 5) as f64 / 1000.0}]})
        }
        _ => json!({}),
    });
    let found = facts(&mut story);
    let expected = [("featuregen", "param:scale"), ("train", "check:whole"), ("predict", "metric:zeros")];
    assert_eq!(found[..3], expected.map(|(component, aspect)| (component.to_owned(), aspect.to_owned())), "{found:?}");
}

#[test]
fn of_a_check_and_a_change_further_up_only_what_the_change_does_not_explain_counts() {
    let mut story = story(|round, component| match component {
        "featuregen" if round == 20 => json!({"params": {"scale": 1}}),
        _ => check(component, "train", round == 20),
    });
    let evidence = story.reader().review(None).unwrap().suspects.into_iter().flat_map(|suspect| suspect.evidence);
    let told = evidence.collect::<Vec<_>>().join("\n");
    assert!(told.contains("parameter `scale` = 1, before 100"), "{told}");
    assert!(!told.contains("check `whole`"), "the change further up explains it: {told}");
}

#[test]
fn a_metric_is_blamed_from_the_run_on_at_which_it_changed_its_level() {
    let mut story = story(|round, component| match component {
        "featuregen" if round >= 30 => json!({"params": {"scale": 1}}),
        "train" => {
            let rmse = (if round >= 30 { 1.31 } else { 0.62 }) + (round % 7) as f64 / 100.0;
            json!({"metrics": [{"name": "rmse", "value": rmse}, {"name": "rmse", "value": 5, "about": "s3://b/x"}]})
        }
        _ => json!({}),
    });
    for measure in ["metric:rmse", "rmse"] {
        let blame = story.reader().blame(&measure.parse().unwrap(), None).unwrap();
        assert_eq!((blame.measure.as_str(), blame.changes.len()), ("metric:rmse", 1));
        let change = &blame.changes[0];
        assert_eq!((change.component.as_str(), change.run), ("train", id(302)));
        let since = change.since_previous.as_ref().unwrap();
        let fields: Vec<_> = since.differences.iter().map(|of| (of.component.as_deref(), of.field.as_str())).collect();
        assert_eq!(fields, [(Some("featuregen"), "param:scale")], "the metric itself is no news");
    }
    let error = story.reader().blame(&"mae".parse().unwrap(), Some("train")).unwrap_err().to_string();
    assert!(error.contains("metric:mae"), "{error}");
}

#[test]
fn the_last_good_version_is_one_of_which_all_checks_passed() {
    let write = |number: usize, component: &str, input: &str, output: &str, checks: Value| {
        json!({"id": id(number), "component": component, "inputs": [input], "outputs": [output], "checks": checks,
            "started_at": at(number * 100), "ended_at": at(number * 100 + 50)})
    };
    let check = |outcome: &str, severity: &str| json!([{"name": "whole", "outcome": outcome, "severity": severity}]);
    let story = |checks: Value| {
        Story::told(&[
            write(1, "clean", "raw", "table", json!([])),
            write(2, "train", "table", "model", check("failed", "warn")),
            write(3, "clean", "raw", "table", checks),
            write(4, "train", "table", "model", json!([])),
        ])
    };
    let good = |story: &mut Story| story.reader().last_good("model", None, None).unwrap();
    assert_eq!(good(&mut story(check("passed", "error"))).good.unwrap().written_by, id(4));
    for outcome in ["failed", "errored"] {
        let found = good(&mut story(check(outcome, "error")));
        assert_eq!(found.good.unwrap().written_by, id(2), "what is a warning stands against nothing");
        let doubt = &found.newer[0].against[0];
        assert_eq!((doubt.reason, doubt.run), (DoubtReason::Check, Some(id(3))));
        let words = format!("the check `whole` of clean (run {}) {outcome}", id(3).short());
        assert_eq!(doubt.message, words);
    }
    // Checked again and passed, it is the last outcome that counts.
    let again = json!([{"name": "whole", "outcome": "failed", "at": at(310)}, {"name": "whole", "outcome": "passed", "at": at(320)}]);
    assert_eq!(good(&mut story(again)).good.unwrap().written_by, id(4));
}

#[test]
fn a_comparison_tells_what_was_measured_otherwise_beside_the_causes() {
    let mut story = story(|round, component| match component {
        "featuregen" if round == 39 => json!({"params": {"scale": 1}}),
        "train" => json!({"metrics": [{"name": "rmse", "value": if round == 39 { 1.31 } else { 0.62 }}]}),
        _ => check(component, "predict", round == 39),
    });
    let [a, b] = [38, 39].map(|round| format!("s3://b/{round:03}/3"));
    let diff = story.reader().diff(&a, Some(&b)).unwrap();
    let fields = |all: &[mltrace_core::query::Difference]| all.iter().map(|of| of.field.clone()).collect::<Vec<_>>();
    assert_eq!(fields(&diff.differences), ["param:scale"]);
    assert_eq!(fields(&diff.measures), ["metric:rmse", "check:whole"]);
    assert_eq!((&diff.measures[0].a, &diff.measures[0].b), (&Some(json!(0.62)), &Some(json!(1.31))));
    let mut told = Vec::new();
    story.reader().tell_diff(&a, Some(&b), &mut serde_json::Serializer::new(&mut told)).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&told).unwrap(), serde_json::to_value(&diff).unwrap());
}

/// Returns what was observed of a hundred fares: all alike, some missing.
fn fares(fare: f64, missing: usize) -> Value {
    // The bucket of a number on the scale of the finest sketches.
    let bucket = (fare.ln() / 0.020_000_666_706_669_525).ceil();
    let count = 100 - missing;
    json!({"observations": [{"name": "fare", "count": 100, "is_whole": true, "missing": missing, "spread": {
        "sum": fare * count as f64, "min": fare, "max": fare, "level": 0, "zeros": 0, "positive": [[bucket as i64, count]]}}]})
}

#[test]
fn a_shift_of_what_was_observed_is_a_fact_after_its_cause_and_evidence() {
    // What was flagged predicted ten times as much; a parameter further up explains it.
    let told: Told = |round, component| match component {
        "predict" => fares(if is_wrong(round) { 80.0 } else { 8.0 } + (round % 5) as f64 / 10.0, round % 3),
        _ => json!({}),
    };
    let found = facts(&mut story(told));
    assert_eq!(found[0].0, "predict");
    assert!(found[0].1.starts_with("observed:fare."), "{found:?}");
    let evidence = story(told).reader().review(None).unwrap().suspects.into_iter().flat_map(|suspect| suspect.evidence);
    let words = evidence.collect::<Vec<_>>().join("\n");
    assert!(words.contains("of the observed `fare` was 80"), "{words}");

    let found = facts(&mut story(|round, component| match component {
        "featuregen" if is_wrong(round) => json!({"params": {"scale": 1}}),
        "predict" => fares(if is_wrong(round) { 80.0 } else { 8.0 } + (round % 5) as f64 / 10.0, round % 3),
        _ => json!({}),
    }));
    assert_eq!(found[0], ("featuregen".to_owned(), "param:scale".to_owned()), "{found:?}");
    let after = found.iter().skip(1).filter(|(_, aspect)| aspect.starts_with("observed:fare.")).count();
    assert_eq!(after, 1, "one of its figures tells enough: {found:?}");
}

#[test]
fn a_figure_of_what_was_observed_is_blamed_from_the_run_on_at_which_it_changed_its_level() {
    let mut story = story(|round, component| match component {
        "featuregen" if round >= 30 => json!({"params": {"scale": 1}}),
        "predict" => fares(
            if round >= 30 { 80.0 } else { 8.0 } + (round % 5) as f64 / 10.0,
            if round >= 20 { 40 } else { 2 } + round % 3,
        ),
        _ => json!({}),
    });
    let mut blamed = |figure: &str| {
        let measure = format!("observed:fare.{figure}").parse().unwrap();
        let blame = story.reader().blame(&measure, Some("predict")).unwrap();
        blame
            .changes
            .into_iter()
            .map(|change| (change.run, change.since_previous.unwrap().differences))
            .collect::<Vec<_>>()
    };
    for figure in ["p50", "p5", "p95", "mean"] {
        let changes = blamed(figure);
        assert_eq!((changes.len(), changes[0].0), (1, id(303)), "{figure}");
        assert_eq!(changes[0].1[0].field, "param:scale", "{figure}");
    }
    assert_eq!(blamed("missing")[0].0, id(203));
    assert!(blamed("count").is_empty(), "a hundred in every run");
    for none in ["observed:fare.p51", "observed:tip.p50", "observed:far.e.p50"] {
        let error = story.reader().blame(&none.parse().unwrap(), Some("predict")).unwrap_err();
        let QueryError::NoNumber { known, .. } = error else { panic!("{error}") };
        assert!(known.contains(&"observed:fare.p50".to_owned()), "{known:?}");
    }
}

#[test]
fn a_comparison_tells_what_was_observed_far_from_what_it_was() {
    let mut story = story(|round, component| match (component, round) {
        ("predict", 38) => fares(8.0, 3),
        ("predict", 39) => fares(80.0, 4),
        _ => json!({}),
    });
    let [a, b] = [38, 39].map(|round| format!("s3://b/{round:03}/3"));
    let measures = story.reader().diff(&a, Some(&b)).unwrap().measures;
    let fields: Vec<&str> = measures.iter().map(|of| of.field.as_str()).collect();
    assert_eq!(fields, ["observed:fare.mean", "observed:fare.p5", "observed:fare.p50", "observed:fare.p95"]);
}
