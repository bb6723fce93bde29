//! Which runs have what the bad ones share: judged or not, and whether there may be more of them.

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::past::{EARLIER, Past};
use super::{QueryError, Reader};
use crate::lineage::{self, Condition};
use crate::model::Timestamp;
use crate::store::{ComponentKey, ProjectKey, RunKey, RunSelection};

/// How many runs are looked through for others with a value, between those that the verdicts are about and after them.
const BETWEEN: usize = 256;
/// How many of the runs after those that are known are looked at first: most often one of them has another value.
const AFTER: usize = 8;

/// Runs beside those that the verdicts are about, each looked for once: of many facts they are the same.
#[derive(Default)]
pub(super) struct Beside {
    between: HashMap<(ComponentKey, Option<Timestamp>, Timestamp), Vec<RunKey>>,
    after: HashMap<(ComponentKey, Timestamp), Vec<RunKey>>,
}

/// The runs with something.
#[derive(Default)]
pub(super) struct Held {
    pub(super) runs: BTreeSet<RunKey>,
    /// Whether a comparable run after the last one is without it.
    pub(super) is_over: bool,
    /// Whether there may be more of them.
    pub(super) has_more: bool,
}

impl Reader<'_> {
    /// Returns the runs with something, those whose outputs nobody judged as well: between those that are known, and
    /// beside them as long as comparable runs have it.
    pub(super) fn held(
        &mut self,
        project: ProjectKey,
        condition: &Condition,
        (first, with): (RunKey, Vec<RunKey>),
        (past, beside): (&mut Past, &mut Beside),
    ) -> Result<Held, QueryError> {
        let began = |run: &RunKey| past.run(*run).map(|run| run.began);
        let (since, until) = (with.iter().filter_map(began).min(), with.iter().filter_map(began).max());
        let mut held = Held { runs: with.into_iter().collect(), ..Held::default() };
        let (Some(component), Some(until)) = (past.run(first).map(|run| run.component_key), until) else {
            return Ok(held);
        };
        // Of what is further back nothing is known.
        let before = past.all_known_before(first);
        let is_ended = held.add_next(condition, first, before, past);
        held.has_more = !is_ended && before.len() >= EARLIER;
        let between = match beside.between.entry((component, since, until)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let (limit, until) = (Some(BETWEEN), Some(until));
                let selection =
                    RunSelection { component: Some(component), since, until, limit, ..RunSelection::default() };
                let between = self.store.select(project, &selection)?;
                past.learn(&mut *self.store, &between)?;
                new.insert(between)
            }
        };
        let mut comes_and_goes = false;
        for run in between.iter() {
            comes_and_goes |= held.add(condition, first, *run, past);
        }
        held.has_more |= comes_and_goes || between.len() >= BETWEEN;
        let mut after: &[RunKey] = match beside.after.entry((component, until)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.store.next(component, until, BETWEEN)?),
        };
        let (mut at_once, is_cut) = (AFTER, after.len() >= BETWEEN);
        while !after.is_empty() && !held.is_over {
            let (some, others) = after.split_at(after.len().min(at_once));
            (after, at_once) = (others, at_once.saturating_mul(2));
            past.learn(&mut *self.store, some)?;
            held.is_over = held.add_next(condition, first, some, past);
        }
        held.has_more |= is_cut && !held.is_over;
        held.is_over &= !comes_and_goes;
        Ok(held)
    }
}

impl Held {
    /// Adds those of some runs that are like that, up to the first that is comparable and is not; returns whether there is one.
    fn add_next(&mut self, condition: &Condition, first: RunKey, runs: &[RunKey], past: &Past) -> bool {
        runs.iter().any(|run| self.add(condition, first, *run, past))
    }

    /// Adds a run that is like that; returns whether it is not and could be compared with the first of them.
    fn add(&mut self, condition: &Condition, first: RunKey, run: RunKey, past: &Past) -> bool {
        let (Some(shape), Some(other)) = (past.run(first), past.run(run)) else { return false };
        if condition.is_of(&other.facts) {
            self.runs.insert(run);
            return false;
        }
        // Runs that read something else cannot be distinguished from it by what they read.
        condition.is_of_reads() || lineage::are_alike(&shape.facts, &other.facts)
    }
}
