//! What a journal holds and what ingest understands: typed facts about runs, each small and complete in itself.
//!
//! Facts about one run may arrive in any order and more than once; the store ends up the same. Two of them say something of
//! a read or write that must be known by then, and the one who writes a journal sees to that: [`Record::Due`] and
//! [`Record::Fingerprint`]. A content is looked for only after the record that names what has it is in the journal.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    AliasFact, ArtifactKind, ArtifactName, CheckFact, EventFact, Mark, MetricFact, ObservationFact, ProcessId,
    ProfileFact, RetractFact, RunId, Status, SubjectFact, TaskFact, Timestamp, Verdict, VersionId, unique,
};

/// One entry of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Who writes this journal: its first entry.
    Process(Header),
    /// The source text of a registered function; written once per process before the first run that names it.
    Code(Code),
    /// Whether the work tree still holds that source text.
    CodeCheck(CodeCheck),
    /// The git state that runs refer to by its key; a later one with the same key adds what was not known yet.
    Git(Git),
    /// A run began.
    Start(Start),
    /// A run read something after it began.
    Read {
        /// The run.
        run: RunId,
        /// What it read.
        read: ReadFact,
    },
    /// A run made an output known before its end.
    Write {
        /// The run.
        run: RunId,
        /// What it wrote.
        write: WriteFact,
    },
    /// The content of an earlier read or write is still to be hashed.
    Due(Due),
    /// The content of an earlier read or write, hashed beside the body or later; of one that is not known it is dropped.
    Fingerprint(FingerprintFact),
    /// What lies in a folder of a content.
    Folder(FolderFact),
    /// What is in a table of a content.
    Profile(ProfileFact),
    /// A parameter that was not known at the start.
    Param(ParamFact),
    /// A person's or the run's own remark.
    Note(NoteFact),
    /// A number that was measured.
    Metric(MetricFact),
    /// What was observed many times.
    Observation(ObservationFact),
    /// Something that was checked.
    Check(CheckFact),
    /// Whose data a run took in.
    Subject(SubjectFact),
    /// A run ended.
    End(End),
    /// A run is taken back.
    Forget(Forget),
    /// What a component is.
    Component(ComponentFact),
    /// A verdict on a version.
    Label(LabelFact),
    /// What an alias points to.
    Alias(AliasFact),
    /// An output of a task, or what became of one.
    Task(TaskFact),
    /// Whose data are not to be in anything any more.
    Retract(RetractFact),
    /// A line of an import that waited for the store.
    Line(Line),
    /// An event of another tool.
    Event(EventFact),
    /// This part of the journal is complete; the process goes on in another file.
    Rotated,
    /// So many records could not be written before this one.
    Lost(u64),
}

/// A line of an import: whom it is from, and the records that it means.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The project that it belongs to; no process stands behind it.
    pub header: Header,
    /// What it says.
    pub records: Vec<Record>,
    /// What of it nobody said.
    #[serde(default, skip_serializing_if = "Chosen::is_nothing")]
    pub chosen: Chosen,
}

/// What the reader of a line put in the place of what it leaves out: it gives way to what others say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Whether that is when the run began.
    #[serde(default)]
    pub start: bool,
    /// The numbers of its reads and writes that were counted.
    #[serde(default)]
    pub numbers: BTreeSet<u32>,
}

impl Chosen {
    /// Returns whether all was said.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        !self.start && self.numbers.is_empty()
    }
}

/// The process that writes a journal.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The journal's format.
    pub format: u32,
    /// How far that format had grown.
    #[serde(default)]
    pub minor: u32,
    /// The process' id, shared by the parts of a rotated journal. `None` in an import.
    pub process: Option<ProcessId>,
    /// The project that its runs belong to.
    pub project: String,
    /// What distinguishes that project from others in a store that several roots share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The host's name.
    pub host: Option<String>,
    /// The user's name.
    pub user: Option<String>,
    /// The process' number.
    pub pid: Option<u32>,
    /// When the process started, in the kernel's ticks since boot.
    pub pid_start: Option<u64>,
    /// The boot of the machine.
    pub boot: Option<String>,
    /// The namespace that the process' number belongs to.
    pub pid_namespace: Option<String>,
    /// When the journal was opened.
    pub at: Option<Timestamp>,
    /// The version of mltrace that wrote it.
    pub writer: String,
}

/// The source of a registered function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Code {
    /// What runs refer to: a hash over file, line and text.
    pub key: String,
    /// The file, as the compiler knew it.
    pub file: String,
    /// The line of the function.
    pub line: u32,
    /// BLAKE3 of the text, in hex.
    pub hash: String,
    /// The text.
    pub source: String,
}

impl Code {
    /// What stands for the file where the code is a command that was run.
    pub const COMMAND_LINE: &str = "command line";
}

/// Whether the file in the work tree still holds the compiled text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CodeCheck {
    /// The code's key.
    pub code: String,
    /// The claim.
    pub is_in_work_tree: bool,
}

/// The state of a git repository.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Git {
    /// What runs refer to.
    pub key: String,
    /// The commit of HEAD; `None` on an unborn branch.
    pub commit: Option<String>,
    /// The branch; `None` when detached.
    pub branch: Option<String>,
    /// The tags that point at the commit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether the work tree differs from the commit; `None` while unknown.
    pub dirty: Option<bool>,
    /// The address of `origin`, without credentials.
    pub remote: Option<String>,
}

impl Git {
    /// Returns a key that no other state has.
    #[must_use]
    pub fn new_key() -> String {
        unique::uuid().simple().to_string()
    }
}

/// What is said of a component, by its code, a command or an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Declaration {
    /// Whom to ask.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// After how many seconds an input counts as old.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale_after_s: Option<i64>,
}

/// The start of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The run.
    pub run: RunId,
    /// Its component.
    pub component: String,
    /// When it began.
    pub at: Timestamp,
    /// The run inside which it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<RunId>,
    /// The key of its [`Code`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The key of its [`Git`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<String>,
    /// What its code says of the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declaration>,
    /// Parameters known at the start.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Value>,
    /// Inputs known at the start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<ReadFact>,
    /// The host, when not the header's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The user, when not the header's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// What a run read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadFact {
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// The artifact.
    pub name: ArtifactName,
    /// The argument or expression that named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// Its kind, when declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ArtifactKind>,
    /// When it was read; `None`: when the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The content or declared version, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// The content's size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What a run wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WriteFact {
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// The artifact.
    pub name: ArtifactName,
    /// The binding or expression that named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// Its kind, when declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ArtifactKind>,
    /// From when it counts; `None`: from the run's end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The content or declared version, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// The content's size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What became of it, when it is no write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
}

/// A local file or folder whose content is still to be hashed: by the process that recorded it, or, when that is gone,
/// by the one who folds its journal on the same host. It counts only if the file still stands as it did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// The run.
    pub run: RunId,
    /// The number of the read or write.
    pub n: u32,
    /// The absolute path, escaped as names are.
    pub path: String,
    /// How it stood: see `disk::state`.
    pub state: String,
}

/// The content of an earlier read or write of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FingerprintFact {
    /// The run.
    pub run: RunId,
    /// The number of the read or write.
    pub n: u32,
    /// The content.
    pub version: VersionId,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParamFact {
    /// The run.
    pub run: RunId,
    /// When it was recorded: the last value of a name counts.
    pub at: Timestamp,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// A remark on a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteFact {
    /// Its own id, so that it lands once.
    pub id: Uuid,
    /// The run.
    pub run: RunId,
    /// The remark.
    pub text: String,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub by: Option<String>,
}

/// The files in every folder of a content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderFact {
    /// The folder's content.
    pub version: VersionId,
    /// The content of each file, by its path in the folder.
    pub entries: BTreeMap<String, VersionId>,
    /// Whether these are all of its files: of more than so many the others are not listed.
    pub is_whole: bool,
}

/// A run that is taken back: nothing that is known of it counts, before or after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forget {
    /// The run.
    pub run: RunId,
    /// When it was taken back.
    pub at: Timestamp,
}

/// The end of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// The run.
    pub run: RunId,
    /// When it ended.
    pub at: Timestamp,
    /// How it ended; a word that this version does not know is [`Status::Unknown`].
    #[serde(deserialize_with = "any_status")]
    pub status: Status,
    /// How long it took, by the monotonic clock, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<i64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Outputs known at the end. In a run that did not complete, only those with a content become versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<WriteFact>,
}

/// Returns the status of a word that may be one of a newer version.
fn any_status<'de, D: serde::Deserializer<'de>>(word: D) -> Result<Status, D::Error> {
    let word = std::borrow::Cow::<'de, str>::deserialize(word)?;
    Ok(Status::ALL.into_iter().find(|status| status.as_str() == word).unwrap_or(Status::Unknown))
}

/// What a person says of a component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentFact {
    /// The component.
    pub component: String,
    /// When it was said: the last word on each field counts.
    pub at: Timestamp,
    /// What was said.
    pub declared: Declaration,
    /// Tags taken off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub untag: Vec<String>,
}

/// A verdict on a version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelFact {
    /// Its own id, so that it lands once; of two at the same time the larger counts.
    pub id: Uuid,
    /// The artifact.
    pub name: ArtifactName,
    /// The version.
    pub version: VersionId,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}
