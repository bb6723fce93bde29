//! Diff names what was changed in a generated pipeline, and nothing else.

use std::collections::BTreeSet;

use mltrace_core::model::RunId;
use mltrace_core::query::{Baseline, Diff, Difference};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::story::{Story, at, cases, content, id};

/// A step of a pipeline: it reads what earlier steps wrote, and raw data.
#[derive(Clone, Debug)]
struct Step {
    component: usize,
    reads: Vec<usize>,
    is_raw: bool,
}

/// A pipeline whose last step reads all that nobody else does, so that every step is upstream of it.
fn pipelines() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..4_usize, prop::collection::vec(any::<prop::sample::Index>(), 0..3), any::<bool>());
    prop::collection::vec(step, 1..9).prop_map(|drawn| {
        let mut steps: Vec<Step> = Vec::new();
        for (number, (component, reads, is_raw)) in drawn.into_iter().enumerate() {
            let reads: BTreeSet<usize> =
                if number == 0 { BTreeSet::new() } else { reads.iter().map(|index| index.index(number)).collect() };
            steps.push(Step { component, is_raw: is_raw || reads.is_empty(), reads: reads.into_iter().collect() });
        }
        let read: BTreeSet<usize> = steps.iter().flat_map(|step| step.reads.clone()).collect();
        let ends = (0..steps.len()).filter(|step| !read.contains(step)).collect();
        steps.push(Step { component: 9, reads: ends, is_raw: false });
        steps
    })
}

/// What is changed at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Nothing,
    Param,
    NewParam,
    Commit,
    Code,
    Host,
    Raw,
    /// The step writes other bytes although nothing differs.
    Chance,
    Status,
    Duration,
}

const CHANGES: [Change; 10] = [
    Change::Nothing,
    Change::Param,
    Change::NewParam,
    Change::Commit,
    Change::Code,
    Change::Host,
    Change::Raw,
    Change::Chance,
    Change::Status,
    Change::Duration,
];

/// How names and contents of a round of the pipeline are reported.
#[derive(Clone, Copy, Debug)]
struct Style {
    /// Outputs carry the round in their names.
    is_dated: bool,
    /// Contents are known; otherwise names alone are.
    has_content: bool,
}

fn artifact(style: Style, step: usize, round: usize) -> String {
    if style.is_dated { format!("s3://b/{step}/{round}") } else { format!("s3://b/{step}") }
}

/// The steps whose bytes a change at `changed` reaches.
fn reached(steps: &[Step], changed: usize, change: Change) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    if matches!(change, Change::Nothing | Change::Duration) {
        return reached;
    }
    for (number, step) in steps.iter().enumerate() {
        if number == changed || step.reads.iter().any(|read| reached.contains(read)) {
            reached.insert(number);
        }
    }
    reached
}

fn round(steps: &[Step], style: Style, round: usize, changed: usize, change: Change) -> Vec<Value> {
    let reached = reached(steps, changed, change);
    let file = |name: String, number: usize| match style.has_content {
        true => json!({"name": name, "version": content(number), "size": 99}),
        false => json!({"name": name}),
    };
    // What a change did not reach has the same bytes in each round.
    let bytes = |step: usize| if reached.contains(&step) { 5000 + round * 100 + step } else { 1000 + step };
    let told = steps.iter().enumerate().map(|(number, step)| {
        let is = |wanted: Change| change == wanted && number == changed;
        let mut inputs: Vec<Value> =
            step.reads.iter().map(|read| file(artifact(style, *read, round), bytes(*read))).collect();
        for input in &mut inputs {
            input["argument"] = json!("parts");
        }
        if step.is_raw {
            let raw = if is(Change::Raw) { 900 + round } else { number };
            inputs.push(json!({"name": format!("raw-{number}"), "version": content(raw + 10), "size": 99}));
        }
        let mut params = json!({"lr": if is(Change::Param) { 0.2 } else { 0.1 }, "step": number});
        if is(Change::NewParam) {
            params["new"] = json!(true);
        }
        let start = round * 1000 + number * 10;
        let status = if is(Change::Status) { "failed" } else { "completed" };
        let commit = if is(Change::Commit) { "bbbb" } else { "aaaa" };
        let hash = if is(Change::Code) { "2" } else { "1" };
        let took = if is(Change::Duration) { 9000.0 } else { 1000.0 };
        json!({
            "type": "run", "id": id(round * 100 + number), "component": format!("c{}", step.component), "status": status,
            "started_at": at(start), "ended_at": at(start + 5), "duration_ms": took,
            "inputs": inputs, "outputs": [file(artifact(style, number, round), bytes(number))], "params": params,
            "git": {"commit": commit, "branch": null, "tags": [], "dirty": false, "remote": null},
            "code": {"file": "f.rs", "line": 1, "hash": hash.repeat(64), "source": hash, "is_in_work_tree": true},
            "host": if is(Change::Host) { "other" } else { "here" },
        })
    });
    told.collect()
}

fn field(change: Change, step: usize, style: Style) -> Option<String> {
    match change {
        Change::Nothing => None,
        Change::Param => Some("param:lr".to_owned()),
        Change::NewParam => Some("param:new".to_owned()),
        Change::Commit => Some("git.commit".to_owned()),
        Change::Code => Some("code".to_owned()),
        Change::Host => Some("host".to_owned()),
        Change::Raw => Some(format!("input:raw-{step}")),
        Change::Status => Some("status".to_owned()),
        Change::Duration => Some("duration".to_owned()),
        // Without contents nobody can see it.
        Change::Chance => style.has_content.then(|| "chance".to_owned()),
    }
}

fn swapped(diff: &Diff) -> Vec<Difference> {
    let swapped = diff.differences.iter().cloned().map(|difference| {
        let Difference { component, field, a, b, runs: [left, right], source_diff } = difference;
        // One line each: what went comes first whichever it is.
        let source_diff = source_diff.map(|_| "@@ -1 +1 @@\n-2\n+1\n".to_owned());
        Difference { component, field, a: b, b: a, runs: [right, left], source_diff }
    });
    swapped.collect()
}

fn version(style: Style, last: usize, round: usize, reached: bool) -> String {
    let name = artifact(style, last, round);
    match style.has_content {
        true => format!(
            "{name}@{}",
            content(if reached { 5000 + round * 100 + last } else { 1000 + last }).as_str().unwrap()
        ),
        false => format!("{name}@w:{}", id(round * 100 + last)),
    }
}

proptest! {
    #![proptest_config(cases(80))]

    #[test]
    fn one_change_is_named_and_nothing_else(
        steps in pipelines(),
        changed in any::<prop::sample::Index>(),
        change in prop::sample::select(CHANGES.to_vec()),
        is_dated in any::<bool>(),
        has_content in any::<bool>(),
    ) {
        let style = Style { is_dated, has_content };
        let changed = changed.index(steps.len());
        let last = steps.len() - 1;
        // A run that failed leaves no version of an opaque name, and only raw data can be changed that are read.
        let is_seen = match change {
            Change::Status => has_content,
            Change::Raw => steps[changed].is_raw,
            _ => true,
        };
        prop_assume!(is_seen);
        // Usual runs first, so that something is usual.
        let mut lines: Vec<Value> = (0..6).flat_map(|number| round(&steps, style, number, changed, Change::Nothing)).collect();
        lines.extend(round(&steps, style, 6, changed, change));
        let mut story = Story::told(&lines);
        let is_reached = reached(&steps, changed, change).contains(&last);
        let before = if is_dated || !has_content { version(style, last, 5, false) } else { version(style, last, 0, false) };
        let after = version(style, last, 6, is_reached);
        let diff = story.reader().diff(&before, Some(&after)).unwrap();
        let fields: Vec<&str> = diff.differences.iter().map(|difference| difference.field.as_str()).collect();
        if before == after || (has_content && !is_dated && !is_reached) {
            // The same bytes under the same name are one version, which does not differ from itself.
            prop_assert!(fields.is_empty(), "{:?}", diff);
        } else if let Some(expected) = field(change, changed, style) {
            if expected == "chance" {
                // Each reader of the step says so, or what was asked for itself.
                prop_assert!(!fields.is_empty() && fields.iter().all(|field| *field == "content" || *field == format!("input:{}", artifact(style, changed, 6)) || *field == "input:parts"), "{:?}", diff);
            } else {
                prop_assert_eq!(&fields, &[expected.as_str()], "{:?}", diff);
                let ran = id(600 + changed);
                prop_assert_eq!(diff.differences[0].runs[1], Some(ran));
            }
        } else {
            prop_assert!(fields.is_empty(), "{:?}", diff);
        }
        let back = story.reader().diff(&after, Some(&before)).unwrap();
        prop_assert_eq!(swapped(&diff), back.differences);
        prop_assert_eq!(diff.consequences, back.consequences);
        for same in [&before, &after] {
            let none = story.reader().diff(same, Some(same)).unwrap();
            prop_assert!(none.differences.is_empty() && none.consequences == 0);
        }
    }
}

fn line(number: usize, component: &str, inputs: Value, outputs: Value) -> Value {
    let mut line = json!({"id": id(number), "component": component});
    let times = [at(number * 10), at(number * 10 + 5)].map(Value::from);
    for (field, value) in ["inputs", "outputs"].into_iter().zip([inputs, outputs]) {
        line[field] = value;
    }
    for (field, value) in ["started_at", "ended_at"].into_iter().zip(times) {
        line[field] = value;
    }
    line
}

fn told(diff: &Diff) -> Vec<(String, [Option<RunId>; 2])> {
    diff.differences.iter().map(|difference| (difference.field.clone(), difference.runs)).collect()
}

#[test]
fn a_step_on_one_side_only_is_named_and_its_readers_only_follow() {
    let mut story = Story::told(&[
        line(1, "ingest", json!([]), json!(["s3://x/raw"])),
        line(2, "train", json!(["s3://x/raw"]), json!(["s3://x/model"])),
        line(3, "clean", json!(["s3://x/raw"]), json!(["s3://x/clean"])),
        line(4, "train", json!(["s3://x/clean"]), json!(["s3://x/model"])),
    ]);
    let diff = story.reader().diff("s3://x/model", None).unwrap();
    assert_eq!(diff.baseline, Some(Baseline::Previous));
    assert_eq!(
        told(&diff),
        [("missing".to_owned(), [None, Some(id(3))]), ("input:s3://x/raw".to_owned(), [Some(id(2)), Some(id(4))])]
    );
}

#[test]
fn the_last_ok_version_is_what_one_compares_with() {
    let run = |number: usize, lr: f64| {
        let mut line = line(number, "train", json!([]), json!(["s3://x/model"]));
        line["params"] = json!({"lr": lr});
        line
    };
    let mut story = Story::told(&[run(1, 0.1), run(2, 0.2), run(3, 0.3)]);
    let values = |diff: &Diff| (diff.differences[0].a.clone(), diff.differences[0].b.clone());
    let previous = story.reader().diff("s3://x/model", None).unwrap();
    assert_eq!(values(&previous), (Some(json!(0.2)), Some(json!(0.3))));
    let version = format!("w:{}", id(1));
    story.tell(&[json!({"type": "label", "id": id(9), "name": "s3://x/model", "version": version, "verdict": "ok",
                        "reason": null, "by": null, "at": at(90)})]);
    let ok = story.reader().diff("s3://x/model", None).unwrap();
    assert_eq!((values(&ok), ok.baseline), ((Some(json!(0.1)), Some(json!(0.3))), Some(Baseline::Ok)));
    let error = story.reader().diff(&format!("s3://x/model@{version}"), None).unwrap_err();
    assert!(error.to_string().starts_with("no other version of"), "{error}");
}

#[test]
fn raw_data_under_another_name_are_named() {
    let mut story = Story::told(&[
        line(1, "clean", json!([{"name": "s3://raw/jan", "argument": "raw"}]), json!(["s3://x/jan"])),
        line(2, "clean", json!([{"name": "s3://raw/feb", "argument": "raw"}]), json!(["s3://x/feb"])),
    ]);
    let diff = story.reader().diff("s3://x/jan", Some("s3://x/feb")).unwrap();
    assert_eq!(told(&diff).len(), 1, "{diff:?}");
    assert_eq!(diff.differences[0].field, "input:raw");
    assert_eq!(
        (diff.differences[0].a.clone(), diff.differences[0].b.clone()),
        (Some(json!("s3://raw/jan")), Some(json!("s3://raw/feb")))
    );
}

#[test]
fn versions_that_nobody_wrote_differ_in_themselves() {
    let file = |number| json!({"name": "raw", "version": content(number), "size": 99});
    let mut story =
        Story::told(&[line(1, "a", json!([file(1)]), json!([])), line(2, "a", json!([file(2)]), json!([]))]);
    let version = |number| format!("raw@{}", content(number).as_str().unwrap());
    let diff = story.reader().diff(&version(1), Some(&version(2))).unwrap();
    assert_eq!(told(&diff), [("content".to_owned(), [None, None])]);
    assert_eq!(diff.differences[0].component, None);
}

#[test]
fn runs_of_one_component_are_told_apart_by_where_they_are_read() {
    let clean = |number: usize, kind: &str, round: usize| {
        let raw = json!([{"name": format!("s3://raw/{kind}/{round}"), "argument": "raw"}]);
        let mut line = line(number, "clean", raw, json!([format!("s3://x/{kind}/{round}")]));
        line["params"] = json!({"kind": kind});
        line
    };
    let join = |number: usize, round: usize| {
        let input = |kind: &str| json!({"name": format!("s3://x/{kind}/{round}"), "argument": kind});
        line(number, "join", json!([input("rides"), input("zones")]), json!([format!("s3://x/joined/{round}")]))
    };
    // In the second round the zones come first.
    let mut story = Story::told(&[
        clean(1, "rides", 1),
        clean(2, "zones", 1),
        join(3, 1),
        clean(4, "zones", 2),
        clean(5, "rides", 2),
        join(6, 2),
    ]);
    let diff = story.reader().diff("s3://x/joined/1", Some("s3://x/joined/2")).unwrap();
    let pairs: Vec<_> = told(&diff);
    let raw = "input:raw".to_owned();
    assert_eq!(pairs, [(raw.clone(), [Some(id(1)), Some(id(5))]), (raw, [Some(id(2)), Some(id(4))])], "{diff:?}");
}

#[test]
fn a_run_that_both_have_is_its_own_partner() {
    let mut story = Story::told(&[
        line(1, "clean", json!(["s3://raw"]), json!(["s3://x/rows"])),
        line(2, "train", json!(["s3://x/rows"]), json!(["s3://x/model"])),
        line(3, "evaluate", json!(["s3://x/model", "s3://x/rows"]), json!(["s3://x/scores"])),
        line(4, "clean", json!(["s3://raw"]), json!(["s3://x/rows"])),
        line(5, "evaluate", json!(["s3://x/model", "s3://x/rows"]), json!(["s3://x/scores"])),
    ]);
    let diff = story.reader().diff("s3://x/scores", None).unwrap();
    assert_eq!(told(&diff), [("missing".to_owned(), [None, Some(id(4))])], "{diff:?}");
    assert_eq!(diff.consequences, 1);
}
