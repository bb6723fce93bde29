//! A journal that others cut, replace or delete while it is written: what is left of it is stored, what is gone is reported.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use mltrace_core::store::{self, Mode};

use crate::place::{Place, Process, pause};
use crate::promise::{Form, Outcome, Result};

/// Something that is done to the journal of a process that lives.
struct Harm {
    name: &'static str,
    /// Whether the process goes on writing to the same file.
    is_in_place: bool,
    make: fn(&Path) -> Result<()>,
}

const HARMS: [Harm; 6] = [
    Harm { name: "emptied", is_in_place: true, make: |journal| cut(journal, 0, 1) },
    Harm { name: "cut in half", is_in_place: true, make: |journal| cut(journal, 1, 2) },
    Harm { name: "cut before its last byte", is_in_place: true, make: |journal| cut(journal, 999, 1_000) },
    Harm { name: "deleted", is_in_place: false, make: |journal| Ok(fs::remove_file(journal)?) },
    Harm { name: "renamed, with an empty file in its place", is_in_place: false, make: rename },
    Harm { name: "replaced by an older copy", is_in_place: false, make: replace },
];

/// When journals are folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Folds {
    AllTheTime,
    UntilTheHarm,
    AfterTheEnd,
}

/// How many runs come before the harm, right after it, and after the process has looked.
const RUNS: usize = 40;
/// Longer than a process goes without a look at its journal.
const LOOK: Duration = Duration::from_millis(15);

/// What came of the runs.
#[derive(Debug, Default)]
struct Count {
    cuts: usize,
    runs: usize,
    stored: usize,
    missing: usize,
    untold: usize,
}

/// Harms the journal of one process after the other.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let mut count = Count::default();
    for _ in 0..form.count(1, 12) {
        for harm in &HARMS {
            for folds in [Folds::AllTheTime, Folds::UntilTheHarm, Folds::AfterTheEnd] {
                one(harm, folds, form, &mut count, &mut outcome)?;
            }
        }
    }
    let Count { cuts, runs, stored, missing, untold } = count;
    outcome.figure = format!(
        "{cuts} journals cut, replaced or deleted in {} ways: {runs} runs, {stored} stored, {} gone with what was cut; \
         {missing} missing that were folded before or written after, {untold} cuts not told of",
        HARMS.len(),
        runs - stored
    );
    Ok(outcome)
}

fn one(harm: &Harm, folds: Folds, form: &Form, count: &mut Count, outcome: &mut Outcome) -> Result<()> {
    let place = Place::new()?;
    drop(store::open(&place.home(), Mode::Write)?);
    let hold = || -> Result<File> {
        let lock = File::options().create(true).append(true).open(place.path(".mltrace/write.lock"))?;
        lock.lock()?;
        Ok(lock)
    };
    let mut held = (folds == Folds::AfterTheEnd).then(hold).transpose()?;
    let mut process = Process::start(place.part(&["steps"])?.stdin(Stdio::piped()))?;
    process.until("ready")?;
    let mut steps = |from: usize| -> Result<BTreeSet<usize>> {
        for number in from..from + RUNS {
            writeln!(process.input()?, "{number}")?;
            process.until(&number.to_string())?;
        }
        Ok((from..from + RUNS).collect())
    };
    let before = steps(0)?;
    if folds != Folds::AfterTheEnd {
        place.fold()?;
    }
    if folds == Folds::UntilTheHarm {
        held = Some(hold()?);
    }
    let journal = place.journal_files().into_iter().find(|path| path.extension().is_some_and(|is| is == "log"));
    let journal = journal.ok_or("the process has no journal")?;
    (harm.make)(&journal)?;
    let at_once = steps(RUNS)?;
    pause(LOOK);
    let later = steps(2 * RUNS)?;
    let (code, _) = process.end()?;
    drop(held);
    if form.breaks("blind-fold") {
        // As if all that is in the file now had been folded before.
        let length = fs::metadata(&journal).map_or(0, |file| file.len());
        place.tamper(&format!(
            "DELETE FROM journal WHERE name LIKE '%.last'; UPDATE journal SET offset = {length} WHERE name LIKE '%.log'"
        ))?;
    }
    place.fold()?;
    if form.breaks("untold") {
        place.tamper("DELETE FROM tally")?;
    }
    let found = place.rows(
        "SELECT CAST(json_extract(params, '$.number') AS INTEGER) FROM runs WHERE status = 'completed'",
        |row| row.get::<_, i64>(0),
    )?;
    let stored = found.into_iter().map(usize::try_from).collect::<std::result::Result<BTreeSet<_>, _>>()?;
    let mut safe = later;
    safe.extend(before.into_iter().filter(|_| folds != Folds::AfterTheEnd));
    safe.extend(at_once.into_iter().filter(|_| harm.is_in_place));
    let missing = safe.difference(&stored).count();
    let told = place.number("SELECT coalesce(sum(count), 0) FROM tally WHERE name = 'cut'")?;
    let what = || format!("{}, folded {folds:?}", harm.name);
    outcome.hold(code == 0, || format!("{}: the pipeline ended with {code}", what()));
    outcome.hold(missing == 0, || format!("{}: {missing} of {} missing", what(), safe.len()));
    outcome.hold(told > 0, || format!("{}: nobody is told", what()));
    count.cuts += 1;
    count.runs += 3 * RUNS;
    count.stored += stored.len();
    count.missing += missing;
    count.untold += usize::from(told == 0);
    Ok(())
}

fn cut(journal: &Path, part: u64, of: u64) -> Result<()> {
    let file = File::options().write(true).open(journal)?;
    Ok(file.set_len(file.metadata()?.len() * part / of)?)
}

fn rename(journal: &Path) -> Result<()> {
    fs::rename(journal, journal.with_extension("log.1"))?;
    File::create_new(journal)?;
    Ok(())
}

fn replace(journal: &Path) -> Result<()> {
    let copy = journal.with_extension("copy");
    fs::copy(journal, &copy)?;
    cut(&copy, 1, 3)?;
    Ok(fs::rename(copy, journal)?)
}
