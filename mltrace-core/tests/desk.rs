//! What the desk answers on every road: what may have been meant, how far a question went, and what people say.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::sync::Arc;

use mltrace_core::config::{Environment, Home};
use mltrace_core::desk::{self, Desk, TooLong};
use mltrace_core::ingest;
use mltrace_core::journal::Writer;
use mltrace_core::model::{ArtifactName, Header, LIMIT_NAME, Record, RunId, Timestamp, Verdict, Version, VersionId};
use mltrace_core::query::{DiskState, Judgement, QueryError, Reader, VerifyOptions};
use mltrace_core::store::{self, Bounds, Mode, StoreError};

fn home(folder: &tempfile::TempDir) -> Home {
    std::fs::create_dir(folder.path().join(".mltrace")).unwrap();
    Home::find(folder.path(), None, &Environment::default())
}

fn recorded(home: &Home) {
    recorded_in(home, 2021);
}

fn recorded_in(home: &Home, year: u32) {
    let (start, end) = (format!("{year}-01-01T00:00:00Z"), format!("{year}-01-01T00:00:01Z"));
    let line = format!(
        r#"{{"component": "train", "outputs": ["s3://b/model.pkl"], "started_at": "{start}", "ended_at": "{end}"}}"#
    );
    let mut store = store::open(home, Mode::Write).unwrap();
    assert_eq!(ingest::import(home, store.as_mut(), &mut line.as_bytes(), &mut |_| {}).unwrap().stored, 1);
}

#[test]
fn a_store_that_was_never_made_is_none_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    let desk = Desk { home: &home, folder: folder.path(), bounds: None };
    assert!(desk.open().unwrap().is_none() && desk.fold(&|_| {}).unwrap().is_none());
    assert!(!home.store.file().unwrap().exists());
    let address = Home::find(folder.path(), Some("postgres://h/db".as_ref()), &Environment::default());
    let desk = Desk { home: &address, folder: folder.path(), bounds: None };
    assert!(matches!(desk.open(), Err(StoreError::NoSuchBackend(_))));
    assert!(matches!(desk.fold(&|_| {}), Err(StoreError::NoSuchBackend(_))));
}

#[test]
fn an_unknown_name_comes_back_with_those_that_may_have_been_meant() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    recorded(&home);
    let bounds = Arc::new(Bounds::new(u64::MAX, u64::MAX, None));
    for (bounds, is_over) in [(None, false), (Some(&bounds), false), (Some(&bounds), true)] {
        if is_over {
            bounds.unwrap().give_up();
        }
        let desk = Desk { home: &home, folder: folder.path(), bounds };
        let mut store = desk.open().unwrap().unwrap();
        let none = desk.ask(store.as_mut(), |reader| reader.component("trian")).unwrap_err();
        assert_eq!(none.is_out_of_bounds, is_over);
        // A short question may be answered before its store looks at the bounds.
        if !is_over {
            assert!(matches!(none.error, QueryError::NotFound { kind: "component", .. }), "{}", none.error);
            assert_eq!(none.near, if cfg!(feature = "near") { vec!["train"] } else { Vec::new() });
        }
    }
}

#[test]
fn a_question_sees_one_moment_of_the_store_and_the_next_one_what_came_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    recorded(&home);
    let desk = Desk { home: &home, folder: folder.path(), bounds: None };
    let mut store = desk.open().unwrap().unwrap();
    let mut runs = |is_written: bool| {
        let asked = desk.ask(store.as_mut(), |reader| {
            let before = reader.recent(&Default::default())?.runs.len();
            if is_written {
                recorded_in(&home, 2022);
            }
            Ok((before, reader.recent(&Default::default())?.runs.len()))
        });
        asked.unwrap()
    };
    assert_eq!((runs(true), runs(false)), ((1, 1), (2, 2)));
    // Who failed to answer holds nothing still either.
    assert!(desk.ask(store.as_mut(), |reader| reader.component("none")).is_err());
    recorded_in(&home, 2023);
    let again = desk.ask(store.as_mut(), |reader| reader.recent(&Default::default())).unwrap();
    assert_eq!(again.runs.len(), 3);
}

#[test]
fn what_people_say_is_put_on_record() {
    let run = RunId::new();
    let Record::Note(note) = desk::note(run, "a remark", Some("ada".to_owned())) else { panic!("it is a note") };
    assert_eq!((note.run, note.text.as_str(), note.by.as_deref()), (run, "a remark", Some("ada")));
    assert!(note.at <= Timestamp::now() && note.id != run.0);

    let text = "é".repeat(LIMIT_NAME / 2);
    assert_eq!(desk::check_length(&text, LIMIT_NAME), Ok(()));
    let long = TooLong { length: LIMIT_NAME + 1, limit: LIMIT_NAME };
    assert_eq!(desk::check_length(&format!("{text}x"), LIMIT_NAME), Err(long));
}

#[test]
fn all_that_is_judged_is_named_once() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    recorded(&home);
    let desk = Desk { home: &home, folder: folder.path(), bounds: None };
    let mut store = store::open(&home, Mode::Write).unwrap();
    let model = desk.ask(store.as_mut(), |reader| reader.version("s3://b/model.pkl", None)).unwrap();
    for (verdict, judged) in [(Verdict::Flagged, 1), (Verdict::Ok, 1), (Verdict::None, 0)] {
        let judgement = Judgement { verdict, reason: None, by: None };
        let said =
            desk.ask(store.as_mut(), |reader| reader.judged_now(std::slice::from_ref(&model), judgement)).unwrap();
        let records: Vec<Record> = said.into_iter().map(Record::Label).collect();
        let header = Header { project: home.project.clone(), ..Header::default() };
        Writer::open(&home.journal(), header, home.durability).unwrap().append(&records).unwrap();
        ingest::fold(&home, store.as_mut()).unwrap();
        let found = desk.ask(store.as_mut(), desk::all_judged).unwrap();
        assert_eq!(found.len(), judged, "{verdict:?}");
    }
}

#[test]
fn a_verdict_on_one_version_does_not_take_those_on_all_others_into_memory() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    recorded(&home);
    let labels: String = (0..500)
        .map(|number| {
            let name = format!("s3://b/{number}.pkl");
            let label = serde_json::json!({
                "type": "label", "id": RunId::new().0, "name": name, "version": "v:1", "verdict": "ok",
                "at": "2021-01-02T00:00:00Z",
            });
            format!("{label}\n")
        })
        .collect();
    let mut store = store::open(&home, Mode::Write).unwrap();
    assert_eq!(ingest::import(&home, store.as_mut(), &mut labels.as_bytes(), &mut |_| {}).unwrap().stored, 500);
    let bounds = Arc::new(Bounds::new(4 << 10, u64::MAX, None));
    let desk = Desk { home: &home, folder: folder.path(), bounds: Some(&bounds) };
    let (model, judged) =
        (Version { name: ArtifactName("s3://b/7.pkl".into()), version: VersionId::Declared("1".into()) }, "2021");
    let judgement = Judgement { verdict: Verdict::Flagged, reason: None, by: None };
    let said = desk.ask(store.as_mut(), |reader| reader.judged_now(&[model], judgement)).unwrap();
    assert!(said.len() == 1 && !said[0].at.to_string().starts_with(judged), "{}", said[0].at);
}

#[test]
fn who_checks_the_disk_holds_no_log_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    recorded(&home);
    let desk = Desk { home: &home, folder: folder.path(), bounds: None };
    let other = rusqlite::Connection::open(home.store.file().unwrap()).unwrap();
    other.busy_timeout(std::time::Duration::ZERO).unwrap();
    other.execute_batch("UPDATE project SET name = name").unwrap();
    let mut store = desk.open().unwrap().unwrap();
    let mut resets = Vec::new();
    let mut each = |_: &_| {
        let reset = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        resets.push(!reset.unwrap());
    };
    let asked = |reader: &mut Reader<'_>| reader.verify(&[], &mut each, &VerifyOptions::default());
    assert_eq!(desk.ask(store.as_mut(), asked).unwrap().artifacts.len(), 1);
    assert_eq!(resets, [true]);
}

#[test]
fn who_asks_for_the_last_good_version_holds_no_log_while_its_bytes_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let home = home(&folder);
    recorded(&home);
    std::fs::write(home.root.join("model"), "a model").unwrap();
    let line = format!(
        "{{\"component\": \"train\", \"outputs\": [{{\"name\": \"model\", \"version\": \"b3:{}\"}}], \
            \"started_at\": \"2021-01-02T00:00:00Z\", \"ended_at\": \"2021-01-02T00:00:01Z\"}}",
        blake3::hash(b"a model").to_hex()
    );
    let desk = Desk { home: &home, folder: folder.path(), bounds: None };
    let mut store = desk.open().unwrap().unwrap();
    ingest::import(&home, store.as_mut(), &mut line.as_bytes(), &mut |_| {}).unwrap();
    let resets = std::sync::Mutex::new(Vec::new());
    let file = home.store.file().unwrap();
    let read = |_: u64| {
        let other = rusqlite::Connection::open(file).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        let reset = other.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        resets.lock().unwrap().push(!reset.unwrap());
    };
    let options = VerifyOptions { progress: Some(&read), ..VerifyOptions::default() };
    let found = desk.ask(store.as_mut(), |reader| reader.last_good("model", None, Some(&options))).unwrap();
    assert_eq!(found.good.unwrap().disk, Some(DiskState::Unchanged));
    assert_eq!(*resets.lock().unwrap(), [true]);
}
