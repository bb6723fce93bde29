//! Who is shown as died: every process that was killed, and none that is stopped, slow or of another time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use mltrace_core::journal;
use mltrace_core::model::{Header, Record, Timestamp};
use rustix::process::Signal;

use crate::place::{Place, Process, pause};
use crate::promise::{Form, Outcome, Result};

/// How many processes wait at the same time.
const AT_ONCE: usize = 25;

/// Kills, stops, and rewrites who wrote what.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut killed = 0;
    let mut died = 0;
    let mut alive = 0;
    let mut falsely = 0;
    for _ in 0..form.count(2, 20) {
        let (shown, of, wrong, living) = killed_and_stopped(form)?;
        died += shown;
        killed += of;
        falsely += wrong;
        alive += living;
    }
    outcome.hold(died == killed, || format!("{died} of {killed} killed runs are shown as died"));
    outcome.hold(falsely == 0, || format!("{falsely} of {alive} living runs are shown as died"));
    let slow = slow_ones(form, &mut outcome)?;
    let told = told_ones(&mut outcome)?;
    outcome.figure = format!(
        "{died} of {killed} killed shown died; {falsely} false of {alive} stopped or waiting; {slow} looks at slow ones; \
         {told} headers of other clocks, boots, namespaces and reused numbers"
    );
    Ok(outcome)
}

fn statuses(place: &Place) -> Result<BTreeMap<String, usize>> {
    place.fold()?;
    let rows: Vec<String> = place.rows("SELECT status FROM runs", |row| row.get(0))?;
    let mut counts = BTreeMap::new();
    for status in rows {
        *counts.entry(status).or_insert(0) += 1;
    }
    Ok(counts)
}

/// Kills most of some processes that wait, stops the others, and looks. Returns how many are shown as died and were
/// killed, and how many are shown so falsely of how many that live.
fn killed_and_stopped(form: &Form) -> Result<(usize, usize, usize, usize)> {
    const STOPPED: usize = 4;
    const WAITING: usize = 4;
    const LIVING: usize = STOPPED + WAITING;
    let place = Place::new()?;
    let start = || -> Result<Process> {
        let mut process = Process::start(place.part(&["wait"])?.stdin(Stdio::piped()))?;
        process.until("waiting")?;
        Ok(process)
    };
    let mut alive = Vec::new();
    for _ in 0..STOPPED {
        let process = start()?;
        stop(&process, &place)?;
        alive.push(process);
    }
    for _ in 0..WAITING {
        alive.push(start()?);
    }
    let mut processes = (0..AT_ONCE).map(|_| start()).collect::<Result<Vec<_>>>()?;
    if form.breaks("time-out") {
        // What a rule would do that takes silence for death.
        statuses(&place)?;
        place.tamper("UPDATE run SET status = 4 WHERE status = 0")?;
    }
    let before = statuses(&place)?.get("died").copied().unwrap_or(0);
    for process in &mut processes {
        process.kill()?;
    }
    let after = statuses(&place)?.get("died").copied().unwrap_or(0);
    for process in alive.iter().take(STOPPED) {
        process.signal(Signal::CONT)?;
    }
    for process in &mut alive {
        process.end()?;
    }
    let last = statuses(&place)?;
    let completed = last.get("completed").copied().unwrap_or(0);
    // Who was shown as died and then ended all the same was shown so falsely, before or after.
    let falsely = before.max(LIVING - completed.min(LIVING)).max(after.saturating_sub(AT_ONCE));
    Ok((after.min(AT_ONCE), AT_ONCE, falsely, LIVING))
}

/// Stops a process at a moment when it does not fold: in the middle of that it would keep everybody else waiting.
fn stop(process: &Process, place: &Place) -> Result<()> {
    const TRIES: usize = 5;
    for _ in 0..TRIES {
        statuses(place)?;
        pause(Duration::from_millis(100));
        process.signal(Signal::STOP)?;
        if statuses(place).is_ok() {
            return Ok(());
        }
        process.signal(Signal::CONT)?;
    }
    Err("a process that has nothing to do keeps the store locked".into())
}

/// Looks again and again at a process that takes its time.
fn slow_ones(form: &Form, outcome: &mut Outcome) -> Result<usize> {
    let place = Place::new()?;
    let count = form.count(3, 30);
    let mut process = Process::start(&mut place.part(&["slow", &count.to_string()])?)?;
    for number in 0..count {
        process.until(&format!("slow {number}"))?;
        pause(Duration::from_millis(50));
        let died = statuses(&place)?.get("died").copied().unwrap_or(0);
        outcome.hold(died == 0, || format!("a slow run is shown as died at look {number}"));
    }
    process.end()?;
    let completed = statuses(&place)?.get("completed").copied().unwrap_or(0);
    outcome.hold(completed == count, || format!("{completed} of {count} slow runs completed"));
    Ok(count)
}

/// A change to the first record and the times of a journal, whether its lock is held, and what must be shown.
struct Told {
    what: &'static str,
    change: fn(&mut Header, &mut Timestamp),
    is_held: bool,
    shown: &'static str,
}

const DAY_US: i64 = 86_400_000_000;

const TOLD: [Told; 10] = [
    Told { what: "as it is", change: |_, _| {}, is_held: true, shown: "running" },
    Told { what: "a day back", change: |_, at| at.0 -= DAY_US, is_held: true, shown: "running" },
    Told { what: "ten years ahead", change: |_, at| at.0 += 3_650 * DAY_US, is_held: true, shown: "running" },
    Told { what: "before 1970", change: |_, at| at.0 = -DAY_US, is_held: true, shown: "running" },
    Told {
        what: "its number was given to another process",
        change: |header, _| header.pid_start = header.pid_start.map(|start| start + 1),
        is_held: true,
        shown: "died",
    },
    Told {
        what: "a forked child holds its lock",
        change: |header, _| header.pid = Some(4_194_303),
        is_held: true,
        shown: "died",
    },
    Told {
        what: "before a reboot",
        change: |header, _| header.boot = Some("other".into()),
        is_held: false,
        shown: "died",
    },
    Told {
        what: "another boot, and somebody holds its lock",
        change: |header, _| header.boot = Some("other".into()),
        is_held: true,
        shown: "running",
    },
    Told {
        what: "number 1 of a container that lives",
        change: |header, _| (header.pid, header.pid_namespace) = (Some(1), Some("pid:[1]".into())),
        is_held: true,
        shown: "running",
    },
    Told {
        what: "number 1 of a container that is gone",
        change: |header, _| (header.pid, header.pid_namespace) = (Some(1), Some("pid:[1]".into())),
        is_held: false,
        shown: "died",
    },
];

/// Takes the journal of a process that waits, gives it other times and another writer, and looks at the copy.
fn told_ones(outcome: &mut Outcome) -> Result<usize> {
    let model = Place::new()?;
    // Nothing may be folded away from the journal before it is copied.
    let mut process = Process::start(model.part(&["wait"])?.stdin(std::process::Stdio::piped()))?;
    process.until("waiting")?;
    let mut tried = 0;
    for told in &TOLD {
        let place = Place::new()?;
        fs::create_dir(place.home().journal())?;
        let lock = rewrite(&model, &place, told)?;
        let shown = statuses(&place)?;
        drop(lock);
        tried += 1;
        let is_right = shown.get(told.shown) == Some(&1) && shown.len() == 1;
        outcome.hold(is_right, || format!("{}: {shown:?} instead of {}", told.what, told.shown));
    }
    process.end()?;
    Ok(tried)
}

fn rewrite(model: &Place, place: &Place, told: &Told) -> Result<Option<File>> {
    let mut lock = None;
    for path in model.journal_files() {
        let name = path.file_name().unwrap_or_default().to_owned();
        let copy = place.home().journal().join(&name);
        if path.extension().is_some_and(|extension| extension == "lock") {
            let file = File::create(copy)?;
            if told.is_held {
                file.lock()?;
            }
            lock = Some(file);
            continue;
        }
        let mut bytes = Vec::new();
        let mut writer = Header::default();
        for mut record in journal::read(&path, 0)?.records {
            match &mut record {
                Record::Process(header) => {
                    (told.change)(header, &mut Timestamp(0));
                    writer = header.clone();
                }
                Record::Start(start) => (told.change)(&mut writer, &mut start.at),
                _ => {}
            }
            journal::encode(&record, &mut bytes);
        }
        fs::write(copy, bytes)?;
    }
    Ok(lock)
}
