//! Keeps and finds. The trait is the one door to any database; it speaks in domain verbs and knows no lineage rule.

mod key;

mod look;

mod measure;

mod row;

mod candidate;

mod run;

mod near;

mod unread;

mod error;

mod bounds;

mod open;

#[cfg(feature = "store")]
pub mod sqlite;

use crate::model::{
    ArtifactKind, ArtifactName, CheckFact, Code, Declaration, Due, Git, Header, LabelFact, MetricFact, NoteFact,
    ProcessId, RunId, Timestamp, VersionId,
};

pub use bounds::Bounds;
pub use candidate::{Alike, Asked, Candidate, Of, Offer, OfferRun, RerunRow, When, WorkKey, WorkRow};
pub use error::{Result, StoreError};
pub use key::{
    ArtifactKey, CodeKey, ComponentKey, DeclarationKey, GitKey, ProcessKey, ProjectKey, RunKey, VersionKey, WriteKey,
};
pub use look::{Artifacts, Components, Direction, Labels, Look, Marks, Met, Projects, Runs, Versions, Writes};
pub use measure::{CheckDetail, Measures, MetricDetail, WhatOfRuns};
pub use near::{NearRow, NearRows};
pub use open::{empty, is_inherited, open};
pub use row::{
    CodeDetail, ComponentField, ComponentRow, CurrentRow, EchoDetail, FactsRow, Far, LabelRow, MarkedRow, NoteDetail,
    OutputRow, Reached, ReadDetail, ReadRow, RunDetail, RunName, RunSelection, VersionAt, VersionName, VersionRow,
    WithinDetail, WriteDetail, WriteOf, WriteRow,
};
pub use run::RunRow;
pub use unread::UnreadRow;

/// The work of one transaction.
pub type InTransaction<'w> = &'w mut dyn FnMut(&mut dyn Writer) -> Result<()>;

/// A database that keeps what is recorded: what can be asked of it, the way to write, and what keeps it in order.
pub trait Store: Send {
    /// Returns what can be asked.
    fn look(&mut self) -> &mut dyn Look;
    /// Does `work` in one transaction that is committed when it returns `Ok`, and undone otherwise.
    fn write(&mut self, work: InTransaction<'_>) -> Result<()>;
    /// Returns what keeps it in order.
    fn upkeep(&mut self) -> &mut dyn Upkeep;
}

/// What keeps a store in order, and what it keeps for those who fill it.
pub trait Upkeep {
    /// Returns whether a store that was opened to be folded into may stay open: its files lie where they were opened, and
    /// this version still understands them.
    fn is_in_place(&mut self) -> bool;
    /// Returns whether another thread may have the store: nothing about it belongs to the thread that opened it.
    fn may_move(&self) -> bool;
    /// Keeps that the project of the root that the store lies in is called so now: what it was called before stays a name of
    /// it.
    fn call_own_project(&mut self, name: &str) -> Result<()>;
    /// Returns whether a run was taken back.
    fn is_forgotten(&mut self, id: RunId) -> Result<bool>;
    /// Returns what is still to be hashed for processes of `host` that are gone.
    fn dues(&mut self, host: Option<&str>) -> Result<Vec<Due>>;
    /// Returns how far a journal was folded.
    fn offset(&mut self, journal: &str) -> Result<u64>;
    /// Returns records that were kept unread by versions of mltrace whose journals had grown less far than to `minor`, some
    /// at a time.
    fn unread(&mut self, minor: u32) -> Result<Vec<UnreadRow>>;
    /// Returns what was counted under `name`: `lost`, `cut` or `damaged`.
    fn tally(&mut self, name: &str) -> Result<u64>;
    /// Returns what is fine and what is wrong with the database itself; `is_full` reads every page.
    fn check(&mut self, is_full: bool) -> Result<Checkup>;
}

/// A transaction. `ingest` decides what to write; a writer knows how.
pub trait Writer {
    /// Returns the project of this name, made when it is new.
    fn project(&mut self, name: &str) -> Result<ProjectKey>;
    /// Returns the component of this name, made when it is new.
    fn component(&mut self, project: ProjectKey, name: &str) -> Result<ComponentKey>;
    /// Keeps a field of a component unless a later word on it is known.
    fn amend(&mut self, component: ComponentKey, field: &ComponentField, at: Timestamp) -> Result<()>;
    /// Returns the artifact of this name, made when it is new; a declared kind replaces a guessed one.
    fn artifact(
        &mut self,
        project: ProjectKey,
        name: &ArtifactName,
        declared: Option<ArtifactKind>,
    ) -> Result<ArtifactKey>;
    /// Returns the version of this id, made when it is new, and whether it was.
    fn version(&mut self, artifact: ArtifactKey, id: &VersionId, size: Option<u64>) -> Result<(VersionKey, bool)>;
    /// Marks a content as common once it is known under so many names, and returns whether it just became so. What is
    /// common is not looked for under other names.
    fn make_common(&mut self, version: VersionKey, names: usize) -> Result<bool>;
    /// Returns whether anybody in the project told the size of this content, whatever its name.
    fn is_size_known(&mut self, project: ProjectKey, content: &VersionId) -> Result<bool>;
    /// Returns the rows of versions, in the order asked for; the size is the one told of this content under any name of the
    /// project.
    fn version_rows(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionRow>>;
    /// Returns the process of this key, made when it is new.
    fn process(&mut self, key: &str, header: &Header) -> Result<ProcessKey>;
    /// Keeps when a process was last heard of.
    fn saw_process(&mut self, process: ProcessKey, at: Timestamp) -> Result<()>;
    /// Marks a process as gone and returns its runs that were running.
    fn bury(&mut self, process: ProcessId) -> Result<Vec<RunKey>>;
    /// Returns the code of this key, made empty when it is new.
    fn code(&mut self, key: &str) -> Result<CodeKey>;
    /// Keeps a function's source.
    fn keep_code(&mut self, code: &Code) -> Result<()>;
    /// Keeps whether the work tree of a process holds a function's source.
    fn keep_code_check(&mut self, process: ProcessKey, code: CodeKey, is_in_work_tree: bool) -> Result<()>;
    /// Returns the git state of this key, made empty when it is new.
    fn git(&mut self, key: &str) -> Result<GitKey>;
    /// Adds what is known to a git state.
    fn keep_git(&mut self, git: &Git) -> Result<()>;
    /// Returns what is said of a component, made when it is new.
    fn declaration(&mut self, declared: &Declaration) -> Result<DeclarationKey>;

    /// Returns a run by id.
    fn run(&mut self, id: RunId) -> Result<Option<(RunKey, RunRow)>>;
    /// Returns a run by key.
    fn run_row(&mut self, run: RunKey) -> Result<RunRow>;
    /// Returns whether retention removed this run.
    fn is_removed(&mut self, id: RunId) -> Result<bool>;
    /// Keeps that the project of the root that the store lies in is called so now.
    fn call_own_project(&mut self, name: &str) -> Result<()>;
    /// Keeps that a run is taken back, so that nothing told of it later brings it back.
    fn bury_run(&mut self, id: RunId, at: Timestamp) -> Result<()>;
    /// Removes a run with all that is told of it; who was bound to its writes is bound to nothing.
    fn remove_run(&mut self, run: RunKey) -> Result<()>;
    /// Removes those of these artifacts, and of their versions, that no run and no verdict names.
    fn drop_unnamed(&mut self, artifacts: &[ArtifactKey]) -> Result<()>;
    /// Makes a run; `None` when there is one of this id.
    fn add_run(&mut self, row: &RunRow) -> Result<Option<RunKey>>;
    /// Replaces a run's row.
    fn put_run(&mut self, run: RunKey, row: &RunRow) -> Result<()>;
    /// Keeps a parameter unless a later value is known.
    fn param(&mut self, run: RunKey, name: &str, value: &str, at: Timestamp) -> Result<()>;
    /// Keeps a remark once.
    fn note(&mut self, run: RunKey, note: &NoteFact) -> Result<()>;
    /// Keeps a metric once.
    fn metric(&mut self, run: RunKey, metric: &MetricFact) -> Result<()>;
    /// Keeps a check once.
    fn check(&mut self, run: RunKey, check: &CheckFact) -> Result<()>;
    /// Keeps a verdict once.
    fn label(&mut self, version: VersionKey, label: &LabelFact) -> Result<()>;
    /// Returns the parameters of a run, by name, as JSON text.
    fn params(&mut self, run: RunKey) -> Result<Vec<(String, String)>>;

    /// Makes a read unless the run has one of this number; returns whether it was new.
    fn add_read(&mut self, row: &ReadRow) -> Result<bool>;
    /// Makes a write unless the run has one of this number (its `key` is not looked at).
    fn add_write(&mut self, row: &WriteRow) -> Result<Option<WriteKey>>;
    /// Keeps what a run told of an output of which nobody knew yet whether it was written.
    fn unmark(&mut self, write: WriteKey, told: &WriteRow) -> Result<()>;
    /// Returns what a number of a run stands for.
    fn edge(&mut self, run: RunKey, n: u32) -> Result<Option<(Edge, ArtifactKey)>>;
    /// Replaces what a run told of a read's or write's content.
    fn put_seen(&mut self, run: RunKey, n: u32, edge: Edge, version: VersionKey) -> Result<()>;
    /// Moves the untimed reads of a run to when it began, and returns their numbers; when that is told, for the last time.
    fn move_untimed(&mut self, run: RunKey, to: Timestamp, is_told: bool) -> Result<Vec<u32>>;
    /// Keeps that a read or write is still to be hashed.
    fn add_due(&mut self, run: RunKey, due: &Due) -> Result<()>;
    /// Forgets that a read or write is still to be hashed.
    fn drop_due(&mut self, run: RunKey, n: u32) -> Result<()>;
    /// Returns a run's reads, by number.
    fn reads(&mut self, run: RunKey) -> Result<Vec<ReadRow>>;
    /// Returns a run's writes, by number.
    fn writes(&mut self, run: RunKey) -> Result<Vec<WriteRow>>;
    /// Returns one write.
    fn write(&mut self, run: RunKey, n: u32) -> Result<Option<WriteRow>>;
    /// Returns the artifacts that a run read, sorted by name, each once.
    fn inputs(&mut self, run: RunKey) -> Result<Vec<(String, ArtifactKey)>>;
    /// Returns the reads of these numbers that there are, with what else they saw.
    fn reads_at(&mut self, places: &[(RunKey, u32)]) -> Result<Vec<ReadRow>>;
    /// Replaces what counts of a write.
    fn settle(&mut self, write: WriteKey, counts: Option<(VersionKey, Timestamp)>) -> Result<()>;
    /// Replaces what reads are bound to, and what else they saw.
    fn bind(&mut self, reads: &[ReadRow]) -> Result<()>;

    /// Offers for each of `asked` the writes that count, in the order that is asked for, until `offer` has enough: too many
    /// of them maybe, and never too few.
    fn candidates(&mut self, asked: &[Asked], offer: Offer<'_>) -> Result<()>;
    /// Returns what else these contents are called.
    fn alike(&mut self, versions: &[VersionKey]) -> Result<Vec<Alike>>;

    /// Returns the last write at or before `at`, of those that `reader` may see, of each artifact that lies in `artifact` or
    /// is a folder around it.
    fn near(&mut self, artifact: ArtifactKey, at: Timestamp, reader: Reading) -> Result<NearRows>;
    /// Returns the reads from `from` on of what lies in `artifact` and of the folders around it.
    fn reads_near(&mut self, artifact: ArtifactKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>>;
    /// Returns the last write of an artifact at or before `at` by a run inside the one of this id, of this version if one is
    /// named, which counts.
    fn inner_write(
        &mut self,
        run: RunId,
        artifact: ArtifactKey,
        at: Timestamp,
        version: Option<VersionKey>,
    ) -> Result<Option<WriteKey>>;
    /// Returns the write inside that a write only names.
    fn echo(&mut self, write: WriteKey) -> Result<Option<WriteKey>>;
    /// Keeps the write inside that a write only names.
    fn put_echo(&mut self, write: WriteKey, inner: Option<WriteKey>) -> Result<()>;
    /// Returns whether any run is directly inside the one of this id.
    fn is_parent(&mut self, run: RunId) -> Result<bool>;
    /// Returns the runs that others are directly inside of.
    fn parents(&mut self) -> Result<Vec<RunKey>>;
    /// Returns the reads that are to be bound again whatever changed: an earlier version bound them by its rules.
    fn reads_to_bind(&mut self) -> Result<Vec<(RunKey, u32)>>;

    /// Returns the reads of unknown content whose binding may change with a write of `artifact` that counts from `at`.
    fn reads_by_time(&mut self, artifact: ArtifactKey, at: Timestamp) -> Result<Vec<(RunKey, u32)>>;
    /// Returns the reads from `from` on that told this version, or the same content of another artifact, and whose
    /// binding may change with a write of the version that counts from `at`; and those from `early` on that are bound to
    /// nothing under the name, or to a later write.
    fn reads_of_content(
        &mut self,
        version: VersionKey,
        early: Timestamp,
        from: Timestamp,
        at: Timestamp,
    ) -> Result<Vec<(RunKey, u32)>>;
    /// Returns the reads from `from` on that told this version and are bound to no write of its artifact.
    fn reads_unwritten(&mut self, version: VersionKey, from: Timestamp) -> Result<Vec<(RunKey, u32)>>;
    /// Returns the reads that told this content, of whatever artifact.
    fn reads_of_bytes(&mut self, version: VersionKey) -> Result<Vec<(RunKey, u32)>>;
    /// Returns the reads that saw a write.
    fn reads_of_write(&mut self, write: WriteKey) -> Result<Vec<(RunKey, u32)>>;

    /// Returns how far a journal was folded.
    fn offset(&mut self, journal: &str) -> Result<u64>;
    /// Keeps how far a journal was folded; `None` forgets it.
    fn put_offset(&mut self, journal: &str, offset: Option<u64>) -> Result<()>;
    /// Keeps a record that a version of mltrace does not understand whose journals have grown to `minor`.
    fn keep_unread(&mut self, row: &UnreadRow, minor: u32) -> Result<()>;
    /// Forgets a record that was kept unread.
    fn drop_unread(&mut self, row: &UnreadRow) -> Result<()>;
    /// Returns whether a process recorded something of which nothing was understood.
    fn has_unread(&mut self, process: ProcessId) -> Result<bool>;
    /// Adds to a count of what went wrong: `lost`, `cut` or `damaged`.
    fn add_tally(&mut self, name: &str, count: u64) -> Result<()>;
}

/// Who reads, and at which place of the run: a run sees its own writes only after it made them known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The reader.
    pub run: RunKey,
    /// The read's number.
    pub n: u32,
}

/// What a number of a run stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// A read.
    Read,
    /// A write.
    Write,
}

/// What a store is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To answer only; a store that is missing is [`StoreError::Missing`].
    Read,
    /// To write too; a store that is missing is made.
    Write,
    /// To write from inside somebody's pipeline: with little patience, and leaving the write-ahead log to others.
    Fold,
}

/// What `doctor` found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Checkup {
    /// What is fine, in words.
    pub fine: Vec<String>,
    /// What is wrong, in words.
    pub wrong: Vec<String>,
    /// What is not wrong and may surprise, in words.
    pub notes: Vec<String>,
}
