//! Cuts a START or END that would be too long for one record: what is over goes into records of its own.

use crate::model::{End, ReadFact, Record, Start, WriteFact};

/// About so many bytes of inputs or outputs stay in one record.
const MOST_BYTES: usize = 1 << 20;

/// About what a read or write takes besides its texts.
const EDGE_BYTES: usize = 256;

/// Returns a START, followed by the reads that it has no room for.
pub(super) fn start(mut start: Start) -> Vec<Record> {
    let (run, at) = (start.run, start.at);
    let size = |read: &ReadFact| size(&read.name.0, read.argument.as_deref());
    let rest = start.inputs.split_off(fitting(start.inputs.iter().map(size)));
    let rest = rest.into_iter().map(|read| ReadFact { at: Some(at), ..read });
    let rest = rest.map(|read| Record::Read { run, read });
    std::iter::once(Record::Start(start)).chain(rest).collect()
}

/// Returns the writes that an END has no room for, followed by it. They count from the run's end all the same.
pub(super) fn end(mut end: End) -> Vec<Record> {
    let run = end.run;
    let size = |write: &WriteFact| size(&write.name.0, write.argument.as_deref());
    let rest = end.outputs.split_off(fitting(end.outputs.iter().map(size)));
    let rest = rest.into_iter().map(|write| Record::Write { run, write });
    rest.chain(std::iter::once(Record::End(end))).collect()
}

fn size(name: &str, argument: Option<&str>) -> usize {
    name.len().saturating_add(argument.map_or(0, str::len)).saturating_add(EDGE_BYTES)
}

/// Returns how many of these sizes fit into one record.
fn fitting(sizes: impl Iterator<Item = usize>) -> usize {
    let mut sum = 0_usize;
    sizes
        .take_while(|size| {
            sum = sum.saturating_add(*size);
            sum <= MOST_BYTES
        })
        .count()
}
