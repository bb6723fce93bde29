//! Stores that somebody else made to run SQL of theirs, to have no end or to mislead: refused before anything in them is
//! asked.

use std::fs;
use std::sync::mpsc;
use std::time::Duration;

use mltrace_core::ingest;
use mltrace_core::store::sqlite::Schema;
use mltrace_core::store::{self, Mode, StoreError};
use mltrace_core::upkeep;
use proptest::prelude::*;
use proptest::sample::subsequence;

use crate::Project;
use crate::golden::file;

/// A question that has no end.
const ENDLESS: &str =
    "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS key, x AS value FROM n WHERE x < 0";

/// What is put into a good store, and what is said of it.
const ADDED: [(&str, &str); 12] = [
    ("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM label; END;", "the trigger `t`"),
    ("CREATE TRIGGER u INSTEAD OF INSERT ON runs BEGIN DELETE FROM label; END;", "the trigger `u`"),
    ("CREATE VIEW json_each AS ENDLESS;", "the view `json_each`"),
    ("CREATE VIEW pragma_user_version AS ENDLESS;", "the view `pragma_user_version`"),
    ("CREATE VIEW pragma_foreign_key_check AS ENDLESS;", "the view `pragma_foreign_key_check`"),
    ("CREATE TABLE json_tree (key, value);", "the table `json_tree`"),
    ("CREATE VIRTUAL TABLE far USING rtree (id, least, most);", "the table `far`"),
    ("CREATE VIRTUAL TABLE text USING fts5 (body);", "the table `text`"),
    ("ALTER TABLE run ADD COLUMN long AS (hex(zeroblob(400000000)));", "its table `run` is not the one"),
    ("CREATE TABLE mine (a, b AS (hex(zeroblob(a))));", "the table `mine`"),
    ("CREATE VIEW own AS ENDLESS;", "the view `own`"),
    ("CREATE INDEX slow ON run (hex(zeroblob(id * 100)));", "the index `slow`"),
];

/// What is changed in a good store, and what is said of it.
const CHANGED: [(&str, &str); 9] = [
    ("DROP VIEW runs; CREATE VIEW runs AS ENDLESS;", "its view `runs` is not the one that mltrace makes"),
    ("DROP TABLE tally; CREATE VIEW tally AS ENDLESS;", "it holds the view `tally`"),
    ("DROP TABLE meta; CREATE VIEW meta AS ENDLESS;", "it holds the view `meta`"),
    ("DROP TABLE tally; CREATE VIRTUAL TABLE tally USING fts5 (name, count);", "its table `tally` is not the one"),
    ("DROP INDEX run_by_time;", "it lacks the index `run_by_time`"),
    ("DROP INDEX run_by_time; CREATE UNIQUE INDEX run_by_time ON run (uuid, error);", "its index `run_by_time` is not"),
    ("DROP VIEW labels;", "it lacks the view `labels`"),
    ("DROP TABLE tally;", "it lacks the table `tally`"),
    (
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'at     INTEGER NOT NULL', 'at INTEGER CHECK (at < 0)')
         WHERE name = 'note'; PRAGMA writable_schema = RESET;",
        "its table `note` is not the one that mltrace makes",
    ),
];

/// Of what is added, so many are refused in a store of a newer schema, too, about which nobody knows here what it makes.
const ADDED_TO_NEWER: usize = 10;

fn now() -> i64 {
    Schema::CURRENT.version()
}

fn hostile(schema: i64, sql: &str) -> Project {
    let project = Project::with_store(&file(schema, "db"));
    let connection = project.raw();
    connection.execute_batch(&sql.replace("ENDLESS", ENDLESS)).unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
    drop(connection);
    project
}

/// Opens a store in every way, and returns what is said of it: within seconds, always the same, and unchanged by it.
fn said(project: &Project) -> String {
    let before = fs::read(project.home.store.file().unwrap()).unwrap();
    let (tell, told) = mpsc::channel();
    let home = project.home.clone();
    std::thread::spawn(move || {
        let opened = [Mode::Read, Mode::Write, Mode::Fold].map(|mode| store::open(&home, mode).map(drop));
        let folded = ingest::open_folded(&home, &|_| {}).map(drop);
        let said: Vec<_> = opened
            .into_iter()
            .chain([folded])
            .map(|done| done.map_err(|error| (matches!(error, StoreError::Altered { .. }), error.to_string())))
            .collect();
        let _ = tell.send((said, upkeep::doctor(&home, true).wrong));
    });
    let (said, wrong) = told.recv_timeout(Duration::from_secs(60)).expect("it comes to an end");
    let Err((true, first)) = said[0].clone() else { panic!("{said:?}") };
    assert!(said.iter().all(|other| *other == Err((true, first.clone()))), "{said:?}");
    assert_eq!(wrong, [first.as_str()]);
    assert!(first.lines().count() == 1 && first.contains("mltrace.db` is not as mltrace makes it: "), "{first}");
    assert!(fs::read(project.home.store.file().unwrap()).unwrap() == before, "it is left as it is");
    first
}

#[test]
fn what_was_added_to_a_store_is_refused_by_name() {
    for schema in 1..=now() {
        for (sql, what) in ADDED {
            let said = said(&hostile(schema, sql));
            assert!(said.contains(what), "{sql} in schema {schema}: {said}");
        }
    }
}

#[test]
fn what_was_changed_in_a_store_is_refused_by_name() {
    for schema in 1..=now() {
        for (sql, what) in CHANGED {
            let said = said(&hostile(schema, sql));
            assert!(said.contains(what), "{sql} in schema {schema}: {said}");
        }
    }
}

#[test]
fn a_store_that_calls_itself_newer_is_refused_what_none_makes() {
    const NEWER: &str = "PRAGMA user_version = 99; UPDATE meta SET value = '1' WHERE key <> 'writer';";
    for (sql, _) in &ADDED[..ADDED_TO_NEWER] {
        said(&hostile(now(), &format!("{NEWER} {sql}")));
    }
    for (sql, _) in CHANGED.iter().filter(|(sql, _)| sql.contains("TABLE tally")) {
        said(&hostile(now(), &format!("{NEWER} {sql}")));
    }
    // What reports who may read it must be what it seems.
    let project = hostile(now(), &format!("{NEWER} DROP TABLE meta; CREATE VIEW meta AS ENDLESS;"));
    let Err(error) = store::open(&project.home, Mode::Read) else { panic!("opened") };
    assert!(matches!(error, StoreError::TooNew { schema: 99, verb: "read", .. }), "{error}");
    // An index or a view more is nobody's harm who does not ask it.
    let project = hostile(now(), &format!("{NEWER} CREATE VIEW more AS SELECT 1; CREATE INDEX other ON run (error);"));
    drop(store::open(&project.home, Mode::Read).unwrap());
}

#[test]
fn what_an_earlier_schema_calls_itself_does_not_matter() {
    for (schema, claimed) in [(1, 2), (1, now()), (3, now()), (now(), 3), (now(), 1), (now(), 0), (now(), -1)] {
        let said = said(&hostile(schema, &format!("PRAGMA user_version = {claimed};")));
        assert!(said.contains("is not the one that mltrace makes") || said.contains("did not make"), "{said}");
    }
}

#[test]
fn what_analyze_leaves_is_no_harm() {
    for schema in 1..=now() {
        let [plain, analyzed] = ["", "ANALYZE;"].map(|sql| hostile(schema, sql));
        drop(store::open(&analyzed.home, Mode::Write).unwrap());
        assert_eq!(upkeep::doctor(&analyzed.home, true).wrong, upkeep::doctor(&plain.home, true).wrong);
    }
}

#[test]
fn a_name_without_end_is_told_in_few_words() {
    let name = format!("x\u{1b}[2J\n{}", "y".repeat(50_000));
    let said = said(&hostile(now(), &format!("CREATE TABLE \"{name}\" (a);")));
    assert!(said.len() < 1000 && !said.contains('\u{1b}'), "{said}");
}

#[test]
fn more_than_any_store_holds_is_refused() {
    let tables: String = (0..600).map(|number| format!("CREATE TABLE t{number} (a);")).collect();
    let long = format!("CREATE TABLE long (a DEFAULT '{}');", "y".repeat(200_000));
    for sql in [tables, long] {
        let project = hostile(now(), &sql);
        for mode in [Mode::Read, Mode::Write, Mode::Fold] {
            assert!(store::open(&project.home, mode).is_err(), "{mode:?}");
        }
        assert_eq!(upkeep::doctor(&project.home, true).wrong.len(), 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_added_and_changed_together_is_refused(
        schema in 1..=now(),
        added in subsequence(ADDED.to_vec(), 0..3),
        changed in subsequence(CHANGED[..8].to_vec(), 1..2),
    ) {
        let sql: String = added.iter().chain(&changed).map(|(sql, _)| *sql).collect();
        said(&hostile(schema, &sql));
    }

    /// A page of the file is overwritten here and there: the store answers or is refused, and never without end.
    #[test]
    fn a_store_of_any_bytes_comes_to_an_end(places in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20), in_head: bool) {
        let project = Project::with_store(&file(now(), "db"));
        let mut bytes = fs::read(project.home.store.file().unwrap()).unwrap();
        let reach = if in_head { 4096 } else { bytes.len() };
        for (place, byte) in places {
            bytes[place.index(reach - 100) + 100] = byte;
        }
        fs::write(project.home.store.file().unwrap(), bytes).unwrap();
        let (tell, told) = mpsc::channel();
        let home = project.home.clone();
        std::thread::spawn(move || {
            let opened = store::open(&home, Mode::Write).map(drop).map_err(|error| error.to_string());
            let _ = tell.send((opened, upkeep::doctor(&home, true)));
        });
        prop_assert!(told.recv_timeout(Duration::from_secs(60)).is_ok(), "it comes to an end");
    }
}

#[test]
fn a_rollback_journal_that_names_a_journal_of_several_databases_is_not_followed() {
    let project = Project::taxi();
    drop(store::open(&project.home, Mode::Write).unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let named = elsewhere.path().join("x-mj0123459ab");
    fs::write(&named, "somebody's\0").unwrap();
    let name = named.display().to_string();
    let sum: u32 = name.bytes().map(u32::from).sum();
    // As SQLite writes it: pages, of which there are none, and then the name with its length and sum.
    let mut journal = vec![0_u8; 512];
    journal.extend(0_u32.to_be_bytes());
    journal.extend(name.bytes());
    journal.extend(u32::try_from(name.len()).unwrap().to_be_bytes());
    journal.extend(sum.to_be_bytes());
    journal.extend([0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
    fs::write(project.home.folder.join("mltrace.db-journal"), journal).unwrap();
    for mode in [Mode::Read, Mode::Write, Mode::Fold] {
        let refused = store::open(&project.home, mode).err().unwrap().to_string();
        assert!(refused.contains("belongs to several databases"), "{refused}");
    }
    assert!(named.exists(), "nothing outside was deleted");
}
