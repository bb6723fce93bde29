//! Gates: what is not known of a version, and all that stands against it.

use std::time::{Duration, Instant};

use mltrace_core::query::{Gate, MetricRequirement, NotWorseThan, Requirements};
use serde_json::{Value, json};

use crate::story::{Story, at, id};

fn run(number: usize, inputs: &Value, output: &str, metrics: &Value) -> Value {
    json!({"id": id(number), "component": "train", "inputs": inputs, "outputs": [output], "metrics": metrics,
        "started_at": at(number * 10), "ended_at": at(number * 10 + 5)})
}

fn compared(story: &mut Story, metric: &str, than: NotWorseThan) -> Gate {
    let metrics = vec![MetricRequirement::parse(metric, "higher").unwrap()];
    let required = Requirements { metrics, baseline: Some(than), ..Requirements::default() };
    story.reader().gate("model", &required).unwrap()
}

#[test]
fn the_first_version_must_have_been_measured_too() {
    let metrics = json!([{"name": "auc", "value": 0.9}, {"name": "loss", "value": "NaN"}]);
    let mut story = Story::told(&[run(1, &json!([]), "model", &metrics)]);
    let first = NotWorseThan { may_be_first: true, ..NotWorseThan::new("@nosuch") };
    let mut of = |metric: &str| {
        let gate = compared(&mut story, metric, first.clone());
        let found = gate.requirements.into_iter().find(|required| required.name.is_some()).unwrap();
        (gate.passes, found.holds, found.message)
    };
    assert_eq!(of("auc"), (true, Some(true), "`auc` = 0.9, the first".to_owned()));
    assert_eq!(of("acu"), (false, None, "nobody measured `acu` of it".to_owned()));
    assert_eq!(of("loss"), (false, None, "`loss` = NaN is no number".to_owned()));
}

#[test]
fn nothing_is_known_to_be_worse_than_a_baseline_that_is_no_number() {
    let auc = |value: &str| json!([{"name": "auc", "value": value}]);
    let story = |own: &str, before: &str| {
        Story::told(&[run(1, &json!([]), "before", &auc(before)), run(2, &json!([]), "model", &auc(own))])
    };
    let of = |own: &str, before: &str| {
        let gate = compared(&mut story(own, before), "auc", NotWorseThan::new("before"));
        let last = gate.requirements.last().unwrap().clone();
        (last.holds, last.message)
    };
    let unknown = "`auc` = NaN of `before` is no number: there is nothing to compare with";
    assert_eq!(of("0.9", "NaN"), (None, unknown.to_owned()));
    assert_eq!(of("NaN", "0.9").0, Some(false));
}

#[test]
fn all_that_is_flagged_is_counted() {
    let story = |count: usize| {
        let names: Vec<String> = (0..count).map(|number| format!("raw{number:03}")).collect();
        let inputs: Vec<Value> = names.iter().map(|name| json!({"name": name, "version": "v:1"})).collect();
        let flag = |name: &String| {
            json!({"type": "label", "id": id(500 + name[3..].parse::<usize>().unwrap()), "name": name, "version": "v:1",
                "verdict": "flagged", "reason": "cut", "at": at(100)})
        };
        let flags: Vec<Value> = names.iter().map(flag).collect();
        Story::told(&[vec![run(1, &json!(inputs), "model", &json!([]))], flags].concat())
    };
    let unflagged = |count: usize| {
        let required = Requirements { is_unflagged: true, ..Requirements::default() };
        story(count).reader().gate("model", &required).unwrap().requirements.pop().unwrap()
    };
    let six = unflagged(6);
    assert!(six.holds == Some(false) && six.message.ends_with("; and 3 more"), "{}", six.message);
    assert_eq!(six.reasons.len(), 6);
    assert!(six.reasons[5].starts_with("it was made from `raw00"), "{:?}", six.reasons);
    let three = unflagged(3);
    assert!(!three.message.contains("more") && three.reasons.len() == 3);
    let many = unflagged(150);
    assert!(many.message.ends_with("; and at least 97 more") && many.reasons.len() == 100, "{}", many.message);
}

#[test]
fn each_run_is_looked_at_once_however_many_metrics_are_asked_for() {
    const METRICS: usize = 400;
    let name = |number: usize| format!("metric-{number}");
    let metrics: Vec<Value> = (0..METRICS).map(|number| json!({"name": name(number), "value": number})).collect();
    let readers = (2..60).map(|number| run(number, &json!(["model"]), "report", &json!(metrics)));
    let mut story = Story::told(&[vec![run(1, &json!([]), "model", &json!([]))], readers.collect()].concat());
    let mut took = |count: usize| {
        let metrics = (0..count).map(|number| MetricRequirement::parse(&name(number), ">= 0").unwrap());
        let required = Requirements { metrics: metrics.collect(), ..Requirements::default() };
        let once = |_| {
            let begun = Instant::now();
            let gate = story.reader().gate("model", &required).unwrap();
            assert!(gate.passes && gate.requirements.len() == count + 1);
            begun.elapsed()
        };
        (0..3).map(once).min().unwrap()
    };
    let (one, all) = (took(1), took(METRICS));
    assert!(all < one * 8 + Duration::from_millis(20), "{one:?} for one, {all:?} for {METRICS}");
}

#[test]
fn who_read_copies_of_two_versions_measured_neither_of_them() {
    let content =
        |name: &str, digit: &str| json!({"name": name, "version": format!("b3:{}", digit.repeat(64)), "size": 999});
    let told = |copies: Value| {
        let write = |number: usize, digit: &str| {
            json!({"id": id(number), "component": "train", "outputs": [content("model", digit)],
                "started_at": at(number * 10), "ended_at": at(number * 10 + 5)})
        };
        let mut story = Story::told(&[
            write(1, "1"),
            write(2, "2"),
            run(3, &copies, "report", &json!([{"name": "auc", "value": 0.9}])),
        ]);
        let metrics = vec![MetricRequirement::parse("auc", ">= 0.8").unwrap()];
        let required = Requirements { metrics, ..Requirements::default() };
        story.reader().gate(&format!("model@b3:{}", "1".repeat(64)), &required).unwrap().requirements.pop().unwrap()
    };
    assert_eq!(told(json!([content("kept/old", "1")])).holds, Some(true));
    let several = told(json!([content("kept/old", "1"), content("kept/new", "2")]));
    assert_eq!(several.holds, None);
    assert!(several.message.ends_with("is not said: it read several"), "{}", several.message);
}
