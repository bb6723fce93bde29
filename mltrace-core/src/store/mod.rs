//! Keeps and finds. The trait is the one door to any database; it speaks in domain verbs and knows no lineage rule.

mod key;

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

use std::sync::Arc;

use foldhash::HashMap;

use crate::model::{
    ArtifactKind, ArtifactName, Code, Declaration, Due, Git, Header, LabelFact, NoteFact, ProcessId, RunId, Timestamp,
    Version, VersionId,
};

pub use bounds::Bounds;
pub use candidate::{Alike, Asked, Candidate, Of, Offer, OfferRun, RerunRow, When, WorkKey, WorkRow};
pub use error::{Result, StoreError};
pub use key::{
    ArtifactKey, CodeKey, ComponentKey, DeclarationKey, GitKey, ProcessKey, ProjectKey, RunKey, VersionKey, WriteKey,
};
pub use near::{NearRow, NearRows};
pub use open::{empty, is_inherited, open};
pub use row::{
    CodeDetail, ComponentField, ComponentRow, CurrentRow, EchoDetail, FactsRow, Far, LabelRow, MarkedRow, NoteDetail,
    OutputRow, Reached, ReadDetail, ReadRow, RunDetail, RunName, RunSelection, VersionAt, VersionRow, WithinDetail,
    WriteDetail, WriteOf, WriteRow,
};
pub use run::RunRow;
pub use unread::UnreadRow;

/// The work of one transaction.
pub type InTransaction<'w> = &'w mut dyn FnMut(&mut dyn Writer) -> Result<()>;

/// A database that keeps what is recorded: what can be found in it, and the way to write.
pub trait Store {
    /// Does `work` in one transaction that is committed when it returns `Ok`, and undone otherwise.
    fn write(&mut self, work: InTransaction<'_>) -> Result<()>;
    /// Returns whether a store that was opened to be folded into may stay open: its files lie where they were opened.
    fn is_in_place(&mut self) -> bool;
    /// Keeps all that is asked from now on within `bounds`.
    fn bound(&mut self, bounds: &Arc<Bounds>) -> Result<()>;

    /// Returns a project by name.
    fn project(&mut self, name: &str) -> Result<Option<ProjectKey>>;
    /// Returns the project of the root that the store lies in, where somebody said so.
    fn own_project(&mut self) -> Result<Option<ProjectKey>>;
    /// Keeps that the project of the root that the store lies in is called so now: what it was called before stays a name of
    /// it.
    fn call_own_project(&mut self, name: &str) -> Result<()>;
    /// Returns all projects with their names.
    fn projects(&mut self) -> Result<Vec<(ProjectKey, String)>>;
    /// Returns a component by name.
    fn component(&mut self, project: ProjectKey, name: &str) -> Result<Option<ComponentRow>>;
    /// Returns what is said of all components, by name, and nothing of their runs, which may be many.
    fn said_of_components(&mut self, project: ProjectKey) -> Result<Vec<ComponentRow>>;
    /// Returns all components, by name, with how many runs each has and which is its last.
    fn components(&mut self, project: ProjectKey) -> Result<Vec<ComponentRow>>;
    /// Returns an artifact by name.
    fn artifact(&mut self, project: ProjectKey, name: &str) -> Result<Option<ArtifactKey>>;
    /// Returns up to `limit` names of artifacts that start with `prefix`, sorted.
    fn artifact_names(&mut self, project: ProjectKey, prefix: &str, limit: usize) -> Result<Vec<String>>;
    /// Returns the names of artifacts that had this content, the one that was written or read last first.
    fn names_of(&mut self, project: ProjectKey, content: &VersionId) -> Result<Vec<ArtifactName>>;
    /// Returns up to `limit` names of artifacts that hold `text`, whatever the case of its ASCII letters; shortest first.
    fn artifact_names_holding(&mut self, project: ProjectKey, text: &str, limit: usize) -> Result<Vec<String>>;
    /// Tells the versions of an artifact that were written or read at or before `at`, or never, newest first, to `tell`,
    /// which returns whether to go on: those after the one that `from` names, if it does, at most so many.
    fn versions(
        &mut self,
        artifact: ArtifactKey,
        at: Timestamp,
        from: (Option<&VersionAt>, usize),
        tell: &mut dyn FnMut(VersionAt) -> bool,
    ) -> Result<()>;
    /// Returns a version of an artifact by id, when `versions` would tell it.
    fn version_at(&mut self, artifact: ArtifactKey, id: &VersionId, at: Timestamp) -> Result<Option<VersionAt>>;
    /// Returns the version of an artifact whose last write at or before `at` is the latest; when nobody had written it,
    /// the one that was read last by then.
    fn latest(&mut self, artifact: ArtifactKey, at: Timestamp) -> Result<Option<VersionAt>>;
    /// Returns what is current, by the names of artifacts: the last write of each, and the run that last made that version
    /// by `at`, which is another one when that write lies in the future.
    fn current(&mut self, project: ProjectKey, at: Timestamp) -> Result<Vec<CurrentRow>>;
    /// Returns every artifact by name with its latest version: the one written last, else the one read last.
    fn latest_of_all(&mut self, project: ProjectKey) -> Result<Vec<(ArtifactName, Option<VersionAt>)>>;
    /// Returns the runs that read a version of an artifact, oldest first, at most `limit`.
    fn readers(&mut self, artifact: ArtifactKey, version: &VersionId, limit: usize) -> Result<Vec<RunId>>;
    /// Returns the runs that ended after `since` and named an artifact as theirs without writing it, newest first, at most
    /// `limit`: those that left this version as it was, and, if wanted, those of which it is not known what they left.
    fn marked(
        &mut self,
        artifact: ArtifactKey,
        since: Timestamp,
        version: (&VersionId, bool),
        limit: usize,
    ) -> Result<Vec<MarkedRow>>;
    /// Returns the artifacts of which the last word is that they were missing at the end of a run, with that run.
    fn missing(&mut self, project: ProjectKey) -> Result<Vec<(ArtifactName, RunKey)>>;
    /// Returns the runs that named an artifact as theirs and left no version of it, newest first, at most `limit`.
    fn claims(&mut self, artifact: ArtifactKey, limit: usize) -> Result<Vec<RunKey>>;
    /// Returns every pair (run, a run that wrote what it read) upstream of `runs`, nearest first.
    fn pairs_upstream(&mut self, runs: &[RunKey]) -> Result<Vec<(RunKey, RunKey)>>;
    /// Returns `runs` and those that wrote what they read, and so on.
    fn upstream(&mut self, runs: &[RunKey], far: Far) -> Result<Reached>;
    /// Returns `runs` and those that read what they wrote, and so on.
    fn downstream(&mut self, runs: &[RunKey], far: Far) -> Result<Reached>;
    /// Returns the runs that read a version of an artifact, under its own name or as a copy, each once.
    fn read_by(&mut self, artifact: ArtifactKey, version: &VersionId) -> Result<Vec<RunKey>>;
    /// Returns the writes of `runs` that count, in the order of writing.
    fn outputs(&mut self, runs: &[RunKey]) -> Result<Vec<OutputRow>>;
    /// Returns a run by id.
    fn run(&mut self, id: RunId) -> Result<Option<RunKey>>;
    /// Returns whether a run was taken back.
    fn is_forgotten(&mut self, id: RunId) -> Result<bool>;
    /// Returns the ids of runs.
    fn run_ids(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, RunId>>;
    /// Returns up to `limit` runs whose id, written without hyphens, starts or ends with `digits`; newest first.
    fn runs_like(&mut self, project: ProjectKey, digits: &str, limit: usize) -> Result<Vec<RunId>>;
    /// Returns the selected runs, newest first.
    fn select(&mut self, project: ProjectKey, selection: &RunSelection) -> Result<Vec<RunKey>>;
    /// Returns the runs of a component that began at `since` or later, newest first.
    fn since(&mut self, component: ComponentKey, since: Timestamp) -> Result<Vec<RunKey>>;
    /// Returns the first runs of a component that began after `since`, oldest first, at most `limit`.
    fn next(&mut self, component: ComponentKey, since: Timestamp, limit: usize) -> Result<Vec<RunKey>>;
    /// Returns runs in full, in the order asked for.
    fn details(&mut self, runs: &[RunKey], with_source: bool) -> Result<Vec<RunDetail>>;
    /// Returns how long the last runs of a component took that completed, in milliseconds, at most `limit`.
    fn durations(&mut self, component: ComponentKey, limit: usize) -> Result<Vec<f64>>;
    /// As [`Writer::candidates`].
    fn candidates(&mut self, asked: &[Asked], offer: Offer<'_>) -> Result<()>;
    /// Offers for each work the completed runs that did it and ended at or before that moment, those that ended last first,
    /// until `offer` has enough.
    fn reruns(&mut self, asked: &[(WorkKey, Timestamp)], offer: OfferRun<'_>) -> Result<()>;
    /// Returns what runs worked on.
    fn works(&mut self, runs: &[RunKey]) -> Result<HashMap<RunKey, WorkRow>>;
    /// Returns after how many seconds an input is old for the component that last read each of these artifacts.
    fn age_limits(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<i64>>>;
    /// Returns pairs (run, an earlier completed run of its component), the latest first: for each of `runs` the last
    /// ones, and the last ones that read one of the same artifacts, at most `limit` of either.
    fn earlier(&mut self, runs: &[RunKey], limit: usize) -> Result<Vec<(RunKey, RunKey)>>;
    /// Returns what may make the outputs of runs differ, in any order.
    fn facts(&mut self, runs: &[RunKey]) -> Result<Vec<FactsRow>>;
    /// Returns when runs began, and their ids, in the order of their keys.
    fn beginnings(&mut self, runs: &[RunKey]) -> Result<Vec<(Timestamp, RunId, RunKey)>>;
    /// Returns versions by their keys, in the order of these.
    fn named(&mut self, versions: &[VersionKey]) -> Result<Vec<(VersionKey, Version)>>;
    /// Returns what runs are called, in any order.
    fn run_names(&mut self, runs: &[RunKey]) -> Result<Vec<RunName>>;
    /// Returns the last verdict on each version that has one, oldest first; or all verdicts ever given.
    fn labels(&mut self, project: ProjectKey, only_last: bool) -> Result<Vec<LabelRow>>;
    /// Returns the last verdict on each of these versions that has one, oldest first.
    fn labels_on(&mut self, versions: &[VersionKey]) -> Result<Vec<LabelRow>>;
    /// Returns the last verdicts on the versions of an artifact, oldest first.
    fn labels_of(&mut self, artifact: ArtifactKey) -> Result<Vec<LabelRow>>;
    /// Returns the versions that these runs wrote, run by run in the order of writing.
    fn written(&mut self, runs: &[RunKey]) -> Result<Vec<(RunKey, VersionKey)>>;
    /// Returns a version by key, with the name of its artifact.
    fn version(&mut self, key: VersionKey) -> Result<Option<Version>>;
    /// Returns for each of these versions the run that wrote it first: who makes the same bytes again repeats what another
    /// one began.
    fn first_writers(&mut self, versions: &[VersionKey]) -> Result<Vec<(VersionKey, RunKey)>>;
    /// Returns the last write at or before `at` of each artifact that lies in `artifact` or is a folder around it.
    fn near(&mut self, artifact: ArtifactKey, at: Timestamp) -> Result<NearRows>;
    /// Returns the runs inside `runs` that wrote what these name too.
    fn wrote_inside(&mut self, runs: &[RunKey]) -> Result<Vec<RunKey>>;
    /// Returns those of these versions whose artifact may lie in a known folder, or be one.
    fn nested(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionKey>>;
    /// Returns the runs that wrote what was read with a version, as its last reader by `at` saw it: folders around it, what
    /// lies in it.
    fn makers_read(&mut self, artifact: ArtifactKey, version: &VersionId, at: Timestamp) -> Result<Vec<RunKey>>;
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
