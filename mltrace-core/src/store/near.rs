//! What was written near a name: under it, in folders around it, and in what lies inside it.

use super::key::{ArtifactKey, RunKey, WriteKey};
use crate::model::{FolderFact, RunId, Timestamp, VersionId};

/// A write near a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NearRow {
    /// The write.
    pub write: WriteKey,
    /// Who wrote.
    pub run: RunKey,
    /// That run's id.
    pub run_id: RunId,
    /// From when it counts.
    pub at: Timestamp,
    /// Its number among the run's reads and writes.
    pub n: u32,
}

/// The last write at or before a moment of each artifact near one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NearRows {
    /// Of those that lie in it.
    pub members: Vec<NearRow>,
    /// Of the folders around it.
    pub folders: Vec<NearRow>,
    /// Of itself; only told when there is any other.
    pub own: Option<NearRow>,
    /// What contents tell of these, where the content that was read is known, and what lies in any folder.
    pub held: Option<HeldRows>,
}

/// What contents tell of writes near a name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeldRows {
    /// The content that was read.
    pub content: Option<VersionId>,
    /// What lies in a folder of that content, where that was told.
    pub entries: Option<FolderFact>,
    /// What the last write of each member made, in their order, where it is told what lies in the folder that was read.
    pub members: Vec<MemberRow>,
    /// What is known of each folder around, in their order.
    pub folders: Vec<AroundRow>,
}

/// What lies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The artifact.
    pub artifact: ArtifactKey,
    /// Where it lies in the folder.
    pub path: String,
    /// The content that was written last, where that is known.
    pub written: Option<VersionId>,
}

/// A folder around a name.
#[derive(Clone, Debug, PartialEq)]
pub struct AroundRow {
    /// Where the name lies in it.
    pub path: String,
    /// What its last write left at that path, alone in `entries`, where it is told what lay in the folder then; of what is
    /// asked for by name, if nothing lay there, something that lay below it.
    pub last: Option<FolderFact>,
    /// Its last write, at or before the moment, of a content that is told to have held at that path what was read, or
    /// anything where it is not told what was.
    pub holding: Option<NearRow>,
    /// What that held there.
    pub there: Option<VersionId>,
}
