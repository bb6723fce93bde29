//! Our own facets: what OpenLineage has no place for, so that a run that is exported as events comes back as it was.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::event::{About, Dataset, Event};
use crate::model::{
    ArtifactKind, Check, DataSubject, Declaration, Mark, Metric, Observation, RunId, Status, Timestamp, VersionId,
    WriteFact, value,
};

/// What is said of a run.
pub const OF_RUN: &str = "mltrace_run";
/// What is said of a read or write.
pub const OF_EDGE: &str = "mltrace_edge";
/// What is said of a component.
pub const OF_JOB: &str = "mltrace_job";

/// What only mltrace says of a run. Where an event has it, it stands in the place of all facets that say less of the same:
/// parameters, measures, git and what is declared of the component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnRun {
    /// How it ended, where the type of the event does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// When it ended, where that is not the time of the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// How long it took, in microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<i64>,
    /// Whether nobody said when it began.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_start_chosen: bool,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The git state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<OwnGit>,
    /// Where its source is; the text is in the facet `sourceCode`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<OwnCode>,
    /// What its code says of the component.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declaration>,
    /// Its parameters, with the texts of their numbers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "params")]
    pub params: BTreeMap<String, Value>,
    /// The outputs that it did not write, which no other tool receives as outputs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_written: Vec<NotWritten>,
    /// Remarks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<OwnNote>,
    /// What was measured.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// What was checked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What was observed many times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub observations: Vec<Observation>,
    /// Whose data it took in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<DataSubject>,
}

/// A git state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnGit {
    /// The commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The tags at the commit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether the work tree differed from the commit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// The address of `origin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnCode {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u32,
    /// BLAKE3 of the text, in hex.
    pub hash: String,
    /// Whether the work tree held the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_in_work_tree: Option<bool>,
}

/// A remark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnNote {
    /// Its id.
    pub id: Uuid,
    /// The remark.
    pub text: String,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// What only mltrace says of a read or write.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OwnEdge {
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// The artifact's name in its own project, where namespace and name do not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The argument or expression that named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub argument: Option<String>,
    /// Its kind, where the name does not suggest it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<ArtifactKind>,
    /// When, if not at the start of the run, or its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The version, where the facet `version` cannot say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionId>,
    /// The content's size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What became of an output that was not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<Mark>,
    /// What lies in the folder of this content; reported once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<OwnFolder>,
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnFolder {
    /// The content of each file, by its path in the folder.
    pub entries: BTreeMap<String, VersionId>,
    /// Whether these are all.
    pub is_whole: bool,
}

/// An output that was not written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NotWritten {
    /// The namespace of its name.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// All else of it.
    pub edge: OwnEdge,
}

/// What only mltrace says of a component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnJob {
    /// After how many seconds an input counts as old.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale_after_s: Option<i64>,
}

impl OwnEdge {
    /// Returns the write that this is.
    pub(super) fn write(self, name: crate::model::ArtifactName, version: Option<VersionId>) -> WriteFact {
        let Self { n, argument, kind, at, size, mark, .. } = self;
        WriteFact { n, name, argument, kind, at, version, size, mark }
    }
}

/// Returns the last moment that an event names: what is dated ahead of the clock counts for no run, wherever it says so.
#[must_use]
pub fn last_moment(event: &Event<'_>) -> Timestamp {
    let About::Run { facets, .. } = &event.about else { return event.at };
    if !facets.has(OF_RUN) {
        return event.at;
    }
    let own = facets.get::<OwnRun>(OF_RUN).unwrap_or_default();
    let of_edge = |dataset: &Dataset<'_>| dataset.edge.get::<OwnEdge>(OF_EDGE)?.at;
    let edges = event.inputs.iter().chain(&event.outputs).filter_map(of_edge);
    let edges = edges.chain(own.not_written.iter().filter_map(|output| output.edge.at));
    let measured = own.metrics.iter().map(|metric| metric.at).chain(own.checks.iter().map(|check| check.at));
    let said = own.notes.iter().map(|note| note.at).chain(own.ended_at);
    edges.chain(measured).chain(said).chain([event.at]).max().unwrap_or(event.at)
}

/// Returns a parent that is not the run itself.
pub(super) fn parent_of(run: RunId, id: &str) -> Option<RunId> {
    Uuid::parse_str(id).ok().map(RunId).filter(|parent| *parent != run)
}

fn params<'de, D: Deserializer<'de>>(params: D) -> Result<BTreeMap<String, Value>, D::Error> {
    let params = <BTreeMap<String, &RawValue>>::deserialize(params)?;
    let parsed = params.into_iter().map(|(name, raw)| Ok((name, value::of_json(raw)?)));
    parsed.collect::<Result<_, serde_json::Error>>().map_err(serde::de::Error::custom)
}
