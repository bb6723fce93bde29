//! How a trace is divided into boxes and edges: with a box for each version, and with boxes for runs alone.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use mltrace_core::config::{Environment, Home};
use std::collections::BTreeSet;

use mltrace_core::draw::{self, Content, Drawing, Shared, Sharing};
use mltrace_core::ingest;
use mltrace_core::model::{ArtifactName, Bound, Verdict, Version, VersionId};
use mltrace_core::query::{Reader, Trace, TraceOptions};
use mltrace_core::store::{self, Mode};

/// What is opened in a drawing.
static NOTHING: BTreeSet<String> = BTreeSet::new();

/// Returns the trace of `model`: `raw` and `rates` were cleaned, and `model` was trained on what came of it.
fn trace() -> Trace {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".mltrace")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let line = |second: u32, component: &str, inputs: &[&str], output: &str| {
        let at = |second: u32| format!("2021-01-01T00:00:{second:02}Z");
        let line = serde_json::json!({
            "component": component, "inputs": inputs, "outputs": [output],
            "started_at": at(second), "ended_at": at(second + 1),
        });
        format!("{line}\n")
    };
    let lines = line(0, "clean", &["s3://b/raw", "s3://b/rates"], "s3://b/clean")
        + &line(10, "train", &["s3://b/clean"], "s3://b/model");
    let mut store = store::open(&home, Mode::Write).unwrap();
    assert_eq!(ingest::import(&home, store.as_mut(), &mut lines.as_bytes(), &mut |_| {}).unwrap().wrong, 0);
    Reader::new(store.as_mut(), &home, folder.path()).trace("s3://b/model", &TraceOptions::default()).unwrap()
}

/// Returns the boxes and the edges in words.
fn told(drawing: &Drawing<'_>) -> Vec<String> {
    let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
    let of = |content: &Content<'_>| match content {
        Content::Run(run) => format!("[{}]", run.component),
        Content::Version(drawn) => {
            let verdict = drawn.verdict.map(|verdict| format!(" {verdict:?}")).unwrap_or_default();
            format!("{}{verdict}{}", short(drawn.name.as_str()), if drawn.is_asked { "!" } else { "" })
        }
        Content::Group(component, runs) => format!("[{component} x{}]", runs.len()),
        Content::Rest(runs) => format!("[rest x{}]", runs.len()),
        Content::Source(name, _) => short(name),
        Content::Sources(names, _) => format!("{} sources", names.len()),
    };
    let boxes: Vec<String> = drawing.boxes.iter().map(of).collect();
    let edge = |edge: &draw::Edge<'_>| {
        format!("{} -> {} {:?} {}", boxes[edge.ends.0], boxes[edge.ends.1], edge.bound, edge.names.len())
    };
    boxes.iter().cloned().chain(drawing.edges.iter().map(edge)).collect()
}

#[test]
fn each_version_has_a_box_and_each_edge_is_there_once() {
    let mut trace = trace();
    let train = &mut trace.runs[0].run;
    train.inputs.push(train.inputs[0].clone());
    train.outputs[0].label = Some(Verdict::Flagged);
    let clean = &mut trace.runs[1].run.inputs;
    let original = Version { name: ArtifactName("s3://b/original".to_owned()), version: VersionId::None };
    let copy = clean.iter_mut().find(|input| input.name.as_str() == "s3://b/raw").unwrap();
    (copy.bound, copy.same_content_as) = (Bound::Copy, Some(original));
    assert_eq!(
        told(&draw::versions(&trace)),
        [
            "model Flagged!",
            "[train]",
            "clean",
            "[clean]",
            "raw",
            "original",
            "rates",
            "[train] -> model Flagged! Content 1",
            "clean -> [train] Time 1",
            "[clean] -> clean Content 1",
            "raw -> [clean] Content 1",
            "original -> raw Copy 1",
            "rates -> [clean] UnknownWriter 1",
        ]
    );
}

#[test]
fn runs_and_what_comes_from_outside_share_boxes_where_there_are_few() {
    let trace = trace();
    let told_with = |most: usize| {
        let sharing = Sharing::ways(&trace, most, Shared::Nothing, &NOTHING).next().unwrap();
        told(&draw::runs(&trace, sharing))
    };
    let all = [
        "[train]",
        "[clean]",
        "raw",
        "rates",
        "[clean] -> [train] Time 1",
        "raw -> [clean] UnknownWriter 1",
        "rates -> [clean] UnknownWriter 1",
    ];
    let few = ["[train]", "[clean]", "2 sources", "[clean] -> [train] Time 1", "2 sources -> [clean] UnknownWriter 2"];
    assert_eq!((told_with(4), told_with(3)), (all.map(str::to_owned).to_vec(), few.map(str::to_owned).to_vec()));
    assert_eq!(told_with(1), ["[rest x2]", "2 sources", "2 sources -> [rest x2] UnknownWriter 2"]);
    let drawing = draw::runs(&trace, Sharing::ways(&trace, 4, Shared::Nothing, &NOTHING).next().unwrap());
    let sizes = vec![(10.0, 10.0); drawing.boxes.len()];
    assert_eq!(drawing.layout(&sizes, 100).unwrap().lines.len(), drawing.edges.len());
    assert!(drawing.layout(&sizes, 1).is_none());
}

#[test]
fn siblings_share_a_box_until_they_are_opened_and_what_was_asked_about_has_its_own() {
    let mut trace = trace();
    let clean = trace.runs[1].clone();
    for number in 1..5 {
        let mut sibling = clean.clone();
        sibling.run.id = mltrace_core::model::RunId(uuid::Uuid::from_u128(number));
        let written = sibling.run.id;
        let mut input = trace.runs[0].run.inputs[0].clone();
        input.written_by = Some(written);
        trace.runs[0].run.inputs.push(input);
        trace.runs.push(sibling);
    }
    let boxes = |least: Shared, open: &BTreeSet<String>| -> Vec<String> {
        let sharing = Sharing::ways(&trace, 100, least, open).next().unwrap();
        let told = told(&draw::runs(&trace, sharing));
        told.into_iter().filter(|line| line.starts_with('[') && !line.contains("->")).collect()
    };
    assert_eq!(boxes(Shared::Siblings, &NOTHING), ["[train]", "[clean x5]"]);
    assert_eq!(boxes(Shared::Nothing, &NOTHING).len(), 6);
    assert_eq!(boxes(Shared::Siblings, &BTreeSet::from(["clean".to_owned()])).len(), 6);
}
