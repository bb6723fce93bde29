//! What `doctor` finds: each kind of harm is done to a sound store, and reported.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::fs;
use std::path::Path;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::disk::state::State;
use mltrace_core::ingest;
use mltrace_core::journal::{self, Writer};
use mltrace_core::model::{
    ArtifactName, Due, End, Header, ProcessId, Record, RunId, Start, Status, Timestamp, WriteFact,
};
use mltrace_core::query::{Reader, RunFilter};
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;

struct Project {
    home: Home,
    _folder: tempfile::TempDir,
}

impl Project {
    fn taxi() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
        let mut home = Home::find(folder.path(), None, &Environment::default());
        home.project = "taxi".to_owned();
        let lines = include_bytes!("cases/taxi.ndjson");
        let mut store = store::open(&home, Mode::Write).unwrap();
        ingest::import(&home, store.as_mut(), &mut lines.as_slice(), &mut |_| {}).unwrap();
        Self { home, _folder: folder }
    }

    fn harm(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.home.store.file().unwrap()).unwrap();
        connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    }

    fn wrong(&self, is_full: bool) -> Vec<String> {
        upkeep::doctor(&self.home, is_full).wrong
    }

    fn journal(&self, bytes: &[u8]) {
        fs::write(self.home.journal().join(format!("{}.log", ProcessId::new())), bytes).unwrap();
    }
}

fn whole_journal() -> Vec<u8> {
    let header = Header { process: Some(ProcessId::new()), project: "taxi".to_owned(), ..Header::default() };
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(header), &mut bytes);
    (1..4).for_each(|count| assert!(journal::encode(&Record::Lost(count), &mut bytes)));
    bytes
}

#[test]
fn nothing_is_wrong_with_a_sound_store() {
    let project = Project::taxi();
    for is_full in [false, true] {
        let checkup = upkeep::doctor(&project.home, is_full);
        assert_eq!(checkup.wrong, [""; 0]);
        let told = checkup.fine.join("\n");
        assert!(told.contains("runs: 7, components: 5, versions: ") && told.contains("its schema is 10, by mltrace "));
    }
}

#[test]
fn each_contradiction_is_told_by_the_full_check() {
    let harms = [
        (
            "INSERT INTO version (artifact_id, id_kind, id_value) SELECT artifact_id, id_kind, id_value FROM version",
            "versions are there twice",
        ),
        ("UPDATE write SET version_id = NULL, at = NULL", "outputs of completed runs have no version"),
        (
            "UPDATE write SET artifact_id = (SELECT max(id) FROM artifact) WHERE id = 1",
            "outputs have the version of another",
        ),
        (
            "UPDATE read SET seen_id = (SELECT max(id) FROM version) WHERE bound = 3",
            "inputs have the version of another",
        ),
        ("UPDATE write SET version_id = NULL WHERE id = 1", "inputs are bound to an output that does not count"),
        (
            "INSERT INTO part SELECT run_id, n, (SELECT min(id) FROM write) FROM read LIMIT 1;
             UPDATE write SET version_id = NULL WHERE id = (SELECT min(write_id) FROM part)",
            "inputs are bound to an output that does not count",
        ),
        ("UPDATE read SET write_id = NULL WHERE bound = 3", "inputs are bound to nothing"),
        (
            "UPDATE write SET n = 0 WHERE id IN (SELECT min(id) FROM write GROUP BY run_id)",
            "inputs have the number of an output",
        ),
    ];
    for (sql, what) in harms {
        let project = Project::taxi();
        project.harm(sql);
        assert_eq!(project.wrong(false), [""; 0], "{sql}");
        let wrong = project.wrong(true);
        assert!(wrong.iter().any(|line| line.contains(what)), "{sql}: {wrong:?}");
    }
}

#[test]
fn what_the_quick_check_finds_is_told_too() {
    let project = Project::taxi();
    project.harm("DELETE FROM artifact WHERE id = 1");
    assert!(project.wrong(false)[0].contains("refer to rows that are missing"));

    let project = Project::taxi();
    project.harm("UPDATE run SET component_id = NULL WHERE id = 1");
    assert!(project.wrong(false)[0].contains("1 runs have an end but no start"));

    let project = Project::taxi();
    project.harm("INSERT INTO tally VALUES ('lost', 3)");
    assert_eq!(project.wrong(false), ["3 records could not be written"]);
}

#[test]
fn what_is_dated_ahead_of_the_clock_is_told() {
    // The year 2100, as the store counts.
    const FAR: &str = "2240524800000000";
    for (sql, what) in [
        ("UPDATE run SET started_at = FAR, ended_at = FAR WHERE id = 1", "1 runs"),
        ("UPDATE write SET at = FAR WHERE id = 1", "1 runs"),
        ("UPDATE read SET at = FAR WHERE run_id = (SELECT min(run_id) FROM read)", "1 runs"),
        ("INSERT INTO label (uuid, version_id, verdict, at) VALUES (x'01', 1, 0, FAR)", "1 verdicts"),
        ("UPDATE component SET owner_at = FAR WHERE id = 1", "1 declarations"),
        ("INSERT INTO component_tag VALUES (1, 'x', FAR, 1)", "1 declarations"),
        ("INSERT INTO note VALUES (x'01', 1, 'x', FAR, NULL)", "1 notes"),
    ] {
        let project = Project::taxi();
        project.harm(&sql.replace("FAR", FAR));
        let told = format!("more than a day ahead of the clock, and the last word until then: {what}");
        assert_eq!(project.wrong(false), [told], "{sql}");
    }
}

#[test]
fn a_damaged_index_is_told_by_the_full_check() {
    let project = Project::taxi();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'run_by_time'";
    let connection = rusqlite::Connection::open(project.home.store.file().unwrap()).unwrap();
    let root: u64 = connection.query_row(root, [], |row| row.get::<_, i64>(0)).unwrap().try_into().unwrap();
    drop(connection);
    let mut bytes = fs::read(project.home.store.file().unwrap()).unwrap();
    let end = usize::try_from(root).unwrap() * 4096;
    // The last byte of an entry is a part of the row's key.
    bytes[end - 1] ^= 1;
    fs::write(project.home.store.file().unwrap(), bytes).unwrap();
    assert_eq!(project.wrong(false), [""; 0]);
    assert!(project.wrong(true)[0].contains("the store is damaged"), "{:?}", project.wrong(true));
}

#[test]
fn journals_that_wait_are_told_and_read() {
    let project = Project::taxi();
    project.journal(&whole_journal());
    assert_eq!(project.wrong(true), ["1 journals of processes that ended are not folded: run `mltrace ingest`"]);
    let told = upkeep::doctor(&project.home, true).fine.join("\n");
    assert!(told.contains("records in `") && told.contains("4, all of them sound"), "{told}");

    let mut bytes = whole_journal();
    let middle = bytes.len() - 40;
    bytes[middle] ^= 0x55;
    project.journal(&bytes);
    assert_eq!(project.wrong(false).len(), 1);
    let wrong = project.wrong(true);
    assert!(wrong.len() == 2 && wrong[1].contains("1 records of `"), "{wrong:?}");

    let mut store = store::open(&project.home, Mode::Write).unwrap();
    ingest::fold(&project.home, store.as_mut()).unwrap();
    drop(store);
    let wrong = project.wrong(false).join("\n");
    assert!(wrong.contains("1 records were damaged") && wrong.contains("1 damaged records are kept in `"), "{wrong}");
}

#[test]
fn copies_from_before_a_migration_are_told_and_cleared() {
    let project = Project::taxi();
    let backup = project.home.folder.join("mltrace.db.schema-1.backup");
    fs::copy(project.home.store.file().unwrap(), &backup).unwrap();
    let told = upkeep::doctor(&project.home, false).fine.join("\n");
    assert!(told.contains("is the store before a migration"), "{told}");
    upkeep::clear(&project.home).unwrap();
    assert!(!Path::exists(&backup), "it holds what was to be removed");
}

#[test]
fn names_that_nobody_gives_any_more_are_told() {
    let project = Project::taxi();
    assert_eq!(upkeep::doctor(&project.home, false).notes, Vec::<String>::new());
    for name in ["./old.csv", "a/../b.csv", "s3://lake/raw/"] {
        project.harm(&format!("INSERT INTO artifact (project_id, name, kind) VALUES (1, '{name}', 3)"));
    }
    for name in ["s3://lake/raw", "s3://lake//raw", "https://h/x/?v=1", "a..b/c", "s3://"] {
        project.harm(&format!("INSERT INTO artifact (project_id, name, kind) VALUES (1, '{name}', 3)"));
    }
    let notes = upkeep::doctor(&project.home, false).notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].starts_with("3 names were stored by an earlier version"), "{notes:?}");
    assert!(notes[0].contains("`./old.csv`"), "{notes:?}");
}

#[test]
fn two_functions_of_one_component_name_in_one_program_are_told_apart() {
    let project = Project::taxi();
    let record = |functions: &[(&str, &str, u32)]| {
        let header = Header { process: Some(ProcessId::new()), project: "taxi".to_owned(), ..Header::default() };
        let mut bytes = Vec::new();
        journal::encode(&Record::Process(header), &mut bytes);
        for (component, file, line) in functions {
            let (run, key) = (RunId::new(), format!("{file} {line}"));
            let lines = [
                serde_json::json!({"code": {"key": key, "file": file, "line": line, "hash": key, "source": "fn x() {}"}}),
                serde_json::json!({"start": {"run": run, "component": component, "at": "2026-01-01T00:00:00Z", "code": key}}),
            ];
            for line in lines {
                journal::encode(&serde_json::from_value(line).unwrap(), &mut bytes);
            }
        }
        project.journal(&bytes);
    };
    record(&[("fit", "src/a.rs", 10), ("fit", "src/b.rs", 20), ("fit", "src/a.rs", 10), ("load", "src/a.rs", 30)]);
    // A function that moved between two builds is one.
    record(&[("load", "src/a.rs", 31)]);
    let mut store = store::open(&project.home, Mode::Write).unwrap();
    ingest::fold(&project.home, store.as_mut()).unwrap();
    let notes = upkeep::doctor(&project.home, false).notes;
    assert_eq!(notes, ["`fit` is the component of 2 functions of one program: src/a.rs:10, src/b.rs:20"]);
}

#[test]
fn a_time_that_is_no_number_is_an_error_and_not_an_empty_answer() {
    let project = Project::taxi();
    project.harm("UPDATE run SET started_at = 'x' || started_at");
    let mut store = store::open(&project.home, Mode::Read).unwrap();
    let mut reader = Reader::new(store.as_mut(), &project.home, &project.home.root);
    let recent = reader.recent(&RunFilter::default()).map(|recent| recent.runs.len());
    assert!(recent.as_ref().is_err_and(|error| error.to_string().contains("makes no sense")), "{recent:?}");
    assert!(reader.export(None, &mut |_| true).is_err());
    assert!(!project.wrong(true).is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn a_hash_that_was_due_makes_no_project_of_who_looks() {
    let project = Project::taxi();
    let path = project.home.root.join("model.bin");
    fs::write(&path, "a model").unwrap();
    let stat = mltrace_core::disk::fingerprint::stat(&path).unwrap().unwrap();
    let process = ProcessId::new();
    let header = Header {
        format: journal::FORMAT,
        minor: journal::MINOR,
        process: Some(process),
        project: "taxi".to_owned(),
        host: mltrace_core::host::Host::here(None).name,
        ..Header::default()
    };
    let run = RunId::new();
    let at = Timestamp(1_000_000);
    let write = WriteFact {
        n: 0,
        name: ArtifactName("model.bin".to_owned()),
        argument: None,
        kind: None,
        at: Some(at),
        version: None,
        size: None,
        mark: None,
    };
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
    let state = State::of(&stat).token.to_string();
    let due = Due { run, n: 0, path: path.to_str().unwrap().to_owned(), state };
    let end = End { run, at, status: Status::Completed, duration_us: None, error: None, outputs: vec![write] };
    let mut writer = Writer::open(&project.home.journal(), header, Durability::Process).unwrap();
    writer.append(&[Record::Start(start), Record::End(end), Record::Due(due)]).unwrap();
    drop(writer);
    let other = tempfile::tempdir().unwrap();
    let store = project.home.folder.join("mltrace.db");
    let elsewhere = Home::find(other.path(), Some(&store), &Environment::default());
    assert_ne!(elsewhere.project, "taxi");
    let mut folded = ingest::open_folded(&elsewhere, &|_| {}).unwrap();
    let projects: Vec<String> = folded.store.look().projects().unwrap().into_iter().map(|(_, name)| name).collect();
    assert_eq!(projects, ["taxi"]);
    let mut reader = Reader::new(folded.store.as_mut(), &project.home, &project.home.root);
    let version = reader.version("model.bin", None).unwrap().version;
    assert!(version.to_string().starts_with("b3:"), "it was hashed: {version}");
}
