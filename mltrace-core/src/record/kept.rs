//! What the outputs of a call are called, for the checks that are made after its body.

use std::sync::{Mutex, PoisonError};

use crate::values::Given;

/// How an output that is bound joins what its name gave before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joins {
    /// It takes the place of everything before.
    Replaces,
    /// It is one more: a new binding in a loop.
    Appends,
    /// It is one more, and a later [`Joins::Overwrites`] takes its place: a `let mut` in a loop.
    AppendsForNow,
    /// It takes the place of the last one.
    Overwrites,
}

/// The latest names of some outputs of a call, as they were bound.
#[derive(Debug)]
pub(super) struct Kept {
    /// The outputs that are asked for.
    pub(super) slots: &'static [usize],
    /// What each was bound to; nobody but the call's own thread or task takes the lock.
    bound: Mutex<Vec<Bound>>,
}

/// What an output was bound to, binding by binding.
#[derive(Debug)]
struct Bound {
    slot: usize,
    bindings: Vec<Vec<Given>>,
}

impl Kept {
    pub(super) const fn new(slots: &'static [usize]) -> Self {
        Self { slots, bound: Mutex::new(Vec::new()) }
    }

    /// Takes note of what an output names by now.
    pub(super) fn bind(&self, slot: usize, given: &[Given], joins: Joins) {
        if !self.slots.contains(&slot) {
            return;
        }
        let mut all = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|bound| bound.slot == slot);
        let bound = match at.and_then(|at| all.get_mut(at)) {
            Some(bound) => bound,
            None => {
                all.push(Bound { slot, bindings: vec![given.to_vec()] });
                return;
            }
        };
        match joins {
            Joins::Replaces => bound.bindings.clear(),
            Joins::Overwrites => drop(bound.bindings.pop()),
            Joins::Appends | Joins::AppendsForNow => {}
        }
        bound.bindings.push(given.to_vec());
    }

    /// Returns what an output names by now; `None` when nothing was bound to it.
    pub(super) fn of(&self, slot: usize) -> Option<Vec<Given>> {
        let all = self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = all.iter().find(|bound| bound.slot == slot)?;
        Some(bound.bindings.iter().flatten().cloned().collect())
    }
}
