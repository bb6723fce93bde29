//! What lies near a name: in the folders around it, and inside it.

use super::key::{ArtifactKey, VersionKey};
use crate::model::{FolderFact, VersionId};

/// An artifact near a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearName {
    /// The artifact.
    pub artifact: ArtifactKey,
    /// Where it lies in what is asked for; of a folder around that, where that lies in it.
    pub path: String,
}

/// The artifacts near a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearNames {
    /// Those that lie in it.
    pub members: Vec<NearName>,
    /// The folders around it.
    pub folders: Vec<NearName>,
}

/// A content that was read, and the versions near it of which it matters what they hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldAsked<'a> {
    /// What was read.
    pub seen: VersionKey,
    /// Whether it matters what lies in that, if it is a folder.
    pub with_entries: bool,
    /// What was written of things that lie in it.
    pub members: Vec<VersionKey>,
    /// What was written of folders around it, each with the path at which it lies there.
    pub folders: Vec<(VersionKey, &'a str)>,
}

/// What is known of the contents near one that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldRows {
    /// The content that was read.
    pub content: VersionId,
    /// What lies in a folder of that content, where it matters and is known.
    pub entries: Option<FolderFact>,
    /// The content of each member, in their order, where `entries` are known and it is one.
    pub members: Vec<Option<VersionId>>,
    /// What each folder held at its path, alone in `entries`, in their order, where that is known; of a folder there, what
    /// lay in it, of which one thing may stand for all where the `entries` of what was read are not known.
    pub folders: Vec<Option<FolderFact>>,
}
