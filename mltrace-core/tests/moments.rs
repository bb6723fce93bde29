//! When things are said: nobody's clock makes a word the last one for ever, and no line of an import comes from the future.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::path::Path;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest::{self, ImportOptions, ImportReport};
use mltrace_core::model::{ArtifactName, Declaration, Record, Timestamp, Verdict, Version};
use mltrace_core::query::{Judgement, QueryError, Reader};
use mltrace_core::store::{self, Mode, Store};
use serde_json::{Value, json};

const END: &str = "9999-12-31T23:59:59.999999Z";

struct Project {
    home: Home,
    store: Box<dyn Store>,
    _folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let store = store::open(&home, Mode::Write).unwrap();
        Self { home, store, _folder: folder }
    }

    fn import(&mut self, lines: &[Value], options: ImportOptions) -> ImportReport {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        ingest::import_with(&self.home, self.store.as_mut(), &mut text.as_bytes(), options, &mut |_| {}).unwrap()
    }

    /// Stores what an earlier version took, or what somebody wanted to be taken.
    fn holds(&mut self, lines: &[Value]) {
        assert_eq!(self.import(lines, ImportOptions { allows_future: true, ..ImportOptions::default() }).errors, []);
    }

    fn reader(&mut self) -> Reader<'_> {
        Reader::new(self.store.as_mut(), &self.home, Path::new("/nowhere"))
    }

    /// Gives a verdict on `model` now, and returns when and whether it counts.
    fn judges(&mut self, verdict: Verdict) -> (Timestamp, Result<(), QueryError>) {
        let judged = Version { name: ArtifactName("model".to_owned()), version: "v:1".parse().unwrap() };
        let judgement = Judgement { verdict, reason: None, by: None };
        let said = self.reader().judged_now(&[judged], judgement).unwrap();
        let line = |label| {
            json!({"type": "label", "id": said[0].id, "name": "model", "version": "v:1", "verdict": label,
                                  "at": said[0].at})
        };
        self.holds(&[line(verdict)]);
        (said[0].at, self.reader().count(&said))
    }
}

fn verdict(at: &str, id: &str) -> Value {
    json!({"type": "label", "id": id, "name": "model", "version": "v:1", "verdict": "ok", "at": at})
}

#[test]
fn a_verdict_of_now_counts_after_one_of_any_clock() {
    let ids = ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-fffffffffff0"];
    for at in ["2020-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999998Z", END] {
        for id in ids {
            let mut project = Project::new();
            project.holds(&[verdict(at, id)]);
            for verdict in [Verdict::Flagged, Verdict::None, Verdict::Ok, Verdict::Flagged] {
                let (said_at, counts) = project.judges(verdict);
                assert!(counts.is_ok(), "{verdict:?} after {at} by {id}: {counts:?}");
                assert!(said_at >= at.parse().unwrap() && said_at <= Timestamp::MAX);
            }
            let judged = project.reader().verdicts().unwrap();
            assert_eq!(judged.iter().map(|(verdict, _)| *verdict).collect::<Vec<_>>(), [Verdict::Flagged]);
        }
    }
}

#[test]
fn a_verdict_that_does_not_count_is_told() {
    let mut project = Project::new();
    project.holds(&[verdict(END, "ffffffff-ffff-ffff-ffff-ffffffffffff")]);
    let (_, counts) = project.judges(Verdict::Flagged);
    let error = counts.unwrap_err().to_string();
    assert_eq!(error, format!("what is said of `model` now does not count: the last word on it is of {END}"));
}

#[test]
fn a_declaration_of_now_counts_after_one_of_any_clock() {
    let said = |at: &str| json!({"type": "component", "name": "train", "at": at, "owner": "zoe", "tags": ["old"]});
    let by_ann = Declaration { owner: Some("ann".to_owned()), ..Declaration::default() };
    for at in ["2020-01-01T00:00:00Z", "9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999998Z"] {
        let mut project = Project::new();
        project.holds(&[said(at)]);
        let fact = project.reader().declared_now("train", by_ann.clone(), vec!["old".to_owned()]).unwrap();
        assert!(fact.at > at.parse().unwrap());
        let line = json!({"type": "component", "name": "train", "at": fact.at, "owner": "ann"});
        project.holds(&[line]);
        assert_eq!(project.reader().component("train").unwrap().owner.as_deref(), Some("ann"));
    }
    let mut project = Project::new();
    project.holds(&[said(END)]);
    let refused = project.reader().declared_now("train", by_ann, Vec::new()).unwrap_err();
    assert!(matches!(refused, QueryError::Outdone { .. }), "nothing is later than the end of the calendar: {refused}");
}

/// Returns a line of each kind with a time in it, at each of its places.
fn lines_of(at: &str) -> Vec<(&'static str, Value)> {
    let id = "0190f3a0-0000-7000-8000-000000000001";
    let run = |more: Value| {
        let mut line = json!({"id": id, "component": "train", "started_at": "2021-01-01T00:00:00Z",
                              "ended_at": "2021-01-01T00:00:01Z"});
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let edge = json!([{"name": "x", "at": at}]);
    vec![
        ("the run began", json!({"id": id, "component": "train", "started_at": at})),
        ("the run ended", run(json!({"ended_at": at}))),
        ("the run ended", run(json!({"ended_at": at, "status": "failed"}))),
        ("the run ended", run(json!({"ended_at": at, "status": "died"}))),
        ("the run read", run(json!({"inputs": edge}))),
        ("the run wrote", run(json!({"outputs": edge}))),
        ("the run wrote", run(json!({"outputs": edge, "status": "running", "ended_at": null}))),
        ("its process was last seen", run(json!({"last_seen": at}))),
        ("a note was made", run(json!({"notes": [{"text": "x", "at": at}]}))),
        ("the component was declared", json!({"type": "component", "name": "train", "at": at, "owner": "zoe"})),
        ("the verdict was given", verdict(at, id)),
    ]
}

#[test]
fn a_line_from_the_future_is_refused_wherever_it_says_so() {
    let now = Timestamp::now();
    let far = now.plus_micros(25 * 3_600_000_000).to_string();
    for at in [END, &far] {
        for (what, line) in lines_of(at) {
            let mut project = Project::new();
            let report = project.import(
                &[line.clone(), verdict(&now.to_string(), "0190f3a0-0000-7000-8000-000000000009")],
                ImportOptions::default(),
            );
            let reason = format!("{what} at {at}, more than a day ahead of the clock");
            assert_eq!((report.stored, report.wrong, report.ahead), (1, 1, 1), "{line}");
            assert_eq!(report.errors, [(1, reason)], "{line}");
            // Who sends it to a server whose store is away receives the same.
            let (report, records) =
                ingest::journaled(&project.home, line.to_string().as_bytes(), ingest::ImportOptions::default());
            assert_eq!((report.ahead, records.len()), (1, 0), "{line}");
            project.holds(&[line]);
        }
    }
}

#[test]
fn a_clock_that_is_somewhat_ahead_is_borne() {
    let soon = Timestamp::now().plus_micros(23 * 3_600_000_000).to_string();
    for (_, line) in lines_of(&soon) {
        let report = Project::new().import(std::slice::from_ref(&line), ImportOptions::default());
        assert_eq!((report.stored, report.wrong), (1, 0), "{line}");
    }
}

#[test]
fn wrong_lines_without_end_cost_little() {
    let mut project = Project::new();
    let (name, line) = ("x".repeat(5000), "{\"type\": \"NAME\"}\n");
    let text = line.replace("NAME", &name).repeat(3000)
        + &verdict("2021-01-01T00:00:00Z", "0190f3a0-0000-7000-8000-000000000009").to_string();
    let report = ingest::import(&project.home, project.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap();
    assert_eq!((report.lines, report.stored, report.wrong, report.errors.len()), (3001, 1, 3000, 1000));
    assert!(report.errors.iter().all(|(_, reason)| reason.len() <= 1024), "{:?}", report.errors[0]);
    let (report, records) = ingest::journaled(&project.home, text.as_bytes(), ingest::ImportOptions::default());
    assert_eq!((report.wrong, report.errors.len(), records.len()), (3000, 1000, 1));
    assert!(matches!(records[0], Record::Line(_)));
}
