//! Every request of SQLite to its files fails once, and then for ever, in everything that opens or writes a store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use mltrace_core::store::sqlite::{Schema, SqliteStore};
use mltrace_core::store::{Mode, StoreError};
use mltrace_core::upkeep;
use rusqlite::{Connection, OpenFlags};

use crate::disk::{Failure, Fault};
use crate::project::{Project, import_lines, story, verdicts};

/// Something that is done to a store.
struct Deed {
    name: &'static str,
    /// What is there before.
    before: Project,
    work: fn(&Project) -> Result<(), String>,
    /// Holds whatever else must be true after a fault, and learns whether the deed was done.
    check: fn(&Project, &str),
}

#[derive(Debug, Default)]
struct Figures {
    faults: usize,
    refused: usize,
}

fn nothing_else(_: &Project, _: &str) {}

/// How many requests are passed over between two that fail: the long form leaves none out.
const SHORT: usize = 13;

/// Fails the n-th request, for every `stride`th n, until the deed meets the fault no more.
fn sweep(deed: &Deed, stride: usize) {
    let done = deed.before.copy();
    (deed.work)(&done).unwrap();
    let reference = (done.lines(), done.rows());
    // To ask a store of an older schema is to migrate it.
    let before = (deed.before.copy().lines(), deed.before.rows());
    let mut figures = Figures::default();
    for (failure, is_lasting) in
        [(Failure::Full, false), (Failure::Full, true), (Failure::Broken, false), (Failure::Broken, true)]
    {
        for nth in (0..).step_by(stride) {
            let project = deed.before.copy();
            let fault = Fault { failure, nth, is_lasting };
            let context = format!("{}: {fault:?}", deed.name);
            let (result, is_met) = project.disk.fail_while(fault, || (deed.work)(&project));
            if !is_met {
                result.unwrap_or_else(|error| panic!("{context}: {error}"));
                break;
            }
            figures.faults += 1;
            figures.refused += usize::from(result.is_err());
            check_whole(&project.rows(), [&before.1, &reference.1], &context);
            (deed.check)(&project, &context);
            match result {
                Ok(()) => check_lines(&project.lines(), &reference.0, &format!("{context}, done")),
                Err(_) => {
                    let kept = before.0.intersection(&reference.0).cloned().collect();
                    check_lines(&kept, &kept.intersection(&project.lines()).cloned().collect(), &context);
                }
            }
            (deed.work)(&project).unwrap_or_else(|error| panic!("{context}: it does not recover: {error}"));
            check_lines(&project.lines(), &reference.0, &context);
            project.check_integrity(&context);
        }
    }
    assert!(figures.faults > 10, "{}: {figures:?}", deed.name);
    println!("{}: {} faults, {} told of, 0 runs lost, 0 half-stored", deed.name, figures.faults, figures.refused);
}

/// Panics unless the same is recorded.
fn check_lines(found: &BTreeSet<String>, expected: &BTreeSet<String>, context: &str) {
    let different: Vec<&String> = found.symmetric_difference(expected).collect();
    assert!(different.is_empty(), "{context}: {} lines differ, first {}", different.len(), different[0]);
}

/// Panics unless each run stands as it did before, or as it does when all is done.
fn check_whole(rows: &BTreeMap<String, String>, known: [&BTreeMap<String, String>; 2], context: &str) {
    for (run, row) in rows {
        assert!(known.iter().any(|known| known.get(run) == Some(row)), "{context}: half a run: {run} {row}");
    }
    for (run, row) in known[0] {
        assert!(rows.contains_key(run), "{context}: a run is lost: {run} {row}");
    }
}

/// A store with runs, whose write-ahead log is still there.
fn recorded() -> Project {
    let project = Project::new();
    project.leave(&story(0..6));
    project.fold().unwrap();
    project
}

fn making() -> Deed {
    let work = |project: &Project| match mltrace_core::store::open(&project.home, Mode::Write) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    };
    Deed { name: "making a store", before: Project::new(), work, check: nothing_else }
}

fn folding() -> Deed {
    let before = recorded();
    before.leave(&story(6..12));
    before.leave(&story(20..24));
    Deed { name: "folding", before, work: Project::fold, check: nothing_else }
}

fn folding_into_a_new_store() -> Deed {
    let before = Project::new();
    before.leave(&story(0..6));
    Deed { name: "folding into a new store", before, work: Project::ask, check: nothing_else }
}

fn folding_with_a_rollback_journal() -> Deed {
    let before = Project::new().with_rollback_journal();
    before.leave(&story(0..6));
    Deed { name: "folding with a rollback journal", before, work: Project::fold, check: nothing_else }
}

fn importing() -> Deed {
    let work = |project: &Project| project.import(&import_lines(0..30));
    Deed { name: "importing", before: recorded(), work, check: nothing_else }
}

fn giving_verdicts() -> Deed {
    let before = recorded();
    before.leave(&verdicts(0..4));
    Deed { name: "giving verdicts and notes", before, work: Project::ask, check: nothing_else }
}

/// The schema after this version's, as it may come to be.
fn next_schema() -> &'static Schema {
    let step = "ALTER TABLE run ADD COLUMN mood TEXT; UPDATE run SET mood = 'calm';
         CREATE TABLE run_mood (run_id INTEGER PRIMARY KEY REFERENCES run (id), mood TEXT NOT NULL);
         INSERT INTO run_mood SELECT id, mood FROM run;";
    let steps = [Schema::CURRENT.steps, &[step]].concat();
    Box::leak(Box::new(Schema { steps: steps.leak(), ..Schema::CURRENT }))
}

fn version_of(connection: &Connection) -> i64 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

fn migrating() -> Deed {
    let work = |project: &Project| match SqliteStore::open(&project.home, Mode::Write, next_schema()) {
        Ok(_) => Ok(()),
        Err(error @ StoreError::Unreachable { .. }) => Err(error.to_string()),
        Err(error) => panic!("a disk that fails is no {error:?}"),
    };
    let check = |project: &Project, context: &str| {
        let before = Schema::CURRENT.version();
        let copy = project.home.folder.join(format!("mltrace.db.schema-{before}.backup"));
        let is_migrated = version_of(&project.raw()) == next_schema().version();
        assert!(copy.exists() || !is_migrated, "{context}: migrated without a copy");
        if copy.exists() {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
            let copy = Connection::open_with_flags(format!("file:{}?immutable=1", copy.display()), flags).unwrap();
            let verdict: String = copy.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            let runs: i64 = copy.query_row("SELECT count(*) FROM run", [], |row| row.get(0)).unwrap();
            assert_eq!((verdict.as_str(), version_of(&copy), runs), ("ok", before, 6), "{context}");
        }
        let moods = "SELECT count(*) FROM run_mood";
        let moods: i64 = project.raw().query_row(moods, [], |row| row.get(0)).unwrap_or_default();
        assert_eq!(moods, if is_migrated { 6 } else { 0 }, "{context}: migrated by half");
    };
    Deed { name: "migrating", before: recorded(), work, check }
}

fn migrating_the_first_schema() -> Deed {
    let work = |project: &Project| match SqliteStore::open(&project.home, Mode::Write, &Schema::CURRENT) {
        Ok(_) => Ok(()),
        Err(error @ StoreError::Unreachable { .. }) => Err(error.to_string()),
        Err(error) => panic!("a disk that fails is no {error:?}"),
    };
    let check = |project: &Project, context: &str| {
        let copy = project.home.folder.join("mltrace.db.schema-1.backup");
        let schema = version_of(&project.raw());
        assert!(schema == 1 || (schema == Schema::CURRENT.version() && copy.exists()), "{context}: schema {schema}");
        if copy.exists() {
            let golden = Project::of_the_first_schema();
            let kept = golden.emptied();
            fs::copy(&copy, kept.home.store.file().unwrap()).unwrap();
            kept.check_integrity(context);
            assert_eq!((version_of(&kept.raw()), kept.rows()), (1, golden.rows()), "{context}");
        }
        let tables =
            "SELECT group_concat(name) FROM (SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name)";
        let tables: String = project.raw().query_row(tables, [], |row| row.get(0)).unwrap();
        assert_eq!(tables.contains("argument"), schema > 1, "{context}: {tables}");
        assert!(!tables.contains("_1"), "{context}: {tables}");
    };
    Deed { name: "migrating the first schema", before: Project::of_the_first_schema(), work, check }
}

#[test]
fn a_store_is_made_or_not() {
    sweep(&making(), SHORT);
}

#[test]
fn journals_are_folded_whole_or_not_at_all() {
    sweep(&folding(), SHORT);
    sweep(&folding_into_a_new_store(), SHORT);
}

#[test]
fn journals_are_folded_whole_or_not_at_all_with_a_rollback_journal() {
    sweep(&folding_with_a_rollback_journal(), SHORT);
}

#[test]
fn lines_are_imported_whole_or_not_at_all() {
    sweep(&importing(), SHORT);
}

#[test]
fn verdicts_and_notes_are_given_or_not() {
    sweep(&giving_verdicts(), SHORT);
}

#[test]
fn a_store_is_migrated_or_stays_as_it_was() {
    sweep(&migrating(), SHORT);
    sweep(&migrating_the_first_schema(), SHORT);
}

#[test]
#[ignore = "takes minutes"]
fn every_request_fails_in_everything_that_is_done() {
    let deeds = [
        making(),
        folding(),
        folding_into_a_new_store(),
        folding_with_a_rollback_journal(),
        importing(),
        giving_verdicts(),
        migrating(),
        migrating_the_first_schema(),
    ];
    deeds.iter().for_each(|deed| sweep(deed, 1));
}

#[test]
fn doctor_tells_what_it_cannot_read() {
    let before = recorded();
    let (mut faults, mut told) = (0, 0);
    for is_lasting in [false, true] {
        for nth in 0.. {
            let project = before.copy();
            let fault = Fault { failure: Failure::Broken, nth, is_lasting };
            let (checkup, is_met) = project.disk.fail_while(fault, || upkeep::doctor(&project.home, true));
            if !is_met {
                assert!(checkup.wrong.is_empty(), "{:?}", checkup.wrong);
                break;
            }
            faults += 1;
            told += usize::from(!checkup.wrong.is_empty());
            assert!(nth > 0 || !checkup.wrong.is_empty(), "{fault:?}: {checkup:?}");
            check_lines(&project.lines(), &before.lines(), &format!("{fault:?}"));
        }
    }
    println!("doctor: {faults} faults, {told} told of, 0 changes");
    assert!(told * 2 > faults, "{told} of {faults}");
    assert!(fs::exists(before.home.store.file().unwrap()).unwrap());
}
