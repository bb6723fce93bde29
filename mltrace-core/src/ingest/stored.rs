//! What a transaction knows of the store: the keys of what its records name, and what is stored of their runs.

use foldhash::{HashMap, HashSet};

use crate::model::{ArtifactKind, Declaration, RunId, VersionId};
use crate::store::{
    ArtifactKey, CodeKey, ComponentKey, DeclarationKey, Edges, GitKey, ReadRow, Result, RunKey, VersionKey, WriteRow,
    Writer,
};

/// What is stored of the reads and writes of runs that were known before.
pub(super) type Stored = HashMap<RunKey, StoredRun>;

/// What is stored of the reads and writes of a run, by number.
#[derive(Debug, Default)]
pub(super) struct StoredRun {
    pub(super) reads: Vec<ReadRow>,
    pub(super) writes: Vec<WriteRow>,
}

impl StoredRun {
    /// Returns the read of a number.
    pub(super) fn read(&self, n: u32) -> Option<&ReadRow> {
        self.reads.get(self.reads.binary_search_by_key(&n, |read| read.n).ok()?)
    }

    /// Returns the write of a number.
    pub(super) fn write(&self, n: u32) -> Option<&WriteRow> {
        self.writes.get(self.writes.binary_search_by_key(&n, |write| write.n).ok()?)
    }

    /// Returns the read of a number, to be changed.
    pub(super) fn read_mut(&mut self, n: u32) -> Option<&mut ReadRow> {
        let place = self.reads.binary_search_by_key(&n, |read| read.n).ok()?;
        self.reads.get_mut(place)
    }

    /// Returns the write of a number, to be changed.
    pub(super) fn write_mut(&mut self, n: u32) -> Option<&mut WriteRow> {
        let place = self.writes.binary_search_by_key(&n, |write| write.n).ok()?;
        self.writes.get_mut(place)
    }
}

/// Returns what is stored of the reads and writes of runs.
pub(super) fn stored(writer: &mut dyn Writer, runs: &[RunKey]) -> Result<Stored> {
    let mut stored = Stored::default();
    if runs.is_empty() {
        return Ok(stored);
    }
    let (reads, writes) = writer.edges(Edges::Of(runs))?;
    for run in runs {
        stored.entry(*run).or_default();
    }
    for read in reads {
        stored.entry(read.run).or_default().reads.push(read);
    }
    for write in writes {
        stored.entry(write.run).or_default().writes.push(write);
    }
    Ok(stored)
}

/// The keys of what records name. What is not here is entered by itself.
#[derive(Default)]
pub(super) struct Named<'r> {
    pub(super) artifacts: HashMap<(&'r str, Option<ArtifactKind>), ArtifactKey>,
    pub(super) versions: HashMap<(ArtifactKey, &'r VersionId, Option<u64>), (VersionKey, bool)>,
    pub(super) components: HashMap<&'r str, ComponentKey>,
    pub(super) codes: HashMap<&'r str, CodeKey>,
    pub(super) gits: HashMap<&'r str, GitKey>,
    pub(super) declarations: Vec<(&'r Declaration, DeclarationKey)>,
    /// The keys of runs that are new.
    pub(super) runs: HashMap<RunId, RunKey>,
    /// Runs that were taken back.
    pub(super) removed: HashSet<RunId>,
}
