//! One record at a time into the open transaction, in any order and any number of times.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::ends::measure;
use super::ends::{ended, ends_of};
use super::number::{Meant, Touch, meant};
use super::stored::{Named, Stored, stored};
use super::touched::{Began, Touched};
use super::work::Work;
use crate::model::{
    AliasFact, Bound, Chosen, ComponentFact, Declaration, End, FingerprintFact, FolderFact, Header, LabelFact, Mark,
    NoteFact, ParamFact, ReadFact, Record, RunId, Status, Timestamp, Version, WriteFact,
};
use crate::store::{
    ArtifactKey, ComponentField, ComponentKey, Name, ProcessKey, ProjectKey, ReadRow, Removed, Result, RowsOf, RunKey,
    RunRow, Said, VersionKey, WriteKey, WriteRow, Writer,
};

/// Stores the rows of these runs.
fn put_runs(writer: &mut dyn Writer, runs: &BTreeSet<RunKey>, rows: &HashMap<RunKey, RunRow>) -> Result<()> {
    let rows: Vec<(RunKey, &RunRow)> = runs.iter().filter_map(|run| Some((*run, rows.get(run)?))).collect();
    if rows.is_empty() { Ok(()) } else { writer.put_runs(&rows) }
}

/// Takes the records of one journal, or of one import, into a transaction.
///
/// Facts are stored as they come; what follows from them (which writes count, what reads are bound to) is worked out
/// by [`Applier::finish`] for every run that was touched.
pub(super) struct Applier<'w, 'r> {
    pub(super) writer: &'w mut dyn Writer,
    pub(super) header: Header,
    pub(super) project: ProjectKey,
    pub(super) process: Option<ProcessKey>,
    pub(super) runs: HashMap<RunId, (RunKey, RunRow)>,
    /// The first end of each run: where its start is here too, the run's row is written once, as it stands then.
    pub(super) ends: HashMap<RunId, &'r End>,
    /// Whether the work tree of an import held the code of this key.
    pub(super) checks: HashMap<&'r str, bool>,
    /// What runs that began in this transaction work on.
    pub(super) works: HashMap<RunKey, Work<'r>>,
    /// Runs whose row is to be written again.
    pub(super) changed: BTreeSet<RunId>,
    pub(super) touched: Touched,
    /// What nobody said of the line of an import that is taken.
    pub(super) chosen: Option<&'r Chosen>,
    /// What runs are known to have read and written before that line.
    pub(super) known: HashMap<RunKey, Vec<Touch<ArtifactKey, VersionKey>>>,
    /// The numbers that the line's reads and writes turned out to have.
    pub(super) used: HashMap<RunKey, BTreeSet<u32>>,
    /// The keys of what the records name.
    pub(super) named: Named<'r>,
    /// What is stored of the runs that were known before.
    pub(super) stored: Stored,
    /// What is said, and nothing follows from.
    pub(super) said: Vec<Said<'r>>,
    /// The runs that are taken back, each with when it began.
    pub(super) forgotten: Vec<(RunId, Option<Timestamp>)>,
    /// What lies in folders.
    folders: Vec<&'r FolderFact>,
    last_seen: Option<Timestamp>,
}

impl<'w, 'r> Applier<'w, 'r> {
    /// Returns an applier for `records` of the process of `header`.
    pub(super) fn new(writer: &'w mut dyn Writer, header: &Header, records: &'r [Record]) -> Result<Self> {
        let project = writer.project(&header.project, header.identity.as_deref())?;
        let process = match header.process {
            Some(process) => Some(ProcessKey(writer.key(Name::Process(&process.to_string(), header))?)),
            None => None,
        };
        let mut applier = Self {
            writer,
            header: header.clone(),
            project,
            process,
            runs: HashMap::default(),
            ends: ends_of(records),
            checks: HashMap::default(),
            works: HashMap::default(),
            changed: BTreeSet::new(),
            touched: Touched::default(),
            chosen: None,
            known: HashMap::default(),
            used: HashMap::default(),
            named: Named::default(),
            stored: Stored::default(),
            said: Vec::new(),
            forgotten: Vec::new(),
            folders: Vec::new(),
            last_seen: header.at,
        };
        applier.enter(records)?;
        Ok(applier)
    }

    /// Returns an applier for the records of a line of an import, which may be a part of what is known of a run.
    pub(super) fn of_line(mut self, chosen: &'r Chosen) -> Self {
        self.chosen = Some(chosen);
        self
    }

    /// Stores one record.
    pub(super) fn apply(&mut self, record: &'r Record) -> Result<()> {
        match record {
            // A line of an import is from elsewhere and lands on its own, and so does an event: see `fold`.
            Record::Process(_) | Record::Rotated | Record::Line(_) | Record::Event(_) => Ok(()),
            Record::Code(code) => self.keep(Said::Code(code)),
            Record::CodeCheck(check) => {
                // That of an import is of the run whose start follows.
                let Some(process) = self.process.filter(|_| self.header.process.is_some()) else {
                    self.checks.insert(&check.code, check.is_in_work_tree);
                    return Ok(());
                };
                let code = self.code_key(&check.code)?;
                self.keep(Said::CodeCheck(process, code, check.is_in_work_tree))
            }
            Record::Git(git) => self.keep(Said::Git(git)),
            Record::Start(start) => self.start(start),
            Record::Read { run, read } => self.edge(*run, |this, key| this.late_read(key, read, None)),
            Record::Write { run, write } => self.edge(*run, |this, key| this.write(key, write)),
            Record::Due(due) => self.edge(due.run, |this, key| this.keep(Said::Due(key, due))),
            Record::Fingerprint(fact) => self.fingerprint(fact),
            // It says which of the writes nearby those that read them saw.
            Record::Folder(fact) => {
                self.folders.push(fact);
                Ok(())
            }
            Record::Profile(fact) => self.keep(Said::Profile(fact)),
            Record::Param(fact) => self.param(fact),
            Record::Note(fact) => self.note(fact),
            Record::Metric(fact) => self.edge(fact.run, |this, key| this.keep(Said::Metric(key, &fact.metric))),
            Record::Observation(fact) => {
                self.edge(fact.run, |this, key| this.keep(Said::Observation(key, &fact.observation)))
            }
            Record::Check(fact) => self.edge(fact.run, |this, key| this.keep(Said::Check(key, &fact.check))),
            Record::Subject(fact) => self.edge(fact.run, |this, key| this.keep(Said::Subject(key, &fact.subject))),
            Record::End(end) => self.end(end),
            Record::Forget(fact) => self.forget(fact),
            Record::Component(fact) => self.component(fact),
            Record::Label(fact) => self.label(fact),
            Record::Alias(fact) => self.alias(fact),
            Record::Task(fact) => self.keep(Said::Task(self.project, fact)),
            Record::Retract(fact) => self.keep(Said::Retracted(self.project, fact)),
            Record::Lost(count) => self.keep(Said::Tally("lost", *count)),
        }
    }

    /// Keeps what is said, once the runs are stored.
    pub(super) fn keep(&mut self, said: Said<'r>) -> Result<()> {
        self.said.push(said);
        Ok(())
    }

    /// Works out what follows from everything that was applied, and returns how many runs were touched.
    pub(super) fn finish(mut self) -> Result<usize> {
        // No process stands behind what is imported.
        let last_seen = self.last_seen.filter(|_| self.header.process.is_some());
        if let (Some(process), Some(at)) = (self.process, last_seen) {
            self.said.push(Said::Seen(process, at));
        }
        let works = std::mem::take(&mut self.touched.works);
        let mut rows: HashMap<RunKey, RunRow> = HashMap::default();
        let mut changed: BTreeSet<RunKey> =
            self.changed.iter().filter_map(|id| self.runs.get(id)).map(|(key, _)| *key).collect();
        changed.extend(&self.touched.fresh);
        rows.extend(self.runs.into_values());
        for key in &works {
            if let (Some(row), Some(work)) = (rows.get_mut(key), self.works.get(key))
                && row.signature != work.signature()
            {
                row.signature = work.signature();
                changed.insert(*key);
            }
        }
        // What follows depends on when runs began, and where.
        put_runs(self.writer, &changed, &rows)?;
        if !self.said.is_empty() {
            self.writer.say(&self.said)?;
        }
        super::forgotten::forget_runs(self.writer, &self.forgotten)?;
        if !self.folders.is_empty() {
            self.touched.again.extend(self.writer.keep_folders(&self.folders)?);
        }
        let unnamed = std::mem::take(&mut self.touched.unnamed);
        super::settle::settle(self.writer, self.touched, &rows, &mut self.stored)?;
        if !unnamed.is_empty() {
            let again = self.writer.remove(Removed::Unnamed(&unnamed.into_iter().collect::<Vec<_>>()))?;
            super::bind::bind_again(self.writer, &again.into_iter().collect())?;
        }
        let unknown = works.into_iter().filter(|run| rows.contains_key(run) && !self.works.contains_key(run));
        let unknown: Vec<RunKey> = unknown.collect();
        if !unknown.is_empty() {
            let mut changed = BTreeSet::new();
            for (run, work) in unknown.iter().zip(self.writer.stored_works(&unknown)?) {
                let signature = Work::stored(work).signature();
                if let Some(row) = rows.get_mut(run).filter(|row| row.signature != signature) {
                    row.signature = signature;
                    changed.insert(*run);
                }
            }
            put_runs(self.writer, &changed, &rows)?;
        }
        Ok(rows.len())
    }

    /// Marks the runs of a process that is gone, and returns how many were still running.
    pub(super) fn bury(writer: &mut dyn Writer, header: &Header) -> Result<u64> {
        let Some(process) = header.process else { return Ok(0) };
        writer.keep(Said::Gone(process))?;
        let died = writer.run_rows(RowsOf::Unended(process))?;
        if died.is_empty() {
            return Ok(0);
        }
        // An end may be among the records that this version does not understand.
        let status = if writer.has_unread(process)? { Status::Unknown } else { Status::Died };
        let rows: HashMap<RunKey, RunRow> =
            died.into_iter().map(|(run, row)| (run, RunRow { status, ..row })).collect();
        let runs: BTreeSet<RunKey> = rows.keys().copied().collect();
        put_runs(writer, &runs, &rows)?;
        let mut stored = stored(writer, &runs.iter().copied().collect::<Vec<_>>())?;
        let touched = Touched { statuses: runs, ..Touched::default() };
        super::settle::settle(writer, touched, &rows, &mut stored)?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn saw(&mut self, at: Timestamp) {
        self.last_seen = self.last_seen.max(Some(at));
    }

    /// Returns the key of a run, made empty when it is new; `None` when retention removed it.
    pub(super) fn run(&mut self, id: RunId) -> Result<Option<RunKey>> {
        if let Some((key, _)) = self.runs.get(&id) {
            return Ok(Some(*key));
        }
        let Some(key) = self.named.runs.get(&id).copied() else { return Ok(None) };
        self.runs.insert(id, (key, self.unborn(id)));
        self.touched.fresh.insert(key);
        Ok(Some(key))
    }

    pub(super) fn unborn(&self, id: RunId) -> RunRow {
        RunRow {
            id,
            project: self.project,
            component: None,
            status: Status::Running,
            started_at: None,
            ended_at: None,
            duration_us: None,
            process: self.process,
            parent: None,
            code: None,
            git: None,
            declaration: None,
            error: None,
            is_start_chosen: false,
            signature: None,
        }
    }

    fn edge(&mut self, run: RunId, then: impl FnOnce(&mut Self, RunKey) -> Result<()>) -> Result<()> {
        match self.run(run)? {
            Some(key) => then(self, key),
            None => Ok(()),
        }
    }

    /// Takes a read of a run whose row is there: it works on more than its row says.
    pub(super) fn late_read(&mut self, run: RunKey, read: &'r ReadFact, began: Option<Began>) -> Result<()> {
        self.touched.works.insert(run);
        let artifact = self.read(run, read, began)?;
        if let Some(work) = self.works.get_mut(&run) {
            work.inputs.insert(read.name.0.as_str().into(), artifact);
        }
        Ok(())
    }

    pub(super) fn read(&mut self, run: RunKey, read: &ReadFact, began: Option<Began>) -> Result<ArtifactKey> {
        let artifact = self.artifact(&read.name, read.kind)?;
        let seen = read.version.as_ref().map(|id| self.version(artifact, id, read.size)).transpose()?;
        let at = read.at.or(began.map(|began| began.at)).unwrap_or(Timestamp::MIN);
        if read.at.is_some() {
            self.saw(at);
        }
        let told = Touch { n: read.n, is_write: false, name: artifact, version: seen };
        let Some(n) = self.number(run, told)? else { return Ok(artifact) };
        let row = ReadRow {
            run,
            n,
            artifact,
            seen,
            at,
            is_untimed: read.at.is_none() && began.is_some_and(|began| began.is_chosen),
            bound: Bound::UnknownWriter,
            write: None,
            like: None,
            argument: read.argument.clone(),
            parts: Vec::new(),
        };
        self.touched.new_reads.entry((run, n)).or_insert(row);
        Ok(artifact)
    }

    fn write(&mut self, run: RunKey, write: &WriteFact) -> Result<()> {
        let artifact = self.artifact(&write.name, write.kind)?;
        let seen = write.version.as_ref().map(|id| self.version(artifact, id, write.size)).transpose()?;
        if let Some(at) = write.at {
            self.saw(at);
        }
        let told = Touch { n: write.n, is_write: true, name: artifact, version: seen };
        let Some(n) = self.number(run, told)? else { return Ok(()) };
        let row = WriteRow {
            key: WriteKey(0),
            run,
            n,
            artifact,
            seen,
            said_at: write.at,
            version: None,
            at: None,
            echo: None,
            argument: write.argument.clone(),
            mark: write.mark,
        };
        let known = self.touched.new_writes.entry((run, n)).or_insert_with(|| row.clone());
        if known.mark == Some(Mark::Maybe) && known.artifact == row.artifact {
            *known = row;
        }
        Ok(())
    }

    /// Returns the number of a read or write that a line says; `None` where it says otherwise than what is known.
    fn number(&mut self, run: RunKey, told: Touch<ArtifactKey, VersionKey>) -> Result<Option<u32>> {
        let Some(chosen) = self.chosen else { return Ok(Some(told.n)) };
        if !self.known.contains_key(&run) {
            let known = self.touches(run);
            self.known.insert(run, known);
        }
        let used = self.used.entry(run).or_default();
        let known = self.known.get(&run).map(Vec::as_slice).unwrap_or_default();
        Ok(match meant(known, used, &told, chosen.numbers.contains(&told.n)) {
            Meant::Known(n) | Meant::New(n) => {
                used.insert(n);
                Some(n)
            }
            Meant::Contradiction => None,
        })
    }

    /// Returns what a run is known to have read and written.
    fn touches(&self, run: RunKey) -> Vec<Touch<ArtifactKey, VersionKey>> {
        let read = |read: &ReadRow| Touch { n: read.n, is_write: false, name: read.artifact, version: read.seen };
        let write = |write: &WriteRow| Touch { n: write.n, is_write: true, name: write.artifact, version: write.seen };
        let Some(stored) = self.stored.get(&run) else { return Vec::new() };
        stored.reads.iter().map(read).chain(stored.writes.iter().map(write)).collect()
    }

    fn fingerprint(&mut self, fact: &FingerprintFact) -> Result<()> {
        self.edge(fact.run, |this, key| {
            this.keep(Said::Done(key, fact.n))?;
            let place = (key, fact.n);
            let new_read = this.touched.new_reads.get(&place).map(|read| read.artifact);
            let new_write = this.touched.new_writes.get(&place).map(|write| write.artifact);
            if let Some(artifact) = new_read.or(new_write) {
                let seen = Some(this.version(artifact, &fact.version, fact.size)?);
                this.touched.new_reads.entry(place).and_modify(|read| read.seen = seen);
                this.touched.new_writes.entry(place).and_modify(|write| write.seen = seen);
                return Ok(());
            }
            this.learn(place, fact)
        })
    }

    /// Keeps the content of a read or write that is stored.
    fn learn(&mut self, (run, n): (RunKey, u32), fact: &FingerprintFact) -> Result<()> {
        let Some(stored) = self.stored.get(&run) else { return Ok(()) };
        let of_write = || stored.write(n).map(|write| write.artifact);
        let Some(artifact) = stored.read(n).map(|read| read.artifact).or_else(of_write) else { return Ok(()) };
        let seen = Some(self.version(artifact, &fact.version, fact.size)?);
        let Some(stored) = self.stored.get_mut(&run) else { return Ok(()) };
        if let Some(read) = stored.read_mut(n) {
            read.seen = seen;
            self.touched.reads.insert((run, n));
        } else if let Some(write) = stored.write_mut(n) {
            write.seen = seen;
            self.touched.writes.insert((run, n));
        }
        Ok(())
    }

    fn param(&mut self, fact: &'r ParamFact) -> Result<()> {
        self.saw(fact.at);
        self.edge(fact.run, |this, key| this.set_param(key, &fact.name, &fact.value.to_string(), fact.at))
    }

    /// Takes a parameter of a run whose row is there.
    pub(super) fn set_param(&mut self, run: RunKey, name: &'r str, value: &str, at: Timestamp) -> Result<()> {
        self.touched.works.insert(run);
        if let Some(work) = self.works.get_mut(&run) {
            let known = work.params.entry(name.into()).or_insert_with(|| (at, value.to_owned()));
            if known.0 <= at {
                *known = (at, value.to_owned());
            }
        }
        self.keep(Said::Param(run, name, value.to_owned(), at))
    }

    fn note(&mut self, fact: &'r NoteFact) -> Result<()> {
        self.edge(fact.run, |this, key| this.keep(Said::Note(key, fact)))
    }

    fn end(&mut self, end: &End) -> Result<()> {
        self.saw(end.at);
        let Some(key) = self.run(end.run)? else { return Ok(()) };
        let Some((_, row)) = self.runs.get_mut(&end.run) else { return Ok(()) };
        // Of two ends the one counts that measured the run, for it is reported by the process that began it, and of two by
        // forked children the earlier; an end that arrives after the run was taken for dead wins.
        let is_over = row.has_ended();
        let rank = |duration: Option<i64>, at, status: Status| (duration.is_none(), at, status as u8);
        let known = rank(row.duration_us, row.ended_at, row.status);
        if is_over && known <= rank(end.duration_us, Some(end.at), end.status) {
            let is_same = (row.status, row.ended_at) == (end.status, Some(end.at));
            if is_same && row.error.is_none() && end.error.is_some() {
                row.error.clone_from(&end.error);
                self.changed.insert(end.run);
            }
            let outputs = end.outputs.iter().filter(|_| is_same || end.duration_us.is_none());
            return outputs.into_iter().try_for_each(|write| self.write(key, write));
        }
        *row = ended(row, end);
        if self.chosen.is_some() && end.status != Status::Died {
            measure(row);
        }
        self.changed.insert(end.run);
        self.touched.statuses.insert(key);
        for write in &end.outputs {
            self.write(key, write)?;
        }
        Ok(())
    }

    fn component(&mut self, fact: &'r ComponentFact) -> Result<()> {
        let component = self.component_key(&fact.component)?;
        self.amend(component, &fact.declared, fact.at)?;
        for tag in &fact.untag {
            let field = ComponentField::Tag { tag: tag.clone(), is_present: false };
            self.keep(Said::Field(component, field, fact.at))?;
        }
        Ok(())
    }

    pub(super) fn amend(&mut self, component: ComponentKey, declared: &Declaration, at: Timestamp) -> Result<()> {
        let tags = declared.tags.iter().map(|tag| ComponentField::Tag { tag: tag.clone(), is_present: true });
        let fields = [
            declared.owner.clone().map(ComponentField::Owner),
            declared.description.clone().map(ComponentField::Description),
            declared.stale_after_s.map(ComponentField::StaleAfter),
        ];
        for field in fields.into_iter().flatten().chain(tags) {
            self.keep(Said::Field(component, field, at))?;
        }
        Ok(())
    }

    fn label(&mut self, fact: &'r LabelFact) -> Result<()> {
        let artifact = self.artifact(&fact.name, None)?;
        let version = self.version(artifact, &fact.version, None)?;
        self.keep(Said::Label(version, fact))
    }

    fn alias(&mut self, fact: &'r AliasFact) -> Result<()> {
        let version = match &fact.artifact {
            Some(Version { name, version }) => {
                let artifact = self.artifact(name, None)?;
                Some(self.version(artifact, version, None)?)
            }
            None => None,
        };
        self.keep(Said::Alias(self.project, version, fact))
    }
}
