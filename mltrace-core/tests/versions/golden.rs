//! A store of each schema that was ever released, and what it answers.
//!
//! `cargo test -p mltrace-core --test versions -- --ignored make_the_golden_store` makes `tests/golden/vN.db` and
//! `vN.json` for the schema N of the day. Once N is released, `vN.db` is never made again, and `vN.json` is changed only
//! when an answer was wrong, or when another question is asked.

use std::fs;
use std::path::PathBuf;

use mltrace_core::ingest;
use mltrace_core::journal;
use mltrace_core::model::{
    AliasFact, ArtifactName, Code, ComponentFact, Declaration, Due, End, Git, Header, LabelFact, NoteFact, Observation,
    ObservationFact, ProcessId, ReadFact, Record, RunId, Start, Status, TaskFact, TaskSide, TaskValue, Timestamp,
    Verdict, Version, VersionId, WriteFact,
};
use mltrace_core::query::{MeasureFilter, Reader, TaskOptions, TraceOptions};
use mltrace_core::store::sqlite::Schema;
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;
use rusqlite::Row;
use rusqlite::types::Value as Sql;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Project;

const MODEL: &str = "s3://toy-applied-ml-pipeline/prod/training/models/20210501-171109.pkl";

pub(crate) fn file(schema: i64, ending: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{schema}.{ending}"))
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn at(second: i64) -> Timestamp {
    Timestamp(1_619_900_000_000_000 + second * 1_000_000)
}

fn content() -> VersionId {
    VersionId::Content(*blake3::hash(b"p").as_bytes())
}

fn start(run: u128, second: i64) -> Start {
    let read = ReadFact {
        n: 0,
        name: ArtifactName(MODEL.to_owned()),
        argument: Some("model".to_owned()),
        kind: None,
        at: None,
        version: None,
        size: None,
    };
    Start {
        run: RunId(id(run)),
        component: "inference".to_owned(),
        at: at(second),
        parent: None,
        code: Some("code".to_owned()),
        git: Some("git".to_owned()),
        declared: Some(Declaration {
            owner: Some("ada".to_owned()),
            description: Some("serves the model".to_owned()),
            tags: vec!["online".to_owned()],
            stale_after_s: Some(86_400),
        }),
        params: [("threshold".to_owned(), json!(0.5))].into(),
        inputs: vec![read],
        host: None,
        user: None,
    }
}

fn write() -> WriteFact {
    WriteFact {
        n: 1,
        name: ArtifactName("out/predictions.csv".to_owned()),
        argument: Some("predictions".to_owned()),
        kind: None,
        at: None,
        version: Some(content()),
        size: Some(1234),
        mark: None,
    }
}

fn task(side: TaskSide, value: &str, second: i64, run: Option<RunId>) -> Record {
    let (task, id) = ("fare".to_owned(), "17".to_owned());
    Record::Task(TaskFact { task, id, side, value: TaskValue::parse(value).unwrap(), at: at(second), run })
}

/// Returns what a process recorded that died in its second run: something for every table.
pub(crate) fn records() -> Vec<Record> {
    let (first, second, by) = (RunId(id(1)), RunId(id(2)), Some("ada".to_owned()));
    let source = "fn inference() {}".to_owned();
    let hash = blake3::hash(source.as_bytes()).to_hex().to_string();
    vec![
        Record::Code(Code { key: "code".to_owned(), file: "src/main.rs".to_owned(), line: 7, hash, source }),
        Record::Git(Git { key: "git".to_owned(), commit: Some("c0ffee".to_owned()), ..Git::default() }),
        Record::Start(start(1, 0)),
        Record::Note(NoteFact { id: id(3), run: first, text: "slow today".to_owned(), at: at(1), by: by.clone() }),
        Record::Observation(ObservationFact {
            run: first,
            observation: Observation {
                name: "fare".to_owned(),
                count: 9,
                missing: 9,
                is_whole: true,
                ..Observation::default()
            },
        }),
        Record::End(End {
            run: first,
            at: at(5),
            status: Status::Completed,
            duration_us: Some(5_000_000),
            error: None,
            outputs: vec![write()],
        }),
        Record::Start(Start { parent: Some(first), inputs: Vec::new(), ..start(2, 10) }),
        Record::Write { run: second, write: WriteFact { at: Some(at(11)), version: None, ..write() } },
        Record::Due(Due { run: second, n: 1, path: "/nowhere/predictions.csv".to_owned(), state: "1:2".to_owned() }),
        Record::Component(ComponentFact {
            component: "inference".to_owned(),
            at: at(20),
            declared: Declaration { owner: Some("shreya".to_owned()), ..Declaration::default() },
            untag: vec!["online".to_owned()],
        }),
        Record::Label(LabelFact {
            id: id(4),
            name: write().name,
            version: content(),
            verdict: Verdict::Flagged,
            reason: Some("all fares are zero".to_owned()),
            by: by.clone(),
            at: at(21),
        }),
        Record::Alias(AliasFact {
            id: id(6),
            alias: "production".to_owned(),
            artifact: Some(Version { name: write().name, version: content() }),
            reason: Some("passed the gate".to_owned()),
            by,
            at: at(22),
        }),
        task(TaskSide::Output, "12.5", 5, Some(first)),
        task(TaskSide::Feedback, "14.50", 23, None),
        Record::Lost(2),
    ]
}

/// Returns who wrote them.
pub(crate) fn header(process: ProcessId) -> Header {
    Header {
        process: Some(process),
        project: "taxi".to_owned(),
        host: Some("tower".to_owned()),
        user: Some("ada".to_owned()),
        ..Header::default()
    }
}

/// Records what the golden store holds.
fn record() -> Project {
    let project = Project::taxi();
    let process = ProcessId(id(5));
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(header(process)), &mut bytes);
    records().iter().for_each(|record| assert!(journal::encode(record, &mut bytes)));
    fs::write(project.home.journal().join(format!("{process}.log")), bytes).unwrap();
    let mut store = store::open(&project.home, Mode::Write).unwrap();
    ingest::fold(&project.home, store.as_mut()).unwrap();
    drop(store);
    project
}

/// Returns what a store answers.
pub(crate) fn answers(project: &Project) -> Value {
    let mut store = store::open(&project.home, Mode::Read).unwrap();
    let mut lines = Vec::new();
    let reader = &mut Reader::new(store.as_mut(), &project.home, project.folder.path());
    reader
        .export(None, &mut |line| {
            lines.push(line);
            true
        })
        .unwrap();
    let review = reader.review(None).unwrap();
    json!({
        "trace": reader.trace("out/predictions.csv", &TraceOptions::default()).unwrap(),
        "recent": reader.recent(&Default::default()).unwrap(),
        "history": reader.history("cleaning", &Default::default()).unwrap(),
        // Whom it suspects is worked out anew each time, by rules that may become better.
        "review": {"flagged": review.flagged, "ok": review.ok},
        "components": reader.components(None, None).unwrap(),
        "aliases": reader.aliases(None).unwrap(),
        "observations": reader.observations(None, &MeasureFilter::default(), None).unwrap(),
        // The first schemas knew of no tasks.
        "task": reader.task("fare", &TaskOptions::default()).ok(),
        "export": lines,
    })
}

/// Returns every CREATE statement of a store.
fn statements(project: &Project) -> Vec<String> {
    let connection = project.raw();
    let mut found =
        connection.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name").unwrap();
    found.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Returns every row of every promised view.
fn rows_of_views(project: &Project) -> Vec<String> {
    let connection = project.raw();
    let rows_of = |view: &&str| {
        let mut rows = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        let columns = rows.column_count();
        let row = |row: &Row<'_>| (0..columns).map(|column| row.get(column)).collect::<Result<Vec<Sql>, _>>();
        let mut found: Vec<_> =
            rows.query_map([], row).unwrap().map(|row| format!("{view} {:?}", row.unwrap())).collect();
        found.sort_unstable();
        found
    };
    ["runs", "versions", "edges", "labels"].iter().flat_map(rows_of).collect()
}

/// Panics unless `found` says all that `expected` does; fields may have been added since.
fn check_holds(found: &Value, expected: &Value, place: &str) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            for (name, value) in expected {
                check_holds(found.get(name).unwrap_or(&Value::Null), value, &format!("{place}, {name}"));
            }
        }
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            for (number, (found, expected)) in found.iter().zip(expected).enumerate() {
                check_holds(found, expected, &format!("{place}[{number}]"));
            }
        }
        _ => assert_eq!(found, expected, "{place}"),
    }
}

#[test]
fn every_schema_that_was_released_still_answers() {
    for schema in 1..=Schema::CURRENT.version() {
        let project = Project::with_store(&file(schema, "db"));
        let expected: Value = serde_json::from_slice(&fs::read(file(schema, "json")).unwrap()).unwrap();
        let found = answers(&project);
        check_holds(&found, &expected, &format!("schema {schema}"));
        assert_eq!(project.schema(), Schema::CURRENT.version());
        assert_eq!(upkeep::doctor(&project.home, true).wrong, ["2 records could not be written"]);
        project.import();
        assert_eq!(answers(&project), found, "what is known is imported again without a change");
    }
}

#[test]
fn the_schema_does_not_change_without_a_new_version() {
    let version = Schema::CURRENT.version();
    let golden = Project::with_store(&file(version, "db"));
    assert_eq!(golden.schema(), version);
    let (golden, new) = (statements(&golden), statements(&Project::taxi()));
    let changed: Vec<&String> = new.iter().filter(|statement| !golden.contains(statement)).collect();
    let dropped: Vec<&String> = golden.iter().filter(|statement| !new.contains(statement)).collect();
    assert!(
        changed.is_empty() && dropped.is_empty(),
        "schema {version} is out in the world: put the change into a step of its own, not into an earlier one\n\
         new: {changed:#?}\nold: {dropped:#?}"
    );
}

#[test]
fn a_store_that_was_migrated_is_like_one_that_was_made() {
    let new = statements(&Project::taxi());
    for schema in 1..=Schema::CURRENT.version() {
        let project = Project::with_store(&file(schema, "db"));
        drop(store::open(&project.home, Mode::Write).unwrap());
        assert_eq!(statements(&project), new, "from schema {schema}");
    }
}

#[test]
fn the_promised_views_hold_the_same_rows_after_a_migration() {
    for schema in 1..Schema::CURRENT.version() {
        let project = Project::with_store(&file(schema, "db"));
        let before = rows_of_views(&project);
        drop(store::open(&project.home, Mode::Write).unwrap());
        assert_eq!(rows_of_views(&project), before, "from schema {schema}");
        assert!(before.iter().any(|row| row.starts_with("edges") && row.contains(r#"Text("model")"#)), "{before:#?}");
    }
}

/// Returns the table and the name of every column that holds a time.
fn columns_of_times(project: &Project) -> Vec<(String, String)> {
    let connection = project.raw();
    let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND (c.name IN ('at', 'last_seen') OR substr(c.name, -3) = '_at')";
    let mut columns = connection.prepare(sql).unwrap();
    columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_time_is_the_same_moment_after_a_migration() {
    let epoch = "2029-01-01T00:00:00Z".parse().unwrap();
    let now = "2026-05-28T20:26:40.123456Z".parse().unwrap();
    for time in [Timestamp::MIN, Timestamp(-1), Timestamp(0), now, epoch, Timestamp::MAX] {
        let project = Project::with_store(&file(2, "db"));
        let connection = project.raw();
        connection.execute_batch("INSERT INTO tombstone VALUES (x'01', 0)").unwrap();
        let columns = columns_of_times(&project);
        assert_eq!(columns.len(), 14, "{columns:?}");
        for (table, column) in &columns {
            connection.execute(&format!("UPDATE {table} SET {column} = $1"), [time.0]).unwrap();
        }
        connection.execute_batch("UPDATE run SET ended_at = NULL; UPDATE component SET owner_at = NULL").unwrap();
        drop(connection);
        let before = rows_of_views(&project);
        drop(store::open(&project.home, Mode::Write).unwrap());
        assert_eq!(rows_of_views(&project), before, "{time}");
        let connection = project.raw();
        for (table, column) in &columns {
            let found = connection.query_row(&format!("SELECT {column} FROM {table}"), [], |row| row.get(0));
            let is_null = ["ended_at", "owner_at"].contains(&column.as_str());
            assert_eq!(found, Ok((!is_null).then_some(time)), "{table}.{column}");
        }
    }
}

#[test]
fn runs_that_were_migrated_do_the_same_work_as_those_recorded_now() {
    let signatures = |project: &Project| -> Vec<(Vec<u8>, Option<i64>)> {
        let connection = project.raw();
        let mut runs = connection.prepare("SELECT uuid, signature FROM run ORDER BY uuid").unwrap();
        runs.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let now = signatures(&record());
    assert!(now.iter().any(|(_, signature)| signature.is_some()));
    for schema in 1..Schema::CURRENT.version() {
        let project = Project::with_store(&file(schema, "db"));
        drop(store::open(&project.home, Mode::Write).unwrap());
        assert_eq!(signatures(&project), now, "from schema {schema}");
    }
}

#[test]
fn what_is_recorded_now_answers_like_the_golden_store() {
    let project = Project::with_store(&file(Schema::CURRENT.version(), "db"));
    let (now, golden) = (answers(&record()), answers(&project));
    check_holds(&now, &golden, "recorded now");
    check_holds(&golden, &now, "the golden store");
}

#[test]
#[ignore = "makes the fixture"]
fn make_the_golden_store() {
    let project = record();
    let version = Schema::CURRENT.version();
    project.raw().execute_batch("PRAGMA journal_mode = DELETE; VACUUM; PRAGMA journal_mode = WAL;").unwrap();
    let answers = serde_json::to_string_pretty(&answers(&project)).unwrap();
    fs::create_dir_all(file(version, "db").parent().unwrap()).unwrap();
    fs::copy(project.home.store.file().unwrap(), file(version, "db")).unwrap();
    fs::write(file(version, "json"), answers + "\n").unwrap();
}
