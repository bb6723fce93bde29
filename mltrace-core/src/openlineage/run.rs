//! The records of one try of a run, as its events say it.

use crate::model::{Record, RunId, Start};

/// The records of one try of a run.
#[derive(Debug, PartialEq)]
pub struct RunRecords {
    /// The run.
    pub run: RunId,
    /// Whether no event gives the time of its start.
    pub is_start_chosen: bool,
    /// The records.
    pub records: Vec<Record>,
}

impl RunRecords {
    /// Returns the record of its start.
    #[must_use]
    pub fn start(&self) -> Option<&Start> {
        self.records.iter().find_map(|record| if let Record::Start(start) = record { Some(start) } else { None })
    }
}
