//! Processes killed at moments drawn by lot: what had returned is stored, whole, and everything folds.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::crowd;
use crate::lot::Lot;
use crate::place::{Place, Process, pause};
use crate::promise::{Form, Outcome, Result};

/// How many calls a process would make if nobody killed it.
const CALLS: usize = 100_000;
/// How many processes are killed over one store before a new one is taken.
const A_STORE: usize = 20;

#[derive(Debug, Default)]
struct Count {
    kills: usize,
    acknowledged: usize,
    lost: usize,
    half_written: i64,
    corrupt: usize,
    unfolded: usize,
    left: usize,
    errors: Vec<String>,
}

/// Kills and looks.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut all = Count::default();
    let stores = form.count(20, 1_000).div_ceil(A_STORE);
    for count in crowd::each(stores, |store| one_store(form, store))? {
        all.add(&count);
    }
    let Count { kills, acknowledged, lost, half_written, corrupt, unfolded, left, errors } = all;
    outcome.figure = format!(
        "{kills} kills, {acknowledged} acknowledged: {lost} lost, {half_written} half-written, {corrupt} corrupt, \
         {unfolded} journals not folded, {left} files left behind"
    );
    outcome.hold(acknowledged > kills, || "hardly anything was acknowledged".to_owned());
    outcome.hold(lost == 0, || format!("{lost} acknowledged runs are not stored"));
    outcome.hold(half_written == 0, || format!("{half_written} runs are stored by half"));
    outcome.hold(corrupt == 0, || format!("{corrupt} stores are corrupt"));
    outcome.hold(unfolded == 0, || format!("{unfolded} journals did not fold: {errors:?}"));
    Ok(outcome)
}

fn one_store(form: &Form, store: usize) -> Result<Count> {
    let mut count = Count::default();
    let place = Place::new()?;
    for round in 0..A_STORE {
        let threads = 1 + round % 4;
        let acknowledged = kill(&place, round, threads, form, store * A_STORE + round)?;
        count.kills += 1;
        count.acknowledged += acknowledged.len();
        look(&place, round, threads, &acknowledged, &mut count)?;
    }
    count.corrupt += usize::from(place.integrity()? != "ok");
    Ok(count)
}

impl Count {
    fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.half_written += other.half_written;
        self.corrupt += other.corrupt;
        self.unfolded += other.unfolded;
        self.left += other.left;
        self.errors.extend_from_slice(&other.errors);
    }
}

/// Kills a process at some moment, and returns the numbers of the calls that had returned.
fn kill(place: &Place, round: usize, threads: usize, form: &Form, salt: usize) -> Result<BTreeSet<i64>> {
    let mut lot = Lot::new(form.seed, salt);
    let from = (round * CALLS).to_string();
    let when = if form.breaks("early-word") { "before" } else { "after" };
    let mut command = place.part(&["many", &from, &CALLS.to_string(), &threads.to_string(), when])?;
    let mut process = Process::start(&mut command)?;
    let mut said = Vec::new();
    // A tenth dies while it starts; the others have returned from some calls.
    if lot.below(10) > 0 {
        for _ in 0..lot.below(200) {
            said.extend(process.line()?);
        }
    }
    pause(Duration::from_micros(lot.below(8_000) as u64));
    said.extend(process.kill()?);
    Ok(said.iter().filter_map(|line| line.parse().ok()).collect())
}

fn look(place: &Place, round: usize, threads: usize, acknowledged: &BTreeSet<i64>, count: &mut Count) -> Result<()> {
    if let Err(error) = place.fold()
        && !place.journal_files().is_empty()
    {
        count.unfolded += 1;
        count.errors.push(format!("after kill {round}: {error}"));
        return Ok(());
    }
    let left = place.journal_files();
    count.unfolded += left.iter().filter(|path| path.extension().is_some_and(|name| name == "log")).count();
    count.left += left.len();
    if !place.store_file().exists() {
        count.lost += acknowledged.len();
        return Ok(());
    }
    let range = format!("BETWEEN {} AND {}", round * CALLS, (round + 1) * CALLS - 1);
    let number = "CAST(params ->> 'number' AS INTEGER)";
    let completed = format!("SELECT {number} FROM runs WHERE status = 'completed' AND {number} {range}");
    let completed: Vec<i64> = place.rows(&completed, |row| row.get(0))?;
    let distinct: BTreeSet<i64> = completed.iter().copied().collect();
    count.lost += acknowledged.difference(&distinct).count();
    // Stored twice, without its start or its output, or still running: not what was recorded.
    count.half_written += i64::try_from(completed.len() - distinct.len())?;
    count.half_written += place.number("SELECT count(*) FROM run WHERE component_id IS NULL OR status = 0")?;
    let without_output = "SELECT count(*) FROM runs r WHERE status = 'completed'
         AND NOT EXISTS (SELECT 1 FROM edges e WHERE e.run = r.id AND e.direction = 'write' AND e.version IS NOT NULL)";
    if round.is_multiple_of(5) {
        count.half_written += place.number(without_output)?;
    }
    let died = format!("SELECT count(*) FROM runs WHERE status = 'died' AND {number} {range}");
    let died = place.number(&died)?;
    count.half_written += (died - i64::try_from(threads)?).max(0);
    Ok(())
}
