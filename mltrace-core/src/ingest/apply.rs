//! One record at a time into the open transaction, in any order and any number of times.

use std::collections::BTreeSet;

use foldhash::HashMap;

use super::bind::{COMMON, TELLING_BYTES};
use super::ends::{ended, ends_of};
use super::touched::Touched;
use super::work::Work;
use crate::model::{
    Bound, ComponentFact, Declaration, End, FingerprintFact, Header, LabelFact, Mark, NoteFact, ParamFact, ReadFact,
    Record, RunId, Start, Status, Timestamp, VersionId, WriteFact,
};
use crate::store::{
    ArtifactKey, ComponentField, ComponentKey, Edge, ProcessKey, ProjectKey, ReadRow, Result, RunKey, RunRow,
    VersionKey, WriteKey, WriteRow, Writer,
};

/// Takes the records of one journal, or of one import, into a transaction.
///
/// Facts are stored as they come; what follows from them (which writes count, what reads are bound to) is worked out
/// by [`Applier::finish`] for every run that was touched.
pub(super) struct Applier<'w, 'r> {
    pub(super) writer: &'w mut dyn Writer,
    header: Header,
    project: ProjectKey,
    process: Option<ProcessKey>,
    runs: HashMap<RunId, (RunKey, RunRow)>,
    /// The first end of each run: where its start is here too, the run's row is written once, as it stands then.
    ends: HashMap<RunId, &'r End>,
    /// Whether the work tree of an import held the code of this key.
    checks: HashMap<&'r str, bool>,
    /// What runs that began in this transaction work on.
    works: HashMap<RunKey, Work<'r>>,
    /// Runs whose row is to be written again.
    changed: BTreeSet<RunId>,
    touched: Touched,
    last_seen: Option<Timestamp>,
}

impl<'w, 'r> Applier<'w, 'r> {
    /// Returns an applier for `records` of the process of `header`.
    pub(super) fn new(writer: &'w mut dyn Writer, header: &Header, records: &'r [Record]) -> Result<Self> {
        let project = writer.project(&header.project)?;
        let process = match header.process {
            Some(process) => Some(writer.process(&process.to_string(), header)?),
            None => None,
        };
        Ok(Self {
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
            last_seen: header.at,
        })
    }

    /// Stores one record.
    pub(super) fn apply(&mut self, record: &'r Record) -> Result<()> {
        match record {
            // A line of an import is from elsewhere and lands on its own: see `fold`.
            Record::Process(_) | Record::Rotated | Record::Line(_) => Ok(()),
            Record::Code(code) => self.writer.keep_code(code),
            Record::CodeCheck(check) => {
                // That of an import is of the run whose start follows.
                let Some(process) = self.process else {
                    self.checks.insert(&check.code, check.is_in_work_tree);
                    return Ok(());
                };
                let code = self.writer.code(&check.code)?;
                self.writer.keep_code_check(process, code, check.is_in_work_tree)
            }
            Record::Git(git) => self.writer.keep_git(git),
            Record::Start(start) => self.start(start),
            Record::Read { run, read } => self.edge(*run, |this, key| this.late_read(key, read, None)),
            Record::Write { run, write } => self.edge(*run, |this, key| this.write(key, write)),
            Record::Due(due) => self.edge(due.run, |this, key| this.writer.add_due(key, due)),
            Record::Fingerprint(fact) => self.fingerprint(fact),
            Record::Param(fact) => self.param(fact),
            Record::Note(fact) => self.note(fact),
            Record::End(end) => self.end(end),
            Record::Component(fact) => self.component(fact),
            Record::Label(fact) => self.label(fact),
            Record::Lost(count) => self.writer.add_tally("lost", *count),
        }
    }

    /// Works out what follows from everything that was applied, and returns how many runs were touched.
    pub(super) fn finish(mut self) -> Result<usize> {
        if let (Some(process), Some(at)) = (self.process, self.last_seen) {
            self.writer.saw_process(process, at)?;
        }
        let works = std::mem::take(&mut self.touched.works);
        let mut rows: HashMap<RunKey, RunRow> = HashMap::default();
        let changed: BTreeSet<RunKey> =
            self.changed.iter().filter_map(|id| self.runs.get(id)).map(|(key, _)| *key).collect();
        rows.extend(self.runs.into_values());
        super::settle::settle(self.writer, self.touched, &rows)?;
        for (key, row) in &mut rows {
            let mut is_changed = changed.contains(key);
            if works.contains(key) {
                let signature = match self.works.get(key) {
                    Some(work) => work.signature(),
                    None => Work::stored(self.writer, *key)?.signature(),
                };
                is_changed |= row.signature != signature;
                row.signature = signature;
            }
            if is_changed {
                self.writer.put_run(*key, row)?;
            }
        }
        Ok(rows.len())
    }

    /// Marks the runs of a process that is gone, and returns how many were still running.
    pub(super) fn bury(writer: &mut dyn Writer, header: &Header) -> Result<u64> {
        let Some(process) = header.process else { return Ok(0) };
        let died = writer.bury(process)?;
        let mut rows = HashMap::default();
        // An end may be among the records that this version does not understand.
        let is_unread = !died.is_empty() && writer.has_unread(process)?;
        let status = if is_unread { Status::Unknown } else { Status::Died };
        for run in &died {
            let row = RunRow { status, ..writer.run_row(*run)? };
            writer.put_run(*run, &row)?;
            rows.insert(*run, row);
        }
        let touched = Touched { statuses: died.into_iter().collect(), ..Touched::default() };
        super::settle::settle(writer, touched, &rows)?;
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    fn saw(&mut self, at: Timestamp) {
        self.last_seen = self.last_seen.max(Some(at));
    }

    /// Returns the key of a run, made empty when it is new; `None` when retention removed it.
    fn run(&mut self, id: RunId) -> Result<Option<RunKey>> {
        if let Some((key, _)) = self.runs.get(&id) {
            return Ok(Some(*key));
        }
        let (key, row) = match self.writer.run(id)? {
            Some(known) => known,
            None if self.writer.is_removed(id)? => return Ok(None),
            None => {
                let row = self.unborn(id);
                let Some(key) = self.writer.add_run(&row)? else { return Ok(None) };
                (key, row)
            }
        };
        self.runs.insert(id, (key, row));
        Ok(Some(key))
    }

    fn unborn(&self, id: RunId) -> RunRow {
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
            signature: None,
        }
    }

    fn edge(&mut self, run: RunId, then: impl FnOnce(&mut Self, RunKey) -> Result<()>) -> Result<()> {
        match self.run(run)? {
            Some(key) => then(self, key),
            None => Ok(()),
        }
    }

    fn start(&mut self, start: &'r Start) -> Result<()> {
        self.saw(start.at);
        let Some(fresh) = self.started(start)? else { return Ok(()) };
        let work = self.told_work(start)?;
        let first = self.ends.get(&start.run).map_or_else(|| fresh.clone(), |end| ended(&fresh, end));
        let first = RunRow { signature: work.signature(), ..first };
        let added = if self.runs.contains_key(&start.run) { None } else { self.writer.add_run(&first)? };
        if let Some(key) = added {
            self.runs.insert(start.run, (key, first));
            for (name, (at, value)) in &work.params {
                self.writer.param(key, name, value, *at)?;
            }
            for read in &start.inputs {
                self.read(key, read, Some(start.at))?;
            }
            self.works.insert(key, work);
            return Ok(());
        }
        let Some(key) = self.run(start.run)? else { return Ok(()) };
        let Some((_, row)) = self.runs.get_mut(&start.run) else { return Ok(()) };
        if row.component.is_some() {
            let is_over = row.has_ended();
            // An earlier version of mltrace may not have understood all that the same start says.
            if row.started_at == fresh.started_at && row.fill_in(&fresh) {
                self.changed.insert(start.run);
            }
            return self.started_before(key, start, is_over);
        }
        // The end came first: it keeps what it said.
        *row = RunRow {
            status: row.status,
            ended_at: row.ended_at,
            duration_us: row.duration_us,
            error: row.error.take(),
            ..fresh
        };
        self.changed.insert(start.run);
        self.touched.statuses.insert(key);
        self.touched.works.insert(key);
        let mut params = start.params.iter();
        params.try_for_each(|(name, value)| self.set_param(key, name, &value.to_string(), start.at))?;
        start.inputs.iter().try_for_each(|read| self.late_read(key, read, Some(start.at)))
    }

    /// Returns what the start of a run says that it works on.
    fn told_work(&mut self, start: &'r Start) -> Result<Work<'r>> {
        let mut work = Work::default();
        for read in &start.inputs {
            work.inputs.insert(read.name.0.as_str().into(), self.writer.artifact(self.project, &read.name, read.kind)?);
        }
        let params = start.params.iter().map(|(name, value)| (name.as_str().into(), (start.at, value.to_string())));
        work.params.extend(params);
        Ok(work)
    }

    /// Takes what a start tells of a run that is known: an import may know inputs and parameters that a former one, of
    /// the run while it went on, did not know.
    fn started_before(&mut self, key: RunKey, start: &'r Start, is_over: bool) -> Result<()> {
        if self.writer.run_row(key)?.started_at != Some(start.at) {
            return Ok(());
        }
        start.inputs.iter().try_for_each(|read| self.late_read(key, read, Some(start.at)))?;
        // What ended has told all its parameters.
        let news = start.params.iter().filter(|_| !is_over);
        news.into_iter().try_for_each(|(name, value)| self.set_param(key, name, &value.to_string(), start.at))
    }

    /// Returns the row of a run that has just started; `None` when retention removed it.
    fn started(&mut self, start: &Start) -> Result<Option<RunRow>> {
        if self.writer.is_removed(start.run)? {
            return Ok(None);
        }
        let component = self.writer.component(self.project, &start.component)?;
        let declaration = start.declared.as_ref().map(|declared| self.writer.declaration(declared)).transpose()?;
        start.declared.iter().try_for_each(|declared| self.amend(component, declared, start.at))?;
        let process = self.process_of(start)?;
        Ok(Some(RunRow {
            component: Some(component),
            started_at: Some(start.at),
            process,
            parent: start.parent,
            code: start.code.as_deref().map(|code| self.writer.code(code)).transpose()?,
            git: start.git.as_deref().map(|git| self.writer.git(git)).transpose()?,
            declaration,
            ..self.unborn(start.run)
        }))
    }

    /// Returns the process of a run: the journal's, or one that stands for an imported run's host and user and when
    /// its process was last heard of.
    fn process_of(&mut self, start: &Start) -> Result<Option<ProcessKey>> {
        let seen = self.header.at.filter(|_| self.header.process.is_none());
        let code = start.code.as_deref();
        let check = code.and_then(|code| Some((code, *self.checks.get(code)?)));
        if start.host.is_none() && start.user.is_none() && seen.is_none() && check.is_none() {
            return Ok(self.process);
        }
        let header =
            Header { host: start.host.clone(), user: start.user.clone(), process: None, ..self.header.clone() };
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut key = format!("import {} {}", part(&start.host), part(&start.user));
        if let Some(at) = seen {
            key.push_str(&format!(" {at}"));
        }
        if let Some((_, is_in_work_tree)) = check {
            key.push_str(if is_in_work_tree { " in its work tree" } else { " not in its work tree" });
        }
        let process = self.writer.process(&key, &header)?;
        if let Some((code, is_in_work_tree)) = check {
            let code = self.writer.code(code)?;
            self.writer.keep_code_check(process, code, is_in_work_tree)?;
        }
        if let Some(at) = seen {
            self.writer.saw_process(process, at)?;
        }
        Ok(Some(process))
    }

    /// Takes a read of a run whose row is there: it works on more than its row says.
    fn late_read(&mut self, run: RunKey, read: &'r ReadFact, started_at: Option<Timestamp>) -> Result<()> {
        self.touched.works.insert(run);
        let artifact = self.read(run, read, started_at)?;
        if let Some(work) = self.works.get_mut(&run) {
            work.inputs.insert(read.name.0.as_str().into(), artifact);
        }
        Ok(())
    }

    fn read(&mut self, run: RunKey, read: &ReadFact, started_at: Option<Timestamp>) -> Result<ArtifactKey> {
        let artifact = self.writer.artifact(self.project, &read.name, read.kind)?;
        let seen = read.version.as_ref().map(|id| self.version(artifact, id, read.size)).transpose()?;
        let at = read.at.or(started_at).unwrap_or(Timestamp::MIN);
        if read.at.is_some() {
            self.saw(at);
        }
        let row = ReadRow {
            run,
            n: read.n,
            artifact,
            seen,
            at,
            bound: Bound::UnknownWriter,
            write: None,
            like: None,
            argument: read.argument.clone(),
        };
        self.touched.new_reads.entry((run, read.n)).or_insert(row);
        Ok(artifact)
    }

    fn write(&mut self, run: RunKey, write: &WriteFact) -> Result<()> {
        let artifact = self.writer.artifact(self.project, &write.name, write.kind)?;
        let seen = write.version.as_ref().map(|id| self.version(artifact, id, write.size)).transpose()?;
        if let Some(at) = write.at {
            self.saw(at);
        }
        let row = WriteRow {
            key: WriteKey(0),
            run,
            n: write.n,
            artifact,
            seen,
            said_at: write.at,
            version: None,
            at: None,
            argument: write.argument.clone(),
            mark: write.mark,
        };
        let known = self.touched.new_writes.entry((run, write.n)).or_insert_with(|| row.clone());
        if known.mark == Some(Mark::Maybe) && known.artifact == row.artifact {
            *known = row;
        }
        Ok(())
    }

    /// Returns the version that a read or write told.
    fn version(&mut self, artifact: ArtifactKey, id: &VersionId, size: Option<u64>) -> Result<VersionKey> {
        let is_short = size.is_some_and(|size| size < TELLING_BYTES) && matches!(id, VersionId::Content(_));
        let is_news = is_short && !self.writer.is_size_known(self.project, id)?;
        let (version, is_new) = self.writer.version(artifact, id, size)?;
        let is_common = is_new && matches!(id, VersionId::Content(_)) && self.writer.make_common(version, COMMON)?;
        if is_news || is_common {
            self.touched.weak.insert(version);
        }
        Ok(version)
    }

    fn fingerprint(&mut self, fact: &FingerprintFact) -> Result<()> {
        self.edge(fact.run, |this, key| {
            this.writer.drop_due(key, fact.n)?;
            let place = (key, fact.n);
            let new_read = this.touched.new_reads.get(&place).map(|read| read.artifact);
            let new_write = this.touched.new_writes.get(&place).map(|write| write.artifact);
            if let Some(artifact) = new_read.or(new_write) {
                let seen = Some(this.version(artifact, &fact.version, fact.size)?);
                this.touched.new_reads.entry(place).and_modify(|read| read.seen = seen);
                this.touched.new_writes.entry(place).and_modify(|write| write.seen = seen);
                return Ok(());
            }
            let Some((edge, artifact)) = this.writer.edge(key, fact.n)? else { return Ok(()) };
            let seen = this.version(artifact, &fact.version, fact.size)?;
            this.writer.put_seen(key, fact.n, edge, seen)?;
            match edge {
                Edge::Read => this.touched.reads.insert(place),
                Edge::Write => this.touched.writes.insert(place),
            };
            Ok(())
        })
    }

    fn param(&mut self, fact: &'r ParamFact) -> Result<()> {
        self.saw(fact.at);
        self.edge(fact.run, |this, key| this.set_param(key, &fact.name, &fact.value.to_string(), fact.at))
    }

    /// Takes a parameter of a run whose row is there.
    fn set_param(&mut self, run: RunKey, name: &'r str, value: &str, at: Timestamp) -> Result<()> {
        self.touched.works.insert(run);
        if let Some(work) = self.works.get_mut(&run) {
            let known = work.params.entry(name.into()).or_insert_with(|| (at, value.to_owned()));
            if known.0 <= at {
                *known = (at, value.to_owned());
            }
        }
        self.writer.param(run, name, value, at)
    }

    fn note(&mut self, fact: &NoteFact) -> Result<()> {
        self.edge(fact.run, |this, key| this.writer.note(key, fact))
    }

    fn end(&mut self, end: &End) -> Result<()> {
        self.saw(end.at);
        let Some(key) = self.run(end.run)? else { return Ok(()) };
        let Some((_, row)) = self.runs.get_mut(&end.run) else { return Ok(()) };
        // Of two ends the one counts that measured the run, for it is told by the process that began it, and of two by
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
        self.changed.insert(end.run);
        self.touched.statuses.insert(key);
        for write in &end.outputs {
            self.write(key, write)?;
        }
        Ok(())
    }

    fn component(&mut self, fact: &ComponentFact) -> Result<()> {
        let component = self.writer.component(self.project, &fact.component)?;
        self.amend(component, &fact.declared, fact.at)?;
        for tag in &fact.untag {
            let field = ComponentField::Tag { tag: tag.clone(), is_present: false };
            self.writer.amend(component, &field, fact.at)?;
        }
        Ok(())
    }

    fn amend(&mut self, component: ComponentKey, declared: &Declaration, at: Timestamp) -> Result<()> {
        let tags = declared.tags.iter().map(|tag| ComponentField::Tag { tag: tag.clone(), is_present: true });
        let fields = [
            declared.owner.clone().map(ComponentField::Owner),
            declared.description.clone().map(ComponentField::Description),
            declared.stale_after_s.map(ComponentField::StaleAfter),
        ];
        for field in fields.into_iter().flatten().chain(tags) {
            self.writer.amend(component, &field, at)?;
        }
        Ok(())
    }

    fn label(&mut self, fact: &LabelFact) -> Result<()> {
        let artifact = self.writer.artifact(self.project, &fact.name, None)?;
        let version = self.version(artifact, &fact.version, None)?;
        self.writer.label(version, fact)
    }
}
