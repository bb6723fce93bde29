//! At which numbers ranges may end: those that no ok chooses.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::aspects::{Aspect, Aspects};
use super::change::number;
use super::coverage::Outputs;
use super::tally::Known;

/// Which numbers runs had, by component and aspect; NaN stands for a value that is no number. Which runs these are must not
/// depend on what is ok: a range that an ok ends elsewhere could be narrower, and raise what is upstream of it.
#[derive(Clone, Debug, Default)]
pub struct Ends(HashMap<String, BTreeMap<Aspect, Vec<f64>>>);

impl Ends {
    /// Adds what runs of a component had.
    pub fn add<'a>(&mut self, component: &str, runs: impl IntoIterator<Item = &'a Aspects>) {
        let of = self.0.entry(component.to_owned()).or_default();
        for (aspect, value) in runs.into_iter().flatten().filter(|(_, value)| !value.is_null()) {
            let number = number(value).unwrap_or(f64::NAN);
            match of.get_mut(aspect) {
                Some(numbers) => numbers.push(number),
                None => drop(of.insert(aspect.clone(), vec![number])),
            }
        }
    }

    /// Returns the numbers that runs of a component had.
    pub(super) fn of(&self, component: &str, aspect: &Aspect) -> &[f64] {
        self.0.get(component).and_then(|of| of.get(aspect)).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Returns of each component the places of its first and its last run upstream of a flagged output, of runs in the order in
/// which they began. Around these ranges may end.
#[must_use]
pub fn first_and_last(known: &[Known], flagged: &Outputs) -> Vec<[usize; 2]> {
    let mut found: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (place, run) in known.iter().enumerate().filter(|(_, run)| run.outputs.meets(flagged)) {
        found.entry(&run.component).and_modify(|[_, last]| *last = place).or_insert([place; 2]);
    }
    found.into_values().collect()
}
