//! The rows that a store takes and returns.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::candidate::WorkKey;
use super::extent::{FactsCut, LeftOut};
use super::key::{ArtifactKey, ComponentKey, RunKey, VersionKey, WriteKey};
use super::measure::Measures;
use super::run::RunRow;
use crate::model::{
    ArtifactKind, ArtifactName, Bound, Declaration, Git, Mark, Observation, RunId, RunSubject, Status, Timestamp,
    Verdict, Version, VersionId,
};

/// A read with what it was bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadRow {
    /// Who read.
    pub run: RunKey,
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// What was read.
    pub artifact: ArtifactKey,
    /// The content or declared version, as the run reported it.
    pub seen: Option<VersionKey>,
    /// When.
    pub at: Timestamp,
    /// Whether that is when the run began, and nobody said when that was; of a read that is stored only the store knows.
    pub is_untimed: bool,
    /// How it was bound.
    pub bound: Bound,
    /// The write that it saw.
    pub write: Option<WriteKey>,
    /// A write of the same content by another name, too weak a reason to bind.
    pub like: Option<WriteKey>,
    /// The argument or expression that named it.
    pub argument: Option<String>,
    /// What else it saw: writes of folders around it and of what lies in it, in order.
    pub parts: Vec<WriteKey>,
}

/// A write with what counts of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteRow {
    /// What became of it, when it is no write.
    pub mark: Option<Mark>,
    /// Its key.
    pub key: WriteKey,
    /// Who wrote.
    pub run: RunKey,
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// What was written.
    pub artifact: ArtifactKey,
    /// The content or declared version, as the run reported it.
    pub seen: Option<VersionKey>,
    /// When the run made it known, if before its end.
    pub said_at: Option<Timestamp>,
    /// The version that it made; `None` when it does not count.
    pub version: Option<VersionKey>,
    /// From when it counts.
    pub at: Option<Timestamp>,
    /// The write of a run inside that this one only names.
    pub echo: Option<WriteKey>,
    /// The binding or expression that named it.
    pub argument: Option<String>,
}

/// A version that a read or write reported, with what decides how it binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Its key.
    pub key: VersionKey,
    /// Its artifact.
    pub artifact: ArtifactKey,
    /// Its id.
    pub id: VersionId,
    /// The content's size in bytes, when known.
    pub size: Option<u64>,
}

/// A component's own row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComponentRow {
    /// Its key.
    pub key: ComponentKey,
    /// Its name.
    pub name: String,
    /// Whom to ask.
    pub owner: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// After how many seconds an input counts as old.
    pub stale_after_s: Option<i64>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When the last word on any of this was said.
    pub said_at: Option<Timestamp>,
    /// How many runs it has.
    pub runs: u64,
    /// Its last run.
    pub last_run: Option<RunKey>,
}

/// A field of a component as somebody said it at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ComponentField {
    /// Whom to ask.
    Owner(String),
    /// What it does.
    Description(String),
    /// After how many seconds an input counts as old.
    StaleAfter(i64),
    /// A word to find it by, put on or taken off.
    Tag {
        /// The word.
        tag: String,
        /// Whether it was put on.
        is_present: bool,
    },
}

/// A run with everything that an answer shows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetail {
    /// Its key.
    pub key: RunKey,
    /// Its row.
    pub row: RunRow,
    /// Its project's name.
    pub project: String,
    /// Its component's name, owner, description, tags and age limit.
    pub component: ComponentRow,
    /// What its own code said of the component.
    pub declared: Option<Declaration>,
    /// Its host.
    pub host: Option<String>,
    /// Its user.
    pub user: Option<String>,
    /// When its process was last heard of.
    pub last_seen: Option<Timestamp>,
    /// It was imported: no process of this store's project recorded it.
    pub is_imported: bool,
    /// Its git state.
    pub git: Option<Git>,
    /// Its source.
    pub code: Option<CodeDetail>,
    /// Its parameters.
    pub params: BTreeMap<String, Value>,
    /// What it read, in order.
    pub reads: Vec<ReadDetail>,
    /// What it wrote, in order.
    pub writes: Vec<WriteDetail>,
    /// Remarks, oldest first.
    pub notes: Vec<NoteDetail>,
    /// What was measured and checked.
    pub measures: Measures,
    /// What was observed many times, by name.
    pub observations: Vec<Observation>,
    /// Whose data it took in.
    pub subjects: Vec<RunSubject>,
    /// What was left out of these, in a list.
    pub left_out: Option<Box<LeftOut>>,
    /// What was left out of these, where runs are compared.
    pub cut: Option<Box<FactsCut>>,
}

/// A function's source with whether the work tree held it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeDetail {
    /// The file, as the compiler knew it.
    pub file: String,
    /// The line of the function.
    pub line: u32,
    /// BLAKE3 of the text, in hex.
    pub hash: String,
    /// The text, when asked for.
    pub source: Option<String>,
    /// Whether the work tree held it when the run's process looked.
    pub is_in_work_tree: Option<bool>,
}

/// A read as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadDetail {
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// The artifact's key.
    pub artifact: ArtifactKey,
    /// The artifact.
    pub name: ArtifactName,
    /// The artifact's kind.
    pub kind: ArtifactKind,
    /// The argument or expression that named it.
    pub argument: Option<String>,
    /// When.
    pub at: Timestamp,
    /// The content or declared version, as the run reported it.
    pub seen: Option<VersionId>,
    /// The content's size, when known.
    pub size: Option<u64>,
    /// How it was bound.
    pub bound: Bound,
    /// The write that it saw.
    pub write: Option<WriteOf>,
    /// A write of the same content by another name, too weak a reason to bind.
    pub like: Option<Box<WriteOf>>,
    /// What else it saw: writes of folders around it and of what lies in it.
    pub parts: Vec<WriteOf>,
}

/// The write that a read points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteOf {
    /// Who wrote.
    pub run: RunKey,
    /// Its id.
    pub run_id: RunId,
    /// What was written.
    pub artifact: ArtifactKey,
    /// Its name, where that is another one than that of what was read.
    pub name: Option<ArtifactName>,
    /// The version.
    pub version: VersionId,
    /// The version's key; `None`: the write does not count.
    pub made: Option<VersionKey>,
    /// When.
    pub at: Timestamp,
    /// When the artifact was next written, by anybody.
    pub next_at: Option<Timestamp>,
    /// When the run began that wrote.
    pub began: Option<Timestamp>,
    /// When that run ended.
    pub ended: Option<Timestamp>,
    /// Whether it completed.
    pub is_completed: bool,
    /// What that run worked on.
    pub work: Option<WorkKey>,
    /// When a run of the same work next ended after it.
    pub rerun_at: Option<Timestamp>,
}

/// A write as an answer shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteDetail {
    /// What became of it, when it is no write.
    pub mark: Option<Mark>,
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// The artifact's key.
    pub artifact: ArtifactKey,
    /// The artifact.
    pub name: ArtifactName,
    /// The artifact's kind.
    pub kind: ArtifactKind,
    /// The binding or expression that named it.
    pub argument: Option<String>,
    /// The key of the version that it made.
    pub made: Option<VersionKey>,
    /// The version that it made.
    pub version: Option<VersionId>,
    /// The content's size, when known.
    pub size: Option<u64>,
    /// From when it counts.
    pub at: Option<Timestamp>,
    /// When the run made it known, if before its end.
    pub said_at: Option<Timestamp>,
    /// The last verdict on the version.
    pub label: Option<Verdict>,
    /// The write of a run inside this one, when it only named what that one wrote.
    pub echo: Option<EchoDetail>,
    /// The runs around this one that only named what it wrote.
    pub within: Vec<WithinDetail>,
}

/// What a run inside another one wrote, that one named too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EchoDetail {
    /// Who wrote.
    pub run: RunKey,
    /// Its id.
    pub run_id: RunId,
    /// The version.
    pub version: VersionId,
}

/// A run around another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithinDetail {
    /// Its id.
    pub run_id: RunId,
    /// Its component's name.
    pub component: String,
}

/// A run that was to write an artifact and did not, as far as anybody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedRow {
    /// The artifact.
    pub name: ArtifactName,
    /// The run.
    pub run: RunKey,
    /// What became of the artifact.
    pub mark: Mark,
}

/// A remark on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteDetail {
    /// Its id.
    pub id: Uuid,
    /// The remark.
    pub text: String,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub by: Option<String>,
}

/// What a run is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunName {
    /// Its key.
    pub key: RunKey,
    /// Its id.
    pub id: RunId,
    /// Its component.
    pub component_key: ComponentKey,
    /// Its component's name.
    pub component: String,
    /// When it began.
    pub started_at: Option<Timestamp>,
}

/// A verdict on a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRow {
    /// Its id.
    pub id: Uuid,
    /// The version.
    pub version: VersionKey,
    /// The artifact.
    pub name: ArtifactName,
    /// The version's id.
    pub version_id: VersionId,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An entry of an alias: what it points to from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasRow {
    /// Its id.
    pub id: Uuid,
    /// The alias.
    pub alias: String,
    /// The version; `None`: nothing.
    pub artifact: Option<Version>,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A version as it may be named: with its last write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionAt {
    /// Its key; the version `none` has none.
    pub key: Option<VersionKey>,
    /// Its id.
    pub id: VersionId,
    /// Its last write, and by whom.
    pub written: Option<(RunKey, Timestamp)>,
}

/// A write that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputRow {
    /// Who wrote.
    pub run: RunKey,
    /// What was written.
    pub version: VersionKey,
    /// The run that last wrote the artifact, and whether that write made the same version; only reported where it was asked for.
    pub last: Option<(RunKey, bool)>,
}

/// An artifact with its latest version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentRow {
    /// The artifact.
    pub name: ArtifactName,
    /// The version that was written last, else the one that was read last.
    pub latest: Option<VersionAt>,
    /// Who last made that version by the moment that was asked of; `None`: nobody had.
    pub made_by: Option<RunKey>,
}

/// What a version is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionName {
    /// Its key.
    pub key: VersionKey,
    /// It, with the name of its artifact.
    pub version: Version,
    /// Whether its artifact may lie in a known folder, or be one.
    pub is_nested: bool,
}

/// How far runs are followed from one to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Far {
    /// At most so many steps; `None`: all.
    pub depth: Option<u32>,
    /// At most so many runs, the nearest; `None`: all.
    pub most: Option<usize>,
}

/// Runs that were reached from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// Each once with its smallest distance, nearest first.
    pub runs: Vec<(RunKey, u32)>,
    /// Whether there are more of them.
    pub is_cut: bool,
}

/// Which runs are meant.
#[derive(Clone, Debug, Default)]
pub struct RunSelection {
    /// Of this component.
    pub component: Option<ComponentKey>,
    /// Of one of these components.
    pub components: Option<Vec<ComponentKey>>,
    /// With this status.
    pub status: Option<Status>,
    /// Started at or after.
    pub since: Option<Timestamp>,
    /// Started before or at.
    pub until: Option<Timestamp>,
    /// With code at a commit that begins so, in lower case.
    pub commit: Option<String>,
    /// Older than the run of this id that started then.
    pub before: Option<(Timestamp, RunId)>,
    /// Of which each of these holds.
    pub all_of: Vec<AnyOf>,
    /// At most so many.
    pub limit: Option<usize>,
}

/// What a run is to have: any of these. Texts hold whatever the case of their ASCII letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnyOf {
    /// It is of one of these components.
    pub components: Vec<ComponentKey>,
    /// It stands in one of these ways.
    pub statuses: Vec<Status>,
    /// It is one of these.
    pub runs: Vec<RunKey>,
    /// Its code is at a commit that begins so, in lower case.
    pub commit: Option<String>,
    /// Its error holds this.
    pub error: Option<String>,
    /// The name of something that it wrote holds this.
    pub output: Option<String>,
    /// The name of something that it read holds this.
    pub input: Option<String>,
    /// Whether it is to have none of these instead.
    pub is_not: bool,
}
