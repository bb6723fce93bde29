//! What a line of an import says of the subjects of a run, and the line that retracts one.

use serde::Deserialize;
use serde_json::Value;

use super::text::without_place;
use crate::model::{DataSubject, Record, RetractFact, RunId, SubjectFact, Timestamp};

/// A subject of a run: a name, the digits that it became, or what an export says.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a subject is a name, or {\"subject\": …}")]
pub(super) enum SubjectLine {
    Name(DataSubject),
    Full {
        subject: DataSubject,
        // Reported by a line of its own.
        #[serde(rename = "retracted_at")]
        _retracted_at: Option<Timestamp>,
    },
}

impl SubjectLine {
    pub(super) fn record(self, run: RunId) -> Record {
        let (Self::Name(subject) | Self::Full { subject, .. }) = self;
        Record::Subject(SubjectFact { run, subject })
    }
}

#[derive(Deserialize)]
struct RetractLine {
    project: Option<String>,
    subject: DataSubject,
    by: Option<String>,
    at: Timestamp,
}

/// Returns whose line it is, where it says so, and what it says.
pub(super) fn retract_line(object: Value) -> Result<(Option<String>, Record), String> {
    let line: RetractLine = serde_json::from_value(object).map_err(|error| without_place(&error))?;
    Ok((line.project, Record::Retract(RetractFact { subject: line.subject, by: line.by, at: line.at })))
}
