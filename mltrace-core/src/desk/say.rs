//! What people say, as it is put on record.

use crate::model::{NoteFact, Record, RunId, Timestamp, Version};
use crate::query::{QueryError, Reader};

/// A text that is longer than it may be, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// How long it is.
    pub length: usize,
    /// How long it may be.
    pub limit: usize,
}

/// Returns whether a text is as short as it has to be; its limit is that of a name or of a text.
///
/// # Errors
/// When it is longer.
pub fn check_length(text: &str, limit: usize) -> Result<(), TooLong> {
    let length = text.len();
    if length > limit { Err(TooLong { length, limit }) } else { Ok(()) }
}

/// Returns a remark on a run as it is recorded now.
#[must_use]
pub fn note(run: RunId, text: &str, by: Option<String>) -> Record {
    // Any id that is new will do.
    Record::Note(NoteFact { id: RunId::new().0, run, text: text.to_owned(), at: Timestamp::now(), by })
}

/// Returns every version that a verdict counts for: those that are flagged, then those that are ok.
///
/// # Errors
/// When the store does not answer.
pub fn all_judged(reader: &mut Reader<'_>) -> Result<Vec<Version>, QueryError> {
    reader.judged()
}
