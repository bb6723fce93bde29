//! Times that lie ahead of the clock: what is dated so would be the last word until its time comes.

use super::line::Parsed;
use crate::model::{End, Record, Start, TaskSide, Timestamp};

/// Returns why a line is refused that mentions a time more than a day ahead of the clock.
pub(super) fn refuse(line: &Parsed, now: Timestamp) -> Result<(), String> {
    let last_seen = line.header.at.map(|at| ("its process was last seen", at));
    let mut told = last_seen.into_iter().chain(line.records.iter().flat_map(times));
    match told.find(|(_, at)| at.is_ahead_of(now)) {
        None => Ok(()),
        Some((what, at)) => Err(format!("{what} at {at}, more than a day ahead of the clock")),
    }
}

/// Returns the times that a record of a line says, each with what happened then.
fn times(record: &Record) -> Vec<(&'static str, Timestamp)> {
    let wrote = |at: Timestamp| ("the run wrote", at);
    match record {
        Record::Start(Start { at, inputs, .. }) => {
            let reads = inputs.iter().filter_map(|read| read.at).map(|at| ("the run read", at));
            reads.chain([("the run began", *at)]).collect()
        }
        Record::End(End { at, outputs, .. }) => {
            outputs.iter().filter_map(|write| write.at).map(wrote).chain([("the run ended", *at)]).collect()
        }
        Record::Read { read, .. } => read.at.map(|at| ("the run read", at)).into_iter().collect(),
        Record::Write { write, .. } => write.at.map(wrote).into_iter().collect(),
        Record::Param(fact) => vec![("a parameter was given", fact.at)],
        Record::Note(note) => vec![("a note was made", note.at)],
        Record::Metric(fact) => vec![("a metric was measured", fact.metric.at)],
        Record::Check(fact) => vec![("a check was made", fact.check.at)],
        Record::Component(fact) => vec![("the component was declared", fact.at)],
        Record::Label(label) => vec![("the verdict was given", label.at)],
        Record::Alias(fact) => vec![("the alias was set", fact.at)],
        Record::Task(fact) => match fact.side {
            TaskSide::Output => vec![("the output was made", fact.at)],
            TaskSide::Feedback => vec![("the feedback came", fact.at)],
        },
        Record::Retract(fact) => vec![("the subject was retracted", fact.at)],
        // These hold no time, or stand in no line.
        Record::Process(_)
        | Record::Code(_)
        | Record::CodeCheck(_)
        | Record::Git(_)
        | Record::Due(_)
        | Record::Fingerprint(_)
        | Record::Folder(_)
        | Record::Profile(_)
        | Record::Observation(_)
        | Record::Subject(_)
        | Record::Line(_)
        // An event is accepted whatever the clock of its sender shows.
        | Record::Event(_)
        | Record::Rotated
        | Record::Lost(_)
        | Record::Forget(_) => Vec::new(),
    }
}
