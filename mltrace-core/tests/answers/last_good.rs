//! The last good version, held against the traces of all versions.

use std::collections::BTreeSet;
use std::sync::Arc;

use mltrace_core::query::{DoubtReason, Fact, QueryError, TraceOptions};
use mltrace_core::store::Bounds;
use proptest::prelude::*;
use serde_json::json;

use crate::story::{Story, at, cases, content, id};

/// Of each run what it reads and which of five artifacts it writes.
type Runs = Vec<(Vec<usize>, usize)>;

fn runs() -> impl Strategy<Value = Runs> {
    proptest::collection::vec((proptest::collection::vec(0_usize..5, 0..3), 0_usize..5), 4..24)
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn the_last_good_version_is_the_newest_whose_trace_holds_nothing_flagged_or_shared_by_what_is(
        runs in runs(), flags in proptest::collection::vec((0_usize..24, 0_usize..2), 0..5), asked in 0_usize..5,
    ) {
        let name = |artifact: usize| format!("s3://b/{artifact}");
        let mut lines: Vec<_> = runs.iter().enumerate().map(|(number, (reads, writes))| json!({
            "type": "run", "id": id(number), "component": format!("c{writes}"), "status": "completed",
            "started_at": at(number * 10), "ended_at": at(number * 10 + 5), "duration_ms": 5000.0,
            "inputs": reads.iter().map(|read| json!({"name": name(*read)})).collect::<Vec<_>>(),
            "outputs": [{"name": name(*writes)}], "params": {},
        })).collect();
        let (mut flagged, mut ok) = (BTreeSet::new(), BTreeSet::new());
        for (number, (run, is_ok)) in flags.iter().enumerate() {
            let Some((_, writes)) = runs.get(*run) else { continue };
            let (name, version) = (name(*writes), format!("w:{}", id(*run)));
            let verdict = if *is_ok == 1 { "ok" } else { "flagged" };
            lines.push(json!({"type": "label", "id": id(900 + number), "name": name, "version": version,
                "verdict": verdict, "at": at(9000 + number)}));
            // The last word counts.
            let (into, out_of) = if *is_ok == 1 { (&mut ok, &mut flagged) } else { (&mut flagged, &mut ok) };
            out_of.remove(&(name.clone(), version.clone()));
            into.insert((name, version));
        }
        let mut story = Story::told(&lines);
        let written: Vec<usize> = (0..runs.len()).rev().filter(|run| runs[*run].1 == asked).collect();
        prop_assume!(!written.is_empty());
        let mut reader = story.reader();
        // What the flagged ones share makes the others doubtful that have it, unless somebody found them fine.
        let facts = reader.review(None).unwrap().facts.into_iter().filter(Fact::is_relied_on);
        let shared: BTreeSet<_> = facts.flat_map(|fact| fact.runs).collect();
        let mut expected = None;
        let mut doubted = Vec::new();
        for run in written {
            let version = format!("w:{}", id(run));
            let trace = reader.trace(&format!("{}@{version}", name(asked)), &TraceOptions::default()).unwrap();
            let inputs = trace.runs.iter().flat_map(|at| &at.run.inputs);
            let mut made_from = inputs.map(|input| (input.name.to_string(), input.version.to_string()));
            let own = (name(asked), version.clone());
            let has_shared = !ok.contains(&own) && trace.runs.iter().any(|at| shared.contains(&at.run.id));
            if !flagged.contains(&own) && !made_from.any(|read| flagged.contains(&read)) && !has_shared {
                expected = Some(version);
                break;
            }
            doubted.push(version);
        }
        let found = reader.last_good(&name(asked), None, None).unwrap();
        prop_assert_eq!(found.good.map(|good| good.version.to_string()), expected);
        prop_assert_eq!(found.newer.iter().map(|newer| newer.version.to_string()).collect::<Vec<_>>(), doubted);
        prop_assert!(found.newer.iter().all(|newer| !newer.against.is_empty()));
    }
}

#[test]
fn many_versions_that_share_what_they_were_made_from_take_a_few_walks() {
    const VERSIONS: usize = 400;
    let mut lines: Vec<_> = (0..VERSIONS)
        .map(|number| {
            // Each model is trained further from the one before, and the first from what is flagged.
            let read = if number == 0 { "s3://b/raw" } else { "s3://b/model" };
            json!({"type": "run", "id": id(number), "component": "train", "status": "completed",
                "started_at": at(number * 10), "ended_at": at(number * 10 + 5), "duration_ms": 5000.0,
                "inputs": [{"name": read, "version": (number == 0).then_some("v:1")}],
                "outputs": [{"name": "s3://b/model"}], "params": {}})
        })
        .collect();
    lines.push(json!({"type": "label", "id": id(9000), "name": "s3://b/raw", "version": "v:1", "verdict": "flagged",
        "at": at(9000)}));
    let mut story = Story::told(&lines);
    let mut reader = story.reader();
    reader.bound(Arc::new(Bounds::new(u64::MAX, 250_000, None))).unwrap();
    let found = reader.last_good("s3://b/model", None, None).unwrap();
    assert_eq!((found.good, found.newer.len(), found.is_cut), (None, VERSIONS, false));
    assert!(
        found.newer.iter().all(|newer| newer.against[0].message == "it was made from `s3://b/raw`, which is flagged")
    );
}

#[test]
fn of_what_is_written_once_the_last_good_one_is_what_an_earlier_run_wrote_in_its_place() {
    let name = |kind: &str, region: &str, day: usize| format!("s3://b/{kind}-{region}/2026-01-{day:02}.csv");
    let mut lines = Vec::new();
    for day in 1..13 {
        for (number, region) in ["eu", "us"].into_iter().enumerate() {
            let of = |kind: &str| json!({"name": name(kind, region, day)});
            lines.push(json!({"type": "run", "id": id(day * 10 + number), "component": "clean", "status": "completed",
                "started_at": at(day * 10 + number), "ended_at": at(day * 10 + number + 1), "duration_ms": 1000.0,
                "inputs": [of("raw")], "outputs": [of("log"), of("out")], "params": {}}));
        }
    }
    let flag = |number: usize, name: String, run: usize| {
        json!({"type": "label", "id": id(900 + number), "name": name, "version": format!("w:{}", id(run)),
            "verdict": "flagged", "at": at(9000 + number)})
    };
    lines.extend([12, 11, 9].map(|day| flag(day, name("out", "eu", day), day * 10)));
    // The raw data of the 10th are bad.
    lines.push(
        json!({"type": "label", "id": id(930), "name": name("raw", "eu", 10), "version": "none", "verdict": "flagged",
        "at": at(9100)}),
    );
    let mut story = Story::told(&lines);
    let mut reader = story.reader();
    let found = reader.last_good(&name("out", "eu", 12), None, None).unwrap();
    let good = found.good.unwrap();
    assert_eq!((good.name.unwrap().as_str(), good.written_by), (name("out", "eu", 8).as_str(), id(80)));
    let newer: Vec<_> = found.newer.iter().map(|newer| newer.name.as_ref().map(ToString::to_string)).collect();
    assert_eq!(newer[0], None, "the artifact that was asked of");
    assert_eq!(newer[1..], [11, 10, 9].map(|day| Some(name("out", "eu", day))));
    assert_eq!(
        found.newer[2].against[0].message,
        format!("it was made from `{}`, which is flagged", name("raw", "eu", 10))
    );

    let own = reader.last_good(&name("out", "us", 12), None, None).unwrap();
    assert_eq!((own.good.map(|good| (good.name, good.written_by)), own.newer), (Some((None, id(121))), Vec::new()));
    let log = reader.last_good(&name("log", "eu", 11), None, None).unwrap();
    assert_eq!(log.good.map(|good| good.name), Some(None), "only what lies beside it is flagged");

    // Before it was written, others stood in its place; and nothing did before the first of them.
    let by = |day: usize| Some(at(day * 10 + 5).parse().unwrap());
    let then = reader.last_good(&name("out", "eu", 12), by(11), None).unwrap();
    assert_eq!(then.good.unwrap().name.unwrap().as_str(), name("out", "eu", 8));
    assert_eq!(then.newer.len(), 3);
    let then = reader.last_good(&name("out", "eu", 12), by(4), None).unwrap();
    assert_eq!(then.good.unwrap().name.unwrap().as_str(), name("out", "eu", 4));
    assert!(matches!(reader.last_good(&name("out", "eu", 12), by(0), None), Err(QueryError::NotYet { .. })));
    assert!(matches!(reader.last_good(&name("out", "eu", 13), by(4), None), Err(QueryError::NotFound { .. })));
}

#[test]
fn what_earlier_runs_wrote_is_found_however_many_ran_since() {
    let name = |day: usize| format!("s3://b/out/{day:06}.csv");
    let day = |day: usize| {
        json!({"id": id(day), "component": "clean", "started_at": at(day * 10), "ended_at": at(day * 10 + 1),
            "inputs": [format!("s3://b/raw/{day:06}.csv")], "outputs": [name(day)]})
    };
    let mut story = Story::told(&(1..400).map(day).collect::<Vec<_>>());
    let then = at(3 * 10 + 5).parse().unwrap();
    let found = story.reader().last_good(&name(399), Some(then), None).unwrap();
    assert_eq!(found.good.unwrap().name.unwrap().as_str(), name(3));
    assert!(!found.is_cut && found.newer.is_empty());
}

#[test]
fn what_has_upstream_what_the_flagged_ones_share_is_doubted_unless_somebody_found_it_fine() {
    let mut lines = Vec::new();
    for day in 0..36 {
        let of = |kind: usize| content(day * 10 + kind);
        let run = |kind: usize, component: &str, scale: usize, inputs: serde_json::Value, output: &str| {
            json!({"id": id(day * 10 + kind), "component": component, "started_at": at(day * 100 + kind * 10),
                "ended_at": at(day * 100 + kind * 10 + 5), "params": {"scale": scale}, "inputs": inputs,
                "outputs": [{"name": output, "version": of(kind), "size": 99}]})
        };
        let scale = if day < 30 { 100 } else { 1 };
        lines.push(run(1, "clean", scale, json!(["raw"]), "table"));
        lines.push(run(2, "train", 7, json!([{"name": "table", "version": of(1), "size": 99}]), "model"));
    }
    let label = |day: usize, verdict: &str| {
        json!({"type": "label", "id": id(900 + day), "name": "model", "version": content(day * 10 + 2),
            "verdict": verdict, "at": at(9000 + day)})
    };
    lines.extend((30..34).map(|day| label(day, "flagged")).chain((15..30).map(|day| label(day, "ok"))));
    let mut story = Story::told(&lines);
    let found = story.reader().last_good("model", None, None).unwrap();
    assert_eq!((found.good.unwrap().written_by, found.newer.len()), (id(292), 6));
    for (newer, day) in found.newer.iter().zip([35, 34]) {
        let doubt = &newer.against[0];
        assert_eq!((newer.against.len(), doubt.reason, doubt.run), (1, DoubtReason::Cause, Some(id(day * 10 + 1))));
        let words = format!(
            "clean (run {}) ran with scale = 1 (before: 100): 4 of 4 bad, 0 of 15 ok, ",
            id(day * 10 + 1).short()
        );
        assert!(doubt.message.starts_with(&words), "{}", doubt.message);
    }
    // Whoever looked at it knows better than what is inferred.
    story.tell(&[label(34, "ok")]);
    let found = story.reader().last_good("model", None, None).unwrap();
    assert_eq!(found.good.unwrap().written_by, id(342));
}

#[test]
fn what_lies_beside_something_flagged_is_marked_and_not_passed_over() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "train", "started_at": at(1), "ended_at": at(2), "inputs": ["raw"],
            "outputs": [{"name": "model"}, {"name": "log"}]}),
        json!({"type": "label", "id": id(9), "name": "model", "version": format!("w:{}", id(1)), "verdict": "flagged", "at": at(9)}),
    ]);
    let good = story.reader().last_good("log", None, None).unwrap().good.unwrap();
    let told: Vec<_> = good.beside.iter().map(|doubt| (doubt.reason, doubt.message.as_str())).collect();
    assert_eq!(told, [(DoubtReason::Beside, "`model`, which the same run wrote, is flagged")]);
}
