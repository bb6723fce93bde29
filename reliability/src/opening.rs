//! Stores that are damaged, foreign or of another version, and stores that are taken away while in use.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Stdio;

use mltrace_core::ingest;
use mltrace_core::query::{QueryError, Reader, RunFilter};
use mltrace_core::store::{self, Mode, StoreError};
use mltrace_core::upkeep;

use crate::lot::Lot;
use crate::place::{Place, Process, pause};
use crate::promise::{Form, Outcome, Result};

/// What a person gets from a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// So many runs.
    Runs(usize),
    /// One line that holds these words.
    Words(&'static str),
    /// An answer or one line.
    Either,
}

/// A file in place of a store.
struct Case {
    what: &'static str,
    make: fn(&Place) -> Result<()>,
    wanted: Wanted,
    /// Whether the file belongs to somebody else, who must find it unchanged.
    is_foreign: bool,
}

const CASES: [Case; 12] = [
    Case { what: "a good store", make: good, wanted: Wanted::Runs(1), is_foreign: false },
    Case {
        what: "nothing",
        make: |place| Ok(fs::remove_file(place.store_file()).or_else(|_| fs::create_dir_all(place.home().folder))?),
        wanted: Wanted::Words("nothing has been recorded yet"),
        is_foreign: false,
    },
    Case {
        what: "a file of length zero",
        make: |place| write(place, b""),
        wanted: Wanted::Words("nothing has been recorded yet"),
        is_foreign: false,
    },
    Case {
        what: "random bytes",
        make: |place| {
            let mut lot = Lot::new(9, 9);
            write(place, &(0..2_000).flat_map(|_| lot.next().to_le_bytes()).collect::<Vec<u8>>())
        },
        wanted: Wanted::Words("is not a store of mltrace"),
        is_foreign: true,
    },
    Case {
        what: "a text",
        make: |place| write(place, "time,temperature\n".repeat(500).as_bytes()),
        wanted: Wanted::Words("is not a store of mltrace"),
        is_foreign: true,
    },
    Case {
        what: "somebody else's database",
        make: |place| {
            place.tamper("PRAGMA user_version = 3; CREATE TABLE run (id, name); INSERT INTO run VALUES (1, 'x');")
        },
        wanted: Wanted::Words("is not a store of mltrace"),
        is_foreign: true,
    },
    Case {
        what: "a folder",
        make: |place| Ok(fs::create_dir(place.store_file())?),
        wanted: Wanted::Words("it is a folder"),
        is_foreign: false,
    },
    Case {
        what: "a newer schema that may be read",
        make: |place| newer(place, "1"),
        wanted: Wanted::Runs(1),
        is_foreign: true,
    },
    Case {
        what: "a newer schema that may be read, and a journal",
        make: |place| newer(place, "1").and_then(|()| record(place)),
        wanted: Wanted::Runs(1),
        is_foreign: true,
    },
    Case {
        what: "a newer schema that may not be read",
        make: |place| newer(place, "99"),
        wanted: Wanted::Words("was written by mltrace 7.0.0"),
        is_foreign: true,
    },
    Case {
        what: "a write-ahead log without its database",
        make: |place| {
            good(place)?;
            fs::rename(place.store_file(), place.path(".mltrace/mltrace.db-wal"))?;
            Ok(())
        },
        wanted: Wanted::Words("nothing has been recorded yet"),
        is_foreign: false,
    },
    Case {
        what: "a rollback journal of nobody's",
        make: |place| {
            good(place)?;
            Ok(fs::write(place.path(".mltrace/mltrace.db-journal"), [0xA5; 4_096])?)
        },
        wanted: Wanted::Runs(1),
        is_foreign: false,
    },
];

/// Opens everything.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    for case in &CASES {
        let place = Place::new()?;
        (case.make)(&place)?;
        open(form, &place, case.what, case.wanted, case.is_foreign, &mut outcome)?;
    }
    let cuts = truncated(form, &mut outcome)?;
    let taken = taken_away(&mut outcome)?;
    outcome.figure = format!(
        "{} files in place of a store and {cuts} truncated ones opened or explained in a line; {taken} runs of processes \
         whose store was deleted, renamed, replaced or cleared meanwhile are stored",
        CASES.len()
    );
    Ok(outcome)
}

fn open(form: &Form, place: &Place, what: &str, wanted: Wanted, is_foreign: bool, outcome: &mut Outcome) -> Result<()> {
    let path = place.store_file();
    let before = fs::read(&path).ok();
    if form.breaks("no-gate") && path.is_file() {
        // What a program does that opens whatever it finds and makes its tables there.
        let _ = place.tamper("CREATE TABLE IF NOT EXISTS meta (key, value)");
    }
    let Ok((said, words)) = catch_unwind(AssertUnwindSafe(|| ask(place))) else {
        outcome.wrong.push(format!("{what}: a panic"));
        return Ok(());
    };
    let is_line = |words: &String| words.lines().count() == 1 && words.contains(&*path.to_string_lossy());
    let is_right = match (wanted, said) {
        (Wanted::Runs(wanted), Some(runs)) => runs == wanted,
        (Wanted::Words(wanted), None) => words.contains(wanted) && is_line(&words),
        (Wanted::Either, Some(_)) => true,
        (Wanted::Either, None) => is_line(&words),
        _ => false,
    };
    outcome.hold(is_right, || format!("{what}: {said:?} runs, `{words}` instead of {wanted:?}"));
    outcome.hold(!is_foreign || fs::read(&path).ok() == before, || format!("{what}: the file was changed"));
    Ok(())
}

/// Returns how many runs are reported, or the words that are reported instead; the store is examined and written, too.
fn ask(place: &Place) -> (Option<usize>, String) {
    let home = place.home();
    let answer = ingest::open_folded(&home, &|_| {}).and_then(|mut folded| {
        let mut reader = Reader::new(folded.store.as_mut(), &home, &home.root);
        match reader.recent(&RunFilter::default()) {
            Ok(runs) => Ok(runs.runs.len()),
            Err(QueryError::Store(error)) => Err(error),
            Err(error) => Err(StoreError::Corrupt(error.to_string())),
        }
    });
    let _ = upkeep::doctor(&home, true);
    match answer {
        Ok(runs) => (Some(runs), String::new()),
        Err(error @ (StoreError::Database(_) | StoreError::Corrupt(_))) => (None, format!("{}: {error}", home.store)),
        Err(error) => (None, error.to_string()),
    }
}

/// Records a run that nobody folds yet.
fn record(place: &Place) -> Result<()> {
    let lock = fs::File::options().create(true).append(true).open(place.path(".mltrace/write.lock"))?;
    lock.lock()?;
    let (code, _) = Process::start(&mut place.part(&["calls", "1"])?)?.end()?;
    if code == 0 { Ok(()) } else { Err("the pipeline failed".into()) }
}

fn good(place: &Place) -> Result<()> {
    Process::start(&mut place.part(&["calls", "1"])?)?.end()?;
    place.fold()?;
    // All of it in one file.
    place.tamper("PRAGMA wal_checkpoint(TRUNCATE)")
}

fn newer(place: &Place, reader: &str) -> Result<()> {
    good(place)?;
    place.tamper(&format!(
        "PRAGMA user_version = 99; UPDATE meta SET value = '99' WHERE key = 'min_writer';
         UPDATE meta SET value = '{reader}' WHERE key = 'min_reader'; UPDATE meta SET value = '7.0.0' WHERE key = 'writer';
         PRAGMA wal_checkpoint(TRUNCATE);"
    ))
}

fn write(place: &Place, bytes: &[u8]) -> Result<()> {
    Ok(fs::write(place.store_file(), bytes)?)
}

/// Cuts a store at each page.
fn truncated(form: &Form, outcome: &mut Outcome) -> Result<usize> {
    const PAGE: usize = 4_096;
    let model = Place::new()?;
    good(&model)?;
    let bytes = fs::read(model.store_file())?;
    let mut cuts = 0;
    for cut in (PAGE..bytes.len()).step_by(PAGE * form.count(8, 1)) {
        let place = Place::new()?;
        fs::write(place.store_file(), &bytes[..cut])?;
        open(form, &place, &format!("cut at byte {cut}"), Wanted::Either, false, outcome)?;
        cuts += 1;
    }
    Ok(cuts)
}

/// What is done to a store while a process records, and how many of its twenty runs must be stored at the end.
type Taken = (&'static str, fn(&Place) -> Result<()>, i64);

const TAKEN: [Taken; 6] = [
    ("deleted", |place| remove_store(place), 20),
    ("its file alone deleted", |place| Ok(fs::remove_file(place.store_file())?), 20),
    ("renamed", |place| Ok(fs::rename(place.store_file(), place.path("old.db"))?), 20),
    (
        "replaced by an older copy",
        |place| {
            remove_store(place)?;
            drop(store::open(&place.home(), Mode::Write)?);
            Ok(())
        },
        20,
    ),
    (
        "replaced by a text for a while",
        |place| {
            remove_store(place)?;
            write(place, "time,temperature\n".repeat(500).as_bytes())
        },
        20,
    ),
    ("its folder deleted", |place| remove_folder(place), 10),
];

/// Takes the store away from a process that records ten runs before and ten after; returns how many runs are stored.
fn taken_away(outcome: &mut Outcome) -> Result<i64> {
    let mut all = 0;
    for (what, take, wanted) in TAKEN {
        let place = Place::new()?;
        let mut process = Process::start(place.part(&["steps"])?.stdin(Stdio::piped()))?;
        process.until("ready")?;
        let mut steps = |from: usize| -> Result<()> {
            for number in from..from + 10 {
                writeln!(process.input()?, "{number}")?;
                process.until(&number.to_string())?;
            }
            Ok(())
        };
        steps(0)?;
        place.fold()?;
        take(&place)?;
        // What a process writes before its next look, every 10 ms, goes with the journal that was deleted.
        pause(std::time::Duration::from_millis(20));
        steps(10)?;
        let (code, _) = process.end()?;
        if is_text(&place.store_file()) {
            fs::remove_file(place.store_file())?;
        }
        place.fold()?;
        let stored = place.number("SELECT count(*) FROM runs WHERE status = 'completed'")?;
        let integrity = place.integrity()?;
        outcome.hold(code == 0, || format!("{what}: the pipeline ended with {code}"));
        outcome.hold(stored == wanted, || format!("{what}: {stored} of {wanted} runs stored"));
        outcome.hold(integrity == "ok", || format!("{what}: the store is damaged: {integrity}"));
        all += stored;
    }
    Ok(all)
}

/// Removes the folder of a project whose process may just put something into it.
fn remove_folder(place: &Place) -> Result<()> {
    for _ in 0..100 {
        match fs::remove_dir_all(place.path(".mltrace")) {
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
            removed => return Ok(removed?),
        }
    }
    Err("the folder is filled again and again".into())
}

fn remove_store(place: &Place) -> Result<()> {
    for name in ["mltrace.db", "mltrace.db-wal", "mltrace.db-shm"] {
        match fs::remove_file(place.path(".mltrace").join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

fn is_text(path: &Path) -> bool {
    fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"time"))
}
