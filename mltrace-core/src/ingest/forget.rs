//! A run that is taken back: its edges go, and what it explained is unknown again.

use std::collections::BTreeSet;

use super::apply::Applier;
use crate::model::Forget;
use crate::store::{Result, RunKey};

impl Applier<'_, '_> {
    pub(super) fn forget(&mut self, fact: &Forget) -> Result<()> {
        let known = self.writer.run(fact.run)?;
        self.writer.bury_run(fact.run, fact.at)?;
        let Some((key, row)) = known else { return Ok(()) };
        let mut again = Vec::new();
        for write in self.writer.writes(key)? {
            self.touched.unnamed.insert(write.artifact);
            again.extend(self.writer.reads_of_write(write.key)?);
            // Of what several wrote, one may be left.
            if let Some(seen) = write.seen {
                again.extend(self.writer.reads_of_bytes(seen)?);
            }
        }
        // What it had seen first, or had itself before it wrote it, kept others from being where that came from.
        for read in self.writer.reads(key)? {
            self.touched.unnamed.insert(read.artifact);
            if let Some(seen) = read.seen {
                again.extend(self.writer.reads_of_bytes(seen)?);
            }
        }
        self.writer.remove_run(key)?;
        self.drop_told(key);
        self.touched.again.retain(|(run, _)| *run != key);
        self.touched.again.extend(again.into_iter().filter(|(run, _)| *run != key));
        // Those around it wrote what they only named.
        let mut around = row.parent;
        let mut met = BTreeSet::new();
        while let Some((outer, row)) = around.map(|id| self.writer.run(id)).transpose()?.flatten() {
            around = row.parent;
            if !met.insert(outer) {
                break;
            }
            self.touched.statuses.insert(outer);
            self.runs.entry(row.id).or_insert((outer, row));
        }
        Ok(())
    }

    /// Drops what was told of a run and is not stored yet.
    fn drop_told(&mut self, run: RunKey) {
        self.runs.retain(|_, (key, _)| *key != run);
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
