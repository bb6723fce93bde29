//! Many processes that record into one store while others ask it.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use mltrace_core::config::Home;

use crate::place::{Place, Process, pause};
use crate::promise::{Form, Outcome, Result};

const READERS: usize = 4;
/// How often a writer that begins as a reader tries at least.
const TRIES: usize = 50;
/// How long a reader goes on if nobody notifies it that all is over.
const PATIENCE_S: u64 = 240;

/// Lets them all loose at once.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let (processes, runs) = (form.count(8, 32), form.count(50, 200));
    let place = Place::new()?;
    let start = |arguments: &[&str]| -> Result<Process> {
        let said = File::options().create(true).append(true).open(place.path("stderr"))?;
        Process::start(place.part(arguments)?.stderr(said))
    };
    let mut askers = Vec::new();
    for _ in 0..READERS {
        askers.push(start(&["read", &PATIENCE_S.to_string()])?);
    }
    for _ in 0..if form.breaks("deferred-writer") { 4 } else { 0 } {
        askers.push(start(&["deferred", &PATIENCE_S.to_string()])?);
    }
    let mut writers = Vec::new();
    for number in 0..processes {
        writers.push(start(&["many", &(number * runs).to_string(), &runs.to_string(), "1", "after"])?);
    }
    for process in &mut writers {
        let (code, said) = process.end()?;
        outcome.hold(code == 0 && said.len() == runs, || format!("a pipeline ended with {code} after {}", said.len()));
    }
    fs::write(place.path("over"), "")?;
    let mut answers = 0;
    let mut said = fs::read_to_string(place.path("stderr"))?;
    for process in &mut askers {
        for line in process.end()?.1 {
            match line.strip_prefix("answers ") {
                Some(count) => answers += count.parse::<usize>()?,
                None => said.push_str(&format!("{line}\n")),
            }
        }
    }
    place.fold()?;
    let wanted = processes * runs;
    let stored = place.number("SELECT count(*) FROM runs WHERE status = 'completed'")?;
    let integrity = place.integrity()?;
    let locked = said.lines().filter(|line| line.contains("locked")).count();
    outcome.figure = format!(
        "{processes} processes × {runs} runs, {READERS} readers: {stored} of {wanted} stored, {locked} `database is \
         locked`, {answers} answers"
    );
    outcome.hold(said.is_empty(), || format!("somebody was told: {said}"));
    outcome.hold(usize::try_from(stored)? == wanted, || format!("{stored} of {wanted} runs are stored"));
    outcome.hold(integrity == "ok", || format!("the store is damaged: {integrity}"));
    outcome.hold(answers >= READERS, || format!("{answers} answers in all"));
    Ok(outcome)
}

/// Reads and then writes in one transaction that begins as a reader's, as nobody may, and says what comes of it.
pub(crate) fn write_deferred(home: &Home, seconds: u64) -> Result<()> {
    let (begun, mut tries) = (Instant::now(), 0);
    // The pipelines may be over before all of these had a turn.
    while begun.elapsed() < Duration::from_secs(seconds) && (tries < TRIES || !Path::new("over").exists()) {
        pause(Duration::from_millis(1));
        if fs::metadata(home.store.file().expect("it is a file")).is_ok_and(|file| file.len() > 0) {
            match read_then_write(home) {
                Err(error) if error.to_string().contains("locked") => println!("error: {error}"),
                // Who comes too early finds no tables.
                Err(error) if error.to_string().contains("no such table") => continue,
                Err(_) | Ok(()) => {}
            }
            tries += 1;
        }
    }
    Ok(())
}

fn read_then_write(home: &Home) -> Result<()> {
    let connection = rusqlite::Connection::open(home.store.file().expect("it is a file"))?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch("BEGIN DEFERRED; SELECT count(*) FROM run;")?;
    pause(Duration::from_millis(2));
    connection.execute_batch("UPDATE meta SET value = value; COMMIT;")?;
    Ok(())
}
