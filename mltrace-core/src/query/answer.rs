//! The answers: plain structs that serialise to the promised JSON. Fields may be added, never renamed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::difference::Since;
pub use super::fact::{Fact, FactSpan, Rest};
pub use crate::lineage::{ImpactState, Strength, Weakness};
use crate::model::{
    ArtifactKind, ArtifactName, Bound, Check, Mark, Metric, Observation, RunId, RunSubject, Status, Timestamp, Verdict,
    Version, VersionId,
};
pub use crate::store::LeftOut;

/// A component run with everything that is recorded of it, except the source text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Its project.
    pub project: String,
    /// Its component.
    pub component: String,
    /// How it stands.
    pub status: Status,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `None` while it runs and when it died.
    pub ended_at: Option<Timestamp>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// When its process was last heard of.
    pub last_seen: Option<Timestamp>,
    /// What it read, in the order of reading.
    pub inputs: Vec<Input>,
    /// What it wrote, in the order of writing.
    pub outputs: Vec<Output>,
    /// The runs that wrote what it read.
    pub depends_on: Vec<RunId>,
    /// The git state of its code.
    pub git: Option<Git>,
    /// Where its code is.
    pub code: Option<Code>,
    /// Its parameters.
    pub params: BTreeMap<String, Value>,
    /// Whom to ask, as said by this run or of its component.
    pub owner: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Remarks, oldest first.
    pub notes: Vec<Note>,
    /// What was measured, by name, artifact and step; absent when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// What was checked, by name and artifact; absent when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What was observed many times, by name; absent when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observations: Vec<Observation>,
    /// Whose data it took in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<RunSubject>,
    /// What a list leaves out of these; absent when it shows all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<Box<LeftOut>>,
    /// Why it failed.
    pub error: Option<String>,
    /// Why it was stale when it ran; empty when fresh.
    pub stale: Vec<Stale>,
    /// The run inside which it ran.
    pub parent: Option<RunId>,
    /// The host.
    pub host: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// Where it was asked: what it has otherwise than the last run before it that it can be compared with; absent when there is
    /// none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Box<Since>>,
    /// Where it was asked: the changes that runs before it made and it still has, in words; absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub still_differs: Vec<String>,
}

/// What a run read, and how that was bound to a write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Input {
    /// The artifact.
    pub name: ArtifactName,
    /// The version that was read.
    pub version: VersionId,
    /// The artifact's kind.
    pub kind: ArtifactKind,
    /// The argument or expression that named it.
    pub argument: Option<String>,
    /// How the read was bound.
    pub bound: Bound,
    /// The other artifact that has the same content, when bound by copy, or when that was too weak a reason to bind.
    pub same_content_as: Option<Version>,
    /// The run that wrote it.
    pub written_by: Option<RunId>,
    /// The run that last wrote this artifact before, or the folder around it from which a part of it comes, when somebody
    /// unknown changed it since.
    pub changed_since: Option<RunId>,
    /// When it was read.
    pub at: Timestamp,
    /// By how many milliseconds, at least, the clocks of two hosts are apart: so much later than the read its writer began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clocks_apart_ms: Option<f64>,
    /// What else was read with it: the last writes of what lies in it, or of a folder around it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Part>,
    /// Of one that no run of this project wrote, the last writers of that name in other projects of the store, or on other
    /// hosts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
}

/// A write of the same name in another project of the store, or on another host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Elsewhere {
    /// The other project.
    pub project: String,
    /// The run that wrote it last there.
    pub run: RunId,
    /// The host, where the name is another thing on each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A write that was read with a folder, or as a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Part {
    /// The artifact that was written.
    pub name: ArtifactName,
    /// The version that was written.
    pub version: VersionId,
    /// The run that wrote it.
    pub written_by: RunId,
}

/// What a run wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Output {
    /// The artifact.
    pub name: ArtifactName,
    /// The version that was written; `None` when the run did not complete and left nothing that can be reported.
    pub version: Option<VersionId>,
    /// The artifact's kind.
    pub kind: ArtifactKind,
    /// The binding or expression that named it.
    pub argument: Option<String>,
    /// A person's verdict on the version: `flagged`, `ok` or `None`.
    pub label: Option<Verdict>,
    /// From when the write counts.
    pub at: Option<Timestamp>,
    /// Why this is no write: `missing`, `unchanged`, `maybe`, or `unknown`. Absent from an output that was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// The run inside this one that wrote it; this one only named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inner: Option<RunId>,
    /// The runs around this one that only named it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Within>,
}

/// A run around another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Within {
    /// Its id.
    pub run: RunId,
    /// Its component.
    pub component: String,
}

/// The git state of a run's code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Git {
    /// The commit of HEAD.
    pub commit: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The tags at the commit.
    pub tags: Vec<String>,
    /// Whether the work tree differed from the commit.
    pub dirty: Option<bool>,
    /// The address of `origin`, without credentials.
    pub remote: Option<String>,
}

/// Where a run's code is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Code {
    /// The file, as the compiler knew it.
    pub file: String,
    /// The line of the function.
    pub line: u32,
    /// BLAKE3 of the source text, in hex.
    pub hash: String,
    /// Whether the work tree still held that text when the run's process looked.
    pub is_in_work_tree: Option<bool>,
    /// The source text: only in the answer of `inspect`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A remark on a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Note {
    /// The remark.
    pub text: String,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub by: Option<String>,
}

/// Why a run is stale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stale {
    /// The reason.
    pub reason: StaleReason,
    /// The fresher run, or the run that wrote the old input.
    pub run: Option<RunId>,
    /// The reason in words.
    pub message: String,
}

/// The reasons for being stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum StaleReason {
    /// The input was old.
    Age,
    /// A fresher one existed.
    Superseded,
}

/// A run at its smallest distance from the question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RunAtDepth {
    /// The run.
    #[serde(flatten)]
    pub run: Run,
    /// How many steps it is away; 0 is the run that wrote the version.
    pub depth: u32,
}

/// The answer of `trace`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Trace {
    /// The version that was asked for.
    pub artifact: Version,
    /// Each run upstream once, by depth, then start, then id.
    pub runs: Vec<RunAtDepth>,
    /// The runs that read the version, when nobody wrote it.
    pub read_by: Vec<RunId>,
    /// Whether runs further up were left out because of a depth limit.
    pub is_cut: bool,
    /// The last runs that named the artifact as theirs after this version was written, and did not write it, newest first.
    /// Absent when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Left>,
    /// The components of which another tool declared that they write it, when nobody ever wrote or read it. Absent when
    /// there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub declared_by: Vec<String>,
}

/// A run that was to write an artifact and did not, as far as anybody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Left {
    /// The run.
    pub run: RunId,
    /// Its component.
    pub component: String,
    /// How it stands.
    pub status: Status,
    /// What became of the artifact: `missing` at the run's end, `unchanged` since its start, `maybe` written.
    pub mark: Mark,
}

/// The answer of `recent`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Runs {
    /// The runs, newest first.
    pub runs: Vec<Run>,
}

/// The answer of `components`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Components {
    /// The components, by name.
    pub components: Vec<Component>,
}

/// A component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Component {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// Whom to ask.
    pub owner: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// How many runs it has.
    pub runs: u64,
    /// Its last run.
    pub last_run: Option<Run>,
}

/// The answer of `tags`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tags {
    /// The tags, by name.
    pub tags: Vec<String>,
}

/// The answer of `review` and `flag`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Review {
    /// The versions that people found bad.
    pub flagged: Vec<Labelled>,
    /// The versions that people found fine.
    pub ok: Vec<Labelled>,
    /// What the runs upstream of what is flagged share and those upstream of what is ok do not, the likeliest cause first.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// How many of the flagged versions have none of the facts that the sentence names, and what tells them best from others;
    /// absent when each has one, and while no fact is more than weak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
    /// Whom to ask of the components that the facts are of.
    #[serde(default)]
    pub owners: BTreeMap<String, String>,
    /// In words the newest change at the suspects, while nothing is ok: then the bad ones cannot be distinguished from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_change: Option<String>,
    /// In words the strongest evidence of change at the suspects, while nothing is ok: it may have been there for some runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strongest_change: Option<String>,
    /// Groups of runs, the likeliest culprit first.
    pub suspects: Vec<Suspect>,
    /// The probability that no recorded run is to blame.
    pub by_chance: f64,
    /// The smallest sets of runs that explain all flags, the likeliest first.
    pub explains: Vec<Vec<RunId>>,
    /// The unlabelled outputs whose verdict would say most.
    pub look_next: Vec<LookNext>,
    /// Whether of some runs only the first parameters, metrics, checks or inputs by name were compared; absent when not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cut: bool,
    /// Why the suspects are unknown, although verdicts were recorded: then `flagged` and `ok` have those of this request
    /// alone, and all else says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_reviewed: Option<String>,
}

/// A version with a person's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Labelled {
    /// The artifact.
    pub name: ArtifactName,
    /// The version.
    pub version: VersionId,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub by: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Runs that the judged outputs cannot tell apart. Those that have what the first line says of the facts come first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Suspect {
    /// Its place, from 1.
    pub rank: u32,
    /// The `rank` of the fact that the first line names and that its first run has: the suspects that share it are one cause; absent
    /// where it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<u32>,
    /// How many times likelier it is to blame than chance, as a power of ten: comparable within one answer only.
    pub score: f64,
    /// What the verdicts add to the score.
    pub score_of_verdicts: f64,
    /// What the evidence of change adds to the score.
    pub score_of_changes: f64,
    /// How likely it is to blame, as a share of one with all other suspects and chance.
    pub probability: f64,
    /// The share of the flagged versions that it is upstream of.
    pub coverage: f64,
    /// How many flagged versions it is upstream of.
    pub flagged: u32,
    /// How many ok versions it is upstream of.
    pub ok: u32,
    /// The runs: those that have the fact, then those with the most evidence of change.
    pub runs: Vec<RunId>,
    /// Their components, in the same order.
    pub components: Vec<String>,
    /// The reasons in words.
    pub evidence: Vec<String>,
}

/// An unlabelled output worth a look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LookNext {
    /// The artifact.
    pub name: ArtifactName,
    /// The version.
    pub version: VersionId,
    /// What its verdict would show.
    pub why: String,
}

/// The answer of `impact`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Impact {
    /// What was asked.
    pub root: ImpactRoot,
    /// Each run downstream once, by depth, then start, then id.
    pub runs: Vec<RunAtDepth>,
    /// What they wrote: what is current first, then what is nearest.
    pub artifacts: Vec<Impacted>,
}

/// What an impact was asked of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ImpactRoot {
    /// A version; its readers have depth 1.
    pub artifact: Option<Version>,
    /// A run, at depth 0.
    pub run: Option<RunId>,
    /// A component, whose runs have depth 0.
    pub component: Option<String>,
    /// The commit of its runs, as it was asked.
    pub commit: Option<String>,
}

/// A version downstream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Impacted {
    /// The artifact.
    pub name: ArtifactName,
    /// The version.
    pub version: VersionId,
    /// The last run downstream that wrote it.
    pub written_by: RunId,
    /// What became of it.
    pub state: ImpactState,
    /// Whom to notify.
    pub owner: Option<String>,
}
