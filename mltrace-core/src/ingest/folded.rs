//! A store for questions: opened, or open already, with everything folded into it.

use super::due::{self, Dues, hash_due};
use super::fold::{TO_BIND, fold, fold_these, journals, newly_shared, own};
use super::lost;
use super::projects::is_to_join;
use super::report::FoldReport;
use crate::config::Home;
use crate::journal;
use crate::model::ProcessId;
use crate::store::{self, Mode, Store, StoreError};

/// A store that answers, with everything folded into it that could be.
pub struct Folded {
    /// The store.
    pub store: Box<dyn Store>,
    /// What the fold did.
    pub report: FoldReport,
    /// Why something was not folded: the answers may be old.
    pub behind: Option<StoreError>,
}

/// Opens the store of `home` for questions, after folding its journals.
///
/// Nothing is made where nothing was recorded. A store that may not be written still answers. `progress` is reported how
/// many bytes were hashed since it was reported last, of files that a process left unhashed when it ended.
///
/// # Errors
/// When there is nothing to answer from.
pub fn open_folded(home: &Home, progress: &(dyn Fn(u64) + Sync)) -> Result<Folded, StoreError> {
    open_folded_for(home, Dues::All, progress)
}

/// Opens a store as [`open_folded`] does, and hashes this of what a process left unhashed.
///
/// # Errors
/// When there is nothing to answer from.
pub fn open_folded_for(home: &Home, which: Dues, progress: &(dyn Fn(u64) + Sync)) -> Result<Folded, StoreError> {
    let (found, tracked) = match journals(home) {
        Ok(journals) => own(home, journals),
        Err(error) => return without_folding(home, error),
    };
    if found.is_empty() {
        let mut store = store::open(home, Mode::Read)?;
        let has_lost = lost::is_waiting(home, store.as_mut()).unwrap_or(true);
        if !has_lost && !is_behind(home, store.as_mut())? && !due::is_any(home, store.as_mut(), which)? {
            let report = FoldReport { tracked: tracked.len(), ..FoldReport::default() };
            return Ok(Folded { store, report, behind: None });
        }
    }
    let folded = store::open(home, Mode::Write).and_then(|mut store| {
        let report = fold_these(home, store.as_mut(), &found, tracked.len())?;
        hash_due(home, store.as_mut(), which, progress)?;
        Ok(Folded { store, report, behind: None })
    });
    match folded {
        Ok(folded) => Ok(folded),
        Err(
            error @ (StoreError::NotAStore { .. }
            | StoreError::Refused(_)
            | StoreError::NoSuchBackend(_)
            | StoreError::Altered { .. }),
        ) => Err(error),
        Err(error) => without_folding(home, error),
    }
}

/// Returns whether something that is stored waits for a fold: records that were not understood, rules of an earlier version.
fn is_behind(home: &Home, store: &mut dyn Store) -> Result<bool, StoreError> {
    let has_rules = store.upkeep().tally(TO_BIND)? > 0 || !newly_shared(home, store)?.is_empty();
    Ok(has_rules || store.upkeep().has_unread(journal::MINOR)? || is_to_join(home, store)?)
}

/// Opens the store as it is, because something cannot be folded.
fn without_folding(home: &Home, error: StoreError) -> Result<Folded, StoreError> {
    match store::open(home, Mode::Read) {
        Ok(store) => Ok(Folded { store, report: FoldReport::default(), behind: Some(error) }),
        Err(StoreError::Missing(_)) => Err(error),
        Err(other) => Err(other),
    }
}

/// Brings a store that stayed open up to date for a question of `process`, whose own journal is folded: with what others
/// recorded, counted and left.
///
/// # Errors
/// When the store does not answer, or does not take the rows.
pub(super) fn catch_up(home: &Home, store: &mut dyn Store, process: ProcessId, which: Dues) -> Result<(), StoreError> {
    let is_anything = journals(home)?.iter().any(|journal| journal.process != process)
        || lost::is_waiting(home, store)?
        || is_behind(home, store)?;
    if is_anything {
        fold(home, store)?;
    }
    hash_due(home, store, which, &|_| {}).map(drop)
}
