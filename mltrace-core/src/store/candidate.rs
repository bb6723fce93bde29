//! What a store hands over so that the rules can choose: the writes that a read may have seen.

use super::key::{ArtifactKey, ComponentKey, RunKey, VersionKey, WriteKey};
use crate::model::{RunId, Timestamp, VersionId};

/// A write that a read may have seen, with what the rules look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The write.
    pub write: WriteKey,
    /// Who wrote.
    pub run: RunKey,
    /// That run's id.
    pub run_id: RunId,
    /// The version that it made.
    pub version: VersionKey,
    /// From when it counts.
    pub at: Timestamp,
    /// Its number among the run's reads and writes.
    pub n: u32,
    /// When the run made it known, if before its end.
    pub said_at: Option<Timestamp>,
    /// When the run began, where writes after a moment are asked for.
    pub began: Option<Timestamp>,
    /// When the run first read what is asked for as `like`.
    pub read_at: Option<Timestamp>,
    /// Whether the run is not the reader's neighbour: where writes after a moment are asked for, it is known to have run on
    /// another host; where those of an artifact are whose name is of a host, on another one, or on an unknown one for another
    /// project.
    pub is_elsewhere: bool,
}

/// Which writes a read may have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked<'a> {
    /// Writes of what.
    pub of: Of<'a>,
    /// From which time on, and in which order.
    pub when: When,
    /// Who reads, or did what is compared, where that is a run.
    pub reader: Option<RunKey>,
    /// A version: of each run that wrote it is reported when it first read that.
    pub like: Option<VersionKey>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of<'a> {
    /// A version.
    Version(VersionKey),
    /// Any version of an artifact.
    Artifact(ArtifactKey),
    /// An artifact with this content.
    Content(ArtifactKey, &'a VersionId),
    /// A folder that is known to have held this content, or anything, at this path.
    Folder(ArtifactKey, &'a str, Option<&'a VersionId>),
    /// Any version of an artifact, or this one, by the runs inside another run.
    Inside(RunId, ArtifactKey, Option<VersionKey>),
}

/// When something was written, and which comes first; of one moment the order is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At or before then, the latest first.
    By(Timestamp),
    /// After `at`, by runs that began at or before `by`, the earliest first.
    After {
        /// After this moment.
        at: Timestamp,
        /// The latest that a run may have begun.
        by: Timestamp,
    },
}

/// What else a content is called, from which it may be a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alike {
    /// When it was first read as the version that was asked for.
    pub first_seen: Option<Timestamp>,
    /// The versions with the same bytes under other names, each with when it was first written, and its
    /// name; none where so many names have these bytes that they say nothing.
    pub others: Vec<(VersionKey, Timestamp, String)>,
}

/// Takes candidates, each with the place of what was asked; returns whether to go on with this one.
pub type Offer<'o> = &'o mut dyn FnMut(usize, Candidate) -> bool;

/// What runs have in common that do the same work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkKey {
    /// Their component.
    pub component: ComponentKey,
    /// A hash over their input names and parameters.
    pub signature: i64,
}

/// A completed run of some work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RerunRow {
    /// The run.
    pub run: RunKey,
    /// Its id.
    pub id: RunId,
    /// When it began.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
}

/// Takes runs, each with the place of the work that was asked for; returns whether to go on with this one.
pub type OfferRun<'o> = &'o mut dyn FnMut(usize, RerunRow) -> bool;

/// What a run worked on and made, as far as it says whether two runs did the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkRow {
    /// When it began.
    pub began: Option<Timestamp>,
    /// The versions that it reported to have read, each with whether it had written that itself.
    pub read: Vec<(Option<VersionKey>, bool)>,
    /// What it made.
    pub made: Vec<VersionKey>,
    /// The commit of its code.
    pub commit: Option<String>,
    /// The file, hash and line of its source, where it has one.
    pub code: Option<(Option<String>, Option<String>, Option<i64>)>,
}
