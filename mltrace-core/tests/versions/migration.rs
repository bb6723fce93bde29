//! From one schema to the next, proved with schemas that are yet to come.

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};

use mltrace_core::ingest;
use mltrace_core::journal;
use mltrace_core::model::{ComponentFact, Declaration, Header, ProcessId, Record, Timestamp};
use mltrace_core::query::Reader;
use mltrace_core::store::sqlite::{Schema, SqliteStore};
use mltrace_core::store::{self, Mode, Store, StoreError};

use crate::Project;

/// Returns this version's schema with one more step.
fn next(step: &'static str, min_reader: i64, min_writer: i64) -> &'static Schema {
    let steps = [Schema::CURRENT.steps, &[step]].concat();
    Box::leak(Box::new(Schema { steps: steps.leak(), min_reader, min_writer }))
}

/// A step that an old version need not know of.
const COLUMN: &str = "ALTER TABLE run ADD COLUMN mood TEXT; UPDATE run SET mood = 'calm';";
/// A step that puts a new table in the place of one that others refer to.
const TABLE: &str = "CREATE TABLE new_project (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, motto TEXT);
     INSERT INTO new_project SELECT id, name, 'onward' FROM project;
     DROP TABLE project; ALTER TABLE new_project RENAME TO project;";

fn now() -> i64 {
    Schema::CURRENT.version()
}

fn backup(project: &Project) -> std::path::PathBuf {
    project.home.folder.join(format!("mltrace.db.schema-{}.backup", now()))
}

/// Leaves the journal of a process that is gone.
fn leave_journal(project: &Project) {
    let process = ProcessId::new();
    let header = Header { process: Some(process), project: "taxi".to_owned(), ..Header::default() };
    let declared = Declaration { owner: Some("ada".to_owned()), ..Declaration::default() };
    let (component, at) = ("cleaning".to_owned(), Timestamp(1));
    let fact = ComponentFact { component, at, declared, untag: Vec::new() };
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(header), &mut bytes);
    journal::encode(&Record::Component(fact), &mut bytes);
    fs::write(project.home.journal().join(format!("{process}.log")), bytes).unwrap();
}

#[test]
fn an_older_store_is_migrated_after_a_copy_that_stands_alone() {
    for step in [COLUMN, TABLE] {
        let project = Project::taxi();
        drop(SqliteStore::open(&project.home, Mode::Write, next(step, 1, 1)).unwrap());
        assert_eq!((project.schema(), project.runs()), (now() + 1, 7));
        let copy = Project::with_store(&backup(&project));
        assert_eq!((copy.schema(), copy.runs()), (now(), 7));
        assert_eq!(fs::metadata(backup(&project)).unwrap().permissions().mode() & 0o777, 0o600);
        let left = fs::read_dir(&project.home.folder).unwrap().flatten().map(|entry| entry.file_name());
        let left: Vec<_> = left.filter(|name| name.to_string_lossy().contains("backup")).collect();
        assert_eq!(left.len(), 1, "{left:?}");
    }
}

#[test]
fn an_older_store_is_migrated_before_it_is_read() {
    let project = Project::taxi();
    let mut store = SqliteStore::open(&project.home, Mode::Read, next(COLUMN, 1, 1)).unwrap();
    assert_eq!(project.schema(), now() + 1);
    let reader = &mut Reader::new(&mut store, &project.home, project.folder.path());
    assert_eq!(reader.recent(&Default::default()).unwrap().runs.len(), 7);
    drop(SqliteStore::open(&project.home, Mode::Read, next(COLUMN, 1, 1)).unwrap());
}

#[test]
fn a_migration_that_fails_changes_nothing() {
    let steps = [
        "ALTER TABLE run ADD COLUMN mood TEXT; ALTER TABLE nothing ADD COLUMN mood TEXT;",
        "PRAGMA defer_foreign_keys = ON; DELETE FROM component;",
    ];
    for step in steps {
        let project = Project::taxi();
        let before = project.raw().query_row("SELECT count(*) FROM component", [], |row| row.get::<_, i64>(0)).unwrap();
        let Err(error) = SqliteStore::open(&project.home, Mode::Write, next(step, 1, 1)) else { panic!("{step}") };
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
        assert_eq!((project.schema(), project.runs()), (now(), 7));
        let after = project.raw().query_row("SELECT count(*) FROM component", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(before, after);
        assert!(project.raw().prepare("SELECT mood FROM run").is_err());
    }
}

#[test]
fn a_store_whose_copy_is_damaged_is_not_migrated() {
    let project = Project::taxi();
    let root: u64 = {
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = 'run'";
        project.raw().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap()
    };
    let file = fs::File::options().write(true).open(project.home.store.file().unwrap()).unwrap();
    file.write_all_at(&[0xFF; 100], (root - 1) * 4096).unwrap();
    let Err(error) = SqliteStore::open(&project.home, Mode::Write, next(COLUMN, 1, 1)) else { panic!("migrated") };
    assert!(error.to_string().contains("the copy before its migration is damaged"), "{error}");
    assert_eq!(project.schema(), now());
    assert!(!backup(&project).exists(), "a damaged copy is no backup");
}

#[test]
fn a_newer_store_that_allows_it_is_read_and_left_as_it_is() {
    let project = Project::taxi();
    drop(SqliteStore::open(&project.home, Mode::Write, next(COLUMN, now(), now() + 1)).unwrap());
    leave_journal(&project);
    let journals = || fs::read_dir(project.home.journal()).unwrap().count();
    let mut folded = ingest::open_folded(&project.home, &|_| {}).unwrap();
    let reader = &mut Reader::new(folded.store.as_mut(), &project.home, project.folder.path());
    assert_eq!(reader.recent(&Default::default()).unwrap().runs.len(), 7);
    let behind = folded.behind.expect("the journal cannot be folded").to_string();
    assert!(
        behind.contains("which this version cannot write") && behind.contains(&format!("schema {}", now() + 1)),
        "{behind}"
    );
    assert_eq!((project.schema(), journals()), (now() + 1, 1), "what is recorded waits for the newer version");
}

#[test]
fn a_newer_store_that_allows_it_is_written() {
    let project = Project::taxi();
    drop(SqliteStore::open(&project.home, Mode::Write, next(COLUMN, now(), now())).unwrap());
    leave_journal(&project);
    let folded = ingest::open_folded(&project.home, &|_| {}).unwrap();
    assert!(folded.behind.is_none());
    assert_eq!(folded.report.records, 2);
    assert_eq!(project.schema(), now() + 1);
}

#[test]
fn a_newer_store_that_forbids_it_is_named_with_its_writer() {
    let project = Project::taxi();
    drop(SqliteStore::open(&project.home, Mode::Write, next(COLUMN, now() + 1, now() + 1)).unwrap());
    project.raw().execute("UPDATE meta SET value = '0.9.0' WHERE key = 'writer'", []).unwrap();
    leave_journal(&project);
    for mode in [Mode::Read, Mode::Write, Mode::Fold] {
        let Err(error) = store::open(&project.home, mode) else { panic!("{mode:?}") };
        let verb = if mode == Mode::Read { "read" } else { "write" };
        let said = format!("was written by mltrace 0.9.0 (schema {}), which this version cannot {verb}", now() + 1);
        assert!(error.to_string().contains(&said), "{error}");
    }
    let Err(error) = ingest::open_folded(&project.home, &|_| {}) else { panic!("read") };
    assert!(matches!(error, StoreError::TooNew { verb: "read", .. }), "{error:?}");
}

#[test]
fn a_store_that_is_migrated_meanwhile_takes_nothing_from_an_older_version() {
    let project = Project::taxi();
    let mut old = store::open(&project.home, Mode::Write).unwrap();
    let schema = next(COLUMN, now(), now() + 1);
    drop(SqliteStore::open(&project.home, Mode::Write, schema).unwrap());
    let written = old.write(&mut |writer| writer.project("other", None).map(drop));
    assert!(matches!(written, Err(StoreError::TooNew { verb: "write", .. })), "{written:?}");
    let mut new = SqliteStore::open(&project.home, Mode::Read, schema).unwrap();
    assert_eq!(new.look().project("other", None).unwrap(), None);
}

/// A second project that names what the first one does: its run wrote, and read, the same bytes.
const NEIGHBOUR: &str = "INSERT INTO project (id, name) VALUES (7, 'next door');
     INSERT INTO project_name (name, project_id) VALUES ('next door', 7);
     INSERT INTO component (id, project_id, name) VALUES (70, 7, 'theirs');
     INSERT INTO run (id, uuid, project_id, component_id, status, started_at, ended_at)
         VALUES (71, x'0190f3a0000070008000000000000077', 7, 70, 1, -100000000000001, -100000000000000);
     INSERT INTO artifact (id, project_id, name, kind) SELECT 72, 7, name, kind FROM artifact WHERE name LIKE 's3://%20210501-171109.pkl';
     INSERT INTO artifact (id, project_id, name, kind) VALUES (73, 7, 'out/predictions.csv', 0);
     INSERT INTO version (id, artifact_id, id_kind, id_value) VALUES (74, 72, 1, CAST('2' AS BLOB));
     INSERT INTO version (id, artifact_id, id_kind, id_value) SELECT 75, a.id, 1, CAST('2' AS BLOB) FROM artifact a
         WHERE a.name LIKE 's3://%20210501-171109.pkl' AND a.project_id <> 7;
     INSERT INTO write (id, run_id, n, artifact_id, seen_id, version_id, at) VALUES (76, 71, 1, 72, 74, 74, -100000000000000);
     INSERT INTO read (run_id, n, artifact_id, seen_id, at, bound) VALUES (71, 0, 72, 74, -100000000000001, 4);";

#[test]
fn what_two_projects_called_the_same_is_one_thing_where_it_is_that_for_all() {
    let project = Project::with_store(&crate::golden::file(9, "db"));
    project.raw().execute_batch(NEIGHBOUR).unwrap();
    drop(ingest::open_folded(&project.home, &|_| {}).unwrap());
    let count = |sql: &str| project.raw().query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM artifact WHERE name LIKE 's3://%20210501-171109.pkl'"), 1);
    assert_eq!(count("SELECT count(*) FROM artifact WHERE name = 'out/predictions.csv'"), 2);
    assert_eq!(count("SELECT count(*) FROM version WHERE id_kind = 1 AND id_value = CAST('2' AS BLOB)"), 1);
    assert_eq!(count("SELECT count(*) FROM also_in"), 1);
    let found = mltrace_core::upkeep::doctor(&project.home, true).wrong;
    assert_eq!(found, ["2 records could not be written"]);
}
