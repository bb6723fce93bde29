//! What somebody sends without measure, with a wrong clock or about another's run costs no more than it may, and nothing of it
//! is left out without a word.

use std::io::Read as _;

use flate2::read::DeflateDecoder;
use mltrace_core::ingest;
use mltrace_core::model::{Forget, Record};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::journals::{fold, journaled};
use crate::project::{More as _, Project, event, id, names, time};

fn tally(project: &mut Project, name: &str) -> u64 {
    project.store.upkeep().tally(name).unwrap()
}

fn line(project: &mut Project, line: &Value) -> ingest::ImportReport {
    let mut text = line.to_string();
    text.push('\n');
    ingest::import(&project.home, project.store.as_mut(), &mut text.as_bytes(), &mut |_| {}).unwrap()
}

#[test]
fn of_a_run_without_end_the_first_events_count_and_the_last_end_in_any_order() {
    let long = "x".repeat(12 << 20);
    let part = |minute: u32| {
        let event = event("RUNNING", &format!("10:{minute:02}:00"), 1, "stream");
        event.writes("s3://b", &format!("part-{minute}")).of_run("filler", json!({"text": long}))
    };
    for order in [[0, 1, 2, 3], [3, 1, 2, 0]] {
        let mut project = Project::new();
        for minute in order {
            assert_eq!(project.import(&[part(minute)]).errors, []);
        }
        let run = project.run("stream");
        assert_eq!(names(&run, "outputs"), ["s3://b/part-0", "s3://b/part-1"], "{order:?}");
        assert!(run["notes"][0]["text"].as_str().unwrap().contains("more events than count"), "{run}");
        // What ends it counts, and so does one that comes late and belongs to the first.
        project.import(&[event("COMPLETE", "11:00:00", 1, "stream"), event("START", "09:00:00", 1, "stream")]);
        let run = project.run("stream");
        assert_eq!((&run["status"], &run["started_at"]), (&json!("completed"), &json!(time("09:00:00"))));
        assert_eq!(run["notes"].as_array().unwrap().len(), 1);
    }
}

#[test]
fn what_an_event_says_beyond_what_a_run_may_have_is_counted() {
    let many =
        (0..50_010).fold(event("COMPLETE", "10:00:00", 1, "many"), |event, n| event.reads("s3://b", &n.to_string()));
    let mut project = Project::told(&[many]);
    assert_eq!(tally(&mut project, "beyond"), 10);
    // Nothing more is left out when another event comes.
    project.import(&[event("START", "09:00:00", 1, "many")]);
    assert_eq!(tally(&mut project, "beyond"), 10);
}

#[test]
fn an_event_that_is_dated_ahead_does_not_count() {
    let ahead = json!({"eventTime": "9998-01-01T00:00:00Z", "eventType": "COMPLETE", "producer": "p", "schemaURL": "s",
        "run": {"runId": id(1)}, "job": {"namespace": "n", "name": "clean"}, "outputs": [{"namespace": "s3://b", "name": "t"}]});
    let mut project = Project::new();
    let record = journaled(&project, &ahead);
    fold(&mut project, &[record]);
    assert_eq!((project.export(), tally(&mut project, "ahead")), (Vec::new(), 1));
    let refused = project.import(&[ahead]).errors;
    assert!(refused[0].1.contains("more than a day ahead of the clock"), "{refused:?}");
}

#[test]
fn a_run_that_is_built_from_events_takes_no_facts_beside_them() {
    let mut project = Project::told(&[event("START", "10:00:00", 1, "clean").reads("s3://b", "raw")]);
    let measured = json!({"id": id(1), "component": "clean", "metrics": [{"name": "rows", "value": 3}]});
    let report = line(&mut project, &measured);
    assert_eq!(report.stored, 0);
    assert!(report.errors[0].1.contains("is built from the events that another tool sent"), "{:?}", report.errors);
    let known = json!({"id": id(1), "component": "clean", "inputs": ["s3://b/raw"]});
    assert_eq!(line(&mut project, &known).known, 1, "what is known already is no news");
}

#[test]
fn what_people_remarked_of_a_try_stays_with_the_one_that_takes_its_place() {
    let tries = [
        event("START", "10:00:00", 1, "clean"),
        event("FAIL", "10:01:00", 1, "clean"),
        event("START", "10:03:00", 1, "clean").reads("s3://b", "raw"),
    ];
    let mut project = Project::told(&tries);
    let second = project.runs("clean")[1]["id"].clone();
    let remark = json!({"id": second, "component": "clean", "notes": [{"text": "slow", "at": time("10:30:00")}]});
    assert_eq!(line(&mut project, &remark).stored, 1);
    assert_eq!(project.runs("clean")[1]["notes"][0]["text"], "slow");
    project.import(&[event("START", "10:02:00", 1, "clean")]);
    let runs = project.runs("clean");
    assert_eq!((runs.len(), &runs[1]["notes"][0]["text"]), (2, &json!("slow")), "{runs:?}");
    assert_ne!(runs[1]["id"], second);
}

#[test]
fn an_event_about_the_try_of_another_run_changes_nothing() {
    let tries = [
        event("START", "10:00:00", 1, "clean"),
        event("FAIL", "10:01:00", 1, "clean"),
        event("START", "10:03:00", 1, "clean"),
    ];
    let mut project = Project::told(&tries);
    let before = project.runs("clean");
    let mut other = event("COMPLETE", "10:05:00", 2, "other").writes("s3://b", "bad");
    other["run"]["runId"] = before[1]["id"].clone();
    project.import(&[other.clone()]);
    assert_eq!((project.runs("clean"), project.runs("other").len()), (before.clone(), 0));
    // Nor does a second one, nor one beside an event of that run.
    other["eventTime"] = json!(time("10:06:00"));
    project.import(&[other.clone()]);
    assert_eq!((project.runs("clean"), project.runs("other").len()), (before.clone(), 0));
    other["eventTime"] = json!(time("10:07:00"));
    project.import(&[other, event("RUNNING", "10:04:00", 1, "clean")]);
    assert_eq!((project.runs("clean"), project.runs("other").len()), (before, 0));
}

/// Takes a run back.
fn forget(project: &mut Project, run: &str) {
    let forget = Forget { run: run.parse().unwrap(), at: time("12:00:00").parse().unwrap() };
    fold(project, &[Record::Forget(forget)]);
}

/// Returns how many events are stored, and how many of them hold a word.
fn kept(project: &Project, word: &str) -> (u32, usize) {
    let file = project.home.store.file().unwrap();
    let store = Connection::open(file).unwrap();
    let mut events = store.prepare("SELECT body, root FROM lineage_event").unwrap();
    let mut rows = events.query([]).unwrap();
    let (mut count, mut found) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        let (body, root): (Vec<u8>, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let mut text = String::new();
        let _ = DeflateDecoder::new(body.as_slice()).read_to_string(&mut text);
        count += 1;
        found += usize::from(text.contains(word)) + usize::from(text.is_empty() && !root.is_empty());
    }
    (count, found)
}

#[test]
fn a_run_that_is_taken_back_leaves_nothing_of_its_events() {
    let mut project = Project::told(&[event("START", "10:00:00", 1, "clean").reads("s3://private", "raw")]);
    assert_eq!(kept(&project, "private"), (1, 1));
    forget(&mut project, &id(1));
    project.import(&[event("COMPLETE", "11:00:00", 1, "clean").writes("s3://private", "clean")]);
    assert_eq!(kept(&project, "private"), (2, 0), "the keys stay");
    assert_eq!((project.runs("clean").len(), project.export_events().len()), (0, 0));
}

#[test]
fn a_try_that_is_taken_back_leaves_nothing_of_its_events_and_the_others_stay() {
    let events = [
        event("START", "10:00:00", 1, "clean").reads("s3://b", "first"),
        event("FAIL", "10:01:00", 1, "clean"),
        event("START", "10:02:00", 1, "clean").reads("s3://b", "second"),
        event("FAIL", "10:03:00", 1, "clean").of_run("errorMessage", json!({"message": "second"})),
        event("START", "10:04:00", 1, "clean").reads("s3://b", "third"),
        event("COMPLETE", "10:05:00", 1, "clean").writes("s3://b", "third"),
    ];
    for gone in 0..3 {
        let mut project = Project::told(&events);
        let before = project.runs("clean");
        forget(&mut project, before[gone]["id"].as_str().unwrap());
        let mut stay = before.clone();
        stay.remove(gone);
        assert_eq!(project.runs("clean"), stay);
        let left = ["first", "second", "third"].map(|word| kept(&project, word).1 > 0);
        assert_eq!(left, [0, 1, 2].map(|place| place != gone));
        // What comes later of it goes as well, what comes again is no news, and what comes of the others counts.
        let late = |clock: &str| event("RUNNING", clock, 1, "clean").writes("s3://b", "late");
        project.import(&[late(["10:00:30", "10:02:30", "10:04:30"][gone])]);
        assert_eq!((project.runs("clean"), kept(&project, "late").1), (stay.clone(), 0), "{gone}");
        project.import(&events);
        assert_eq!(project.runs("clean"), stay);
        project.import(&[late(["10:02:30", "10:04:30", "10:00:30"][gone])]);
        let runs = project.runs("clean");
        assert_eq!((runs.len(), &runs[[0, 1, 0][gone]]["id"]), (2, &stay[[0, 1, 0][gone]]["id"]));
        assert_eq!(names(&runs[[0, 1, 0][gone]], "outputs")[0], "s3://b/late");
        // An earlier try that turns up gives the others other ids, and brings none back.
        project.import(&[event("START", "09:00:00", 1, "clean"), event("FAIL", "09:01:00", 1, "clean")]);
        assert_eq!(project.runs("clean").len(), 2 + usize::from(gone > 0), "{gone}");
        assert_eq!(kept(&project, ["first", "second", "third"][gone]).1, 0);
    }
}

#[test]
fn what_is_dated_ahead_goes_with_its_run() {
    let ahead = |year: u32| {
        let mut event = event("COMPLETE", "10:00:00", 1, "clean").writes("s3://b", "private");
        event["eventTime"] = json!(format!("{year}-01-01T00:00:00Z"));
        event
    };
    let mut project = Project::told(&[event("START", "10:00:00", 1, "clean")]);
    let record = journaled(&project, &ahead(9998));
    fold(&mut project, &[record]);
    assert_eq!((project.runs("clean").len(), kept(&project, "private")), (1, (2, 1)));
    forget(&mut project, &id(1));
    assert_eq!(kept(&project, "private"), (2, 0));
    let record = journaled(&project, &ahead(9997));
    fold(&mut project, &[record]);
    assert_eq!(kept(&project, "private"), (3, 0), "one that comes later too");
}
