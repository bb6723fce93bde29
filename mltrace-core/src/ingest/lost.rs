//! What was counted as lost becomes a row: exactly once, whoever folds, however often it is interrupted.
//!
//! How much of the count was taken over is committed with it, as how far a journal was folded is with its rows.

use crate::config::Home;
use crate::journal::lost::{self, Lost};
use crate::store::{Result, Store, StoreError, Writer};

/// Takes over what was counted since the last time; returns how many records that are.
pub(super) fn fold_lost(home: &Home, store: &mut dyn Store) -> Result<u64> {
    if waiting(home, store)? == 0 {
        return Ok(0);
    }
    let mut added = 0;
    store.write(&mut |writer| {
        // Read once more, now that nobody else takes anything over: what is read here never goes back.
        added = match counted(home)? {
            Some(lost) => take_over(writer, &lost)?,
            None => 0,
        };
        Ok(())
    })?;
    Ok(added)
}

fn take_over(writer: &mut dyn Writer, lost: &Lost) -> Result<u64> {
    let new = lost.count.saturating_sub(writer.offset(&lost.name())?);
    if new > 0 {
        writer.add_tally("lost", new)?;
        writer.put_offset(&lost.name(), Some(lost.count))?;
    }
    Ok(new)
}

/// Returns how many records are counted that the store does not know of.
pub(super) fn waiting(home: &Home, store: &mut dyn Store) -> Result<u64> {
    beyond(counted(home)?, store)
}

/// Returns how many of the records that are counted a store does not know of.
pub(super) fn beyond(counted: Option<Lost>, store: &mut dyn Store) -> Result<u64> {
    match counted {
        Some(lost) if lost.count > 0 => Ok(lost.count.saturating_sub(store.offset(&lost.name())?)),
        _ => Ok(0),
    }
}

/// Returns what is counted beside the journals.
pub(super) fn counted(home: &Home) -> Result<Option<Lost>> {
    let folder = home.journal();
    lost::read(&folder).map_err(|error| StoreError::Journal { path: folder.join("lost"), reason: error.to_string() })
}
