//! What is known of a run that it is compared by.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::change::{Aspect, Aspects};
use super::mask::mask;

/// What is compared of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// The names of what it read, sorted, each once.
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
        self.shape.get_or_init(|| self.names.iter().map(|name| mask(name)).collect())
    }

    /// Returns whether another run read the same, but for what is masked.
    pub(super) fn reads_alike(&self, other: &Self) -> bool {
        self.names == other.names || self.shape() == other.shape()
    }

    /// Returns whether it has the parameters of another run, each with its value.
    pub(super) fn has_params_of(&self, other: &Self) -> bool {
        let mut params = other.params();
        params.all(|param| self.aspects.get(param) == other.aspects.get(param))
    }

    /// Returns its parameters, in the order of their names.
    pub(super) fn params(&self) -> impl Iterator<Item = &Aspect> {
        self.aspects.keys().filter(|aspect| matches!(aspect, Aspect::Parameter(_)))
    }
}

/// What is wrong with a run without looking at any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What, in words.
    pub message: String,
    /// Whether it is rare in runs that do no harm.
    pub is_rare: bool,
}
