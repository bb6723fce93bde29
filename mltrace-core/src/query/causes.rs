//! Which suspects are one cause: those whose runs have what the sentence says that the bad ones share.

use foldhash::HashMap;

use crate::lineage::Group;
use crate::store::RunKey;

/// The facts that a sentence names, and the runs that have them.
pub(super) struct Causes {
    ranks: Vec<u32>,
    /// The place of the first of these facts that a run has.
    places: HashMap<RunKey, usize>,
}

impl Causes {
    /// Returns the causes of facts, each with its rank and its runs.
    pub(super) fn of(causes: &[(u32, Vec<RunKey>)]) -> Self {
        let mut places = HashMap::default();
        for (place, (_, runs)) in causes.iter().enumerate().rev() {
            places.extend(runs.iter().map(|run| (*run, place)));
        }
        Self { ranks: causes.iter().map(|(rank, _)| *rank).collect(), places }
    }

    /// Returns the place of the cause that a run has; of one without any, after all.
    pub(super) fn place(&self, run: RunKey) -> usize {
        self.places.get(&run).copied().unwrap_or(self.ranks.len())
    }

    /// Returns the place of the first cause that a run of a group has.
    pub(super) fn place_of(&self, group: &Group<RunKey>) -> usize {
        group.runs.iter().map(|run| self.place(*run)).min().unwrap_or(self.ranks.len())
    }

    /// Returns the rank of the fact that a run of a group has, if one has any.
    pub(super) fn fact(&self, group: &Group<RunKey>) -> Option<u32> {
        self.ranks.get(self.place_of(group)).copied()
    }

    /// Returns of each cause the groups that have it.
    pub(super) fn of_each<'g>(&self, groups: &[&'g Group<RunKey>]) -> Vec<(u32, Vec<&'g Group<RunKey>>)> {
        let mut found: Vec<(u32, Vec<&Group<RunKey>>)> = self.ranks.iter().map(|rank| (*rank, Vec::new())).collect();
        for group in groups {
            if let Some((_, caused)) = found.get_mut(self.place_of(group)) {
                caused.push(group);
            }
        }
        found
    }
}
