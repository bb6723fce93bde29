//! A transaction. Its verbs take and return sets, so that any number of records takes a bounded number of calls.

use super::candidate::{Alike, Asked, Offer};
use super::error::Result;
use super::event::{EventRow, EventsFrom};
use super::key::{ArtifactKey, CodeKey, ComponentKey, ProcessKey, ProjectKey, RunKey, VersionKey, WriteKey};
use super::near::{HeldAsked, HeldRows, NearNames};
use super::row::{ComponentField, ReadRow, VersionRow, WriteRow};
use super::run::RunRow;
use super::unread::UnreadRow;
use crate::model::{
    AliasFact, ArtifactKind, ArtifactName, Check, Code, DataSubject, Declaration, Due, FolderFact, Git, Header,
    LabelFact, Metric, NoteFact, Observation, ProcessId, ProfileFact, RetractFact, RunId, TaskFact, Timestamp,
    VersionId,
};

/// Something that has a name of its own, and a row that is made when it is new.
#[derive(Clone, Copy, Debug)]
pub enum Name<'a> {
    /// A project: the one of this identity, if one is known, else of this name.
    Project(&'a str, Option<&'a str>),
    /// A component.
    Component(ProjectKey, &'a str),
    /// An artifact; a declared kind replaces a guessed one.
    Artifact(ProjectKey, &'a ArtifactName, Option<ArtifactKind>),
    /// A process, and what is known of it.
    Process(&'a str, &'a Header),
    /// A code, whose text may come later.
    Code(&'a str),
    /// A git state, which may become known later.
    Git(&'a str),
    /// What is said of a component.
    Declaration(&'a Declaration),
}

/// A version that may be new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionAsked<'a> {
    /// The artifact.
    pub artifact: ArtifactKey,
    /// Its id.
    pub id: &'a VersionId,
    /// The content's size in bytes, when known.
    pub size: Option<u64>,
    /// Whether it is reported if anybody had reported the size of this content before, whatever its name.
    pub asks_size: bool,
}

/// A version that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionEntered {
    /// Its key.
    pub key: VersionKey,
    /// Whether nobody had reported the size of this content, where that was asked for.
    pub is_first_size: bool,
    /// Whether the content has just become common: it is known under so many names. What is common is not looked for under
    /// other names.
    pub is_common_now: bool,
}

/// Which runs are meant.
#[derive(Clone, Copy, Debug)]
pub enum RowsOf<'a> {
    /// Those of these ids that there are.
    Ids(&'a [RunId]),
    /// These.
    Keys(&'a [RunKey]),
    /// Those of a project.
    In(ProjectKey),
    /// Those that others are directly inside of.
    Parents,
    /// Those of a process that is gone whose end is not known.
    Unended(ProcessId),
}

/// Which runs are meant, of those asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those that were taken back.
    Forgotten,
    /// Those that others are directly inside of.
    Parents,
}

/// What is removed.
#[derive(Clone, Copy, Debug)]
pub enum Removed<'a> {
    /// A run with all that is known of it; reads that were bound to its writes are bound to nothing.
    Run(RunKey),
    /// What a run read and wrote, its parameters and what was measured of it; reads that were bound to its writes are bound to
    /// nothing. Its row stays, and what people remarked.
    WhatOf(RunKey),
    /// All that is known of a project.
    Project(ProjectKey),
    /// Those of these artifacts, and of their versions, that no run and no verdict names.
    Unnamed(&'a [ArtifactKey]),
}

/// Which reads and writes are meant.
#[derive(Clone, Copy, Debug)]
pub enum Edges<'a> {
    /// All of these runs.
    Of(&'a [RunKey]),
    /// The reads of these numbers.
    Reads(&'a [(RunKey, u32)]),
}

/// Something that is kept as it is said, and from which nothing follows.
#[derive(Clone, Debug)]
pub enum Said<'a> {
    /// A field of a component, unless a later word on it is known.
    Field(ComponentKey, ComponentField, Timestamp),
    /// When a process was last heard of.
    Seen(ProcessKey, Timestamp),
    /// A process is gone.
    Gone(ProcessId),
    /// A function's source.
    Code(&'a Code),
    /// Whether the work tree of a process holds a function's source.
    CodeCheck(ProcessKey, CodeKey, bool),
    /// What is known of a git state.
    Git(&'a Git),
    /// A parameter as JSON text, unless a later value is known.
    Param(RunKey, &'a str, String, Timestamp),
    /// A remark, once.
    Note(RunKey, &'a NoteFact),
    /// A metric, once.
    Metric(RunKey, &'a Metric),
    /// What was observed, unless more is known of it.
    Observation(RunKey, &'a Observation),
    /// A check, once.
    Check(RunKey, &'a Check),
    /// Whose data a run took in, once.
    Subject(RunKey, &'a DataSubject),
    /// A subject of a project is retracted, unless it was before.
    Retracted(ProjectKey, &'a RetractFact),
    /// What is in a table of a content, unless more is known of it.
    Profile(&'a ProfileFact),
    /// A verdict, once.
    Label(VersionKey, &'a LabelFact),
    /// What an alias of a project points to, once.
    Alias(ProjectKey, Option<VersionKey>, &'a AliasFact),
    /// An output of a task of a project, or what became of one, unless a later word on it is known.
    Task(ProjectKey, &'a TaskFact),
    /// A read or write is still to be hashed.
    Due(RunKey, &'a Due),
    /// A read or write is not to be hashed any more.
    Done(RunKey, u32),
    /// A run is taken back, so that nothing reported of it later brings it back.
    Forgotten(RunId, Timestamp),
    /// What people remarked of the first run is said of the second one.
    NotesMoved(RunId, RunId),
    /// The text of an event of a project goes, by its key, but for what is left of it.
    EventForgotten(ProjectKey, [u8; 32], &'static str),
    /// The texts of the events of a run go: of one project or of all, and with keys behind this one or all.
    EventsForgotten(Option<ProjectKey>, RunId, Option<[u8; 32]>),
    /// How far a journal was folded; `None` forgets it.
    Offset(&'a str, Option<u64>),
    /// A record that a version of mltrace does not understand whose journals have grown so far.
    Unread(&'a UnreadRow, u32),
    /// A record that was kept unread is understood.
    Read(&'a UnreadRow),
    /// So much more of what went wrong: `lost`, `cut` or `damaged`.
    Tally(&'a str, u64),
    /// What was counted under this name is over.
    TallyDone(&'a str),
    /// The project of the root that the store lies in is called so now.
    OwnProject(&'a str),
    /// In a folder an absolute path is the same file on every host.
    Shared(&'a str),
    /// The store was first written in this place.
    OwnPlace(&'a str),
    /// All that is known of the first project is of the second; what follows from that is not worked out.
    Joined(ProjectKey, ProjectKey),
}

/// A change from which it follows that reads may be bound otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A write of a version counts from `at` on, or no longer does.
    Counts {
        /// The artifact.
        artifact: ArtifactKey,
        /// The version.
        version: VersionKey,
        /// When it counts from.
        at: Timestamp,
        /// From when on its run may have made the content; reads since then that reported it are meant, until the next write.
        from: Timestamp,
        /// From when on another clock may have shown that; reads since then that are bound to nothing under the name, or to
        /// a later write, are meant.
        early: Timestamp,
        /// Whether reads of the artifact by time, and those near it, are meant too.
        by_name: bool,
    },
    /// A write is not what it was: the reads that saw it.
    Wrote(WriteKey),
    /// What was written of an artifact since then is not what it was: the reads of folders around it, and of what lies in it.
    Nearby(ArtifactKey, Timestamp),
    /// A content was read under a name from then on: reads that reported it and are bound to no write of its artifact.
    Sighted(VersionKey, Timestamp),
    /// A content says less than it did: the reads that reported it, of whatever artifact.
    Weaker(VersionKey),
    /// A migration left reads to be bound again, once.
    Rules,
}

/// What a run works on as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredWork {
    /// The artifacts that it read, by name, each once.
    pub inputs: Vec<(String, ArtifactKey)>,
    /// Its parameters by name, as JSON text.
    pub params: Vec<(String, String)>,
}

/// A transaction. `ingest` decides what to write; a writer knows how. What it returns for many comes in the order asked for,
/// unless it says otherwise.
pub trait Writer {
    /// Returns the keys of what has these names, made when it is new.
    fn enter(&mut self, names: &[Name<'_>]) -> Result<Vec<i64>>;
    /// Returns the versions of these ids, made when they are new; a content is common from so many names on.
    fn enter_versions(&mut self, versions: &[VersionAsked<'_>], common: usize) -> Result<Vec<VersionEntered>>;
    /// Returns the rows of versions; the size is the one mentioned of this content under any name.
    fn version_rows(&mut self, versions: &[VersionKey]) -> Result<Vec<VersionRow>>;
    /// Returns runs, in any order.
    fn run_rows(&mut self, which: RowsOf<'_>) -> Result<Vec<(RunKey, RunRow)>>;
    /// Returns those of these ids that are meant.
    fn among(&mut self, ids: &[RunId], which: Among) -> Result<Vec<RunId>>;
    /// Returns the first of so many keys, one after the other, that no run has.
    fn new_runs(&mut self, count: usize) -> Result<RunKey>;
    /// Makes the runs whose keys are new, and replaces the rows of the others.
    fn put_runs(&mut self, rows: &[(RunKey, &RunRow)]) -> Result<()>;
    /// Keeps what is said, in this order.
    fn say(&mut self, said: &[Said<'_>]) -> Result<()>;
    /// Returns what runs work on.
    fn stored_works(&mut self, runs: &[RunKey]) -> Result<Vec<StoredWork>>;
    /// Returns reads, with what else they saw, and writes, by run and number; what is not there is left out.
    fn edges(&mut self, which: Edges<'_>) -> Result<(Vec<ReadRow>, Vec<WriteRow>)>;
    /// Makes reads.
    fn add_reads(&mut self, reads: &[ReadRow]) -> Result<()>;
    /// Replaces what reads reported, what they are bound to, and what else they saw.
    fn put_reads(&mut self, reads: &[ReadRow]) -> Result<()>;
    /// Makes writes (their `key` is not looked at), and returns their keys.
    fn add_writes(&mut self, writes: &[WriteRow]) -> Result<Vec<WriteKey>>;
    /// Replaces what writes reported, and what counts of them.
    fn put_writes(&mut self, writes: &[WriteRow]) -> Result<()>;
    /// Moves the untimed reads of a run to when it began, and returns their numbers; when that is reported, for the last time.
    fn move_untimed(&mut self, run: RunKey, to: Timestamp, is_told: bool) -> Result<Vec<u32>>;
    /// Offers for each of `asked` the writes that count, in the order that is asked for, until `offer` has enough: too many
    /// of them maybe, and never too few.
    fn candidates(&mut self, asked: &[Asked<'_>], offer: Offer<'_>) -> Result<()>;
    /// Returns of each artifact the one of another project that it is named after, `project::name`, where there is one.
    fn of_projects(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<Option<ArtifactKey>>>;
    /// Returns what else these contents are called.
    fn alike(&mut self, versions: &[VersionKey]) -> Result<Vec<Alike>>;
    /// Returns the artifacts that lie in each of these or are a folder around it: too many maybe, and never too few.
    fn near(&mut self, artifacts: &[ArtifactKey]) -> Result<Vec<NearNames>>;
    /// Returns for each content that was read what is known of the contents near it; none where nothing is known of what lies
    /// in folders, or where what was read is no content.
    fn held(&mut self, asked: &[HeldAsked<'_>]) -> Result<Vec<Option<HeldRows>>>;
    /// Returns the reads that may be bound otherwise after these changes, in any order, some more than once.
    fn touched_by(&mut self, changes: &[Change]) -> Result<Vec<(RunKey, u32)>>;
    /// Keeps what lies in folders of a content, and returns the reads that may be bound otherwise by what is new of it.
    fn keep_folders(&mut self, folders: &[&FolderFact]) -> Result<Vec<(RunKey, u32)>>;
    /// Keeps events, and returns for each whether it is new.
    fn keep_events(&mut self, events: &[EventRow]) -> Result<Vec<bool>>;
    /// Hands the events of a run of a project to `take` one by one, in the order of their keys, until it has enough: all of
    /// them may be more than fit into memory.
    fn events_of(
        &mut self,
        project: ProjectKey,
        run: RunId,
        from: EventsFrom,
        take: &mut dyn FnMut(EventRow) -> bool,
    ) -> Result<()>;
    /// Returns of which runs there are events, by project: of this one, or of others at this moment.
    fn runs_with_events(&mut self, run: RunId, at: Option<Timestamp>) -> Result<Vec<(ProjectKey, RunId)>>;
    /// Returns those of these processes whose runs are built from events alone.
    fn processes_of_events(&mut self, among: &[ProcessKey]) -> Result<Vec<ProcessKey>>;
    /// Removes something, and returns the reads of others that may be bound otherwise, unless it was a run.
    fn remove(&mut self, what: Removed<'_>) -> Result<Vec<(RunKey, u32)>>;
    /// Returns how far a journal was folded.
    fn offset(&mut self, journal: &str) -> Result<u64>;
    /// Returns whether a process recorded something about which nothing was understood.
    fn has_unread(&mut self, process: ProcessId) -> Result<bool>;
}

/// One of what the trait takes many of. Each fails when the database does.
#[allow(clippy::missing_errors_doc, reason = "what is said of all of them stands above")]
impl dyn Writer + '_ {
    /// Returns the key of what has this name, made when it is new.
    pub fn key(&mut self, name: Name<'_>) -> Result<i64> {
        Ok(self.enter(&[name])?.pop().unwrap_or_default())
    }

    /// Returns the project of this identity, if one is reported, or name, made when it is new.
    pub fn project(&mut self, name: &str, identity: Option<&str>) -> Result<ProjectKey> {
        self.key(Name::Project(name, identity)).map(ProjectKey)
    }

    /// Returns a run by id.
    pub fn run(&mut self, id: RunId) -> Result<Option<(RunKey, RunRow)>> {
        Ok(self.run_rows(RowsOf::Ids(&[id]))?.pop())
    }

    /// Keeps one thing that is said.
    pub fn keep(&mut self, said: Said<'_>) -> Result<()> {
        self.say(&[said])
    }
}
