//! Impact is the closure over what was read, and each version's state follows from the last write of its artifact.

use std::collections::{BTreeMap, BTreeSet};

use mltrace_core::query::{Impact, ImpactOf, ImpactState};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::story::{Story, at, cases, content, id};

/// How many artifacts the runs of a pipeline share.
const ARTIFACTS: usize = 6;

/// A run over artifacts by number. The content of what it writes is one of three: writing the same again happens.
#[derive(Clone, Debug)]
struct Step {
    reads: Vec<usize>,
    writes: Vec<(usize, usize)>,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let reads = prop::collection::vec(0..ARTIFACTS, 0..3);
    let writes = prop::collection::btree_map(0..ARTIFACTS, 0..3_usize, 0..3);
    let step = (reads, writes).prop_map(|(reads, writes)| Step { reads, writes: writes.into_iter().collect() });
    prop::collection::vec(step, 1..14)
}

/// The even artifacts are files with a content, the odd ones names whose content nobody knows.
fn name(artifact: usize) -> String {
    if artifact.is_multiple_of(2) { format!("file-{artifact}") } else { format!("s3://bucket/{artifact}") }
}

fn version(artifact: usize, value: usize, run: usize) -> String {
    match artifact % 2 {
        0 => content(1000 + artifact * 10 + value).as_str().unwrap().to_owned(),
        _ => format!("w:{}", id(run)),
    }
}

/// Reports the steps one after the other; a run of each component writes no artifact before it has read.
fn lines(steps: &[Step]) -> Vec<Value> {
    let mut disk: BTreeMap<usize, usize> = BTreeMap::new();
    let told = steps.iter().enumerate().map(|(run, step)| {
        let seen = |artifact: &usize| match (artifact % 2, disk.get(artifact)) {
            (0, Some(value)) => {
                json!({"name": name(*artifact), "version": version(*artifact, *value, run), "size": 99})
            }
            _ => json!(name(*artifact)),
        };
        let reads: Vec<Value> = step.reads.iter().map(seen).collect();
        let written = |(artifact, value): &(usize, usize)| match artifact % 2 {
            0 => json!({"name": name(*artifact), "version": version(*artifact, *value, run), "size": 99}),
            _ => json!(name(*artifact)),
        };
        let writes: Vec<Value> = step.writes.iter().map(written).collect();
        disk.extend(step.writes.iter().copied());
        json!({"id": id(run), "component": format!("c{}", run % 3), "owner": format!("o{}", run % 2),
               "git_commit": format!("{:040x}", run % 2 + 10), "inputs": reads, "outputs": writes,
               "started_at": at(run * 10), "ended_at": at(run * 10 + 5)})
    });
    told.collect()
}

/// What the model says of the runs that are downstream of `roots` (which are part of it).
fn closure(steps: &[Step], roots: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut last_writer: BTreeMap<usize, usize> = BTreeMap::new();
    let mut reached = roots.clone();
    for (run, step) in steps.iter().enumerate() {
        let is_reached =
            step.reads.iter().any(|artifact| last_writer.get(artifact).is_some_and(|w| reached.contains(w)));
        if is_reached {
            reached.insert(run);
        }
        last_writer.extend(step.writes.iter().map(|(artifact, _)| (*artifact, run)));
    }
    reached
}

/// What the model says of every version that these runs wrote.
fn states(steps: &[Step], runs: &BTreeSet<usize>) -> BTreeMap<(String, String), ImpactState> {
    let mut last: BTreeMap<usize, (usize, String)> = BTreeMap::new();
    for (run, step) in steps.iter().enumerate() {
        last.extend(step.writes.iter().map(|(a, value)| (*a, (run, version(*a, *value, run)))));
    }
    let mut found = BTreeMap::new();
    for run in runs {
        for (artifact, value) in &steps[*run].writes {
            let own = version(*artifact, *value, *run);
            let (last_run, last_version) = &last[artifact];
            let state = match runs.contains(last_run) {
                false => ImpactState::Rebuilt,
                true if *last_version == own => ImpactState::Current,
                true => ImpactState::Superseded,
            };
            found.insert((name(*artifact), own), state);
        }
    }
    found
}

fn shown(impact: &Impact) -> BTreeMap<(String, String), ImpactState> {
    let shown = impact.artifacts.iter().map(|a| ((a.name.to_string(), a.version.to_string()), a.state));
    let shown: BTreeMap<_, _> = shown.collect();
    assert_eq!(shown.len(), impact.artifacts.len(), "each version once");
    shown
}

fn runs_of(impact: &Impact) -> BTreeSet<String> {
    let runs: BTreeSet<String> = impact.runs.iter().map(|at| at.run.id.to_string()).collect();
    assert_eq!(runs.len(), impact.runs.len(), "each run once");
    runs
}

fn ids(runs: &BTreeSet<usize>) -> BTreeSet<String> {
    runs.iter().map(|run| id(*run).to_string()).collect()
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn impact_is_the_closure_of_the_model(steps in steps(), root in any::<prop::sample::Index>()) {
        let mut story = Story::told(&lines(&steps));
        let root = root.index(steps.len());
        let reached = closure(&steps, &BTreeSet::from([root]));
        let of_run = story.reader().impact(&ImpactOf::Run(&id(root).to_string())).unwrap();
        prop_assert_eq!(runs_of(&of_run), ids(&reached));
        prop_assert_eq!(shown(&of_run), states(&steps, &reached));

        let commit = format!("{:040x}", root % 2 + 10);
        let roots: BTreeSet<usize> = (0..steps.len()).filter(|run| run % 3 == root % 3 && run % 2 == root % 2).collect();
        let component = format!("c{}", root % 3);
        let of = ImpactOf::Component { name: &component, commit: Some(&commit) };
        let of_component = story.reader().impact(&of).unwrap();
        let reached = closure(&steps, &roots);
        prop_assert_eq!(runs_of(&of_component), ids(&reached));
        prop_assert_eq!(shown(&of_component), states(&steps, &reached));

        if let Some((artifact, value)) = steps[root].writes.first() {
            let named = format!("{}@{}", name(*artifact), version(*artifact, *value, root));
            let of_version = story.reader().impact(&ImpactOf::Artifact(&named)).unwrap();
            let readers = readers(&steps, *artifact, &version(*artifact, *value, root));
            let reached = closure(&steps, &readers);
            prop_assert_eq!(runs_of(&of_version), ids(&reached));
            let mut expected = states(&steps, &reached);
            expected.remove(&(name(*artifact), version(*artifact, *value, root)));
            prop_assert_eq!(shown(&of_version), expected);
        }
    }

    #[test]
    fn a_rebuild_flips_what_it_wrote_and_nothing_else(steps in steps(), root in any::<prop::sample::Index>(), artifact in 0..ARTIFACTS) {
        let root = id(root.index(steps.len())).to_string();
        let mut rebuilt = steps.clone();
        rebuilt.push(Step { reads: Vec::new(), writes: vec![(artifact, 7)] });
        let mut story = Story::told(&lines(&steps));
        let before = shown(&story.reader().impact(&ImpactOf::Run(&root)).unwrap());
        story.tell(&lines(&rebuilt)[steps.len()..]);
        let after = shown(&story.reader().impact(&ImpactOf::Run(&root)).unwrap());
        let mut expected = before;
        for ((name_of, _), state) in &mut expected {
            if *name_of == name(artifact) {
                *state = ImpactState::Rebuilt;
            }
        }
        prop_assert_eq!(after, expected);
    }
}

/// The runs that read a version, no matter which of its writers wrote it.
fn readers(steps: &[Step], artifact: usize, wanted: &str) -> BTreeSet<usize> {
    let mut now = None;
    let mut found = BTreeSet::new();
    for (run, step) in steps.iter().enumerate() {
        if step.reads.contains(&artifact) && now.as_deref() == Some(wanted) {
            found.insert(run);
        }
        if let Some((_, value)) = step.writes.iter().find(|(written, _)| *written == artifact) {
            now = Some(version(artifact, *value, run));
        }
    }
    found
}

#[test]
fn a_copy_carries_the_impact_of_its_original() {
    let file = |name: &str, number| json!({"name": name, "version": content(number), "size": 99});
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "write", "started_at": at(0), "ended_at": at(1), "outputs": [file("a", 1)]}),
        json!({"id": id(2), "component": "read", "started_at": at(2), "ended_at": at(3), "inputs": [file("copy", 1)],
               "outputs": [file("b", 2)], "owner": "ann"}),
    ]);
    let impact = story.reader().impact(&ImpactOf::Artifact("a")).unwrap();
    assert_eq!((impact.runs.len(), impact.runs[0].depth), (1, 1));
    assert_eq!((impact.artifacts[0].name.as_str(), impact.artifacts[0].owner.as_deref()), ("b", Some("ann")));
}

#[test]
fn what_nobody_wrote_has_an_impact_too() {
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "read", "started_at": at(2), "ended_at": at(3), "inputs": ["s3://x/raw"],
               "outputs": ["s3://x/clean"]}),
    ]);
    let impact = story.reader().impact(&ImpactOf::Artifact("s3://x/raw")).unwrap();
    assert_eq!(impact.artifacts.len(), 1, "{impact:?}");
    let file = json!({"name": "raw", "version": content(9), "size": 99});
    let mut story = Story::told(&[
        json!({"id": id(1), "component": "read", "started_at": at(2), "ended_at": at(3), "inputs": [file], "outputs": ["m"]}),
    ]);
    assert_eq!(story.reader().impact(&ImpactOf::Artifact("raw")).unwrap().artifacts.len(), 1);
}

#[test]
fn an_unknown_commit_is_said() {
    let mut story = Story::told(&lines(&[Step { reads: vec![], writes: vec![(0, 0)] }]));
    let of = ImpactOf::Component { name: "c0", commit: Some("ffff") };
    assert_eq!(story.reader().impact(&of).unwrap_err().to_string(), "no commit is called `ffff`");
}

#[test]
fn of_two_writes_of_a_version_at_one_moment_the_larger_run_is_its_writer() {
    let write = |number| {
        json!({"id": id(number), "component": "write", "started_at": at(0), "ended_at": at(1),
               "outputs": [{"name": "model", "version": "v:1"}]})
    };
    for told in [[write(1), write(2)], [write(2), write(1)]] {
        let mut story = Story::told(&told);
        let impact = story.reader().impact(&ImpactOf::Component { name: "write", commit: None }).unwrap();
        assert_eq!(impact.artifacts[0].written_by, id(2), "whatever arrived first");
    }
}
