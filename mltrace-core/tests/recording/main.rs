//! From a recorded run to its answer: journal, fold, store, query, with real files.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::borrow::Cow;
use std::fs;
use std::path::Path;
use std::time::Duration;

use mltrace_core::config::{Environment, Home};
use mltrace_core::disk::fingerprint::stat;
use mltrace_core::disk::state::State;
use mltrace_core::ingest::{self, Dues, Worker};
use mltrace_core::journal;
use mltrace_core::model::{
    ArtifactName, Bound, Due, End, Header, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp,
};
use mltrace_core::query::{Reader, Trace};
use mltrace_core::record::{OpenRun, Opening};
use serde_json::json;

mod edges;
mod owners;
mod project;
mod secrets;

use project::{Project, recorder_of, shape, text};

#[test]
fn a_run_is_recorded_from_its_start_to_its_end() {
    let project = Project::new();
    fs::write(project.path("raw.csv"), text("r")).unwrap();
    let clean = project.begin("clean", vec![project.file("raw.csv")]);
    clean.param("month", json!("3"));
    clean.note("slow disk");
    fs::write(project.path("clean.csv"), text("c")).unwrap();
    clean.bind(0, vec![project.file("clean.csv")], false);
    assert!(clean.end(Status::Completed, None, None));
    let train = project.begin("train", vec![project.file("clean.csv")]);
    fs::write(project.path("model.bin"), text("m")).unwrap();
    train.wrote(project.file("model.bin"));
    assert!(train.end(Status::Completed, None, None));

    let trace = project.trace("model.bin");
    assert_eq!(shape(&trace), "train0 clean1");
    let run = project.run("clean");
    assert_eq!(run.inputs[0].name.as_str(), "raw.csv");
    assert_eq!(run.inputs[0].bound, Bound::UnknownWriter);
    assert_eq!(run.params["month"], "3");
    assert_eq!(run.notes[0].text, "slow disk");
    assert!(run.duration_ms.is_some() && run.ended_at.is_some());
    assert_eq!(trace.runs[0].run.inputs[0].bound, Bound::Content);
}

#[test]
fn a_large_output_is_told_by_its_content_too() {
    let project = Project::new();
    let large = vec![7_u8; 6 << 20];
    let train = project.begin("train", vec![]);
    fs::write(project.path("model.bin"), &large).unwrap();
    train.bind(0, vec![project.file("model.bin")], false);
    train.end(Status::Completed, None, None);
    let version = project.run("train").outputs[0].version.clone().unwrap().to_string();
    assert_eq!(version, format!("b3:{}", blake3::hash(&large).to_hex()));
}

/// Returns a project that finds the journal of a process that died before it had hashed what it wrote.
fn left_unhashed(project: &Project) -> Project {
    assert!(project.recorder.settle(Duration::from_secs(20)));
    // Another process' journal in which the hash never arrived: take it out of a copy.
    let path = project.journal();
    let piece = journal::read(&path, 0).unwrap();
    let mut other = Project::new();
    other.home.project.clone_from(&project.home.project);
    let mut bytes = Vec::new();
    for record in piece.records {
        use mltrace_core::model::Record::{Fingerprint, Folder};
        if !matches!(record, Fingerprint(_) | Folder(_)) {
            journal::encode(&record, &mut bytes);
        }
    }
    fs::create_dir_all(other.home.journal()).unwrap();
    let there = other.home.journal().join(path.file_name().unwrap());
    fs::write(&there, bytes).unwrap();
    // Its pid is this test's own, which lives: only a header of another boot lets the free lock speak.
    assert!(rewrite_header(&there));
    other
}

#[test]
fn what_a_dead_process_left_unhashed_is_hashed_when_its_journal_is_folded() {
    let project = Project::new();
    let large = vec![7_u8; 6 << 20];
    let train = project.begin("train", vec![]);
    fs::write(project.path("model.bin"), &large).unwrap();
    train.bind(0, vec![project.file("model.bin")], false);
    train.end(Status::Completed, None, None);
    let run = left_unhashed(&project).run("train");
    assert_eq!(run.outputs[0].version.clone().unwrap().to_string(), format!("b3:{}", blake3::hash(&large).to_hex()));
}

#[test]
fn what_lies_in_a_folder_that_a_dead_process_left_unhashed_is_called_without_secrets() {
    let project = Project::new();
    let secret = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
    let train = project.begin("train", vec![]);
    fs::create_dir(project.path("out")).unwrap();
    fs::write(project.path("out").join(secret), vec![7_u8; 6 << 20]).unwrap();
    train.bind(0, vec![project.file("out")], false);
    train.end(Status::Completed, None, None);
    let other = left_unhashed(&project);
    assert!(other.run("train").outputs[0].version.is_some());
    let store = fs::read(other.home.store.file().unwrap()).unwrap();
    let holds = |text: &str| store.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("[redacted]") && !holds(secret));
}

/// Gives a journal a writer that is gone: a process number that was never given.
fn rewrite_header(path: &Path) -> bool {
    let piece = journal::read(path, 0).unwrap();
    let mut bytes = Vec::new();
    let mut is_rewritten = false;
    for mut record in piece.records {
        if let mltrace_core::model::Record::Process(header) = &mut record {
            header.pid_start = Some(1);
            is_rewritten = true;
        }
        journal::encode(&record, &mut bytes);
    }
    fs::write(path, bytes).unwrap();
    is_rewritten
}

#[test]
fn an_overwritten_file_keeps_both_versions_with_their_own_traces() {
    let project = Project::new();
    for letter in ["a", "b"] {
        fs::write(project.path("raw.csv"), text(letter)).unwrap();
        let run = project.begin("step", vec![project.file("raw.csv")]);
        fs::write(project.path("out.csv"), text(&letter.to_uppercase())).unwrap();
        run.bind(0, vec![project.file("out.csv")], false);
        run.end(Status::Completed, None, None);
    }
    let old = format!("out.csv@{}", &blake3::hash(text("A").as_bytes()).to_hex()[..10]);
    let raw = |trace: &Trace| trace.runs[0].run.inputs[0].version.to_string();
    assert_eq!(raw(&project.trace(&old)), format!("b3:{}", blake3::hash(text("a").as_bytes()).to_hex()));
    assert_eq!(raw(&project.trace("out.csv")), format!("b3:{}", blake3::hash(text("b").as_bytes()).to_hex()));
}

#[test]
fn a_failed_run_keeps_only_files_that_changed() {
    let project = Project::new();
    fs::write(project.path("before.csv"), text("b")).unwrap();
    // The clock of file systems ticks in milliseconds: the file must be older than the run for certain.
    let opening = Opening {
        component: Cow::Borrowed("bad"),
        started_at: None,
        outputs: vec![project.file("before.csv"), project.file("half.csv")],
        ..Opening::default()
    };
    let old = std::time::UNIX_EPOCH + Duration::from_secs(60);
    fs::File::options().write(true).open(project.path("before.csv")).unwrap().set_modified(old).unwrap();
    let run = OpenRun::begin(project.recorder, opening);
    fs::write(project.path("half.csv"), text("h")).unwrap();
    run.bind(0, vec![project.file("before.csv")], false);
    run.bind(1, vec![project.file("half.csv")], false);
    run.bind(2, vec![project.file("never.csv")], false);
    run.end(Status::Failed, Some("boom".to_owned()), None);
    let run = project.run("bad");
    let versions: Vec<bool> = run.outputs.iter().map(|output| output.version.is_some()).collect();
    let names: Vec<&str> = run.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["before.csv", "half.csv", "never.csv"]);
    assert!(!versions[2] && versions[1], "{:?}", run.outputs);
    assert_eq!((run.status, run.error.as_deref()), (Status::Failed, Some("boom")));
}

#[test]
fn a_run_in_another_runs_body_knows_its_parent() {
    let project = Project::new();
    let outer = project.begin("outer", vec![]);
    let inner = {
        let _entered = mltrace_core::record::enter(&outer);
        project.begin("inner", vec![])
    };
    inner.end(Status::Completed, None, None);
    outer.end(Status::Completed, None, None);
    assert_eq!(project.run("inner").parent, Some(outer.id()));
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_deleted_meanwhile_is_made_again() {
    let project = Project::new();
    project.begin("before", Vec::new()).end(Status::Completed, None, None);
    fs::remove_dir_all(&project.home.folder).unwrap();
    project.record_until_there(&project.home.journal());
    assert!(project.begin("after", Vec::new()).end(Status::Completed, None, None));
    assert_eq!(project.run("after").status, Status::Completed);
    assert_eq!(project.recorder.lost(), 0);
}

#[cfg(unix)]
#[test]
fn a_journal_that_is_deleted_meanwhile_is_begun_again() {
    let project = Project::new();
    project.begin("before", Vec::new()).end(Status::Completed, None, None);
    assert_eq!(project.run("before").status, Status::Completed);
    // The store remembers how far the deleted journal was folded, which must not count for the new one.
    fs::remove_file(project.journal()).unwrap();
    project.record_until_there(&project.next_journal());
    assert!(project.begin("after", Vec::new()).end(Status::Completed, None, None));
    assert_eq!(project.run("after").status, Status::Completed);
}

#[test]
fn a_project_that_is_deleted_is_not_made_again_to_fold_nothing() {
    let project = Project::new();
    let worker = Worker::start(project.home.clone(), project.recorder.process()).unwrap();
    project.begin("step", Vec::new()).end(Status::Completed, None, None);
    worker.nudge();
    assert!(worker.flush(Duration::from_secs(20)) && project.home.store.file().unwrap().exists());
    fs::remove_dir_all(project.folder.path()).unwrap();
    worker.nudge();
    assert!(worker.flush(Duration::from_secs(20)));
    assert!(!project.folder.path().exists());
}

#[test]
fn a_newer_store_that_may_be_read_answers_while_there_is_something_to_fold() {
    let project = Project::new();
    project.begin("before", Vec::new()).end(Status::Completed, None, None);
    assert_eq!(project.run("before").status, Status::Completed);
    let store = rusqlite::Connection::open(project.home.store.file().unwrap()).unwrap();
    store.execute_batch("PRAGMA user_version = 99; UPDATE meta SET value = '99' WHERE key = 'min_writer'").unwrap();
    drop(store);
    project.begin("after", Vec::new()).end(Status::Completed, None, None);
    let mut folded = ingest::open_folded(&project.home, &|_| {}).unwrap();
    assert!(folded.behind.is_some_and(|error| error.to_string().contains("cannot write")));
    let mut reader = Reader::new(folded.store.as_mut(), &project.home, project.folder.path());
    assert_eq!(reader.recent(&Default::default()).unwrap().runs.len(), 1);
}

#[test]
fn large_files_that_a_process_left_are_hashed_for_those_alone_who_ask_about_contents() {
    let project = Project::new();
    let run = RunId::new();
    let at = Timestamp::now();
    let start = Start {
        run,
        component: "train".to_owned(),
        at,
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: Default::default(),
        inputs: Vec::new(),
        host: None,
        user: None,
    };
    let end = End { run, at, status: Status::Completed, duration_us: None, error: None, outputs: Vec::new() };
    let mut records = vec![Record::Start(start), Record::End(end)];
    for (n, name, bytes) in [(7, "large.bin", 5 << 20), (8, "small.bin", 100)] {
        let path = project.path(name);
        fs::write(&path, vec![7_u8; bytes]).unwrap();
        let state = State::of(&stat(&path).unwrap().unwrap()).token.to_string();
        let name = ArtifactName(name.to_owned());
        let read = ReadFact { n, name, argument: None, kind: None, at: None, version: None, size: None };
        records.push(Record::Read { run, read });
        records.push(Record::Due(Due { run, n, path: path.to_str().unwrap().to_owned(), state }));
    }
    let host = mltrace_core::host::Host::here(None).name;
    let name = project.home.project.clone();
    let header = Header { process: Some(ProcessId::new()), project: name, host, ..Header::default() };
    let mut writer = journal::Writer::open(&project.home.journal(), header, project.home.durability).unwrap();
    writer.append(&records).unwrap();
    drop(writer);
    let known = |which| {
        let mut folded = ingest::open_folded_for(&project.home, which, &|_| {}).unwrap();
        let mut reader = Reader::new(folded.store.as_mut(), &project.home, project.folder.path());
        let run = reader.history("train", &Default::default()).unwrap().runs.remove(0);
        run.inputs.iter().map(|input| input.version.is_known_content()).collect::<Vec<_>>()
    };
    assert_eq!(known(Dues::Small), [false, true]);
    assert_eq!(known(Dues::Small), [false, true], "the large one stays due");
    assert_eq!(known(Dues::All), [true, true]);
}

#[test]
fn a_question_in_the_process_sees_what_other_processes_recorded() {
    let project = Project::new();
    let worker = Worker::start(project.home.clone(), project.recorder.process()).unwrap();
    let other = recorder_of(&project.home);
    for count in 1..=3 {
        project.begin("own", Vec::new()).end(Status::Completed, None, None);
        worker.nudge();
        let opening = Opening { component: Cow::Borrowed("other"), ..Opening::default() };
        OpenRun::begin(other, opening).end(Status::Completed, None, None);
        assert!(worker.flush(Duration::from_secs(20)));
        let runs = worker.with_store(Dues::Small, |store| {
            let mut reader = Reader::new(store, &project.home, project.folder.path());
            reader.recent(&Default::default()).unwrap().runs.len()
        });
        assert_eq!(runs.unwrap(), 2 * count);
    }
}

#[test]
fn a_loss_that_nobody_can_have_counted_keeps_nothing_out() {
    let project = Project::new();
    project.recorder.append_all(vec![Record::Lost(u64::MAX), Record::Lost(u64::MAX)]);
    project.begin("after", Vec::new()).end(Status::Completed, None, None);
    assert_eq!(project.run("after").status, Status::Completed);
}

#[test]
fn without_a_place_to_write_nothing_is_recorded_and_nothing_fails() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let mut home = Home::find(folder.path(), None, &Environment::default());
    home.folder = folder.path().join("file").join("not-a-folder");
    let recorder = recorder_of(&home);
    let run = OpenRun::begin(recorder, Opening { component: Cow::Borrowed("x"), ..Opening::default() });
    assert!(!run.end(Status::Completed, None, None));
    assert!(recorder.lost() >= 2);
}

#[test]
fn a_journal_that_cannot_be_read_keeps_back_no_other() {
    let project = Project::new();
    // By its name it comes before all others.
    let broken = project.home.journal().join("00000000-0000-7000-8000-000000000000.log");
    fs::create_dir_all(&broken).unwrap();
    project.begin("clean", vec![]).end(Status::Completed, None, None);
    let folded = ingest::open_folded(&project.home, &|_| {}).unwrap();
    let left: Vec<_> = folded.report.left.iter().map(|left| &left.journal).collect();
    assert_eq!(left, [&broken]);
    assert!(folded.report.left[0].reason.contains("cannot be read"), "{:?}", folded.report.left);
    assert_eq!(project.run("clean").status, Status::Completed);
}
