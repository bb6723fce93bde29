//! What is known of a run that it is compared by.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::aspects::{Aspect, Aspects};
use super::mask::mask;

/// What is compared of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The names of what it read, sorted, each once, as far as its aspects are known.
    pub names: Vec<String>,
    /// Those without what is masked, once somebody asked.
    shape: OnceCell<BTreeSet<String>>,
    /// What it has.
    pub aspects: Aspects,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// What it wrote, as the text of versions; empty unless the content of all of it is known.
    pub outputs: BTreeMap<String, String>,
    /// What is wrong with it by itself, in words.
    pub faults: Vec<Fault>,
}

impl Facts {
    /// Returns what is known of a run that read what has these names, sorted, each once.
    #[must_use]
    pub fn new(names: Vec<String>, aspects: Aspects) -> Self {
        Self { names, aspects, ..Self::default() }
    }

    /// Returns the names of what it read, without what is masked.
    pub(super) fn shape(&self) -> &BTreeSet<String> {
        self.shape.get_or_init(|| masked(&self.names))
    }

    /// Returns the names of what it read, as far as it is known whether another run read them, too.
    pub(super) fn names_beside(&self, other: &Self) -> &[String] {
        let end = [self, other].into_iter().filter_map(|run| run.aspects.first_unknown_input()).min();
        let known = end.map_or(self.names.len(), |end| self.names.partition_point(|name| name.as_str() < end));
        self.names.get(..known).unwrap_or(&self.names)
    }

    /// Returns whether another run read the same, but for what is masked, as far as that is known.
    pub(super) fn reads_alike(&self, other: &Self) -> bool {
        let (one, two) = (self.names_beside(other), other.names_beside(self));
        let is_whole = one.len() == self.names.len() && two.len() == other.names.len();
        one == two || if is_whole { self.shape() == other.shape() } else { masked(one) == masked(two) }
    }

    /// Returns whether it has the parameters of another run, each with its value, as far as that is known.
    pub(super) fn has_params_of(&self, other: &Self) -> bool {
        let mut params = other.params_beside(self);
        params.all(|param| self.aspects.get(param) == other.aspects.get(param))
    }

    /// Returns its parameters, as far as it is known whether another run has them, too.
    pub(super) fn params_beside<'f>(&'f self, other: &'f Self) -> impl Iterator<Item = &'f Aspect> {
        self.params().filter(|param| other.aspects.knows(param))
    }

    /// Returns its parameters, in the order of their names.
    pub(super) fn params(&self) -> impl Iterator<Item = &Aspect> {
        self.aspects.keys().filter(|aspect| matches!(aspect, Aspect::Parameter(_)))
    }
}

fn masked(names: &[String]) -> BTreeSet<String> {
    names.iter().map(|name| mask(name)).collect()
}

/// What is wrong with a run without looking at any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What, in words.
    pub message: String,
    /// Whether it is rare in runs that do no harm.
    pub is_rare: bool,
}
