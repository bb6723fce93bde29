//! What was counted as lost becomes a row: exactly once, no matter who folds, however often it is interrupted.
//!
//! How much of the count was taken over is committed with it, as how far a journal was folded is with its rows.

use crate::config::Home;
use crate::journal::lost::{self, Lost};
use crate::store::{Result, Said, Store, StoreError, Writer};
use crate::tracked::Tracked;

/// Takes over what was counted since the last time; returns how many records that are.
pub(super) fn fold_lost(home: &Home, store: &mut dyn Store) -> Result<u64> {
    if !is_waiting(home, store)? {
        return Ok(0);
    }
    let mut records = 0;
    store.write(&mut |writer| {
        // Read once more, now that nobody else takes anything over: what is read here never goes back.
        records = match counted(home)? {
            Some(lost) => take_over(writer, &lost)?,
            None => 0,
        };
        Ok(())
    })?;
    Ok(records)
}

fn take_over(writer: &mut dyn Writer, lost: &Lost) -> Result<u64> {
    let mut records = 0;
    for (tally, name, count) in lost.counts() {
        let new = count.saturating_sub(writer.offset(&name)?);
        if new > 0 {
            writer.say(&[Said::Tally(tally, new), Said::Offset(&name, Some(count))])?;
        }
        if tally == "lost" {
            records = new;
        }
    }
    Ok(records)
}

/// Returns whether something is counted that the store does not know of.
pub(super) fn is_waiting(home: &Home, store: &mut dyn Store) -> Result<bool> {
    let counted = counted(home)?;
    Ok(beyond(counted.as_ref(), "lost", store)? > 0 || beyond(counted.as_ref(), "cut", store)? > 0)
}

/// Returns how much of what is counted for a tally a store does not know of.
pub(crate) fn beyond(counted: Option<&Lost>, tally: &str, store: &mut dyn Store) -> Result<u64> {
    let mut counts = counted.into_iter().flat_map(Lost::counts);
    match counts.find(|(name, _, count)| *name == tally && *count > 0) {
        Some((_, name, count)) => Ok(count.saturating_sub(store.upkeep().offset(&name)?)),
        None => Ok(0),
    }
}

/// Returns what is counted beside the journals.
pub(crate) fn counted(home: &Home) -> Result<Option<Lost>> {
    let folder = home.journal();
    let counted = lost::read(&folder)
        .map_err(|error| StoreError::Journal { path: folder.join("lost"), reason: error.to_string() })?;
    // What a clone brought along was not lost here; where nothing was lost nobody need look.
    let is_ours =
        |lost: &Lost| (lost.records == 0 && lost.cuts == 0) || !Tracked::around(&home.folder).holds("journal/lost");
    Ok(counted.filter(is_ours))
}
