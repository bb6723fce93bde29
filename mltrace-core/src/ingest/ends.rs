//! How runs end: which of several ends counts at once, and the row of a run that has ended.

use foldhash::HashMap;

use crate::model::{End, Record, RunId, Status};
use crate::store::RunRow;

/// Returns the first end of each run.
pub(super) fn ends_of(records: &[Record]) -> HashMap<RunId, &End> {
    // The last one that is put in stays.
    let ends = records.iter().rev().filter_map(|record| if let Record::End(end) = record { Some(end) } else { None });
    ends.map(|end| (end.run, end)).collect()
}

/// Returns the row of a run that has ended so.
pub(super) fn ended(row: &RunRow, end: &End) -> RunRow {
    // Nobody saw a run die.
    let is_seen = end.status != Status::Died;
    RunRow {
        status: end.status,
        ended_at: is_seen.then_some(end.at),
        duration_us: end.duration_us.filter(|_| is_seen),
        error: end.error.clone(),
        ..row.clone()
    }
}

/// Says how long a run took of which two reported: one when it began, another when it ended.
pub(super) fn measure(row: &mut RunRow) {
    let is_measured = row.duration_us.is_some() || row.is_start_chosen;
    if let (false, Some(began), Some(ended)) = (is_measured, row.started_at, row.ended_at) {
        row.duration_us = (began <= ended).then(|| ended.micros_since(began));
    }
}
