//! A disk that stays full until after the process is gone: what is lost is counted, to the record.

use std::fs;
use std::time::Duration;

use mltrace_core::upkeep;

use crate::full::SmallDisk;
use crate::lot::Lot;
use crate::place::{Process, is_root, pause};
use crate::promise::{Form, Outcome, Result};

/// Records while nothing can be written, and counts when there is room again.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    if !is_root() {
        outcome.skipped.push("only the superuser can mount a disk that is small enough to fill".to_owned());
        "skipped".clone_into(&mut outcome.figure);
        return Ok(outcome);
    }
    let one = one_process(form, &mut outcome)?;
    let many = many_processes(form, &mut outcome)?;
    let crowd = at_once(form, &mut outcome)?;
    let (kills, killed) = killed(form, &mut outcome)?;
    outcome.figure = format!(
        "one process of {} runs: {one}; a process for each of {} runs: {many}; {CROWD} processes at once: {crowd}; {kills} \
         kills: {} emitted by runs that had returned, {} stored or counted, with those of a run under way",
        form.count(1_000, 2_000),
        form.count(40, 2_000),
        killed.emitted,
        killed.stored + killed.lost
    );
    Ok(outcome)
}

const CROWD: usize = 16;

/// Where the records are.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    emitted: usize,
    stored: usize,
    lost: usize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} emitted = {} stored + {} counted lost", self.emitted, self.stored, self.lost)
    }
}

impl Count {
    fn check(&self, what: &str, outcome: &mut Outcome) {
        outcome.hold(self.emitted == self.stored + self.lost, || format!("{what}: {self:?}"));
        outcome.hold(self.lost > 0, || format!("{what}: the disk was not full: {self:?}"));
    }
}

/// A disk that is full, without the reserve when `is_bare`.
fn full_disk(form: &Form, is_bare: bool) -> Result<SmallDisk> {
    let disk = SmallDisk::new(form)?;
    let journal = disk.place.home().journal();
    if form.breaks("no-count") {
        fs::remove_file(journal.join("lost"))?;
    }
    disk.fill()?;
    if is_bare {
        let _ = fs::remove_file(journal.join("reserve"));
        disk.fill()?;
    }
    Ok(disk)
}

/// Makes room, folds, and counts.
fn count(disk: &SmallDisk, emitted: usize, form: &Form, outcome: &mut Outcome) -> Result<Count> {
    // While the disk is full a person is warned all the same.
    let told = upkeep::doctor(&disk.place.home(), false).wrong.join("\n");
    outcome.hold(told.contains("records could not be written"), || format!("`doctor` does not tell: {told}"));
    disk.free()?;
    disk.place.fold()?;
    if form.breaks("counted-twice") {
        disk.place.tamper("DELETE FROM journal WHERE name LIKE 'lost.%'")?;
    }
    disk.place.fold()?;
    let number = |sql: &str| -> Result<usize> { Ok(usize::try_from(disk.place.number(sql)?)?) };
    // The run before them is none of them.
    let starts = number("SELECT count(*) - 1 FROM run WHERE component_id IS NOT NULL")?;
    let ends = number("SELECT count(*) - 1 FROM run WHERE status = 1")?;
    let lost = number("SELECT coalesce(sum(count), 0) FROM tally WHERE name = 'lost'")?;
    Ok(Count { emitted, stored: starts + ends, lost })
}

/// Waits for the end of a process that counts what it emits, and returns how much that was.
fn emitted(process: &mut Process) -> Result<usize> {
    let (code, said) = process.end()?;
    let last = said.last().ok_or("the child said nothing")?;
    match last.split(' ').collect::<Vec<_>>()[..] {
        ["emitted", emitted, "lost", _] if code == 0 => Ok(emitted.parse()?),
        _ => Err(format!("the child said `{last}` and ended with {code}").into()),
    }
}

fn one_process(form: &Form, outcome: &mut Outcome) -> Result<Count> {
    let disk = full_disk(form, false)?;
    let each = (form.count(1_000, 2_000) / 4).to_string();
    let emitted = emitted(&mut Process::start(&mut disk.place.part(&["emit", &each, "4"])?)?)?;
    let count = count(&disk, emitted, form, outcome)?;
    count.check("one process", outcome);
    Ok(count)
}

fn many_processes(form: &Form, outcome: &mut Outcome) -> Result<Count> {
    let disk = full_disk(form, true)?;
    let mut total = 0;
    for _ in 0..form.count(40, 2_000) {
        total += emitted(&mut Process::start(&mut disk.place.part(&["emit", "1", "1"])?)?)?;
    }
    let left = disk.place.journal_files().len();
    outcome.hold(left == 0, || format!("a process each: {left} files left on the full disk"));
    let count = count(&disk, total, form, outcome)?;
    count.check("a process each", outcome);
    Ok(count)
}

fn at_once(form: &Form, outcome: &mut Outcome) -> Result<Count> {
    let disk = full_disk(form, true)?;
    let each = form.count(20, 200).to_string();
    let start = |_| Process::start(&mut disk.place.part(&["emit", &each, "2"])?);
    let processes: Vec<Process> = (0..CROWD).map(start).collect::<Result<_>>()?;
    let mut total = 0;
    for mut process in processes {
        total += emitted(&mut process)?;
    }
    let count = count(&disk, total, form, outcome)?;
    count.check("at once", outcome);
    Ok(count)
}

/// Kills processes at random moments; each has said how many runs had returned.
fn killed(form: &Form, outcome: &mut Outcome) -> Result<(usize, Count)> {
    let kills = form.count(10, 200);
    let disk = full_disk(form, true)?;
    let mut lot = Lot::new(form.seed, 0);
    let mut returned = 0;
    for _ in 0..kills {
        let mut process = Process::start(&mut disk.place.part(&["emit-aloud", "1000000"])?)?;
        process.until("returned")?;
        pause(Duration::from_micros(u64::try_from(lot.below(20_000))?));
        returned += 1 + process.kill()?.len();
    }
    let count = count(&disk, 0, form, outcome)?;
    // A run is a start and an end, and one may be under way.
    let (least, most) = (2 * returned, 2 * (returned + kills));
    let found = count.stored + count.lost;
    outcome.hold((least..=most).contains(&found), || format!("killed: {found} of {least} to {most}: {count:?}"));
    Ok((kills, Count { emitted: least, ..count }))
}
