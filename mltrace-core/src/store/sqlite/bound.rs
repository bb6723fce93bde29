//! Keeps a question within its bounds: counts the rows it takes, and stops SQLite in the middle of a statement.

use std::ffi::c_int;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::SqliteStore;
use crate::store::{Bounds, Result};

/// After how many of its steps SQLite asks whether to go on: a fraction of a millisecond.
const STEPS: c_int = 5_000;
/// What a value takes that has no length, and what a text or blob takes beside its length.
const VALUE: u64 = 8;
const TEXT: u64 = 16;

impl SqliteStore {
    pub(super) fn keep_within(&mut self, bounds: &Arc<Bounds>) -> Result<()> {
        let asked = Arc::clone(bounds);
        let is_over = move || !asked.goes_on(STEPS.unsigned_abs().into());
        self.connection.progress_handler(STEPS, Some(is_over))?;
        self.bounds = Some(Arc::clone(bounds));
        Ok(())
    }

    /// Takes note that a row is held.
    pub(super) fn hold(&self, row: &Row<'_>) -> Result<()> {
        let Some(bounds) = &self.bounds else { return Ok(()) };
        bounds.hold(bytes_of(row, 0, u64::MAX)?)
    }

    /// Takes note that so many bytes are held, which are only counted when there are bounds.
    pub(super) fn hold_bytes(&self, bytes: impl FnOnce() -> usize) -> Result<()> {
        match &self.bounds {
            Some(bounds) => bounds.hold(bytes() as u64),
            None => Ok(()),
        }
    }
}

/// Returns how many bytes the columns of a row from the first that is meant count for, each for no more than `longest`.
pub(super) fn bytes_of(row: &Row<'_>, first: usize, longest: u64) -> Result<u64> {
    let mut bytes = 0_u64;
    for column in first..row.as_ref().column_count() {
        let length = match row.get_ref(column)? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => TEXT.saturating_add(longest.min(bytes.len() as u64)),
            _ => VALUE,
        };
        bytes = bytes.saturating_add(length);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::Schema;
    use crate::store::{Look as _, StoreError};

    /// So many rows, each with a number and a text.
    const ROWS: &str = "WITH RECURSIVE rows (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM rows WHERE at < $1)
         SELECT at, 'a text' FROM rows";

    fn ask(bounds: &Arc<Bounds>, rows: i64) -> Result<Vec<i64>> {
        let mut store = SqliteStore::empty(&Schema::CURRENT).unwrap();
        store.bound(bounds).unwrap();
        store.all(ROWS, [rows], |row| row.get(0))
    }

    #[test]
    fn rows_are_counted_and_an_answer_of_too_many_is_none() {
        let bytes = 10 * (VALUE + TEXT + 6);
        let bounds = || Arc::new(Bounds::new(bytes, u64::MAX, None));
        assert_eq!(ask(&bounds(), 10).unwrap().len(), 10);
        assert!(matches!(ask(&bounds(), 11), Err(StoreError::TooMuch)));
    }

    #[test]
    fn a_statement_is_stopped_while_it_runs() {
        let bounds = Arc::new(Bounds::new(u64::MAX, 1_000_000, None));
        assert!(matches!(ask(&bounds, i64::MAX), Err(StoreError::Stopped)));
        let bounds = Arc::new(Bounds::new(u64::MAX, u64::MAX, None));
        bounds.give_up();
        assert!(matches!(ask(&bounds, i64::MAX), Err(StoreError::Stopped)));
    }
}
