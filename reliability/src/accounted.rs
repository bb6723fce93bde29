//! Nothing is dropped silently: every record that was emitted is stored, journalled or counted as lost.

use std::fs;
use std::time::Duration;

use mltrace_core::config::Home;
use mltrace_core::model::Record;
use mltrace_core::{ingest, journal};

use crate::fault::{Mount, fill};
use crate::place::{Place, Process, is_root, pause};
use crate::promise::{Form, Outcome, Result};

const THREADS: usize = 8;
const MOST_GROWTH_KIB: u64 = 32 << 10;

/// Counts records and memory.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let away = folder_away(form, &mut outcome)?;
    let full = if is_root() {
        disk_full_at_times(form, &mut outcome)?
    } else {
        outcome.skipped.push("a disk that is full at times: only the superuser can mount one".to_owned());
        Count::default()
    };
    let (nowhere, locked) = growth(form, &mut outcome)?;
    outcome.figure = format!(
        "{} emitted = {} stored + {} journalled + {} counted lost; {:.1} MiB more memory over {} runs with the store \
         away, {:.1} MiB with it locked",
        away.emitted + full.emitted,
        away.stored + full.stored,
        away.journalled + full.journalled,
        away.lost + full.lost,
        nowhere as f64 / 1024.0,
        runs_away(form),
        locked as f64 / 1024.0
    );
    Ok(outcome)
}

/// Where the records of a process are.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    emitted: u64,
    stored: u64,
    journalled: u64,
    lost: u64,
}

impl Count {
    fn check(&self, what: &str, outcome: &mut Outcome) {
        let known = self.stored + self.journalled + self.lost;
        outcome.hold(known == self.emitted, || format!("{what}: {self:?}"));
        outcome.hold(self.lost > 0 && self.stored > 0, || format!("{what}: the fault did not come and go: {self:?}"));
    }
}

/// A store folder that cannot be made at first, and then can.
fn folder_away(form: &Form, outcome: &mut Outcome) -> Result<Count> {
    let place = Place::bare()?;
    fs::write(place.path("blocked"), "a file where a folder should be")?;
    let count = form.count(5_000, 20_000).to_string();
    let mut command = place.part(&["emit", &count, &THREADS.to_string()])?;
    command.env("MLTRACE_DB", "blocked/mltrace.db");
    let mut process = Process::start(&mut command)?;
    process.until("ready")?;
    pause(Duration::from_millis(300));
    fs::remove_file(place.path("blocked"))?;
    let (_, said) = process.end()?;
    let mut home = place.home();
    home.folder = place.path("blocked");
    home.store = place.path("blocked/mltrace.db").into();
    let count = tally(&home, &said, form)?;
    count.check("a folder that comes late", outcome);
    Ok(count)
}

/// A disk that is full at times, as seen by one process with many threads.
fn disk_full_at_times(form: &Form, outcome: &mut Outcome) -> Result<Count> {
    let place = Place::new()?;
    let _mount = Mount::new(&place.path(".mltrace"), 128 << 10)?;
    let count = form.count(1_500, 6_000).to_string();
    let mut process = Process::start(&mut place.part(&["emit", &count, &THREADS.to_string()])?)?;
    process.until("ready")?;
    let filler = place.path(".mltrace/filler");
    for _ in 0..form.count(4, 40) {
        pause(Duration::from_millis(60));
        // The disk may be so full that not even this can be written.
        let _ = fill(&filler);
        let _ = fs::remove_file(place.path(".mltrace/journal/reserve"));
        let _ = fill(&filler);
        pause(Duration::from_millis(60));
        fs::remove_file(&filler)?;
    }
    let (_, said) = process.end()?;
    let count = tally(&place.home(), &said, form)?;
    count.check("a disk that is full at times", outcome);
    Ok(count)
}

fn tally(home: &Home, said: &[String], form: &Form) -> Result<Count> {
    let last = said.last().ok_or("the child said nothing")?;
    let words: Vec<&str> = last.split(' ').collect();
    let [_, emitted, _, still_lost] = words[..] else { return Err(format!("the child said `{last}`").into()) };
    if let Some(error) = ingest::open_folded(home, &|_| {})?.behind {
        return Err(error.into());
    }
    let connection = rusqlite::Connection::open(home.store.file().expect("it is a file"))?;
    if form.breaks("lost-row") {
        connection.execute_batch("DELETE FROM run WHERE id = (SELECT max(id) FROM run)")?;
    }
    let number = |sql: &str| -> Result<u64> {
        let found: Option<i64> = connection.query_row(sql, [], |row| row.get(0))?;
        Ok(u64::try_from(found.unwrap_or(0))?)
    };
    let starts = number("SELECT count(*) FROM run WHERE component_id IS NOT NULL")?;
    let ends = number("SELECT count(*) FROM run WHERE status = 1")?;
    let lost = number("SELECT sum(count) FROM tally WHERE name = 'lost'")?;
    Ok(Count {
        emitted: emitted.parse()?,
        stored: starts + ends,
        journalled: journalled(home)?,
        lost: lost + still_lost.parse::<u64>()?,
    })
}

/// Returns how many starts and ends lie in journals.
fn journalled(home: &Home) -> Result<u64> {
    let mut count = 0;
    for part in journal::list(&home.journal())?.into_iter().flat_map(|journal| journal.parts) {
        let mut offset = 0;
        loop {
            let piece = journal::read(&part.path, offset)?;
            let is_either = |record: &&Record| matches!(record, Record::Start(_) | Record::End(_));
            count += u64::try_from(piece.records.iter().filter(is_either).count())?;
            offset = piece.next;
            if piece.is_end {
                break;
            }
        }
    }
    Ok(count)
}

fn runs_away(form: &Form) -> usize {
    form.count(10_000, 100_000)
}

/// Returns by how many KiB processes grow while the store is away, and while somebody keeps it locked.
fn growth(form: &Form, outcome: &mut Outcome) -> Result<(u64, u64)> {
    let leak = if form.breaks("leak") { "4096" } else { "0" };
    let count = runs_away(form).to_string();
    let grown = |place: &Place, db: Option<&str>| -> Result<u64> {
        let mut command = place.part(&["away", &count, leak])?;
        if let Some(db) = db {
            command.env("MLTRACE_DB", db);
        }
        let (_, said) = Process::start(&mut command)?.end()?;
        Ok(said.last().ok_or("the child said nothing")?.parse()?)
    };
    let nowhere = grown(&Place::new()?, Some("/proc/nowhere/mltrace.db"))?;
    let place = Place::new()?;
    let lock = fs::File::options().create(true).append(true).open(place.path(".mltrace/write.lock"))?;
    lock.lock()?;
    let locked = grown(&place, None)?;
    drop(lock);
    for (what, kib) in [("away", nowhere), ("locked", locked)] {
        outcome.hold(kib < MOST_GROWTH_KIB, || format!("with the store {what}, memory grew by {kib} KiB"));
    }
    place.fold()?;
    let stored = place.number("SELECT count(*) FROM runs WHERE status = 'completed'")?;
    let made = i64::try_from(runs_away(form) + 1_000)?;
    outcome.hold(stored == made, || format!("{stored} of {made} runs stored once the store was free"));
    Ok((nowhere, locked))
}
