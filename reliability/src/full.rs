//! A disk that is full when a run begins: the pipeline does not notice, and the run's end is kept.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use crate::fault::{Mount, fill};
use crate::place::{Place, Process, is_root};
use crate::promise::{Form, Outcome, Result};

const DISK_KIB: usize = 1152;
/// Of a thousand ends so many are kept.
const KEPT_PER_MILLE: usize = 995;

/// Runs pipelines of one run each, and one pipeline of many runs.
pub(crate) fn try_it(form: &Form) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    if !is_root() {
        outcome.skipped.push("only the superuser can mount a disk that is small enough to fill".to_owned());
        "skipped".clone_into(&mut outcome.figure);
        return Ok(outcome);
    }
    let runs = form.count(20, 200);
    let short = many_processes(runs, form)?;
    short.check("a process each", &mut outcome);
    let long = one_process(runs, form)?;
    long.check("one process", &mut outcome);
    outcome.figure = format!("a process for each run: {short}; one process, where every other run finds room: {long}");
    Ok(outcome)
}

/// What came of the runs.
#[derive(Debug, Default)]
struct Count {
    runs: usize,
    failures: usize,
    ends: usize,
    records: usize,
    lost: usize,
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { runs, failures, ends, lost, .. } = self;
        write!(f, "{runs} runs, {failures} failures, {ends} ends kept, {lost} records counted lost")
    }
}

impl Count {
    fn check(&self, what: &str, outcome: &mut Outcome) {
        outcome.hold(self.failures == 0, || format!("{what}: {} pipelines failed", self.failures));
        let is_kept = self.ends * 1_000 >= self.runs * KEPT_PER_MILLE;
        outcome.hold(is_kept, || format!("{what}: {} of {} ends kept", self.ends, self.runs));
        let is_accounted = self.records + self.lost == 2 * self.runs;
        outcome.hold(is_accounted, || format!("{what}: {} records of {} runs, {self}", self.records, self.runs));
    }

    fn look(&mut self, place: &Place) -> Result<()> {
        place.fold()?;
        let number = |sql: &str| -> Result<usize> { Ok(usize::try_from(place.number(sql)?)?) };
        // The run before them is none of them.
        self.ends = number("SELECT count(*) - 1 FROM run WHERE status = 1")?;
        self.records = self.ends + number("SELECT count(*) - 1 FROM run WHERE component_id IS NOT NULL")?;
        self.lost = number("SELECT coalesce(sum(count), 0) FROM tally WHERE name = 'lost'")?;
        Ok(())
    }
}

/// A place on a small disk that can be filled.
pub(crate) struct SmallDisk {
    // Let go of before the place, which cannot be removed with a disk in it.
    _mount: Mount,
    pub(crate) place: Place,
    is_reserve_taken: bool,
}

impl SmallDisk {
    /// Makes one on which a run was recorded.
    pub(crate) fn new(form: &Form) -> Result<Self> {
        let place = Place::new()?;
        let mount = Mount::new(&place.path(".mltrace"), DISK_KIB)?;
        // Somebody has recorded here before.
        Process::start(&mut place.part(&["shape", "registered", "ok"])?)?.end()?;
        place.fold()?;
        Ok(Self { _mount: mount, place, is_reserve_taken: form.breaks("no-reserve") })
    }

    /// Fills it to the last byte.
    pub(crate) fn fill(&self) -> Result<()> {
        if self.is_reserve_taken {
            let _ = fs::remove_file(self.place.home().journal().join("reserve"));
        }
        // The disk may be so full that not even this can be begun.
        let _ = fill(&self.filler());
        Ok(())
    }

    /// Makes room on it.
    pub(crate) fn free(&self) -> Result<()> {
        match fs::remove_file(self.filler()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn filler(&self) -> std::path::PathBuf {
        self.place.path(".mltrace/filler")
    }
}

fn many_processes(runs: usize, form: &Form) -> Result<Count> {
    let disk = SmallDisk::new(form)?;
    let mut count = Count { runs, ..Count::default() };
    for number in 0..runs {
        disk.fill()?;
        let (code, said) = Process::start(&mut disk.place.part(&["calls", &number.to_string()])?)?.end()?;
        count.failures += usize::from(code != 0 || said != [number.to_string()]);
        disk.free()?;
        // The next command finds room again.
        disk.place.fold()?;
    }
    count.look(&disk.place)?;
    Ok(count)
}

fn one_process(runs: usize, form: &Form) -> Result<Count> {
    let disk = SmallDisk::new(form)?;
    // Each run on a full disk comes after one that found room.
    let mut count = Count { runs: 2 * runs, ..Count::default() };
    let mut process = Process::start(disk.place.part(&["steps"])?.stdin(Stdio::piped()))?;
    process.until("ready")?;
    let mut step = |number: usize| -> Result<usize> {
        writeln!(process.input()?, "{number}")?;
        Ok(usize::from(process.line()? != Some(number.to_string())))
    };
    for number in 0..runs {
        count.failures += step(2 * number)?;
        disk.fill()?;
        count.failures += step(2 * number + 1)?;
        disk.free()?;
    }
    let (code, _) = process.end()?;
    count.failures += usize::from(code != 0);
    count.look(&disk.place)?;
    Ok(count)
}
