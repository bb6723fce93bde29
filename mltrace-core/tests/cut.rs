//! A journal that others cut, replace or delete while it is written: what is in it is stored, and what is gone is reported.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::ingest;
use mltrace_core::journal::{self, Writer};
use mltrace_core::model::{End, Header, ProcessId, Record, RunId, Start, Status, Timestamp};
use mltrace_core::query::{Reader, RunFilter};
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;
use proptest::prelude::*;

/// A process that records, and what of it must be stored.
struct Process {
    folder: tempfile::TempDir,
    home: Home,
    id: ProcessId,
    writer: Option<Writer>,
}

/// A run in two records, each of which is as long as that of any other run.
fn run() -> (RunId, [Record; 2]) {
    let (run, at, component) = (RunId::new(), Timestamp(1_000_000), "step".to_owned());
    let start = Start {
        run,
        component,
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
    let end = End { run, at, status: Status::Completed, duration_us: None, error: None, outputs: Vec::new() };
    (run, [Record::Start(start), Record::End(end)])
}

impl Process {
    fn new() -> Self {
        // In memory where the system offers that.
        let shared = std::path::Path::new("/dev/shm");
        let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
        fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let mut process = Self { folder, home, id: ProcessId::new(), writer: None };
        process.writer = Some(Writer::open(&process.home.journal(), process.header(), Durability::Process).unwrap());
        process
    }

    fn header(&self) -> Header {
        // Of a boot that is gone the lock alone says whether the process lives.
        Header {
            format: journal::FORMAT,
            minor: journal::MINOR,
            process: Some(self.id),
            project: self.home.project.clone(),
            host: Some("elsewhere".to_owned()),
            ..Header::default()
        }
    }

    fn file(&self) -> PathBuf {
        self.home.journal().join(format!("{}.log", self.id))
    }

    fn length(&self) -> u64 {
        fs::metadata(self.file()).map_or(0, |file| file.len())
    }

    fn cut(&self, length: u64) {
        fs::OpenOptions::new().write(true).open(self.file()).unwrap().set_len(length).unwrap();
    }

    fn record(&mut self) -> RunId {
        let (id, records) = run();
        self.writer.as_mut().unwrap().append(&records).unwrap();
        id
    }

    /// Records until the process goes on in its next file, and returns the runs of that one.
    fn record_until_it_goes_on(&mut self) -> BTreeSet<RunId> {
        let next = self.home.journal().join(format!("{}.1.log", self.id));
        let begun = Instant::now();
        loop {
            let run = self.record();
            if next.exists() {
                return [run, self.record()].into();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the process does not notice");
        }
    }

    fn end(&mut self) {
        self.writer = None;
    }

    fn fold(&self) {
        let mut store = store::open(&self.home, Mode::Write).unwrap();
        let report = ingest::fold(&self.home, store.as_mut()).unwrap();
        assert_eq!(report.left, []);
    }

    fn tally(&self, name: &str) -> u64 {
        store::open(&self.home, Mode::Write).unwrap().upkeep().tally(name).unwrap()
    }

    /// Returns the completed runs that are stored once all is folded.
    fn stored(&self) -> BTreeSet<RunId> {
        let mut folded = ingest::open_folded(&self.home, &|_| {}).unwrap();
        let mut reader = Reader::new(folded.store.as_mut(), &self.home, self.folder.path());
        let filter = RunFilter { limit: Some(10_000), ..RunFilter::default() };
        let runs = reader.recent(&filter).unwrap().runs;
        let completed = runs.iter().filter(|run| run.status == Status::Completed);
        completed.map(|run| run.id.to_string().parse().unwrap()).collect()
    }
}

#[test]
fn a_journal_that_is_emptied_while_it_is_written_loses_nothing_that_was_folded_or_comes_after() {
    for is_grown in [false, true] {
        let mut process = Process::new();
        let mut runs: BTreeSet<RunId> = (0..5).map(|_| process.record()).collect();
        process.fold();
        process.cut(0);
        runs.insert(process.record());
        // The process may go on in another file meanwhile.
        runs.extend((0..if is_grown { 20 } else { 0 }).map(|_| process.record()));
        process.fold();
        runs.insert(process.record());
        process.end();
        assert_eq!(process.stored(), runs);
        assert!(process.tally("cut") > 0 && process.tally("damaged") == 0);
        let wrong = upkeep::doctor(&process.home, false).wrong.join("\n");
        assert!(wrong.contains("times a journal was found that somebody had cut"), "{wrong}");
    }
}

#[test]
fn a_journal_that_was_cut_and_grew_to_the_length_that_was_folded_is_folded_again() {
    let mut process = Process::new();
    let mut runs = BTreeSet::new();
    for _ in 0..2 {
        let (id, records) = run();
        let mut bytes = Vec::new();
        records.iter().for_each(|record| assert!(journal::encode(record, &mut bytes)));
        // What the process appends once somebody has emptied its file.
        fs::write(process.file(), bytes).unwrap();
        process.fold();
        runs.insert(id);
    }
    process.cut(0);
    process.end();
    assert_eq!(process.stored(), runs);
}

#[test]
fn another_file_whose_records_begin_at_the_same_places_is_told_from_the_one_that_was_folded() {
    let mut process = Process::new();
    let mut runs: BTreeSet<RunId> = (0..3).map(|_| process.record()).collect();
    process.fold();
    process.end();
    let others: Vec<_> = (0..7).map(|_| run()).collect();
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(process.header()), &mut bytes);
    for record in others.iter().flat_map(|(_, records)| records) {
        journal::encode(record, &mut bytes);
    }
    runs.extend(others.iter().map(|(run, _)| *run));
    fs::write(process.file(), bytes).unwrap();
    assert_eq!(process.stored(), runs);
    assert_eq!((process.tally("cut"), process.tally("damaged")), (1, 0));
}

#[test]
fn what_was_cut_before_anybody_folded_it_is_told() {
    // To nothing, and the process records no more; to nothing, and it does.
    for goes_on in [false, true] {
        let mut process = Process::new();
        process.record();
        let begun = fs::metadata(process.file()).unwrap().created().unwrap();
        // The clock of a file system ticks slowly.
        while fs::metadata(process.file()).unwrap().modified().unwrap() <= begun {
            process.record();
        }
        process.cut(0);
        let runs: BTreeSet<RunId> = (0..u32::from(goes_on)).map(|_| process.record()).collect();
        process.end();
        assert_eq!(process.stored(), runs);
        assert_eq!(process.tally("cut"), 1);
    }
    // A process that was killed between making its journal and writing to it has lost nothing.
    let mut process = Process::new();
    process.end();
    fs::remove_file(process.file()).unwrap();
    fs::File::create_new(process.file()).unwrap();
    assert_eq!((process.stored(), process.tally("cut")), (BTreeSet::new(), 0));
}

#[test]
fn a_process_whose_journal_was_cut_where_a_record_ends_notices_and_goes_on_in_another() {
    let mut process = Process::new();
    let kept = process.record();
    let length = process.length();
    process.record();
    process.cut(length);
    let mut runs = process.record_until_it_goes_on();
    process.end();
    let stored = process.stored();
    runs.insert(kept);
    assert!(stored.is_superset(&runs));
    assert_eq!(process.tally("cut"), 1, "nobody else could notice");
}

#[test]
fn nothing_is_acknowledged_while_no_other_journal_can_be_begun() {
    let mut process = Process::new();
    let journal = process.home.journal();
    process.record();
    fs::remove_dir_all(&journal).unwrap();
    fs::write(&journal, "").unwrap();
    let begun = Instant::now();
    while process.writer.as_mut().unwrap().append(&run().1).is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the process does not notice");
    }
    for _ in 0..100 {
        assert!(process.writer.as_mut().unwrap().append(&run().1).is_err(), "it would be in a file that is gone");
    }
    fs::remove_file(&journal).unwrap();
    let runs = BTreeSet::from([process.record(), process.record()]);
    process.end();
    assert_eq!(process.stored(), runs);
}

#[cfg(unix)]
#[test]
fn a_process_whose_journal_is_another_file_or_none_notices_and_goes_on_in_another() {
    type Harm = fn(&Process);
    let harms: [(&str, Harm); 3] = [
        ("deleted", |process| fs::remove_file(process.file()).unwrap()),
        ("renamed", |process| fs::rename(process.file(), process.folder.path().join("old")).unwrap()),
        ("replaced by an older copy", |process| {
            let copy = process.folder.path().join("copy");
            fs::copy(process.file(), &copy).unwrap();
            fs::OpenOptions::new().write(true).open(&copy).unwrap().set_len(process.length() / 2).unwrap();
            fs::rename(copy, process.file()).unwrap();
        }),
    ];
    for (what, harm) in harms {
        let mut process = Process::new();
        let mut runs: BTreeSet<RunId> = (0..9).map(|_| process.record()).collect();
        process.fold();
        harm(&process);
        runs.extend(process.record_until_it_goes_on());
        process.end();
        assert!(process.stored().is_superset(&runs), "{what}");
        assert!(process.tally("cut") > 0, "{what}");
    }
}

#[derive(Clone, Debug)]
enum Step {
    Record,
    Fold,
    /// To so many thousandths of its length.
    Cut(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![6 => Just(Step::Record), 2 => Just(Step::Fold), 1 => Just(Step::Cut(0)), 1 => (0..1_000_u64).prop_map(Step::Cut)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whenever it is cut and folded: a run is stored that was folded or still stood in the file, and when others are
    /// gone somebody is warned.
    #[test]
    fn whenever_a_journal_is_cut_nothing_that_is_left_of_it_is_lost(steps in prop::collection::vec(any_step(), 1..40)) {
        let mut process = Process::new();
        let mut safe = BTreeSet::new();
        let mut all = BTreeSet::new();
        // The runs that are not folded, with where they end in the first file.
        let mut standing: Vec<(u64, RunId)> = Vec::new();
        let mut is_at_an_end = false;
        for step in steps {
            match step {
                Step::Record => {
                    let run = process.record();
                    all.insert(run);
                    standing.push((process.length(), run));
                }
                Step::Fold => {
                    process.fold();
                    safe.extend(standing.drain(..).map(|(_, run)| run));
                }
                Step::Cut(_) if !process.file().exists() => {}
                Step::Cut(thousandths) => {
                    let length = process.length() * thousandths / 1_000;
                    process.cut(length);
                    is_at_an_end |= standing.iter().any(|(end, _)| *end == length);
                    standing.retain(|(end, _)| *end <= length);
                }
            }
        }
        process.end();
        safe.extend(standing.iter().map(|(_, run)| run));
        let stored = process.stored();
        prop_assert!(stored.is_superset(&safe), "{:?}", safe.difference(&stored));
        let is_told = process.tally("cut") + process.tally("damaged") > 0;
        prop_assert!(is_told || is_at_an_end || stored == all);
    }
}
