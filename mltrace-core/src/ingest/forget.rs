//! A run that is taken back: its edges go, and what it explained is unknown again.

use std::collections::BTreeSet;

use super::apply::Applier;
use super::stored::{StoredRun, stored};
use crate::model::{Forget, RunId};
use crate::store::{Change, Removed, Result, RunKey, RunRow, Said};

/// What is left of a run that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing.
    Nothing,
    /// Its empty row and its notes: its other rows are built anew.
    Row,
}

impl Applier<'_, '_> {
    pub(super) fn forget(&mut self, fact: &Forget) -> Result<()> {
        self.said.push(Said::Forgotten(fact.run, fact.at));
        let began = self.runs.get(&fact.run).and_then(|(_, row)| row.started_at);
        self.forgotten.push((fact.run, began));
        self.take_back(fact.run, Left::Nothing)
    }

    /// Takes back all rows of a run, so that they can be built anew.
    pub(super) fn take_back(&mut self, run: RunId, left: Left) -> Result<()> {
        if left == Left::Nothing {
            self.named.runs.remove(&run);
            self.named.removed.insert(run);
        }
        let Some((key, row)) = self.runs.remove(&run) else { return Ok(()) };
        let is_stored = !self.touched.fresh.contains(&key);
        let StoredRun { reads, writes } = self.stored.remove(&key).unwrap_or_default();
        let mut changes = Vec::new();
        for write in writes {
            self.touched.unnamed.insert(write.artifact);
            changes.push(Change::Wrote(write.key));
            // What lay in a folder before it may be there again, though nobody who read the folder saw this.
            changes.extend(write.at.map(|at| Change::Nearby(write.artifact, at)));
            // Of what several wrote, one may be left.
            changes.extend(write.seen.map(Change::Weaker));
        }
        // What it had seen first, or had itself before it wrote it, kept others from being where that came from.
        for read in reads {
            self.touched.unnamed.insert(read.artifact);
            changes.extend(read.seen.map(Change::Weaker));
        }
        let again = if changes.is_empty() { Vec::new() } else { self.writer.touched_by(&changes)? };
        match left {
            Left::Nothing if is_stored => drop(self.writer.remove(Removed::Run(key))?),
            Left::Row if is_stored => drop(self.writer.remove(Removed::WhatOf(key))?),
            Left::Nothing | Left::Row => {}
        }
        self.drop_told(key);
        if left == Left::Row {
            self.runs.insert(run, (key, self.unborn(run)));
            self.changed.insert(run);
        }
        self.touched.again.retain(|(run, _)| *run != key);
        self.touched.again.extend(again.into_iter().filter(|(run, _)| *run != key));
        // Those around it wrote what they only named.
        let mut around = row.parent;
        let mut met = BTreeSet::new();
        while let Some((outer, row)) = around.map(|id| self.around(id)).transpose()?.flatten() {
            around = row.parent;
            if !met.insert(outer) {
                break;
            }
            self.touched.statuses.insert(outer);
        }
        Ok(())
    }

    /// Returns a run around one that is forgotten, with what is stored of it.
    fn around(&mut self, id: RunId) -> Result<Option<(RunKey, RunRow)>> {
        if !self.runs.contains_key(&id)
            && let Some((key, row)) = self.writer.run(id)?
        {
            self.stored.extend(stored(self.writer, &[key])?);
            self.runs.insert(id, (key, row));
        }
        Ok(self.runs.get(&id).cloned())
    }

    /// Drops what was reported of a run and is not stored yet.
    fn drop_told(&mut self, run: RunKey) {
        self.said.retain(|said| {
            let of = match said {
                Said::Param(of, ..)
                | Said::Note(of, _)
                | Said::Metric(of, _)
                | Said::Observation(of, _)
                | Said::Check(of, _)
                | Said::Subject(of, _)
                | Said::Due(of, _)
                | Said::Done(of, _) => Some(*of),
                _ => None,
            };
            of != Some(run)
        });
        // Another run may be given its key.
        self.works.remove(&run);
        self.known.remove(&run);
        self.used.remove(&run);
        let touched = &mut self.touched;
        let reads = touched.new_reads.iter().filter(|((key, _), _)| *key == run).map(|(_, read)| read.artifact);
        let writes = touched.new_writes.iter().filter(|((key, _), _)| *key == run).map(|(_, write)| write.artifact);
        touched.unnamed.extend(reads.chain(writes));
        touched.new_reads.retain(|(key, _), _| *key != run);
        touched.new_writes.retain(|(key, _), _| *key != run);
        touched.reads.retain(|(key, _)| *key != run);
        touched.writes.retain(|(key, _)| *key != run);
        touched.moved.remove(&run);
        for runs in [&mut touched.statuses, &mut touched.works, &mut touched.fresh] {
            runs.remove(&run);
        }
    }
}
