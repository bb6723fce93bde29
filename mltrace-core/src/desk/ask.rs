//! Opens the store of a home, and asks it.

use std::path::Path;
use std::sync::Arc;

use crate::config::Home;
use crate::ingest::{self, Dues, Folded};
use crate::query::{QueryError, Reader};
use crate::store::{self, Bounds, Mode, Store, StoreError};

/// Where questions about one project are asked.
#[derive(Clone, Copy, Debug)]
pub struct Desk<'d> {
    /// The project.
    pub home: &'d Home,
    /// The folder from which names are meant.
    pub folder: &'d Path,
    /// How far a question may go; `None`: as far as it likes.
    pub bounds: Option<&'d Arc<Bounds>>,
}

/// Why a question has no answer.
#[derive(Debug)]
pub struct Unanswered {
    /// Why.
    pub error: QueryError,
    /// Where nothing has the name that was asked for, those that may have been meant, the nearest first: with the feature
    /// `near`.
    pub near: Vec<String>,
    /// Whether it, or the search for such names, went as far as it may.
    pub is_out_of_bounds: bool,
}

impl Desk<'_> {
    /// Opens the store to read, as it is; `None` when nothing was ever recorded.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn open(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
        unless_missing(store::open(self.home, Mode::Read))
    }

    /// Folds all journals, hashes what a process left unhashed, and returns the store; `None` when nothing was ever
    /// recorded. `progress` is called with how many bytes were hashed since it was called last.
    ///
    /// # Errors
    /// When there is nothing to answer from.
    pub fn fold(&self, progress: &(dyn Fn(u64) + Sync)) -> Result<Option<Folded>, StoreError> {
        unless_missing(ingest::open_folded(self.home, progress))
    }

    /// Folds as [`fold`](Self::fold) does, for a question that does not depend on contents: of what a process left unhashed, large files
    /// stay so.
    ///
    /// # Errors
    /// When there is nothing to answer from.
    pub fn fold_at_once(&self) -> Result<Option<Folded>, StoreError> {
        unless_missing(ingest::open_folded_for(self.home, Dues::Small, &|_| {}))
    }

    /// Returns the answer from a store that is open.
    ///
    /// # Errors
    /// When the question has no answer.
    pub fn ask<T>(
        &self,
        store: &mut dyn Store,
        question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Unanswered> {
        let held = store.upkeep().hold_still();
        let mut reader = Reader::new(store, self.home, self.folder);
        let bounded = self.bounds.map_or(Ok(()), |bounds| reader.bound(Arc::clone(bounds)));
        let answer =
            held.map_err(QueryError::from).and(bounded).and_then(|()| question(&mut reader)).map_err(|error| {
                #[cfg(feature = "near")]
                let near = reader.near(&error);
                #[cfg(not(feature = "near"))]
                let near = Vec::new();
                // Looked at last: the search for names goes on within the same bounds.
                let is_out_of_bounds = self.bounds.is_some_and(|bounds| bounds.is_reached());
                Unanswered { error, near, is_out_of_bounds }
            });
        store.look().let_go();
        answer
    }
}

fn unless_missing<T>(found: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match found {
        Err(StoreError::Missing(_)) => Ok(None),
        found => found.map(Some),
    }
}
