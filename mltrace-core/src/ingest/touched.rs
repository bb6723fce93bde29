//! What a transaction changed, and from which the rest follows.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::{ReadRow, RunKey, VersionKey, WriteRow};

/// What a transaction changed, and from which the rest follows.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Reads that are new, not stored yet.
    pub(super) new_reads: BTreeMap<(RunKey, u32), ReadRow>,
    /// Writes that are new, not stored yet.
    pub(super) new_writes: BTreeMap<(RunKey, u32), WriteRow>,
    /// Reads whose content became known.
    pub(super) reads: BTreeSet<(RunKey, u32)>,
    /// Writes whose content became known.
    pub(super) writes: BTreeSet<(RunKey, u32)>,
    /// Runs that began, ended or were found dead: it decides which of their writes count.
    pub(super) statuses: BTreeSet<RunKey>,
    /// Versions whose content turned out to be too short, or known under too many names, to tell copies by.
    pub(super) weak: BTreeSet<VersionKey>,
    /// Runs that got inputs or parameters.
    pub(super) works: BTreeSet<RunKey>,
}
