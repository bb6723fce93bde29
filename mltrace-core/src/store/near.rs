//! What was written near a name: under it, in folders around it, and in what lies inside it.

use super::key::{RunKey, WriteKey};
use crate::model::{RunId, Timestamp};

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
    /// Of a folder: whether it is known to have held the very content that was read.
    pub holds: bool,
}

/// The last write at or before a moment of each artifact near one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NearRows {
    /// Of those that lie in it.
    pub members: Vec<NearRow>,
    /// Of the folders around it.
    pub folders: Vec<NearRow>,
    /// Of itself; only told when there is any other.
    pub own: Option<NearRow>,
}
