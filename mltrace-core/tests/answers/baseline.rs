//! What `diff` compares with when one version is named: comparable, never flagged, and the last.

use mltrace_core::query::{Baseline, Diff, Since};
use serde_json::{Value, json};

use crate::story::{Story, at, id};

/// What a run wrote, under a name that no other run has.
fn object(run: usize, number: usize) -> String {
    let hash = blake3::hash(&[(run / 256) as u8, run as u8, number as u8]).to_hex().to_string();
    format!("s3://lake/{}-{}-{}-{}-{}.pq", &hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32])
}

fn run(number: usize, region: &str, scale: usize, outputs: &Value) -> Value {
    json!({"type": "run", "id": id(number), "component": "ingest", "status": "completed", "started_at": at(number * 10),
           "ended_at": at(number * 10 + 5), "inputs": [], "outputs": outputs, "params": {"region": region, "scale": scale}})
}

fn judged(place: usize, name: &str, run: usize, verdict: &str) -> Value {
    json!({"type": "label", "id": id(90_000 + place), "name": name, "version": format!("w:{}", id(run)),
           "verdict": verdict, "at": at(80_000 + place)})
}

/// Regions that take turns, of which the last run of one has another scale.
fn regions(rounds: usize) -> Vec<Value> {
    let of = |number: usize| {
        let (region, is_last) = (["eu", "us"][number % 2], number == rounds * 2 - 2);
        run(number, region, if is_last { 1 } else { 100 }, &json!([object(number, 0)]))
    };
    (0..rounds * 2).map(of).collect()
}

fn compared(diff: &Diff) -> (String, Option<Baseline>, usize, Option<usize>) {
    (diff.a.name.to_string(), diff.baseline, diff.passed_over, diff.looked_at)
}

#[test]
fn one_region_is_compared_with_itself() {
    for rounds in [2, 3, 6] {
        let mut story = Story::told(&regions(rounds));
        let last = rounds * 2 - 2;
        let diff = story.reader().diff(&object(last, 0), None).unwrap();
        assert_eq!(compared(&diff), (object(last - 2, 0), Some(Baseline::Sibling), 0, None));
        let fields: Vec<&str> = diff.differences.iter().map(|difference| difference.field.as_str()).collect();
        assert_eq!(fields, ["param:scale"]);
        let run = story.reader().inspect_among_others(&id(last).to_string()).unwrap();
        let Since { run: before, differences, .. } = *run.changed.unwrap();
        assert_eq!((before, differences.len()), (id(last - 2), 1), "its page says the same");
    }
}

#[test]
fn nothing_flagged_is_compared_with() {
    let mut story = Story::told(&regions(6));
    story.tell(&[judged(0, &object(8, 0), 8, "flagged"), judged(1, &object(6, 0), 6, "flagged")]);
    let diff = story.reader().diff(&object(10, 0), None).unwrap();
    assert_eq!(compared(&diff), (object(4, 0), Some(Baseline::Sibling), 2, None));
    assert_eq!(diff.why().unwrap(), "the last one in its place that is not flagged");
    story.tell(&[judged(2, &object(2, 0), 2, "ok")]);
    let diff = story.reader().diff(&object(10, 0), None).unwrap();
    assert_eq!(compared(&diff), (object(2, 0), Some(Baseline::Ok), 2, None));
    let all: Vec<Value> = (1..5).map(|round| judged(10 + round, &object(round * 2, 0), round * 2, "flagged")).collect();
    story.tell(&all);
    story.tell(&[judged(3, &object(0, 0), 0, "flagged")]);
    let error = story.reader().diff(&object(10, 0), None).unwrap_err();
    let expected = format!("there is nothing to compare `{}` with: all 5 written before it are flagged", object(10, 0));
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_flagged_version_of_the_same_name_is_passed_over() {
    let lines: Vec<Value> = (0..4).map(|number| run(number, "eu", number, &json!(["s3://lake/one"]))).collect();
    let mut story = Story::told(&lines);
    story.tell(&[judged(0, "s3://lake/one", 2, "flagged")]);
    let diff = story.reader().diff("s3://lake/one", None).unwrap();
    assert_eq!(compared(&diff), ("s3://lake/one".to_owned(), Some(Baseline::Previous), 1, None));
    assert_eq!(diff.a.version.to_string(), format!("w:{}", id(1)));
    assert_eq!(diff.why().unwrap(), "the last one before that is not flagged");
}

#[test]
fn of_several_outputs_that_of_the_same_argument_and_number_is_compared_with() {
    let outputs = |number: usize| {
        let named = |place: usize, argument: &str| json!({"name": object(number, place), "argument": argument});
        let mut all = vec![named(0, "train"), named(1, "train"), named(2, "test"), named(3, "test")];
        if number == 1 {
            // One that no other run wrote comes first.
            all.insert(0, json!({"name": "s3://lake/log.txt"}));
            all.swap(1, 3);
            all.swap(2, 4);
        }
        all.into()
    };
    let mut story = Story::told(&[run(1, "eu", 1, &outputs(1)), run(2, "eu", 1, &outputs(2))]);
    for place in 0..4 {
        let diff = story.reader().diff(&object(2, place), None).unwrap();
        let argument = if place < 2 { [0, 1] } else { [2, 3] };
        assert!(argument.map(|place| object(1, place)).contains(&diff.a.name.to_string()), "{place}: {diff:?}");
    }
    let same = |number: usize| json!([0, 1, 2].map(|place| object(number, place)));
    let mut story = Story::told(&[run(1, "eu", 1, &same(1)), run(2, "eu", 1, &same(2))]);
    for place in 0..3 {
        assert_eq!(story.reader().diff(&object(2, place), None).unwrap().a.name.to_string(), object(1, place));
    }
}

#[test]
fn what_lies_further_back_than_anybody_looked_is_said() {
    let lines: Vec<Value> = (0..160).map(|number| run(number, "eu", 1, &json!([object(number, 0)]))).collect();
    let mut story = Story::told(&lines);
    story.tell(&[judged(0, &object(1, 0), 1, "ok")]);
    let diff = story.reader().diff(&object(159, 0), None).unwrap();
    assert_eq!(compared(&diff), (object(158, 0), Some(Baseline::Sibling), 0, Some(128)));
    let expected = "what the run before wrote in its place; only the 128 runs before were looked at";
    assert_eq!(diff.why().unwrap(), expected);
    // What is found fine within them is found, however far back.
    story.tell(&[judged(1, &object(40, 0), 40, "ok")]);
    let diff = story.reader().diff(&object(159, 0), None).unwrap();
    assert_eq!(compared(&diff), (object(40, 0), Some(Baseline::Ok), 0, None));
    let bad: Vec<Value> = (31..159).map(|number| judged(100 + number, &object(number, 0), number, "flagged")).collect();
    story.tell(&bad);
    let error = story.reader().diff(&object(159, 0), None).unwrap_err().to_string();
    assert!(error.ends_with("all 128 written before it are flagged, of what the 128 runs before wrote"), "{error}");
}
