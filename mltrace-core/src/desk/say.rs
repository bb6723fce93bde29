//! What people say, as it is put on record.

use crate::ingest;
use crate::model::{LabelFact, NoteFact, Record, RunId, Timestamp, Version};
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

/// Returns what is said as it has to be recorded: for the project that answers, which is another than this one's own where
/// a store holds that alone.
///
/// # Errors
/// When the store does not answer.
pub fn of_answering(reader: &mut Reader<'_>, records: Vec<Record>) -> Result<Vec<Record>, QueryError> {
    let answering = reader.other_project()?;
    let mut told = Vec::with_capacity(records.len());
    for record in records {
        // What another project calls its own is judged there.
        let foreign = match &record {
            Record::Label(label) => reader.foreign(&label.name)?,
            _ => None,
        };
        match (record, foreign, &answering) {
            (Record::Label(label), Some((project, name)), _) => {
                told.extend(ingest::of_project(&project, vec![Record::Label(LabelFact { name, ..label })]));
            }
            (record, _, Some(project)) => told.extend(ingest::of_project(project, vec![record])),
            (record, ..) => told.push(record),
        }
    }
    Ok(told)
}

/// Returns every version that a verdict counts for: those that are flagged, then those that are ok.
///
/// # Errors
/// When the store does not answer.
pub fn all_judged(reader: &mut Reader<'_>) -> Result<Vec<Version>, QueryError> {
    reader.judged()
}
