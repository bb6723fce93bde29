//! What a journal survives: cut tails, flipped bytes, two folders of it.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

use std::fs;
use std::path::Path;

use mltrace_core::config::{Durability, Environment, Home};
use mltrace_core::host::Host;
use mltrace_core::ingest;
use mltrace_core::journal::{self, Writer};
use mltrace_core::model::{
    ArtifactName, Due, End, Header, NoteFact, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp, WriteFact,
};
use mltrace_core::query::{Reader, TraceOptions};
use mltrace_core::store::{self, Mode};
use mltrace_core::upkeep;
use proptest::prelude::*;

fn start(run: RunId, second: i64) -> Record {
    Record::Start(Start {
        run,
        component: "step".to_owned(),
        at: Timestamp(second * 1_000_000),
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: Default::default(),
        inputs: Vec::new(),
        host: None,
        user: None,
    })
}

fn end(run: RunId, second: i64) -> Record {
    Record::End(End {
        run,
        at: Timestamp(second * 1_000_000),
        status: Status::Completed,
        duration_us: None,
        error: None,
        outputs: Vec::new(),
    })
}

/// A journal of a process that is gone, with `runs` runs, and where its frames end.
fn journal_of(runs: usize) -> (Vec<u8>, Vec<usize>) {
    let header = Header { process: Some(ProcessId::new()), project: "p".to_owned(), ..Header::default() };
    let mut records = vec![Record::Process(header)];
    for second in 0..runs {
        let run = RunId::new();
        let second = i64::try_from(second).unwrap();
        let note = NoteFact { id: RunId::new().0, run, text: "n".into(), at: Timestamp(second), by: None };
        records.extend([start(run, second), Record::Note(note), end(run, second)]);
    }
    let mut bytes = Vec::new();
    let mut ends = Vec::new();
    for record in &records {
        journal::encode(record, &mut bytes);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

/// Folds these bytes as a dead process' journal, twice, and returns how many runs there are with each status, and how
/// many records were damaged.
fn fold(bytes: &[u8]) -> (usize, usize, u64) {
    // In memory where the system offers that: thousands of stores need no disk.
    let shared = Path::new("/dev/shm");
    let folder = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() }.unwrap();
    fs::create_dir_all(folder.path().join(".mltrace/journal")).unwrap();
    let mut home = Home::find(folder.path(), None, &Environment::default());
    home.project = "p".to_owned();
    let path = home.journal().join(format!("{}.log", ProcessId::new()));
    fs::write(&path, bytes).unwrap();
    let folded = ingest::open_folded(&home, &|_| {}).unwrap();
    let damaged = folded.report.damaged;
    drop(folded);
    assert!(!path.exists(), "a journal that is folded is gone");
    let mut again = ingest::open_folded(&home, &|_| {}).unwrap();
    let reader = &mut Reader::new(again.store.as_mut(), &home, folder.path());
    let runs = reader.recent(&Default::default()).unwrap().runs;
    let count = |status| runs.iter().filter(|run| run.status == status).count();
    (count(Status::Completed), count(Status::Died), damaged)
}

#[test]
fn a_whole_journal_is_folded_once() {
    let (bytes, _) = journal_of(20);
    assert_eq!(fold(&bytes), (20, 0, 0));
    assert_eq!(fold(&[bytes.clone(), bytes].concat()), (20, 0, 0), "the same records again change nothing");
}

#[test]
fn every_cut_of_a_journal_keeps_what_was_whole() {
    let (bytes, ends) = journal_of(2);
    for cut in 0..bytes.len() {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let (completed, died, _) = fold(&bytes[..cut]);
        // Header, then start, note, end a run.
        assert_eq!(completed, whole.saturating_sub(1) / 3, "cut at {cut}");
        assert_eq!(completed + died, (whole + 1) / 3, "cut at {cut}");
    }
}

#[test]
fn every_flipped_byte_costs_one_record_at_most() {
    let (bytes, _) = journal_of(2);
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 0x55;
        let (completed, died, damaged) = fold(&flipped);
        assert_eq!(damaged, 1, "flipped at {place}");
        assert!(completed >= 1 && completed + died >= 1, "flipped at {place}: {completed} {died}");
    }
}

#[test]
fn a_length_that_reaches_over_the_next_record_costs_one_record() {
    let (bytes, ends) = journal_of(2);
    for pair in ends.windows(3) {
        let [from, middle, to] = pair[..] else { panic!("{pair:?}") };
        let mut stretched = bytes.clone();
        let length = u32::try_from(to - from - 10).unwrap();
        stretched[from + 2..from + 6].copy_from_slice(&length.to_le_bytes());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, &stretched).unwrap();
        let piece = journal::read(&path, 0).unwrap();
        assert_eq!(piece.records.len(), ends.len() - 1, "{from} to {to}");
        assert_eq!(piece.damaged, [(from as u64, stretched[from..middle].to_vec())]);
    }
}

/// Returns the head of a frame that says it is so long.
fn head(length: usize) -> Vec<u8> {
    let length = u32::try_from(length).unwrap().to_le_bytes();
    [&[0xF5, 0xFF][..], &length, b"abcd"].concat()
}

#[test]
fn heads_that_reach_over_all_others_cost_one_look_each() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::find(folder.path(), None, &Environment::default());
    home.project = "p".to_owned();
    fs::create_dir_all(home.journal()).unwrap();
    let (bytes, ends) = journal_of(1);
    let record = &bytes[ends[1]..ends[2]];
    // To sum up what each reaches over would take hours.
    let dense = head(3 << 20).repeat(1 << 20);
    // Between the heads stand records, and what they reach to is one that is long.
    let mixed = [head(1 << 20), record.to_vec()].concat().repeat(1 << 14);
    let mut long = Vec::new();
    let note =
        NoteFact { id: RunId::new().0, run: RunId::new(), text: "n".repeat(1 << 20), at: Timestamp(0), by: None };
    journal::encode(&Record::Note(note), &mut long);
    let to_one = |count: usize| -> Vec<u8> {
        let of =
            |place: usize| [head((count - 1 - place) * (10 + record.len()) + record.len()), record.to_vec()].concat();
        (0..count).flat_map(of).chain(long.iter().copied()).collect()
    };
    let begun = std::time::Instant::now();
    for made in [dense, mixed, to_one(1 << 14)] {
        let whole = [&bytes, &made[..], &bytes].concat();
        fs::write(home.journal().join(format!("{}.log", ProcessId::new())), whole).unwrap();
    }
    let mut store = store::open(&home, Mode::Write).unwrap();
    let report = ingest::fold(&home, store.as_mut()).unwrap();
    assert!(report.left.is_empty() && report.damaged > 1 << 14, "{report:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    let runs = Reader::new(store.as_mut(), &home, folder.path()).recent(&Default::default()).unwrap().runs;
    assert_eq!(runs.len(), 1, "what stands before and behind them");
    let kept = fs::read_dir(folder.path().join(".mltrace/damaged")).unwrap().count();
    assert!(kept < 500, "{kept} files");
}

/// A file that is said to have 20 GiB, of which the disk keeps a few bytes.
#[cfg(target_os = "linux")]
#[test]
fn a_hole_in_a_journal_costs_neither_time_nor_memory_nor_the_records_behind_it() {
    use std::io::{Seek as _, SeekFrom, Write as _};

    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::find(folder.path(), None, &Environment::default());
    home.project = "p".to_owned();
    fs::create_dir_all(home.journal()).unwrap();
    let (bytes, ends) = journal_of(4);
    let begun = std::time::Instant::now();
    for (before, after) in [(0, 20_u64 << 30), (ends[6], 20 << 30), (ends[6], 4096)] {
        let mut journal = fs::File::create(home.journal().join(format!("{}.log", ProcessId::new()))).unwrap();
        journal.write_all(&bytes[..before]).unwrap();
        journal.seek(SeekFrom::Current(i64::try_from(after).unwrap())).unwrap();
        journal.write_all(&bytes[before..]).unwrap();
        journal.set_len(journal.metadata().unwrap().len() + (20 << 30)).unwrap();
    }
    let mut store = store::open(&home, Mode::Write).unwrap();
    let report = ingest::fold(&home, store.as_mut()).unwrap();
    assert!(report.left.is_empty() && report.damaged >= 3, "{report:?}");
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{:?}", begun.elapsed());
    let runs = Reader::new(store.as_mut(), &home, folder.path()).recent(&Default::default()).unwrap().runs;
    assert_eq!(runs.len(), 4);
    let kept = fs::read_dir(folder.path().join(".mltrace/damaged")).unwrap().flatten();
    assert!(kept.map(|file| file.metadata().unwrap().len()).sum::<u64>() < 32 << 20);
}

#[test]
fn what_a_store_that_git_tracks_names_is_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut home = Home::find(folder.path(), None, &Environment::default());
    home.project = "p".to_owned();
    fs::create_dir_all(home.journal()).unwrap();
    fs::write(folder.path().join("a"), "a").unwrap();
    let run = RunId::new();
    let read = ReadFact {
        n: 0,
        name: ArtifactName("a".to_owned()),
        argument: None,
        kind: None,
        at: None,
        version: None,
        size: None,
    };
    let Record::Start(begun) = start(run, 1) else { unreachable!() };
    let due = Due { run, n: 0, path: folder.path().join("a").display().to_string(), state: "another".to_owned() };
    let header = Header {
        process: Some(ProcessId::new()),
        project: "p".to_owned(),
        host: Host::here(None).name,
        ..Header::default()
    };
    let mut bytes = Vec::new();
    for record in [Record::Process(header), Record::Start(Start { inputs: vec![read], ..begun }), Record::Due(due)] {
        journal::encode(&record, &mut bytes);
    }
    fs::write(home.journal().join(format!("{}.log", ProcessId::new())), bytes).unwrap();
    ingest::fold(&home, store::open(&home, Mode::Write).unwrap().as_mut()).unwrap();
    let due = || store::open(&home, Mode::Read).unwrap().upkeep().dues(Host::here(None).name.as_deref()).unwrap().len();
    assert_eq!(due(), 1);
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(arguments).current_dir(folder.path()).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.output().is_ok_and(|output| output.status.success())
    };
    if git(&["init", "-q"]) && git(&["add", "-f", "--", ".mltrace/mltrace.db"]) {
        drop(ingest::open_folded(&home, &|_| {}).unwrap());
        assert_eq!(due(), 1, "a stranger's guess");
        assert!(git(&["rm", "-q", "--cached", "-f", ".mltrace/mltrace.db"]));
    } else {
        eprintln!("SKIPPED: there is no git");
    }
    drop(ingest::open_folded(&home, &|_| {}).unwrap());
    assert_eq!(due(), 0, "it was looked at");
}

#[test]
fn a_reserve_that_was_left_half_made_is_made_whole() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(".reserve"), "its maker was killed").unwrap();
    journal::Writer::open(folder.path(), Header::default(), Durability::Process).unwrap();
    assert_eq!(fs::metadata(folder.path().join("reserve")).unwrap().len(), 64 << 10);
    assert!(!folder.path().join(".reserve").exists());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        fs::write(&path, &bytes).unwrap();
        let piece = journal::read(&path, 0).unwrap();
        prop_assert!(piece.next <= bytes.len() as u64);
    }
}

#[test]
fn a_count_that_cannot_be_right_keeps_no_rows_out() {
    let folder = tempfile::tempdir().unwrap();
    let (mut bytes, _) = journal_of(1);
    journal::encode(&Record::Lost(u64::MAX), &mut bytes);
    journal::encode(&Record::Lost(u64::MAX), &mut bytes);
    let home = Home::find(folder.path(), None, &Environment::default());
    fs::create_dir_all(home.journal()).unwrap();
    fs::write(home.journal().join(format!("{}.log", ProcessId::new())), bytes).unwrap();
    let mut folded = ingest::open_folded(&home, &|_| {}).unwrap();
    assert!(folded.behind.is_none(), "{:?}", folded.behind);
    assert_eq!(folded.store.upkeep().tally("lost").unwrap(), u64::try_from(i64::MAX).unwrap());
}

#[test]
fn a_journal_of_a_newer_format_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let process = ProcessId::new();
    let header = Header { format: journal::FORMAT + 1, process: Some(process), ..Header::default() };
    let mut bytes = Vec::new();
    journal::encode(&Record::Process(header), &mut bytes);
    bytes.extend(b"what only the newer version can read");
    let home = Home::find(folder.path(), None, &Environment::default());
    fs::create_dir_all(home.journal()).unwrap();
    let path = home.journal().join(format!("{process}.log"));
    fs::write(&path, &bytes).unwrap();
    let folded = ingest::open_folded(&home, &|_| {}).unwrap();
    assert_eq!((folded.report.left.len(), folded.report.damaged), (1, 0));
    assert_eq!(fs::read(path).unwrap(), bytes);
    assert!(upkeep::doctor(&home, false).wrong.iter().any(|line| line.contains("newer version")));
}

#[test]
fn a_record_that_no_reader_would_take_is_refused() {
    let note = |length: usize| {
        let text = "x".repeat(length);
        Record::Note(NoteFact { id: RunId::new().0, run: RunId::new(), text, at: Timestamp(0), by: None })
    };
    let mut bytes = Vec::new();
    assert!(!journal::encode(&note(64 << 20), &mut bytes));
    assert!(bytes.is_empty());
    assert!(journal::encode(&note(1), &mut bytes));
}

#[test]
fn the_end_that_the_process_tells_which_began_the_run_counts_in_any_order() {
    let run = RunId::new();
    let ended = |second: i64, status, duration_us| {
        let at = Timestamp(second * 1_000_000);
        Record::End(End { run, at, status, duration_us, error: None, outputs: Vec::new() })
    };
    // Forked children record ends that they have not measured.
    let own = ended(5, Status::Failed, Some(5_000_000));
    let (early, late) = (ended(3, Status::Completed, None), ended(4, Status::Cancelled, None));
    for (ends, expected) in [
        ([&early, &own, &late], Status::Failed),
        ([&own, &late, &early], Status::Failed),
        ([&late, &early, &own], Status::Failed),
        ([&late, &early, &late], Status::Completed),
        ([&early, &late, &early], Status::Completed),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        fs::create_dir_all(home.journal()).unwrap();
        let mut bytes = Vec::new();
        for record in std::iter::once(&start(run, 1)).chain(ends) {
            journal::encode(record, &mut bytes);
        }
        fs::write(home.journal().join(format!("{}.log", ProcessId::new())), bytes).unwrap();
        let mut folded = ingest::open_folded(&home, &|_| {}).unwrap();
        let runs = Reader::new(folded.store.as_mut(), &home, folder.path()).recent(&Default::default()).unwrap().runs;
        assert_eq!(runs[0].status, expected, "{ends:?}");
    }
}

/// A run of which only the end arrived is upstream of others, and takes nobody's place among them.
#[test]
fn a_run_without_its_start_shifts_no_depths() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::find(folder.path(), None, &Environment::default());
    let header = Header { project: home.project.clone(), ..Header::default() };
    let mut writer = Writer::open(&home.journal(), header, Durability::Process).unwrap();
    let mut tell = |second: i64, reads: &[&str], writes: &str, is_start_lost: bool| {
        let run = RunId::new();
        let (Record::Start(mut start), Record::End(mut end)) = (start(run, second), end(run, second)) else { return };
        let read = |(n, name): (u32, &&str)| ReadFact {
            n,
            name: ArtifactName((*name).to_owned()),
            argument: None,
            kind: None,
            at: None,
            version: None,
            size: None,
        };
        start.component = writes.to_owned();
        start.inputs = (0..).zip(reads).map(read).collect();
        end.outputs = vec![WriteFact {
            n: 9,
            name: ArtifactName(writes.to_owned()),
            argument: None,
            kind: None,
            at: None,
            version: None,
            size: None,
            mark: None,
        }];
        let records = if is_start_lost { vec![] } else { vec![Record::Start(start)] };
        writer.append(&[records, vec![Record::End(end)]].concat()).unwrap();
    };
    tell(1, &[], "x://raw", false);
    tell(2, &[], "x://lost", true);
    tell(3, &["x://raw"], "x://clean", false);
    tell(4, &["x://lost", "x://clean"], "x://model", false);
    let mut store = store::open(&home, Mode::Write).unwrap();
    ingest::fold(&home, store.as_mut()).unwrap();
    let trace = Reader::new(store.as_mut(), &home, folder.path()).trace("x://model", &TraceOptions::default()).unwrap();
    let told: Vec<(&str, u32)> = trace.runs.iter().map(|at| (at.run.component.as_str(), at.depth)).collect();
    assert_eq!(told, [("x://model", 0), ("x://clean", 1), ("x://raw", 2)]);
}
