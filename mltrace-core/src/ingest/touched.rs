//! What a transaction changed, and from which the rest follows.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::Timestamp;
use crate::store::{ArtifactKey, ReadRow, RunKey, VersionKey, WriteRow};

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
    /// Versions whose content turned out to be too short, or known under too many names, to recognise copies by.
    pub(super) weak: BTreeSet<VersionKey>,
    /// Reads that saw something of a run that is forgotten, and those of folders whose entries became known.
    pub(super) again: BTreeSet<(RunKey, u32)>,
    /// What runs named that are forgotten: nobody else may have named it.
    pub(super) unnamed: BTreeSet<ArtifactKey>,
    /// Runs that are new: nothing of them is stored but their rows.
    pub(super) fresh: BTreeSet<RunKey>,
    /// Runs that began at another time than was known, with that time, and those whose host became known.
    pub(super) moved: BTreeMap<RunKey, Timestamp>,
    /// Runs that got inputs or parameters.
    pub(super) works: BTreeSet<RunKey>,
}

/// When a run began.
#[derive(Clone, Copy)]
pub(super) struct Began {
    pub(super) at: Timestamp,
    /// Whether nobody said so.
    pub(super) is_chosen: bool,
}
