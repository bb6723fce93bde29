//! From run to run: who wrote what a run read, who read what it wrote.

use std::ops::DerefMut;

use foldhash::HashMap;
use rusqlite::Statement;

use super::SqliteStore;
use crate::store::{Far, Reached, Result, RunKey, StoreError};

/// Of how many runs beside each other the neighbours are found at once, at most.
const AT_ONCE: i64 = 64;

/// A way from runs to others.
pub(super) struct Way {
    /// Finds pairs (run, its neighbour) of a range of runs, by run.
    names: &'static str,
    /// The same, where what was read lies in what was written or around it.
    parts: &'static str,
    /// Of how many runs at once, at most.
    at_once: i64,
}

/// From runs to those that wrote what they read.
pub(super) const UPSTREAM: Way = Way {
    names: "SELECT d.run_id, w.run_id FROM read d CROSS JOIN write w ON w.id = d.write_id
     WHERE d.run_id BETWEEN $1 AND $2 ORDER BY d.run_id, d.n",
    parts: "SELECT d.run_id, w.run_id FROM part d CROSS JOIN write w ON w.id = d.write_id
     WHERE d.run_id BETWEEN $1 AND $2 ORDER BY d.run_id, d.n",
    at_once: AT_ONCE,
};

/// From runs to those that read what they wrote. What one run wrote may be read by any number of others: each is asked
/// for by itself.
pub(super) const DOWNSTREAM: Way = Way {
    names: "SELECT w.run_id, d.run_id FROM write w CROSS JOIN read d ON d.write_id = w.id
     WHERE w.run_id BETWEEN $1 AND $2 ORDER BY w.run_id, w.n",
    parts: "SELECT w.run_id, d.run_id FROM write w CROSS JOIN part d ON d.write_id = w.id
     WHERE w.run_id BETWEEN $1 AND $2 ORDER BY w.run_id, w.n",
    at_once: 1,
};

/// How many runs after the one that is asked for, at most, a block of those before it holds.
const BEYOND: i64 = 8;

/// How many neighbours a run of many found at once may have on average.
const NEIGHBOURS: i64 = 8;

/// What a run that was reached takes while others are looked for.
const REACHED: usize = 64;
/// For so many runs there is room at once, as many as most walks reach.
const MOSTLY: usize = 224;

impl SqliteStore {
    /// Follows a way from `runs` on. Returns the runs that are reached, and reports `met` every pair, nearest first.
    ///
    /// This is cheaper than a recursive statement, which keeps all pairs in tables of its own.
    pub(super) fn follow(
        &self,
        way: &Way,
        runs: &[RunKey],
        far: Far,
        mut met: impl FnMut(RunKey, RunKey) -> Result<()>,
    ) -> Result<Reached> {
        let _one_look = self.look()?;
        let mut statements = vec![self.connection.prepare_cached(way.names)?];
        if self.has_parts()? {
            statements.push(self.connection.prepare_cached(way.parts)?);
        }
        let mut block = Block { at_once: way.at_once, ..Block::default() };
        let mut seen: HashMap<RunKey, ()> = HashMap::default();
        seen.reserve(MOSTLY);
        let mut found = Reached::default();
        let most = far.most.unwrap_or(usize::MAX);
        let mut add = |run: RunKey, distance: u32, found: &mut Reached| {
            if seen.contains_key(&run) {
                return Ok(true);
            }
            let is_full = found.runs.len() >= most;
            if is_full || far.depth.is_some_and(|depth| distance > depth) {
                found.is_cut = true;
                return Ok(!is_full);
            }
            self.hold_bytes(|| REACHED)?;
            seen.insert(run, ());
            found.runs.push((run, distance));
            Ok::<_, StoreError>(true)
        };
        for run in runs {
            add(*run, 0, &mut found)?;
        }
        // Anyone who was reached waits for its turn where it stands.
        let mut place = 0;
        while let Some((run, distance)) = found.runs.get(place).copied() {
            place = place.saturating_add(1);
            let mut last = run;
            for (_, next) in block.neighbours(&mut statements, run)? {
                // Who reads or is read many times in a row is one neighbour.
                if *next == run || *next == last {
                    continue;
                }
                last = *next;
                met(run, *next)?;
                if !add(*next, distance.saturating_add(1), &mut found)? {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    /// Returns whether any read saw more than the write that it is bound to; where none did, nothing is looked for.
    pub(super) fn has_parts(&self) -> Result<bool> {
        Ok(self.one("SELECT EXISTS (SELECT 1 FROM part)", [], |row| row.get(0))?.unwrap_or(false))
    }
}

/// The neighbours of runs beside each other. Who wrote what a run read was mostly recorded shortly before it: as long as
/// half of what a block holds is asked for, the next block is twice as wide.
#[derive(Default)]
struct Block {
    first: i64,
    /// How many runs it holds.
    width: i64,
    /// How many of them were asked for.
    asked: i64,
    /// The widest that it may be.
    at_once: i64,
    pairs: Vec<(RunKey, RunKey)>,
}

impl Block {
    fn neighbours<'s, S>(&mut self, statements: &mut [S], run: RunKey) -> rusqlite::Result<&[(RunKey, RunKey)]>
    where
        S: DerefMut<Target = Statement<'s>>,
    {
        let holds = run.0 >= self.first && run.0.saturating_sub(self.first) < self.width;
        if !holds {
            let is_worth_it = self.asked.saturating_mul(2) >= self.width;
            let width = if is_worth_it { self.width.saturating_mul(2).clamp(1, self.at_once) } else { 1 };
            if !self.read(statements, run, width)? {
                self.read(statements, run, 1)?;
            }
        }
        self.asked = self.asked.saturating_add(1);
        let from = self.pairs.partition_point(|(of, _)| *of < run);
        let rest = self.pairs.get(from..).unwrap_or_default();
        Ok(rest.get(..rest.partition_point(|(of, _)| *of == run)).unwrap_or_default())
    }

    /// Reads a block of this width around a run; returns whether it was read to its end. A wide one is left when it has
    /// many neighbours, most of which would be read for nothing.
    fn read<'s, S>(&mut self, statements: &mut [S], run: RunKey, width: i64) -> rusqlite::Result<bool>
    where
        S: DerefMut<Target = Statement<'s>>,
    {
        let is_ahead = run.0 >= self.first.saturating_add(self.width);
        // Those of one level may be asked for in the other direction than the levels.
        let beyond = if is_ahead { width.saturating_sub(1) } else { (width.saturating_add(2) / 4).min(BEYOND) };
        self.first = run.0.saturating_add(beyond).saturating_sub(width.saturating_sub(1));
        (self.width, self.asked) = (width, 0);
        self.pairs.clear();
        let most = usize::try_from(width.saturating_mul(NEIGHBOURS)).unwrap_or(usize::MAX);
        let is_one = statements.len() == 1;
        for statement in statements {
            let mut rows = statement.query([self.first, self.first.saturating_add(width.saturating_sub(1))])?;
            while let Some(row) = rows.next()? {
                if width > 1 && self.pairs.len() >= most {
                    return Ok(false);
                }
                self.pairs.push((row.get(0)?, row.get(1)?));
            }
        }
        if !is_one {
            self.pairs.sort_by_key(|(of, _)| *of);
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::Connection;

    use super::*;

    proptest! {
        #[test]
        fn a_block_answers_as_the_table_does_in_whatever_order_it_is_asked(
            edges in prop::collection::btree_set((0..200_i64, 0..9_i64), 0..900),
            crowd in 0..200_i64,
            starts in prop::collection::vec((0..200_i64, -3..4_i64, 1..30_i64), 1..12),
            at_once in 1..=AT_ONCE,
        ) {
            let table = Connection::open_in_memory().unwrap();
            table.execute_batch("CREATE TABLE edge (of INTEGER, next INTEGER)").unwrap();
            // Some have a few neighbours, and one has more than a block holds.
            let edges = edges.into_iter().chain((100..100 + NEIGHBOURS * AT_ONCE).map(|next| (crowd, next)));
            let mut edges: Vec<(RunKey, RunKey)> = edges.map(|(of, next)| (RunKey(of), RunKey(next))).collect();
            edges.sort_unstable();
            for edge in &edges {
                table.execute("INSERT INTO edge VALUES ($1, $2)", [edge.0, edge.1]).unwrap();
            }
            // Those of a second statement are read beside them.
            let even = "SELECT of, next FROM edge WHERE of BETWEEN $1 AND $2 AND (next & 1) = 0 ORDER BY of";
            let odd = "SELECT of, next FROM edge WHERE of BETWEEN $1 AND $2 AND (next & 1) = 1 ORDER BY of";
            let mut steps = [even, odd].map(|step| table.prepare_cached(step).unwrap());
            let mut block = Block { at_once, ..Block::default() };
            // As walks ask: one after the other, up or down, with leaps between.
            let asked = starts.into_iter().flat_map(|(start, stride, count)| (0..count).map(move |at| start + at * stride));
            for run in asked.map(RunKey) {
                let mut found = block.neighbours(&mut steps, run).unwrap().to_vec();
                found.sort_unstable();
                let there: Vec<_> = edges.iter().filter(|(of, _)| *of == run).copied().collect();
                prop_assert_eq!(found, there);
            }
        }
    }
}
