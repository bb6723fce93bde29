//! Random histories of journals and folds, and the model that says what must be stored after each fold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use mltrace_core::ingest::FoldReport;
use mltrace_core::journal;
use mltrace_core::model::{End, Header, ProcessId, Record, RunId, Start, Status, Timestamp};

use crate::lot::Lot;
use crate::place::Place;
use crate::promise::{Form, Result};

const PROJECT: &str = "model";
const MOST_PROCESSES: usize = 4;

/// What came of a history.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) steps: usize,
    pub(crate) folds: usize,
    /// Where the store and the model first differed.
    pub(crate) wrong: Option<String>,
}

/// A record in a journal.
#[derive(Clone, Debug)]
struct Frame {
    from: usize,
    to: usize,
    /// The run and whether it starts; `None` for the header.
    says: Option<(RunId, bool)>,
    is_damaged: bool,
}

/// A process that writes a journal, as the model knows it.
struct Writer {
    path: PathBuf,
    file: File,
    /// Held while it lives.
    lock: Option<File>,
    bytes: Vec<u8>,
    frames: Vec<Frame>,
    /// The second half of a record that is being written.
    unwritten: Vec<u8>,
    open: Vec<RunId>,
    ended_early: Vec<RunId>,
    is_folded: bool,
}

/// What must be known of a run: whether its start and its end were stored, and whether its process was seen dead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    has_start: bool,
    has_end: bool,
    is_buried: bool,
}

struct History {
    place: Place,
    lot: Lot,
    writers: Vec<Writer>,
    known: BTreeMap<RunId, Known>,
    is_damaged: bool,
    damaged: u64,
    second: i64,
    is_sabotaged: bool,
    folds: usize,
}

/// Plays one history.
pub(crate) fn tell(form: &Form, number: usize) -> Result<Told> {
    let mut lot = Lot::new(form.seed, number);
    let steps = 5 + lot.below(25);
    let mut history = History {
        place: Place::new()?,
        lot,
        writers: Vec::new(),
        known: BTreeMap::new(),
        is_damaged: false,
        damaged: 0,
        second: 0,
        is_sabotaged: form.breaks("unlink-before-commit"),
        folds: 0,
    };
    fs::create_dir(history.place.path(".mltrace/journal"))?;
    let mut told = Told::default();
    let mut done = Vec::new();
    while told.wrong.is_none() && told.steps < steps {
        done.push(history.step()?);
        told.steps += 1;
        told.wrong = history.difference()?;
    }
    if told.wrong.is_none() {
        told.wrong = history.finish()?;
    }
    told.wrong = told.wrong.map(|wrong| format!("{wrong}, after {}", done.join(", ")));
    told.folds = history.folds;
    Ok(told)
}

impl History {
    fn step(&mut self) -> Result<&'static str> {
        if self.writers.is_empty() {
            self.begin()?;
        }
        let one = self.lot.below(self.writers.len());
        let is_alive = self.writers[one].lock.is_some();
        let is_there = !self.writers[one].is_folded;
        Ok(match self.lot.below(16) {
            0 if self.writers.len() < MOST_PROCESSES => self.begin().map(|()| "begin")?,
            1..=4 if is_alive => self.start(one).map(|()| "start")?,
            5..=6 if is_alive => self.end(one).map(|()| "end")?,
            7 if is_alive => self.end_first(one).map(|()| "end before start")?,
            8 if is_alive => self.again(one).map(|()| "the same record again")?,
            9 if is_alive => self.kill(one)?,
            10 if !is_alive && is_there => self.cut(one).map(|()| "cut tail")?,
            11 if is_there => self.flip(one).map(|()| "flip byte")?,
            12 if is_there => self.stretch(one).map(|()| "stretch a length")?,
            13 => self.ingest(2, false).map(|()| "ingest twice")?,
            14 => self.ingest(2, true).map(|()| "two ingesters")?,
            _ => self.ingest(1, false).map(|()| "ingest")?,
        })
    }

    fn begin(&mut self) -> Result<()> {
        let process = ProcessId::new();
        let folder = self.place.home().journal();
        let lock = File::create(folder.join(format!("{process}.lock")))?;
        lock.lock()?;
        let path = folder.join(format!("{process}.log"));
        let file = File::options().create_new(true).append(true).open(&path)?;
        self.writers.push(Writer {
            path,
            file,
            lock: Some(lock),
            bytes: Vec::new(),
            frames: Vec::new(),
            unwritten: Vec::new(),
            open: Vec::new(),
            ended_early: Vec::new(),
            is_folded: false,
        });
        let header = Header { process: Some(process), project: PROJECT.to_owned(), ..Header::default() };
        let one = self.writers.len() - 1;
        self.append(one, &Record::Process(header), None)
    }

    fn start(&mut self, one: usize) -> Result<()> {
        let early = self.writers[one].ended_early.pop();
        let run = early.unwrap_or_default();
        if early.is_none() {
            self.writers[one].open.push(run);
        }
        let record = self.start_of(run);
        self.append(one, &record, Some((run, true)))
    }

    fn end(&mut self, one: usize) -> Result<()> {
        let Some(run) = self.writers[one].open.pop() else { return Ok(()) };
        let record = self.end_of(run);
        self.append(one, &record, Some((run, false)))
    }

    fn end_first(&mut self, one: usize) -> Result<()> {
        let run = RunId::new();
        self.writers[one].ended_early.push(run);
        let record = self.end_of(run);
        self.append(one, &record, Some((run, false)))
    }

    fn again(&mut self, one: usize) -> Result<()> {
        let pick = self.lot.below(self.writers[one].frames.len());
        let Some((run, is_start)) = self.writers[one].frames.get(pick).and_then(|frame| frame.says) else {
            return Ok(());
        };
        let record = if is_start { self.start_of(run) } else { self.end_of(run) };
        self.append(one, &record, Some((run, is_start)))
    }

    fn kill(&mut self, one: usize) -> Result<&'static str> {
        let writer = &mut self.writers[one];
        writer.lock = None;
        if writer.unwritten.is_empty() {
            return Ok("kill");
        }
        writer.unwritten.clear();
        self.is_damaged = true;
        if let Some(frame) = writer.frames.last_mut() {
            frame.is_damaged = true;
        }
        Ok("kill within a write")
    }

    fn cut(&mut self, one: usize) -> Result<()> {
        let writer = &mut self.writers[one];
        let length = writer.bytes.len() - self.lot.below(writer.bytes.len() / 3 + 1);
        writer.bytes.truncate(length);
        writer.file.set_len(u64::try_from(length)?)?;
        for frame in writer.frames.iter_mut().filter(|frame| frame.to > length) {
            frame.is_damaged = true;
            self.is_damaged = true;
        }
        Ok(())
    }

    fn flip(&mut self, one: usize) -> Result<()> {
        let mask = u8::try_from(1 + self.lot.below(255))?;
        let place = self.lot.below(self.writers[one].bytes.len());
        self.damage(one, place, |bytes| bytes[place] ^= mask)
    }

    /// Makes a record claim exactly the bytes of the next one too.
    fn stretch(&mut self, one: usize) -> Result<()> {
        let writer = &self.writers[one];
        let pick = self.lot.below(writer.frames.len());
        let (Some(frame), Some(next)) = (writer.frames.get(pick), writer.frames.get(pick + 1)) else { return Ok(()) };
        let (from, to) = (frame.from, next.to);
        if writer.bytes.len() < to {
            return Ok(());
        }
        let length = u32::try_from(to - from - 10)?.to_le_bytes();
        self.damage(one, from + 2, |bytes| bytes[from + 2..from + 6].copy_from_slice(&length))
    }

    fn damage(&mut self, one: usize, place: usize, change: impl FnOnce(&mut [u8])) -> Result<()> {
        let writer = &mut self.writers[one];
        let hit = writer.frames.iter_mut().find(|frame| frame.from <= place && place < frame.to);
        // Damage to the same record twice might repair it.
        let Some(frame) = hit.filter(|frame| !frame.is_damaged) else { return Ok(()) };
        frame.is_damaged = true;
        self.is_damaged = true;
        change(&mut writer.bytes);
        let mut file = File::options().write(true).open(&writer.path)?;
        Ok(file.write_all(&writer.bytes)?)
    }

    fn append(&mut self, one: usize, record: &Record, says: Option<(RunId, bool)>) -> Result<()> {
        let is_torn = self.lot.below(8) == 0;
        let writer = &mut self.writers[one];
        let rest = std::mem::take(&mut writer.unwritten);
        writer.bytes.extend_from_slice(&rest);
        writer.file.write_all(&rest)?;
        let mut bytes = Vec::new();
        journal::encode(record, &mut bytes);
        let from = writer.bytes.len();
        writer.frames.push(Frame { from, to: from + bytes.len(), says, is_damaged: false });
        if is_torn {
            writer.unwritten = bytes.split_off(bytes.len() / 2);
        }
        writer.bytes.extend_from_slice(&bytes);
        Ok(writer.file.write_all(&bytes)?)
    }

    fn ingest(&mut self, times: usize, at_once: bool) -> Result<()> {
        self.folds += times;
        if self.is_sabotaged {
            for writer in self.writers.iter().filter(|writer| writer.lock.is_none()) {
                let _ = fs::remove_file(&writer.path);
            }
        }
        let place = &self.place;
        let reports: Vec<Result<FoldReport>> = if at_once {
            std::thread::scope(|scope| {
                let all: Vec<_> = (0..times).map(|_| scope.spawn(|| place.fold())).collect();
                all.into_iter().map(|one| one.join().unwrap_or_else(|_| Err("a fold panicked".into()))).collect()
            })
        } else {
            (0..times).map(|_| place.fold()).collect()
        };
        for report in reports {
            self.damaged += report?.damaged;
        }
        self.expect_folded();
        Ok(())
    }

    /// Every whole record is stored now, and every run of a process that is gone and that has not ended has died.
    fn expect_folded(&mut self) {
        for writer in self.writers.iter_mut().filter(|writer| !writer.is_folded) {
            let written = writer.bytes.len();
            let mut runs = BTreeSet::new();
            for frame in writer.frames.iter().filter(|frame| frame.to <= written || frame.is_damaged) {
                let Some((run, is_start)) = frame.says else { continue };
                runs.insert(run);
                if !frame.is_damaged {
                    let known = self.known.entry(run).or_default();
                    known.has_start |= is_start;
                    known.has_end |= !is_start;
                }
            }
            writer.is_folded = writer.lock.is_none();
            for run in runs.iter().filter(|_| writer.is_folded) {
                if let Some(known) = self.known.get_mut(run) {
                    known.is_buried = true;
                }
            }
        }
    }

    fn difference(&self) -> Result<Option<String>> {
        if !self.place.store_file().exists() {
            return Ok((!self.known.is_empty()).then(|| "there is no store".to_owned()));
        }
        let sql = "SELECT uuid, component_id IS NOT NULL, status FROM run";
        let rows = self.place.rows(sql, |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?, row.get(2)?)))?;
        let stored: BTreeMap<RunId, (bool, u8)> =
            rows.into_iter().map(|(id, start, status)| (RunId(uuid::Uuid::from_bytes(id)), (start, status))).collect();
        let code = |known: &Known| match (known.has_end, known.is_buried) {
            (true, _) => 1,
            (false, true) => 4,
            (false, false) => 0,
        };
        let expected: BTreeMap<RunId, (bool, u8)> =
            self.known.iter().map(|(run, known)| (*run, (known.has_start, code(known)))).collect();
        let differs = |run: &&RunId| stored.get(run) != expected.get(run);
        let first = expected.keys().chain(stored.keys()).find(differs);
        Ok(first.map(|run| format!("{run} is {:?} instead of {:?}", stored.get(run), expected.get(run))))
    }

    fn finish(&mut self) -> Result<Option<String>> {
        for one in 0..self.writers.len() {
            self.kill(one)?;
        }
        for _ in 0..2 {
            self.ingest(1, false)?;
            if let Some(wrong) = self.difference()? {
                return Ok(Some(wrong));
            }
        }
        let left = self.place.journal_files();
        if !left.is_empty() {
            return Ok(Some(format!("{} files were not folded", left.len())));
        }
        if (self.damaged > 0) != self.is_damaged && !(self.is_damaged && self.damaged == 0) {
            return Ok(Some(format!("{} records counted as damaged", self.damaged)));
        }
        Ok(None)
    }

    fn start_of(&mut self, run: RunId) -> Record {
        Record::Start(Start {
            run,
            component: "step".to_owned(),
            at: self.now(),
            parent: None,
            code: None,
            git: None,
            declared: None,
            params: BTreeMap::new(),
            inputs: Vec::new(),
            host: None,
            user: None,
        })
    }

    fn end_of(&mut self, run: RunId) -> Record {
        let at = self.now();
        Record::End(End { run, at, status: Status::Completed, duration_us: None, error: None, outputs: Vec::new() })
    }

    fn now(&mut self) -> Timestamp {
        self.second += 1;
        Timestamp(self.second * 1_000_000)
    }
}
