//! How often a fold calls the database: for any number of runs as often as for ten.
#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::cell::RefCell;
use std::collections::BTreeMap;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::{self, Writer as Journal};
use mltrace_core::model::{
    ArtifactName, End, FingerprintFact, FolderFact, Header, NoteFact, ParamFact, ProcessId, ReadFact, Record, RunId,
    Start, Status, Timestamp, VersionId, WriteFact,
};
use mltrace_core::store::{
    self, Alike, Among, ArtifactKey, Asked, Change, Edges, EventRow, EventsFrom, HeldAsked, HeldRows, InTransaction,
    Look, Mode, Name, NearNames, Offer, ProcessKey, ProjectKey, ReadRow, Removed, Result, RowsOf, RunKey, RunRow, Said,
    Store, StoredWork, Upkeep, VersionAsked, VersionEntered, VersionKey, VersionRow, WriteKey, WriteRow, Writer,
};

/// How often each verb was called in a transaction.
type Calls = BTreeMap<&'static str, usize>;

/// A store that counts what its writer is asked for.
struct Counted {
    store: Box<dyn Store>,
    transactions: Vec<Calls>,
}

struct CountedWriter<'w> {
    writer: &'w mut dyn Writer,
    calls: &'w RefCell<Calls>,
}

impl Store for Counted {
    fn look(&mut self) -> &mut dyn Look {
        self.store.look()
    }

    fn write(&mut self, work: InTransaction<'_>) -> Result<()> {
        let calls = RefCell::default();
        self.store.write(&mut |writer| work(&mut CountedWriter { writer, calls: &calls }))?;
        self.transactions.push(calls.into_inner());
        Ok(())
    }

    fn upkeep(&mut self) -> &mut dyn Upkeep {
        self.store.upkeep()
    }
}

type Take<'t> = &'t mut dyn FnMut(EventRow) -> bool;

macro_rules! counted {
    ($(fn $name:ident(&mut self $(, $argument:ident: $type:ty)*) -> $returned:ty;)*) => {
        impl Writer for CountedWriter<'_> {
            $(fn $name(&mut self $(, $argument: $type)*) -> $returned {
                *self.calls.borrow_mut().entry(stringify!($name)).or_default() += 1;
                self.writer.$name($($argument),*)
            })*
        }
    };
}

counted! {
    fn enter(&mut self, names: &[Name<'_>]) -> Result<Vec<i64>>;
    fn enter_versions(&mut self, versions: &[VersionAsked<'_>], common: usize) -> Result<Vec<VersionEntered>>;
    fn version_rows(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionRow>>;
    fn run_rows(&mut self, which: RowsOf<'_>) -> Result<Vec<(RunKey, RunRow)>>;
    fn new_runs(&mut self, count: usize) -> Result<RunKey>;
    fn put_runs(&mut self, rows: &[(RunKey, &RunRow)]) -> Result<()>;
    fn say(&mut self, said: &[Said<'_>]) -> Result<()>;
    fn stored_works(&mut self, runs: &[RunKey]) -> Result<Vec<StoredWork>>;
    fn edges(&mut self, which: Edges<'_>) -> Result<(Vec<ReadRow>, Vec<WriteRow>)>;
    fn add_reads(&mut self, reads: &[ReadRow]) -> Result<()>;
    fn put_reads(&mut self, reads: &[ReadRow]) -> Result<()>;
    fn add_writes(&mut self, writes: &[WriteRow]) -> Result<Vec<WriteKey>>;
    fn put_writes(&mut self, writes: &[WriteRow]) -> Result<()>;
    fn move_untimed(&mut self, run: RunKey, to: Timestamp, is_told: bool) -> Result<Vec<u32>>;
    fn candidates(&mut self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()>;
    fn of_projects(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<ArtifactKey>>>;
    fn alike(&mut self, versions: &[VersionKey]) -> Result<Vec<Alike>>;
    fn near(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<NearNames>>;
    fn held(&mut self, asked: &[HeldAsked<'_>]) -> Result<Vec<Option<HeldRows>>>;
    fn among(&mut self, ids: &[RunId], which: Among) -> Result<Vec<RunId>>;
    fn touched_by(&mut self, changes: &[Change]) -> Result<Vec<(RunKey, u32)>>;
    fn keep_events(&mut self, events: &[EventRow]) -> Result<Vec<bool>>;
    fn events_of(&mut self, project: ProjectKey, run: RunId, from: EventsFrom, take: Take<'_>) -> Result<()>;
    fn runs_with_events(&mut self, run: RunId, at: Option<Timestamp>) -> Result<Vec<(ProjectKey, RunId)>>;
    fn processes_of_events(&mut self, among: &[ProcessKey]) -> Result<Vec<ProcessKey>>;
    fn remove(&mut self, what: Removed<'_>) -> Result<Vec<(RunKey, u32)>>;
    fn keep_folders(&mut self, folders: &[&FolderFact]) -> Result<Vec<(RunKey, u32)>>;
    fn offset(&mut self, journal: &str) -> Result<u64>;
    fn has_unread(&mut self, process: ProcessId) -> Result<bool>;
}

fn content(of: &str) -> VersionId {
    VersionId::Content(*blake3::hash(of.as_bytes()).as_bytes())
}

/// A run inside the one before it that reads a file of its own, one that all read and what the one before it wrote, with a
/// parameter and a remark, and contents that come late.
fn run(number: i64, ids: &[RunId]) -> Vec<Record> {
    let place = usize::try_from(number).unwrap();
    let (run, at) = (ids[place], Timestamp(number * 1_000_000));
    let name = |text: String| ArtifactName(text);
    let read = |n, text: String, version: Option<VersionId>| ReadFact {
        n,
        name: name(text),
        argument: Some("data".to_owned()),
        kind: None,
        at: None,
        version,
        size: None,
    };
    let inputs = vec![
        read(0, format!("s3://b/raw-{number}"), None),
        read(1, "s3://b/shared".to_owned(), Some(content("shared"))),
        read(2, format!("s3://b/made-{}", number - 1), Some(content(&format!("made-{}", number - 1)))),
    ];
    let start = Start {
        run,
        component: format!("step-{}", number % 3),
        at,
        parent: place.checked_sub(1).filter(|_| place % 2 == 1).map(|before| ids[before]),
        code: None,
        git: None,
        declared: None,
        params: BTreeMap::from([("rate".to_owned(), number.into())]),
        inputs,
        host: None,
        user: None,
    };
    let write = WriteFact {
        n: 3,
        name: name(format!("s3://b/made-{number}")),
        argument: None,
        kind: None,
        at: None,
        version: Some(content(&format!("made-{number}"))),
        size: Some(100),
        mark: None,
    };
    let late = Timestamp(at.0 + 500_000);
    let end = End { run, at: late, status: Status::Completed, duration_us: None, error: None, outputs: vec![write] };
    let note = NoteFact { id: run.0, run, text: "a remark".to_owned(), at: late, by: None };
    vec![
        Record::Start(start),
        Record::Param(ParamFact { run, at: late, name: "late".to_owned(), value: number.into() }),
        Record::Note(note),
        Record::End(end),
        Record::Fingerprint(FingerprintFact { run, n: 0, version: content(&format!("raw-{number}")), size: Some(70) }),
    ]
}

/// Returns the calls of the transaction that made most while so many runs were folded, at once or their starts first.
fn calls(runs: i64, in_halves: bool) -> Calls {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let header = Header {
        format: journal::FORMAT,
        minor: journal::MINOR,
        process: Some(ProcessId::new()),
        project: home.project.clone(),
        ..Header::default()
    };
    let mut journal = Journal::open(&home.journal(), header, Durability::Process).unwrap();
    let mut store = Counted { store: store::open(&home, Mode::Write).unwrap(), transactions: Vec::new() };
    let ids: Vec<RunId> = (0..runs).map(|_| RunId::new()).collect();
    let records: Vec<Vec<Record>> = (0..runs).map(|number| run(number, &ids)).collect();
    if in_halves {
        // The starts first: what follows is of runs that are known.
        for records in &records {
            journal.append(&records[..1]).unwrap();
        }
        assert_eq!(ingest::fold(&home, &mut store).unwrap().left, []);
        for records in &records {
            journal.append(&records[1..]).unwrap();
        }
    } else {
        records.iter().for_each(|records| journal.append(records).unwrap());
    }
    assert_eq!(ingest::fold(&home, &mut store).unwrap().left, []);
    store.transactions.into_iter().max_by_key(|calls| calls.values().sum::<usize>()).unwrap()
}

#[test]
fn a_fold_calls_the_database_as_often_for_a_thousand_runs_as_for_ten() {
    for in_halves in [false, true] {
        let (few, many) = (calls(10, in_halves), calls(1_000, in_halves));
        let sum = many.values().sum::<usize>();
        println!("starts first: {in_halves}, {sum} calls: {many:?}");
        assert_eq!(few, many, "halves: {in_halves}");
        assert!(sum <= 40, "{many:?}");
    }
}

#[test]
fn many_short_journals_share_transactions_and_one_that_cannot_be_read_keeps_back_no_other() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let mut store = Counted { store: store::open(&home, Mode::Write).unwrap(), transactions: Vec::new() };
    let ids: Vec<RunId> = (0..600).map(|_| RunId::new()).collect();
    for number in 0..600 {
        let header = Header {
            format: if number == 77 { journal::FORMAT + 1 } else { journal::FORMAT },
            process: Some(ProcessId::new()),
            project: home.project.clone(),
            ..Header::default()
        };
        let mut journal = Journal::open(&home.journal(), header, Durability::Process).unwrap();
        journal.append(&run(number, &ids)).unwrap();
    }
    // What looks like a journal and is none: a folder.
    std::fs::create_dir(home.journal().join(format!("{}.log", ProcessId::new()))).unwrap();
    let report = ingest::fold(&home, &mut store).unwrap();
    assert_eq!(report.left.len(), 2, "{:?}", report.left);
    // Each is one record of a process and five of a run.
    assert_eq!(report.records, 599 * 6);
    // Three groups of at most 256 journals: one to fold and one to forget how far, but each alone where the folder lies.
    println!("{} transactions", store.transactions.len());
    assert!(store.transactions.len() <= 4 + 2 * 256, "{}", store.transactions.len());
    store.transactions.clear();
    let again = ingest::fold(&home, &mut store).unwrap();
    assert_eq!((again.records, again.left.len()), (0, 2));
    assert!(store.transactions.len() <= 2, "{}", store.transactions.len());
}

#[test]
fn a_run_to_which_an_event_only_adds_is_not_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join(".mltrace")).unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let mut store = Counted { store: store::open(&home, Mode::Write).unwrap(), transactions: Vec::new() };
    let mut emptied = |kind: &str, second: u32, inputs: &str, outputs: &str| {
        let event = format!(
            r#"{{"eventType":"{kind}","eventTime":"2026-01-01T00:00:{second:02}Z","producer":"p","schemaURL":"s",
            "run":{{"runId":"0195e2a1-7c1e-7d30-9a52-000000000001"}},"job":{{"namespace":"n","name":"clean"}},
            "inputs":[{inputs}],"outputs":[{outputs}]}}"#
        );
        store.transactions.clear();
        let line = event.replace('\n', " ");
        let report = ingest::import_events(&home, &mut store, &mut line.as_bytes(), &mut |_| {}).unwrap();
        assert_eq!((report.stored, report.errors), (1, Vec::new()));
        store.transactions.iter().any(|calls| calls.contains_key("remove"))
    };
    let of = |name: &str| format!(r#"{{"namespace":"s3://b","name":"{name}"}}"#);
    assert!(!emptied("START", 0, &of("a"), ""));
    // A part that is written, another that is read, an end.
    assert!(!emptied("RUNNING", 10, "", &of("x")));
    assert!(!emptied("RUNNING", 20, &of("b"), &of("y")));
    assert!(!emptied("COMPLETE", 30, "", ""));
    // One that comes late moves what follows it, and is another word on what was said.
    assert!(emptied("RUNNING", 5, "", &of("w")));
    assert!(emptied("FAIL", 40, "", ""));
}
