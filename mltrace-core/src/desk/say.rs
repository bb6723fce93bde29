//! What people say, as it is put on record.

use crate::ingest;
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

/// Returns what is said as it has to be recorded: for the project that answers, which is another than this one's own where
/// a store holds that alone.
///
/// # Errors
/// When the store does not answer.
pub fn of_answering(reader: &mut Reader<'_>, records: Vec<Record>) -> Result<Vec<Record>, QueryError> {
    let judged = records.iter().filter_map(|record| match record {
        Record::Label(label) => Some((&label.name, &label.version)),
        _ => None,
    });
    // Who judges an output of a task asks who made it.
    let outputs = reader.unwritten_outputs(judged)?;
    let mut said = Vec::new();
    if !outputs.is_empty() {
        let project = reader.answering_project()?;
        said.extend(outputs.into_iter().map(|(run, write)| ingest::of_run(&project, run, write)));
    }
    said.extend(match reader.other_project()? {
        Some(project) => ingest::of_project(&project, records),
        None => records,
    });
    Ok(said)
}

/// Returns every version that a verdict counts for: those that are flagged, then those that are ok.
///
/// # Errors
/// When the store does not answer.
pub fn all_judged(reader: &mut Reader<'_>) -> Result<Vec<Version>, QueryError> {
    reader.judged()
}
