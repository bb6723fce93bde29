//! Keeps and finds. The traits are the doors to any database; they speak in domain verbs and know no lineage rule.

mod key;

mod look;

mod said;

mod measure;

mod task;

mod row;

mod candidate;

mod run;

mod near;

mod project;

mod unread;

mod event;

mod which;
mod writer;

mod error;

mod bounds;

mod extent;

mod facts;

mod count;

mod open;

#[cfg(feature = "store")]
pub mod sqlite;

use crate::model::{Due, RunId};

pub use bounds::Bounds;
pub use candidate::{Alike, Asked, Candidate, Of, Offer, OfferRun, RerunRow, When, WorkKey, WorkRow};
pub use count::{BriefRun, Count, CountedRun, FailureRow, LastRun, LastRuns, NotPassed, OnDay, Past, WatchedComponent};
pub use error::{Result, StoreError};
pub use event::{BEGAN, ENDED, EventRow, EventsFrom, TellEvent};
pub use extent::{Extent, FactsCut, LeftOut, Told};
pub use facts::FactsRow;
pub use key::{
    ArtifactKey, CodeKey, ComponentKey, DeclarationKey, GitKey, ProcessKey, ProjectKey, RunKey, TaskKey, VersionKey,
    WriteKey,
};
pub use look::{Look, Met};
pub use measure::{Measures, Profiles, TableRow, WhatOfRuns};
pub use near::{HeldAsked, HeldRows, NearName, NearNames};
pub use open::{empty, is_inherited, open};
pub use project::{ProjectRow, WrittenElsewhere};
pub use row::{
    AliasRow, AnyOf, CodeDetail, ComponentField, ComponentRow, CurrentRow, EchoDetail, Far, LabelRow, MarkedRow,
    NoteDetail, OutputRow, Reached, ReadDetail, ReadRow, RunDetail, RunName, RunSelection, VersionAt, VersionName,
    VersionRow, WithinDetail, WriteDetail, WriteOf, WriteRow,
};
pub use run::RunRow;
pub use task::{CaseRow, Cell, Pair, PairOrder, PairsAsked, TaskRow};
pub use unread::UnreadRow;
pub use which::{
    Artifacts, Cases, Components, Direction, Folders, Labels, Marks, NearOf, Projects, Runs, Touched, Versions, Writes,
};
pub use writer::{Among, Change, Edges, Name, Removed, RowsOf, Said, StoredWork, VersionAsked, VersionEntered, Writer};

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
    /// Holds still what is asked from now on: all looks see the store as the first one does, until [`let_go`](Look::let_go).
    /// Nothing is written through this store meanwhile. Where that would keep others from writing, it does nothing.
    fn hold_still(&mut self) -> Result<()>;
    /// Renames the project of the root that the store lies in. Its earlier name stays one of its names.
    fn call_own_project(&mut self, name: &str) -> Result<()>;
    /// Returns whether a run was taken back.
    fn is_forgotten(&mut self, id: RunId) -> Result<bool>;
    /// Returns what is still to be hashed for processes of `host` that are gone.
    fn dues(&mut self, host: Option<&str>) -> Result<Vec<Due>>;
    /// Returns how far a journal was folded.
    fn offset(&mut self, journal: &str) -> Result<u64>;
    /// Returns whether records wait that [`unread`](Self::unread) hands out.
    fn has_unread(&mut self, minor: u32) -> Result<bool>;
    /// Returns records that were kept unread by versions of mltrace whose journals had grown less far than to `minor`: some
    /// at a time, of a few MiB, or one that is longer.
    fn unread(&mut self, minor: u32) -> Result<Vec<UnreadRow>>;
    /// Returns what was counted under `name`: `lost`, `cut` or `damaged`.
    fn tally(&mut self, name: &str) -> Result<u64>;
    /// Returns what is fine and what is wrong with the database itself; `is_full` reads every page.
    fn check(&mut self, is_full: bool) -> Result<Checkup>;
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
