//! What new events add to a run, where they only add: the rows that are there then stay.

use crate::model::{ReadFact, Record, Start};
use crate::openlineage::RunRecords;

/// Returns the records that a run has now beside those of before; `None` where one of these is another one now, or gone, so
/// that the run is to be built anew.
pub(super) fn added(before: &RunRecords, now: &RunRecords) -> Option<Vec<Record>> {
    // A start that nobody told gives way to any other.
    if before.run != now.run || before.is_start_chosen || now.is_start_chosen {
        return None;
    }
    let mut left = before.records.iter().filter(|record| is_of_run(record)).peekable();
    let mut others = before.records.iter().filter(|record| !is_of_run(record));
    let mut added = Vec::new();
    for record in &now.records {
        match left.peek() {
            _ if !is_of_run(record) => added.extend((others.next() != Some(record)).then(|| record.clone())),
            Some(known) if *known == record => _ = left.next(),
            Some(Record::Start(known)) => {
                let Record::Start(start) = record else { return None };
                let inputs = more(&known.inputs, &start.inputs)?;
                let is_same =
                    Start { inputs: Vec::new(), ..start.clone() } == Start { inputs: Vec::new(), ..known.clone() };
                if !is_same {
                    return None;
                }
                // What was read when the run began is read then.
                let at = |read: &ReadFact| read.at.or(Some(start.at));
                let read = |read: &ReadFact| ReadFact { at: at(read), ..read.clone() };
                added.extend(inputs.iter().map(|input| Record::Read { run: now.run, read: read(input) }));
                left.next();
            }
            _ => added.push(record.clone()),
        }
    }
    left.next().is_none().then_some(added)
}

/// Returns those that follow on the ones of before.
fn more<'n>(before: &[ReadFact], now: &'n [ReadFact]) -> Option<&'n [ReadFact]> {
    now.get(..before.len()).filter(|known| *known == before)?;
    now.get(before.len()..)
}

/// Returns whether a record goes when its run does. The others may be told again.
fn is_of_run(record: &Record) -> bool {
    !matches!(
        record,
        Record::Component(_) | Record::Code(_) | Record::CodeCheck(_) | Record::Git(_) | Record::Folder(_)
    )
}
