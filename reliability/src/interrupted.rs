//! Folds that are killed at a random moment or before a certain system call, and then done again.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use mltrace_core::journal;
use mltrace_core::model::{
    ArtifactName, End, Header, ProcessId, ReadFact, Record, RunId, Start, Status, Timestamp, VersionId, WriteFact,
};
use rusqlite::types::Value;

use crate::lot::Lot;
use crate::place::{Place, Process, pause};
use crate::promise::{Form, Outcome, Result};

/// What a fold does to files, and where it may die.
const CALLS: [&str; 9] =
    ["write", "pwrite64", "fsync", "fdatasync", "unlink", "ftruncate", "openat", "rename", "flock"];

/// How many folds were killed.
#[derive(Debug, Default)]
pub(crate) struct Killed {
    pub(crate) at_random: usize,
    pub(crate) at_calls: usize,
    pub(crate) different: usize,
}

/// Kills folds, and compares what is stored after the next one with what an undisturbed fold stores.
pub(crate) fn try_it(form: &Form, outcome: &mut Outcome) -> Result<Killed> {
    let model = place()?;
    write_journals(&model, form)?;
    let undisturbed = copy(&model)?;
    undisturbed.fold()?;
    let expected = dump(&undisturbed)?;
    let mut killed = Killed::default();
    let mut lot = Lot::new(form.seed, 77);
    for _ in 0..form.count(10, 300) {
        let place = copy(&model)?;
        for _ in 0..1 + lot.below(4) {
            let mut process = Process::start(&mut place.part(&["ingest"])?)?;
            pause(Duration::from_micros(lot.below(25_000) as u64));
            process.kill()?;
            killed.at_random += 1;
        }
        compare(&place, &expected, "at a random moment", &mut killed, outcome)?;
    }
    if is_traceable(&model) {
        for call in CALLS {
            kill_before(call, &model, form, &expected, &mut killed, outcome)?;
        }
    } else {
        let why = "folds killed before a certain system call: `strace` is missing, or may not trace here";
        outcome.skipped.push(why.to_owned());
    }
    Ok(killed)
}

/// Returns a project of the name that the journals say: what the stores answer is compared.
fn place() -> Result<Place> {
    let place = Place::new()?;
    fs::write(place.path("mltrace.toml"), "project = \"interrupted\"\n")?;
    Ok(place)
}

fn is_traceable(model: &Place) -> bool {
    copy(model).and_then(|place| traced(&place, "write", usize::MAX >> 48)).is_ok_and(|is_killed| !is_killed)
}

/// Kills a fold before the first, the second, … call of this kind until one gets through.
fn kill_before(
    call: &str,
    model: &Place,
    form: &Form,
    expected: &[String],
    killed: &mut Killed,
    outcome: &mut Outcome,
) -> Result<()> {
    const MOST: usize = 2_000;
    let step = form.count(11, 1);
    for number in (1..MOST).step_by(step) {
        let place = copy(model)?;
        if !traced(&place, call, number)? {
            return Ok(());
        }
        killed.at_calls += 1;
        compare(&place, expected, &format!("before `{call}` number {number}"), killed, outcome)?;
    }
    Ok(())
}

/// Folds in another process that is killed when it makes its `number`-th call; returns whether it was.
fn traced(place: &Place, call: &str, number: usize) -> Result<bool> {
    let exe = std::env::current_exe()?;
    let mut command = Command::new("strace");
    command.args(["-f", "-qqq", "-o", "/dev/null", "-e"]).arg(format!("trace={call}"));
    command.arg("-e").arg(format!("inject={call}:signal=SIGKILL:when={number}"));
    command.arg(exe).args(["part", "ingest"]).current_dir(place.folder());
    let status =
        command.env_clear().env("PATH", "/usr/bin:/bin").stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    match status.code() {
        Some(0) => Ok(false),
        Some(1..128) => Err("the traced fold failed".into()),
        _ => Ok(true),
    }
}

fn compare(place: &Place, expected: &[String], when: &str, killed: &mut Killed, outcome: &mut Outcome) -> Result<()> {
    place.fold()?;
    let found = dump(place)?;
    let integrity = place.integrity()?;
    let left = place.journal_files();
    if found != expected || integrity != "ok" || !left.is_empty() {
        killed.different += 1;
        let extra = found.iter().find(|row| !expected.contains(row));
        let missing = expected.iter().find(|row| !found.contains(row));
        outcome.wrong.push(format!(
            "killed {when}: {} rows instead of {}, {integrity}, {left:?}, {extra:?} for {missing:?}",
            found.len(),
            expected.len()
        ));
    }
    Ok(())
}

/// Returns everything that the promised views and the counts show, row by row.
fn dump(place: &Place) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    for (table, columns) in [("runs", 15), ("edges", 8), ("versions", 7), ("labels", 6), ("tally", 2), ("journal", 2)] {
        let shown = place.rows(&format!("SELECT * FROM {table}"), |row| {
            let cells: Vec<Value> = (0..columns).map(|column| row.get(column)).collect::<rusqlite::Result<_>>()?;
            Ok(format!("{table} {cells:?}"))
        })?;
        // How far a journal was folded need not be forgotten by the one who was killed after the last of it.
        rows.extend(shown.into_iter().filter(|_| table != "journal"));
    }
    rows.sort();
    Ok(rows)
}

fn copy(model: &Place) -> Result<Place> {
    let place = place()?;
    let folder = place.home().journal();
    fs::create_dir(&folder)?;
    for path in model.journal_files() {
        fs::copy(&path, folder.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(place)
}

/// Writes the journals of processes that are gone: runs that read what runs of other journals wrote, and a damaged
/// record in each.
fn write_journals(place: &Place, form: &Form) -> Result<()> {
    fs::create_dir(place.home().journal())?;
    let mut lot = Lot::new(form.seed, 78);
    for _ in 0..form.count(3, 6) {
        let process = ProcessId::new();
        let header = Header { process: Some(process), project: "interrupted".to_owned(), ..Header::default() };
        let mut bytes = Vec::new();
        journal::encode(&Record::Process(header), &mut bytes);
        for number in 0..40 {
            for record in run(&mut lot, number) {
                journal::encode(&record, &mut bytes);
            }
        }
        let place_of_damage = bytes.len() / 2;
        bytes[place_of_damage] ^= 0x10;
        write(&place.home().journal().join(format!("{process}.log")), &bytes)?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(fs::write(path, bytes)?)
}

fn run(lot: &mut Lot, number: usize) -> Vec<Record> {
    let run = RunId::new();
    let at = Timestamp(1_000_000 * i64::try_from(lot.below(1_000)).unwrap_or(0));
    let name = |lot: &mut Lot| ArtifactName::from(format!("file-{}", lot.below(12)).as_str());
    let version = |lot: &mut Lot| Some(VersionId::Declared(format!("v{}", lot.below(30))));
    let input =
        ReadFact { n: 0, name: name(lot), argument: None, kind: None, at: None, version: version(lot), size: None };
    let output = WriteFact {
        n: 1,
        name: name(lot),
        argument: None,
        kind: None,
        at: None,
        version: version(lot),
        size: Some(3),
        mark: None,
    };
    let start = Record::Start(Start {
        run,
        component: format!("step-{}", number % 5),
        at,
        parent: None,
        code: None,
        git: None,
        declared: None,
        params: BTreeMap::from([("number".to_owned(), number.into())]),
        inputs: vec![input],
        host: None,
        user: None,
    });
    let end = Record::End(End {
        run,
        at: Timestamp(at.0 + 500_000),
        status: Status::Completed,
        duration_us: Some(500_000),
        error: None,
        outputs: vec![output],
    });
    if lot.below(5) == 0 { vec![start] } else { vec![start, end] }
}
