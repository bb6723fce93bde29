//! Events beside what else is recorded: in journals, in remarks, of runs that a process recorded itself.

use std::fs;

use mltrace_core::model::{
    ArtifactName, End, Header, ProcessId, ReadFact, Record, RunId, Start, Status, VersionId, WriteFact,
};
use mltrace_core::{ingest, journal};
use serde_json::{Value, json};

use crate::orders::trials;
use crate::project::{More as _, Project, event, id, time};

/// Writes a journal of a process that is gone, and folds it.
pub(crate) fn fold(project: &mut Project, records: &[Record]) {
    let process = ProcessId::new();
    let header = Header {
        format: journal::FORMAT,
        minor: journal::MINOR,
        process: Some(process),
        project: project.home.project.clone(),
        host: Some("rusty".to_owned()),
        ..Header::default()
    };
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(header), &mut bytes);
    assert!(records.iter().all(|record| journal::encode(record, &mut bytes)));
    fs::create_dir_all(project.home.journal()).unwrap();
    fs::write(project.home.journal().join(format!("{process}.log")), bytes).unwrap();
    let report = ingest::fold(&project.home, project.store.as_mut()).unwrap();
    assert_eq!((report.unread, report.damaged, report.left.len()), (0, 0, 0));
}

pub(crate) fn journaled(project: &Project, event: &Value) -> Record {
    ingest::event(&project.home, &event.to_string()).unwrap()
}

/// A run as a process here recorded it: it knows the content of what it read and wrote.
fn recorded(run: u32, component: &str, read: &str, wrote: &str) -> Vec<Record> {
    let (run, version) = (id(run).parse::<RunId>().unwrap(), Some(VersionId::Content([7; 32])));
    let (name, size) = (ArtifactName::from(read), Some(1000));
    let input = ReadFact { n: 0, name, argument: None, kind: None, at: None, version: version.clone(), size };
    let name = ArtifactName::from(wrote);
    let output = WriteFact { n: 1, name, argument: None, kind: None, at: None, version, size, mark: None };
    let start = Start {
        run,
        component: component.to_owned(),
        at: time("10:00:00.5").parse().unwrap(),
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: [("lr".to_owned(), json!(0.1))].into(),
        inputs: vec![input],
        host: None,
        user: None,
    };
    let at = time("10:00:01").parse().unwrap();
    let (status, duration_us) = (Status::Completed, Some(499_000));
    vec![Record::Start(start), Record::End(End { run, at, status, duration_us, error: None, outputs: vec![output] })]
}

#[test]
fn events_in_a_journal_are_those_of_an_import() {
    let expected = Project::told(&trials()).export();
    let mut project = Project::new();
    let records: Vec<Record> = trials().iter().map(|event| journaled(&project, event)).collect();
    fold(&mut project, &records[5..]);
    fold(&mut project, &records[..7]);
    assert_eq!(project.export(), expected);
}

#[test]
fn a_rust_step_reads_what_a_task_wrote() {
    let mut project = Project::new();
    let file = project.home.root.join("data/clean.csv").to_string_lossy().into_owned();
    project.import(&[event("COMPLETE", "09:00:00", 1, "rides.clean")
        .reads("file", "/data/raw.csv")
        .writes("file", &file)]);
    let mut records = recorded(2, "train", "data/clean.csv", "model.bin");
    if let Record::Start(start) = &mut records[0] {
        start.inputs[0].version = None;
    }
    fold(&mut project, &records);
    assert_eq!(project.run("train")["depends_on"], json!([id(1)]));
    let trace = project.trace("model.bin").to_string();
    assert!(trace.contains("rides.clean") && trace.contains("/data/raw.csv"), "{trace}");
}

#[test]
fn who_ran_it_knows_more_than_the_events_of_it() {
    let events = [
        event("START", "10:00:00", 1, "train").reads("file", "/data/a.csv"),
        event("COMPLETE", "10:00:02", 1, "train").writes("file", "/data/b.csv"),
    ];
    let own = recorded(1, "train", "a.csv", "b.csv");
    let mut alone = Project::new();
    fold(&mut alone, &own);
    let expected = alone.run("train");
    assert_eq!(expected["outputs"][0]["version"], VersionId::Content([7; 32]).to_string());
    // Before the events, between them, after them.
    for place in 0..=2 {
        let mut project = Project::new();
        project.import(&events[..place]);
        fold(&mut project, &own);
        project.import(&events[place..]);
        let mut told = project.run("train");
        told["last_seen"] = expected["last_seen"].clone();
        assert_eq!(told, expected, "{place}");
    }
}

#[test]
fn what_people_remarked_stays_when_more_is_known() {
    let mut project = Project::told(&[event("START", "10:00:00", 1, "clean")]);
    let line = json!({"id": id(1), "component": "clean", "started_at": time("10:00:00"), "notes": [{"text": "slow", "at": time("10:30:00")}]});
    let report =
        ingest::import(&project.home, project.store.as_mut(), &mut format!("{line}\n").as_bytes(), &mut |_| {});
    assert_eq!(report.unwrap().errors, []);
    project.import(&[event("COMPLETE", "11:00:00", 1, "clean").writes("s3://b", "t")]);
    let run = project.run("clean");
    assert_eq!((&run["notes"][0]["text"], &run["status"]), (&json!("slow"), &json!("completed")));
}

#[test]
fn a_run_that_is_taken_back_stays_so() {
    let mut project = Project::told(&[event("START", "10:00:00", 1, "clean")]);
    let forget = mltrace_core::model::Forget { run: id(1).parse().unwrap(), at: time("12:00:00").parse().unwrap() };
    fold(&mut project, &[Record::Forget(forget)]);
    project.import(&[event("COMPLETE", "11:00:00", 1, "clean").writes("s3://b", "t")]);
    assert_eq!(project.runs("clean"), [Value::Null; 0]);
}

#[test]
fn a_try_that_turns_out_to_be_an_earlier_one_moves() {
    // The second try is known first, and has the id of the run until the first is known.
    let (first, second) = (
        [event("START", "10:00:00", 1, "clean"), event("FAIL", "10:01:00", 1, "clean")],
        [event("START", "10:02:00", 1, "clean"), event("COMPLETE", "10:03:00", 1, "clean").writes("s3://b", "t")],
    );
    let mut project = Project::told(&second);
    assert_eq!(project.run("clean")["id"], id(1));
    project.import(&first);
    let tries = project.runs("clean");
    assert_eq!((&tries[0]["id"], &tries[0]["status"]), (&json!(id(1)), &json!("failed")));
    assert_eq!((tries.len(), &tries[1]["status"]), (2, &json!("completed")));
    let trace = project.trace("s3://b/t").to_string();
    assert!(trace.contains(tries[1]["id"].as_str().unwrap()), "{trace}");
}
