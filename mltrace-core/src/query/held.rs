//! Which runs have what the bad ones share: judged or not, and whether there may be more of them.

use std::collections::BTreeMap;
use std::collections::hash_map::Entry;

use foldhash::HashMap;

use super::fact::FactSpan;
use super::past::{EARLIER, Past};
use super::{QueryError, Reader};
use crate::lineage::{self, Condition};
use crate::model::{RunId, Timestamp};
use crate::store::{ComponentKey, ProjectKey, RunKey, RunSelection};

/// How many runs are looked through for others with a value, between those that the verdicts are about and after them.
const BETWEEN: usize = 256;
/// How many of the runs after those that are known are looked at first: most often one of them has another value.
const AFTER: usize = 8;
/// In how many runs after the first without a value it is looked for whether others have it again.
const LATER: usize = 64;

/// Runs beside those that the verdicts are about, each looked for once: of many facts they are the same.
#[derive(Default)]
pub(super) struct Beside {
    between: HashMap<(ComponentKey, Option<Timestamp>, Timestamp), Vec<RunKey>>,
    after: HashMap<(ComponentKey, Timestamp), Vec<RunKey>>,
}

/// The runs with something.
#[derive(Clone, Default)]
pub(super) struct Held {
    /// The runs that were looked at and can be compared, in the order in which they began, and whether each is one.
    looked_at: BTreeMap<(Timestamp, RunId), bool>,
    /// Whether a comparable run after the last one is without it.
    pub(super) is_over: bool,
    /// Whether it comes and goes all the time.
    comes_and_goes: bool,
    /// Whether there may be more of them.
    pub(super) has_more: bool,
}

impl Reader<'_> {
    /// Returns the runs with something, those whose outputs nobody judged as well: between those that are known, and
    /// beside them as long as comparable runs have it. With `looks_further` those of earlier and later spans as well.
    pub(super) fn held(
        &mut self,
        project: ProjectKey,
        condition: &Condition,
        (first, with, looks_further): (RunKey, Vec<RunKey>, bool),
        (past, beside): (&mut Past, &mut Beside),
    ) -> Result<Held, QueryError> {
        let began = |run: &RunKey| past.run(*run).map(|run| run.began);
        let (since, until) = (with.iter().filter_map(began).min(), with.iter().filter_map(began).max());
        let mut held = Held::default();
        for run in &with {
            held.look_at(*run, true, past);
        }
        let (Some(component), Some(until)) = (past.run(first).map(|run| run.component_key), until) else {
            return Ok(held);
        };
        // Of what is further back nothing is known.
        let before = past.all_known_before(first).to_vec();
        let is_ended = held.add_next(condition, first, &before, past);
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
        let mut is_broken = false;
        for run in between.iter() {
            is_broken |= held.add(condition, first, *run, past);
        }
        held.comes_and_goes = is_broken && held.takes_turns();
        held.has_more |= held.comes_and_goes || between.len() >= BETWEEN;
        if looks_further && is_ended && !held.comes_and_goes {
            held.add_further(condition, first, &before, (before.len() >= EARLIER, &*past));
        }
        let next: &[RunKey] = match beside.after.entry((component, until)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.store.next(component, until, BETWEEN)?),
        };
        let (mut after, mut at_once, is_cut) = (next, AFTER, next.len() >= BETWEEN);
        while !after.is_empty() && !held.is_over {
            let (some, others) = after.split_at(after.len().min(at_once));
            (after, at_once) = (others, at_once.saturating_mul(2));
            past.learn(&mut *self.store, some)?;
            held.is_over = held.add_next(condition, first, some, past);
        }
        held.has_more |= is_cut && !held.is_over;
        if looks_further && held.is_over {
            let later = after.get(..LATER).unwrap_or(after);
            past.learn(&mut *self.store, later)?;
            let left = after.len().saturating_sub(later.len());
            let next = next.get(..next.len().saturating_sub(left)).unwrap_or(next);
            if held.comes_and_goes {
                // It goes on as it did between the others.
                for run in next {
                    held.add(condition, first, *run, past);
                }
            } else {
                held.add_further(condition, first, next, (is_cut || left > 0, &*past));
                held.is_over = held.ends_without();
            }
        }
        held.is_over &= !held.comes_and_goes;
        Ok(held)
    }
}

impl Held {
    /// Returns the runs with it, oldest first.
    pub(super) fn runs(&self) -> impl DoubleEndedIterator<Item = (Timestamp, RunId)> {
        self.looked_at.iter().filter(|(_, is_one)| **is_one).map(|(place, _)| *place)
    }

    /// Returns how these follow each other, oldest first, where others come between them; nothing where there is one span, and
    /// where they come and go all the time.
    pub(super) fn spans(&self) -> Vec<FactSpan> {
        let looked_at: Vec<(Timestamp, bool)> =
            self.looked_at.iter().map(|((began, _), is_one)| (*began, *is_one)).collect();
        let span = |some: &[(Timestamp, bool)]| {
            let ((since, is_one), (until, _)) = (*some.first()?, *some.last()?);
            is_one.then_some(FactSpan { since, until, runs: some.len() })
        };
        let spans: Vec<FactSpan> = looked_at.chunk_by(|(_, one), (_, next)| one == next).filter_map(span).collect();
        if spans.len() < 2 || self.comes_and_goes { Vec::new() } else { spans }
    }

    fn look_at(&mut self, run: RunKey, is_one: bool, past: &Past) {
        self.looked_at.extend(past.run(run).map(|known| ((known.began, known.id), is_one)));
    }

    fn takes_turns(&self) -> bool {
        lineage::take_turns(self.looked_at.values().copied())
    }

    /// Adds those of some runs that are like that, up to the first that is comparable and is not; returns whether there is one.
    fn add_next(&mut self, condition: &Condition, first: RunKey, runs: &[RunKey], past: &Past) -> bool {
        runs.iter().any(|run| self.add(condition, first, *run, past))
    }

    /// Adds all of some runs before these, or after them, that are like that, unless it comes and goes all the time there.
    fn add_further(&mut self, condition: &Condition, first: RunKey, runs: &[RunKey], (is_cut, past): (bool, &Past)) {
        let mut all = self.clone();
        for run in runs {
            all.add(condition, first, *run, past);
        }
        if all.runs().count() > self.runs().count() && !all.takes_turns() {
            all.has_more |= is_cut;
            *self = all;
        }
    }

    /// Returns whether the last of the runs that were looked at is without it.
    fn ends_without(&self) -> bool {
        self.looked_at.values().next_back().is_some_and(|is_one| !is_one)
    }

    /// Adds a run that is like that; returns whether it is not and could be compared with the first of them.
    fn add(&mut self, condition: &Condition, first: RunKey, run: RunKey, past: &Past) -> bool {
        let (Some(shape), Some(other)) = (past.run(first), past.run(run)) else { return false };
        let is_one = condition.is_of(&other.facts);
        // Runs that read something else cannot be distinguished from it by what they read.
        let is_other = !is_one && (condition.is_of_reads() || lineage::are_alike(&shape.facts, &other.facts));
        if is_one || is_other {
            self.look_at(run, is_one, past);
        }
        is_other
    }
}
