//! What a journal of somebody else brings that no import may: as much of it is stored as an import may bring, the rest is
//! counted.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::collections::BTreeMap;

use mltrace_core::config::{Environment, Home};
use mltrace_core::model::{
    AliasFact, ArtifactName, Check, CheckFact, Code, ComponentFact, Declaration, End, FolderFact, Git, Header,
    LIMIT_LINE, LIMIT_NAME, LIMIT_SOURCE, LIMIT_TEXT, LabelFact, Line, MOST_FACTS, MOST_TAGS, Metric, MetricFact,
    NoteFact, Number, Outcome, ParamFact, ProcessId, ReadFact, Record, RunId, Severity, Start, Status, TaskFact,
    TaskSide, TaskValue, Timestamp, Verdict, Version, VersionId, WriteFact,
};
use mltrace_core::{ingest, journal, redact, upkeep};
use serde_json::{Value, json};

const AT: Timestamp = Timestamp(1_600_000_000_000_000);
const TEN: usize = 10;
const MANY: usize = 3;

fn long(limit: usize) -> String {
    "x".repeat(TEN * limit)
}

fn tags() -> Vec<String> {
    (0..TEN * MOST_TAGS).map(|number| format!("tag {number}")).chain([long(LIMIT_TEXT)]).rev().collect()
}

fn read(n: usize) -> ReadFact {
    let name = ArtifactName(format!("in-{n}"));
    let n = u32::try_from(n).unwrap();
    ReadFact { n, name, argument: None, kind: None, at: None, version: None, size: None }
}

fn write(n: usize) -> WriteFact {
    let name = ArtifactName(format!("out-{n}"));
    let n = u32::try_from(n).unwrap();
    WriteFact { n, name, argument: None, kind: None, at: None, version: None, size: None, mark: None }
}

fn start(run: RunId) -> Start {
    Start {
        run,
        component: "step".to_owned(),
        at: AT,
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: BTreeMap::new(),
        inputs: Vec::new(),
        host: None,
        user: None,
    }
}

fn end(run: RunId) -> End {
    End { run, at: AT, status: Status::Completed, duration_us: None, error: None, outputs: Vec::new() }
}

fn declared() -> Declaration {
    Declaration {
        owner: Some(long(LIMIT_TEXT)),
        description: Some(long(LIMIT_TEXT)),
        tags: tags(),
        stale_after_s: None,
    }
}

fn alias(alias: &str) -> Record {
    let version = || VersionId::Declared(long(LIMIT_TEXT));
    Record::Alias(AliasFact {
        id: RunId::new().0,
        alias: alias.to_owned(),
        artifact: Some(Version { name: ArtifactName(long(LIMIT_NAME)), version: version() }),
        reason: Some(long(LIMIT_TEXT)),
        by: Some(long(LIMIT_TEXT)),
        at: AT,
    })
}

fn task(task: &str, id: &str) -> Record {
    let value = TaskValue::parse("1").unwrap();
    let (task, id) = (task.to_owned(), id.to_owned());
    Record::Task(TaskFact { task, id, side: TaskSide::Output, value, at: AT, run: None })
}

/// Texts that are ten times as long as they may be, in each kind of record.
fn texts(run: RunId) -> Vec<Record> {
    let name = || ArtifactName(long(LIMIT_NAME));
    let (code, git) = ("code".to_owned(), "git".to_owned());
    let edge = ReadFact { name: name(), argument: Some(long(LIMIT_TEXT)), ..read(0) };
    let made = WriteFact { name: name(), argument: Some(long(LIMIT_TEXT)), ..write(1) };
    let check = Check {
        name: long(LIMIT_NAME),
        outcome: Outcome::Failed,
        severity: Severity::Error,
        message: Some(long(LIMIT_TEXT)),
        about: Some(name()),
        at: AT,
    };
    let (value, about) = (Number::parse("1").unwrap(), Some(name()));
    let metric = Metric { name: long(LIMIT_NAME), value, step: None, about, at: AT };
    vec![
        Record::Code(Code {
            key: code.clone(),
            file: long(LIMIT_TEXT),
            line: 1,
            hash: long(LIMIT_TEXT),
            source: long(LIMIT_SOURCE),
        }),
        Record::Git(Git { key: git.clone(), branch: Some(long(LIMIT_TEXT)), ..Git::default() }),
        Record::Start(Start {
            component: long(LIMIT_NAME),
            code: Some(code),
            git: Some(git),
            host: Some(long(LIMIT_TEXT)),
            user: Some(long(LIMIT_TEXT)),
            params: [(long(LIMIT_NAME), Value::from(long(LIMIT_TEXT)))].into(),
            inputs: vec![edge],
            ..start(run)
        }),
        Record::Param(ParamFact { run, at: AT, name: "late".to_owned(), value: long(LIMIT_TEXT).into() }),
        Record::Note(NoteFact { id: RunId::new().0, run, text: long(LIMIT_TEXT), at: AT, by: Some(long(LIMIT_TEXT)) }),
        Record::Check(CheckFact { run, check }),
        Record::Metric(MetricFact { run, metric }),
        Record::End(End { error: Some(long(LIMIT_TEXT)), outputs: vec![made], status: Status::Failed, ..end(run) }),
        Record::Label(LabelFact {
            id: RunId::new().0,
            name: name(),
            version: VersionId::Declared(long(LIMIT_TEXT)),
            verdict: Verdict::Flagged,
            reason: Some(long(LIMIT_TEXT)),
            by: Some(long(LIMIT_TEXT)),
            at: AT,
        }),
        alias("production"),
    ]
}

/// Several times as many of each sort as there may be, and less than what is left out as a whole.
fn lists(run: RunId) -> Vec<Record> {
    let many = MANY * MOST_FACTS;
    let hash = VersionId::Content([7; 32]);
    let entries =
        (0..many).map(|number| (format!("part-{number}"), hash.clone())).chain([(long(LIMIT_NAME), hash.clone())]);
    let params = (0..many).map(|number| (format!("p{number}"), json!(1)));
    let notes = (0..2 * MOST_FACTS).map(|number| NoteFact {
        id: RunId::new().0,
        run,
        text: number.to_string(),
        at: AT,
        by: None,
    });
    let line =
        Line { header: Header::default(), records: notes.map(Record::Note).collect(), chosen: Default::default() };
    let nested = vec![u64::MAX; LIMIT_LINE / 20];
    vec![
        Record::Start(Start { params: params.collect(), inputs: (0..many).map(read).collect(), ..start(run) }),
        Record::Param(ParamFact { run, at: AT, name: "nested".to_owned(), value: json!(nested) }),
        Record::End(End { outputs: (many..2 * many).map(write).collect(), ..end(run) }),
        Record::Folder(FolderFact { version: hash.clone(), entries: entries.collect(), is_whole: true }),
        Record::Component(ComponentFact {
            component: "step".to_owned(),
            at: AT,
            declared: declared(),
            untag: Vec::new(),
        }),
        Record::Line(line),
    ]
}

/// What nothing can be called.
fn misnamed() -> Vec<Record> {
    let long = long(LIMIT_NAME);
    let mut records: Vec<Record> = ["", "latest", "a@b", &long].into_iter().map(alias).collect();
    records.extend(
        [("", "1"), ("a:b", "1"), (&long, "1"), ("fare", ""), ("fare", "a/b"), ("fare", &long)]
            .map(|(name, id)| task(name, id)),
    );
    let feedback = |record: Record| match record {
        Record::Task(fact) => Record::Task(TaskFact { side: TaskSide::Feedback, run: Some(RunId::new()), ..fact }),
        other => other,
    };
    records.push(feedback(task("fare", "1")));
    records
}

struct Folded {
    _folder: tempfile::TempDir,
    home: Home,
    beyond: u64,
}

/// Folds the journal of a process that is gone.
fn fold(records: Vec<Record>) -> Folded {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let header = Header { process: Some(ProcessId::new()), project: long(LIMIT_NAME), ..Header::default() };
    let mut bytes = Vec::new();
    for record in [Record::Process(header)].into_iter().chain(records) {
        assert!(journal::encode(&record, &mut bytes), "too long: {:.60}", format!("{record:?}"));
    }
    std::fs::write(home.journal().join(format!("{}.log", ProcessId::new())), bytes).unwrap();
    let report = ingest::open_folded(&home, &|_| {}).unwrap().report;
    assert_eq!((report.left.len(), report.damaged, report.unread), (0, 0, 0));
    Folded { _folder: folder, home, beyond: report.beyond }
}

impl Folded {
    fn numbers(&self, sql: &str) -> i64 {
        let connection = rusqlite::Connection::open(self.home.store.file().unwrap()).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn told(&self) -> String {
        let wrong = upkeep::doctor(&self.home, false).wrong;
        wrong.into_iter().filter(|line| line.contains("cut or left out")).collect()
    }

    /// Returns the longest text of each column of each table.
    fn longest(&self) -> BTreeMap<String, usize> {
        let connection = rusqlite::Connection::open(self.home.store.file().unwrap()).unwrap();
        let sql = "SELECT t.name, c.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.schema = 'main' AND t.name NOT LIKE 'sqlite%'";
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        let longest = |(table, column): (String, String)| {
            let sql = format!("SELECT ifnull(max(length(CAST({column} AS BLOB))), 0) FROM {table}");
            (format!("{table}.{column}"), usize::try_from(self.numbers(&sql)).unwrap())
        };
        columns.map(|column| longest(column.unwrap())).collect()
    }
}

#[test]
fn no_text_is_longer_than_an_import_may_bring() {
    let run = RunId::new();
    let folded = fold(texts(run));
    assert_eq!(folded.numbers("SELECT count(*) FROM run WHERE uuid IS NOT NULL"), 1);
    let names = ["artifact.name", "component.name", "project.name", "metric.name", "check_result.name", "param.name"];
    for (column, length) in folded.longest() {
        let is_name = names.contains(&column.as_str());
        let limit = if column == "code.source" { LIMIT_SOURCE } else { LIMIT_TEXT + 2 };
        // It is made of the host and the user.
        let limit = if column == "process.key" { 2 * limit + 10 } else { limit };
        let limit = if is_name { LIMIT_NAME } else { limit };
        assert!(length <= limit, "{column}: {length}");
        assert!(length > LIMIT_NAME / 2 || !is_name || column.starts_with("project"), "{column}: {length}");
    }
    assert!(folded.beyond > 20, "{}", folded.beyond);
    assert_eq!(
        folded.told(),
        format!(
            "{} parts of records were cut or left out, for they held more than an import may bring: somebody else may have written them",
            folded.beyond
        )
    );
}

#[test]
fn no_record_holds_more_than_an_import_may_bring() {
    let folded = fold(lists(RunId::new()));
    let count = |table: &str| usize::try_from(folded.numbers(&format!("SELECT count(*) FROM {table}"))).unwrap();
    assert_eq!([count("read"), count("write"), count("folder_entry")], [MOST_FACTS; 3]);
    assert_eq!((count("param"), count("component_tag")), (MOST_FACTS + 1, MOST_TAGS));
    assert!(count("note") <= MOST_FACTS + 8);
    assert_eq!(folded.numbers("SELECT is_whole FROM folder"), 0);
    assert!(folded.numbers("SELECT max(length(value)) FROM param") <= i64::try_from(LIMIT_TEXT + 2).unwrap());
    let left = u64::try_from(4 * (MANY - 1) * MOST_FACTS + MOST_FACTS + (TEN - 1) * MOST_TAGS).unwrap();
    assert!((left - 8..left + 20).contains(&folded.beyond), "{} {left}", folded.beyond);
}

#[test]
fn what_nothing_can_be_called_is_left_out() {
    let misnamed = misnamed();
    let left = misnamed.len() as u64;
    let folded = fold([misnamed, vec![task("fare", "1")]].concat());
    assert_eq!(folded.numbers("SELECT (SELECT count(*) FROM alias) * 10 + (SELECT count(*) FROM task_case)"), 1);
    assert!(folded.beyond >= left && !folded.told().is_empty());
}

#[test]
fn what_was_cleaned_before_it_was_written_is_cut_no_more() {
    for mut record in texts(RunId::new()) {
        redact::record(&mut record);
        let mut kept = record.clone();
        assert_eq!(kept.keep_within_limits(usize::MAX), Some(0));
        assert!(kept == record);
    }
}
