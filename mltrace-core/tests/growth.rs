//! What a fold and a review cost grows with what is folded or judged, however the runs hang together: ten times as many
//! runs, not a hundred times the work. The thread's processor time is compared with itself, so that a busy machine does
//! not matter.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![cfg(unix)]

use std::fs;
use std::time::Duration;

use mltrace_core::config::{Environment, Home};
use mltrace_core::model::{
    ArtifactName, End, Header, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp, VersionId, WriteFact,
};
use mltrace_core::query::Reader;
use mltrace_core::store::{self, Mode};
use mltrace_core::{ingest, journal};
use rustix::time::{ClockId, clock_gettime};

/// The name and the content that a run read or wrote.
type Touched = (String, Option<VersionId>);

/// What a run reads and writes, by its number.
type Shape = fn(u32) -> (Vec<Touched>, Vec<Touched>);

const EMPTY: VersionId = VersionId::Content([7; 32]);

fn content(number: u32) -> VersionId {
    VersionId::Content(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

fn size(version: Option<&VersionId>) -> Option<u64> {
    version.map(|version| if *version == EMPTY { 0 } else { 1000 })
}

fn records(number: u32, shape: Shape) -> [Record; 2] {
    let (reads, writes) = shape(number);
    let (run, at) = (RunId::new(), Timestamp(1_600_000_000_000_000 + i64::from(number) * 1000));
    let first = u32::try_from(reads.len()).unwrap();
    let inputs = (0..).zip(reads).map(|(n, (name, version))| {
        let size = size(version.as_ref());
        ReadFact { n, name: ArtifactName(name), argument: None, kind: None, at: None, version, size }
    });
    let outputs = (first..).zip(writes).map(|(n, (name, version))| {
        let size = size(version.as_ref());
        WriteFact { n, name: ArtifactName(name), argument: None, kind: None, at: None, version, size, mark: None }
    });
    let start = Start {
        run,
        component: "step".to_owned(),
        at,
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: [].into(),
        inputs: inputs.collect(),
        host: None,
        user: None,
    };
    let (status, at) = (Status::Completed, at.plus_micros(500));
    let end = End { run, at, status, duration_us: Some(500), error: None, outputs: outputs.collect() };
    [Record::Start(start), Record::End(end)]
}

/// Returns how long it takes to fold so many runs of this shape, in batches of a thousand.
fn fold(count: u32, shape: Shape) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let mut spent = Duration::ZERO;
    let mut store = store::open(&home, Mode::Write).unwrap();
    for first in (0..count).step_by(1000) {
        let process = ProcessId::new();
        let header = Header { process: Some(process), project: home.project.clone(), ..Header::default() };
        let mut bytes = Vec::new();
        journal::encode(&Record::Process(header), &mut bytes);
        for record in (first..first + 1000).flat_map(|number| records(number, shape)) {
            assert!(journal::encode(&record, &mut bytes));
        }
        fs::write(home.journal().join(format!("{process}.log")), bytes).unwrap();
        let before = processor_time();
        let report = ingest::fold(&home, store.as_mut()).unwrap();
        spent += processor_time() - before;
        assert_eq!(report.records, 2001, "with the header");
    }
    spent
}

fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

#[track_caller]
fn check_grows_evenly(shape: Shape) {
    let (few, many) = (fold(1000, shape), fold(10_000, shape));
    assert!(many < few * 20, "1,000 runs in {few:?}, 10,000 in {many:?}");
}

#[test]
fn empty_marker_files_cost_no_more_the_more_there_are() {
    check_grows_evenly(|number| {
        let marker = |number: u32| (format!("marker-{number}"), Some(EMPTY));
        (vec![marker(number.saturating_sub(1))], vec![marker(number)])
    });
}

#[test]
fn equal_files_that_nobody_wrote_cost_no_more_the_more_there_are() {
    check_grows_evenly(|number| {
        (vec![(format!("received-{number}"), Some(EMPTY))], vec![(format!("marker-{number}"), Some(EMPTY))])
    });
}

#[test]
fn an_artifact_that_everybody_reads_costs_no_more_the_more_do() {
    check_grows_evenly(|number| {
        let model = ("model".to_owned(), Some(content(0)));
        let writes = if number == 0 { vec![model.clone()] } else { vec![(format!("prediction-{number}"), None)] };
        (vec![model, ("features".to_owned(), None)], writes)
    });
}

#[test]
fn an_artifact_that_is_written_ever_again_costs_no_more_the_more_it_is() {
    check_grows_evenly(|number| {
        let state = |number: u32| ("state".to_owned(), Some(content(number)));
        (
            vec![state(number.saturating_sub(1)), ("counter".to_owned(), None)],
            vec![state(number), ("counter".to_owned(), None)],
        )
    });
}

/// Returns how long it takes to review so many days: of each, a file is made with a setting that is wrong for a tenth of
/// them, and four predictions are made of it and judged.
fn review(days: usize) -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let mut store = store::open(&home, Mode::Write).unwrap();
    let mut lines = String::new();
    let mut tell = |line: serde_json::Value| lines.push_str(&format!("{line}\n"));
    for day in 0..days {
        let is_wrong = (days / 2..days / 2 + days / 10).contains(&day);
        let at =
            |second: usize| Timestamp(1_700_000_000_000_000 + (day * 86_400 + second) as i64 * 1_000_000).to_string();
        let id = |number: usize| format!("0190f3a0-0000-7000-8000-{:012x}", day * 10 + number);
        let made = format!("s3://b/{day}/made");
        tell(serde_json::json!({"id": id(0), "component": "make", "started_at": at(0), "ended_at": at(9),
            "inputs": [format!("s3://b/{day}/raw")], "outputs": [made],
            "params": {"unit": if is_wrong { "mg" } else { "g" }, "day": day, "seed": day * 7919 % 1000}}));
        for file in 1..5 {
            let name = format!("s3://b/{day}/p{file}");
            tell(serde_json::json!({"id": id(file), "component": "predict", "started_at": at(10 * file),
                "ended_at": at(10 * file + 5), "inputs": [made], "outputs": [name]}));
            tell(
                serde_json::json!({"type": "label", "id": id(file + 4), "name": name, "version": format!("w:{}", id(file)),
                "verdict": if is_wrong { "flagged" } else { "ok" }, "at": at(100)}),
            );
        }
    }
    let told = ingest::import(&home, store.as_mut(), &mut lines.as_bytes(), &mut |_| {}).unwrap();
    assert_eq!(told.errors, []);
    let before = processor_time();
    let review = Reader::new(store.as_mut(), &home, folder.path()).review(None).unwrap();
    let spent = processor_time() - before;
    let first = &review.facts[0];
    assert_eq!((first.aspect.as_str(), first.runs.len()), ("param:unit", days / 10), "{first:?}");
    spent
}

#[test]
fn a_review_costs_no_more_a_verdict_the_more_there_are() {
    let (few, many) = (review(40), review(400));
    assert!(many < few * 30, "200 runs in {few:?}, 2,000 in {many:?}");
}
