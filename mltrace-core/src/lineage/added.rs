//! What runs have beside what is recorded of each: in which places they read, and that they are there at all.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use serde_json::Value;

use super::aspects::Aspect;
use super::coverage::Outputs;
use super::facts::Facts;
use super::mask::MASK;
use super::reads::{had_place, is_there, places_of};
use super::tally::Known;

/// How many places of a component are facts.
const PLACES: usize = 64;

/// Adds to runs, each with what is known of it, in which places they read, where some runs of their component did otherwise:
/// of those, what is in a folder that all of them read in. What is called the same in every round is reported where it was not
/// read, too.
pub fn add_places(known: &mut [Known], facts: &[&Facts]) {
    let mut by_component: HashMap<String, Vec<usize>> = HashMap::default();
    for (place, run) in known.iter().enumerate() {
        match by_component.get_mut(&run.component) {
            Some(runs) => runs.push(place),
            None => drop(by_component.insert(run.component.clone(), vec![place])),
        }
    }
    for runs in by_component.into_values() {
        let of: Vec<(usize, &Facts)> = runs.into_iter().filter_map(|place| Some((place, *facts.get(place)?))).collect();
        let Some((_, first)) = of.first() else { continue };
        if of.iter().all(|(_, run)| run.reads_alike(first)) {
            continue;
        }
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for found in of.iter().flat_map(|(_, run)| places_of(run)) {
            let count = counts.entry(found).or_default();
            *count = count.saturating_add(1);
        }
        let has_versions: BTreeSet<&str> = of.iter().flat_map(|(_, run)| versioned(run)).collect();
        counts.retain(|found, count| *count < of.len() && !has_versions.contains(found));
        let told: Vec<&str> = counts.into_keys().take(PLACES).collect();
        for (place, run) in &of {
            let Some(known) = known.get_mut(*place) else { continue };
            for found in &told {
                let is_of_every_round = !found.ends_with('/') && !found.contains(MASK);
                match had_place(found, run) {
                    Some(Some(read)) => drop(known.aspects.insert(Aspect::Reads((*found).to_owned()), read.clone())),
                    Some(None) if is_of_every_round => {
                        known.aspects.insert(Aspect::Reads((*found).to_owned()), Value::Null);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn versioned(run: &Facts) -> impl Iterator<Item = &str> {
    run.aspects.keys().filter_map(|aspect| if let Aspect::Input(name) = aspect { Some(name.as_str()) } else { None })
}

/// Adds to the runs of each component that they ran, where not all judged outputs have such a run upstream.
pub fn add_components(known: &mut [Known], judged: u32) {
    let mut outputs: BTreeMap<String, Outputs> = BTreeMap::new();
    for run in known.iter() {
        match outputs.get_mut(&run.component) {
            Some(all) => drop(all.add(&run.outputs)),
            None => drop(outputs.insert(run.component.clone(), run.outputs.clone())),
        }
    }
    outputs.retain(|_, outputs| outputs.count() < judged);
    for run in known.iter_mut().filter(|run| outputs.contains_key(&run.component)) {
        run.aspects.insert(Aspect::Component, is_there().clone());
    }
}
