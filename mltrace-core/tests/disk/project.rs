//! A project in memory, what is recorded in it, and what its store must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mltrace_core::config::{Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal;
use mltrace_core::model::{
    ArtifactName, Code, ComponentFact, Declaration, End, FingerprintFact, Git, Header, LabelFact, NoteFact, ProcessId,
    ReadFact, Record, RunId, Start, Status, Timestamp, Verdict, VersionId, WriteFact,
};
use mltrace_core::query::Reader;
use mltrace_core::store::{self, Mode, Store};
use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

use crate::disk::{Disk, names_in};

/// A project in a folder of its own whose disk is watched.
pub(crate) struct Project {
    pub(crate) home: Home,
    pub(crate) disk: Arc<Disk>,
    _folder: tempfile::TempDir,
}

impl Drop for Project {
    fn drop(&mut self) {
        self.disk.leave();
    }
}

impl Project {
    pub(crate) fn new() -> Self {
        // In memory where the system offers that: thousands of stores need no disk.
        let shared = Path::new("/dev/shm");
        let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join(".mltrace/journal")).unwrap();
        let mut home = Home::find(&root, None, &Environment::default());
        home.project = "p".to_owned();
        Self { disk: Disk::watch(&home.folder), home, _folder: folder }
    }

    /// Returns a project whose store has the first schema that was released.
    pub(crate) fn of_the_first_schema() -> Self {
        let mut project = Self::new();
        project.home.project = "taxi".to_owned();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1.db");
        fs::copy(golden, project.home.store.file().unwrap()).unwrap();
        project
    }

    /// Returns a project of the same name without files.
    pub(crate) fn emptied(&self) -> Self {
        let mut project = Self::new();
        project.home.project.clone_from(&self.home.project);
        project
    }

    /// Returns a project with the same files.
    pub(crate) fn copy(&self) -> Self {
        let copy = self.emptied();
        for folder in ["", "journal"] {
            for entry in fs::read_dir(self.home.folder.join(folder)).unwrap().flatten() {
                let name = entry.file_name();
                // The memory that connections share belongs to those that are open.
                if entry.path().is_file() && !name.to_string_lossy().ends_with("-shm") {
                    fs::copy(entry.path(), copy.home.folder.join(folder).join(name)).unwrap();
                }
            }
        }
        copy
    }

    /// Writes the journal of a process that is gone.
    pub(crate) fn leave(&self, records: &[Record]) -> PathBuf {
        let process = ProcessId(Uuid::from_u128(names_of(records)));
        let header = Header { process: Some(process), project: self.home.project.clone(), ..Header::default() };
        let mut bytes = Vec::new();
        journal::encode(&Record::Process(header), &mut bytes);
        records.iter().for_each(|record| assert!(journal::encode(record, &mut bytes)));
        let path = self.home.journal().join(format!("{process}.log"));
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Folds as a recording process does.
    pub(crate) fn fold(&self) -> Result<(), String> {
        let mut store = store::open(&self.home, Mode::Fold).map_err(|error| error.to_string())?;
        let report = ingest::fold(&self.home, store.as_mut()).map_err(|error| error.to_string())?;
        nothing_left(&report)
    }

    /// Asks as a command does: whatever can be folded is, before.
    pub(crate) fn ask(&self) -> Result<(), String> {
        let folded = ingest::open_folded(&self.home, &|_| {}).map_err(|error| error.to_string())?;
        nothing_left(&folded.report)?;
        folded.behind.map_or(Ok(()), |error| Err(error.to_string()))
    }

    /// Imports lines as the command does.
    pub(crate) fn import(&self, lines: &str) -> Result<(), String> {
        let mut store = store::open(&self.home, Mode::Write).map_err(|error| error.to_string())?;
        let report = ingest::import(&self.home, store.as_mut(), &mut lines.as_bytes(), &mut |_| {});
        let report = report.map_err(|error| error.to_string())?;
        assert!(report.errors.is_empty(), "{:?}", report.errors);
        Ok(())
    }

    pub(crate) fn open(&self, mode: Mode) -> Box<dyn Store> {
        store::open(&self.home, mode).unwrap()
    }

    /// Returns everything that is recorded, as lines in an order of their own; nothing where there is no store.
    pub(crate) fn lines(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        let Ok(mut store) = store::open(&self.home, Mode::Read) else { return lines };
        let mut reader = Reader::new(store.as_mut(), &self.home, &self.home.root);
        let mut keep = |line: serde_json::Value| {
            lines.insert(line.to_string());
            true
        };
        reader.export(None, &mut keep).unwrap();
        lines
    }

    /// Returns how the rows of each run stand, from the tables themselves; that a run died is found out later.
    pub(crate) fn rows(&self) -> BTreeMap<String, String> {
        let connection = self.raw();
        let sql = "SELECT hex(uuid), printf('%d %d %d reads %d writes %d params %d notes %d due', component_id IS NULL,
                 CASE status WHEN 4 THEN 0 ELSE status END, (SELECT count(*) FROM read WHERE run_id = id), (SELECT count(*) FROM write w WHERE w.run_id = run.id),
                 (SELECT count(*) FROM param WHERE run_id = id), (SELECT count(*) FROM note WHERE run_id = id),
                 (SELECT count(*) FROM due WHERE run_id = id)) FROM run";
        let Ok(mut statement) = connection.prepare(sql) else { return BTreeMap::new() };
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Panics unless every page and every reference of the store is sound.
    pub(crate) fn check_integrity(&self, context: &str) {
        let connection = self.raw();
        let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(verdict, "ok", "{context}");
        let mut statement = connection.prepare("PRAGMA foreign_key_check").unwrap();
        assert!(!statement.exists([]).unwrap(), "{context}: a reference to a row that is missing");
    }

    pub(crate) fn journals(&self) -> Vec<String> {
        names_in(&self.home.journal())
    }

    /// Opens the file without the product.
    pub(crate) fn raw(&self) -> Connection {
        Connection::open(self.home.store.file().unwrap()).unwrap()
    }

    /// Makes the store, which keeps a rollback journal from now on: what is done on file systems that are not local.
    pub(crate) fn with_rollback_journal(self) -> Self {
        drop(self.open(Mode::Write));
        let mode: String = self.raw().query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "delete");
        self
    }
}

fn nothing_left(report: &ingest::FoldReport) -> Result<(), String> {
    report.left.first().map_or(Ok(()), |left| Err(left.reason.clone()))
}

/// The number of the first run distinguishes a journal from others.
fn names_of(records: &[Record]) -> u128 {
    let start = records.iter().find_map(|record| match record {
        Record::Start(start) => Some(start.run.0.as_u128()),
        Record::Label(label) => Some(label.id.as_u128()),
        _ => None,
    });
    start.unwrap_or_default() + (1 << 64)
}

/// Returns the number of a run as an id.
pub(crate) fn run_id(number: u32) -> RunId {
    RunId(Uuid::from_u128(u128::from(number) + 1))
}

fn content(number: u32) -> VersionId {
    VersionId::Content(*blake3::hash(&number.to_le_bytes()).as_bytes())
}

fn name(number: u32) -> ArtifactName {
    ArtifactName(format!("out-{number}.csv"))
}

/// Returns what a process recorded of the runs `numbers`: each reads what the one before wrote. The last one has no end.
pub(crate) fn story(numbers: std::ops::Range<u32>) -> Vec<Record> {
    let key = format!("key-{}", numbers.start);
    let source = "fn step() {}\n".repeat(40);
    let mut records = vec![
        Record::Code(Code { key: key.clone(), file: "src/main.rs".to_owned(), line: 7, hash: "ab".repeat(32), source }),
        Record::Git(Git { key: key.clone(), commit: Some("c0ffee".repeat(6)), ..Git::default() }),
    ];
    for number in numbers.clone() {
        let run = run_id(number);
        let at = Timestamp(i64::from(number) * 1_000_000);
        let read = ReadFact {
            n: 0,
            name: name(number.wrapping_sub(1)),
            argument: Some("before".to_owned()),
            kind: None,
            at: None,
            version: Some(content(number.wrapping_sub(1))),
            size: Some(1000),
        };
        let declared =
            Declaration { owner: Some("ada".to_owned()), tags: vec!["etl".to_owned()], ..Default::default() };
        records.push(Record::Start(Start {
            run,
            component: format!("step-{}", number % 3),
            at,
            parent: None,
            code: Some(key.clone()),
            git: Some(key.clone()),
            declared: Some(declared),
            params: [("rate".to_owned(), json!(number)), ("mode".to_owned(), json!("full"))].into(),
            inputs: vec![read],
            host: None,
            user: None,
        }));
        let note = NoteFact { id: run.0, run, text: "slow today".to_owned(), at, by: Some("ada".to_owned()) };
        records.push(Record::Note(note));
        if number + 1 == numbers.end {
            break;
        }
        let write = WriteFact {
            n: 1,
            name: name(number),
            argument: Some("after".to_owned()),
            kind: None,
            at: None,
            version: None,
            size: Some(1000),
            mark: None,
        };
        records.push(Record::End(End {
            run,
            at: Timestamp(at.0 + 500_000),
            status: Status::Completed,
            duration_us: Some(500_000),
            error: None,
            outputs: vec![write],
        }));
        records.push(Record::Fingerprint(FingerprintFact { run, n: 1, version: content(number), size: Some(1000) }));
    }
    records
}

/// Returns what a person says of the runs `numbers`: verdicts, notes, a component.
pub(crate) fn verdicts(numbers: std::ops::Range<u32>) -> Vec<Record> {
    let mut records = Vec::new();
    for number in numbers {
        let at = Timestamp(i64::from(number) * 1_000_000 + 900_000_000);
        let id = Uuid::from_u128(u128::from(number) + (1 << 32));
        let (by, run) = (Some("ada".to_owned()), run_id(number));
        let reason = Some("all fares are zero".to_owned());
        let (name, version) = (name(number), content(number));
        records.push(Record::Label(LabelFact {
            id,
            name,
            version,
            verdict: Verdict::Flagged,
            reason,
            by: by.clone(),
            at,
        }));
        records.push(Record::Note(NoteFact { id, run, text: "looked at".to_owned(), at, by }));
        let declared = Declaration { description: Some("drops rows".to_owned()), ..Declaration::default() };
        let component = format!("step-{}", number % 3);
        records.push(Record::Component(ComponentFact { component, at, declared, untag: vec!["etl".to_owned()] }));
    }
    records
}

/// Returns lines of an import that mention the runs `numbers`.
pub(crate) fn import_lines(numbers: std::ops::Range<u32>) -> String {
    let line = |number: u32| {
        let (hour, minute) = (number / 60, number % 60);
        json!({
            "component": "load", "inputs": [format!("s3://bucket/{number}")], "outputs": [format!("loaded-{number}")],
            "params": {"day": number}, "notes": ["imported"],
            "started_at": format!("2021-04-29T{hour:02}:{minute:02}:00Z"),
            "ended_at": format!("2021-04-29T{hour:02}:{minute:02}:30Z"),
        })
    };
    numbers.map(|number| format!("{}\n", line(number))).collect()
}
