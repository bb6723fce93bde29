//! What a store hands over, as the rules of `lineage` take it.

use crate::lineage::{LastSeen, Offer};
use crate::store::{Asked, Candidate, Result, RunKey, WriteKey, Writer};

/// Returns a candidate as the rules take it.
pub(super) fn offered(candidate: &Candidate) -> Offer<WriteKey, RunKey> {
    offered_as(candidate.write, candidate)
}

fn offered_as<W>(write: W, candidate: &Candidate) -> Offer<W, RunKey> {
    let Candidate { run, run_id, at, n, said_at, began, read_at, is_elsewhere, .. } = *candidate;
    Offer { write, run, moment: (at, run_id, n), said_at, began, read_at, is_elsewhere }
}

/// Asks the questions and offers each of `last` the candidates of the one at its place, each as `write` says.
pub(super) fn find_last<'l, W: Copy + 'l>(
    writer: &mut dyn Writer,
    asked: &[Asked<'_>],
    last: impl IntoIterator<Item = &'l mut LastSeen<W, RunKey>>,
    write: impl Fn(&Candidate) -> W,
) -> Result<()> {
    if asked.is_empty() {
        return Ok(());
    }
    let mut last: Vec<_> = last.into_iter().collect();
    writer.candidates(asked, &mut |place, candidate| {
        last.get_mut(place).is_some_and(|last| last.offer(&offered_as(write(&candidate), &candidate)))
    })
}
