//! What a fold did, and what it left.

use std::path::PathBuf;

use crate::journal::Journal;

/// What a fold did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoldReport {
    /// How many records were folded.
    pub records: u64,
    /// How many damaged records were put aside.
    pub damaged: u64,
    /// How many records of a newer version were kept for a version that understands them.
    pub unread: u64,
    /// How much of the records was cut or left out, for no import may bring as much.
    pub beyond: u64,
    /// How many runs were found to have died.
    pub died: u64,
    /// How many records were found to be lost, for they could not be written.
    pub lost: u64,
    /// The journals that could not be folded; a later fold takes them up again.
    pub left: Vec<Left>,
    /// How many journals are not folded because git tracks them: somebody else may have written them.
    pub tracked: usize,
}

/// A journal that could not be folded.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Left {
    /// Its first file.
    pub journal: PathBuf,
    /// Why.
    pub reason: String,
}

impl Left {
    pub(super) fn of(journal: &Journal, reason: String) -> Self {
        let file = journal.parts.first().map_or(&journal.lock, |part| &part.path);
        Self { journal: file.clone(), reason }
    }
}
