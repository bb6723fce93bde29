//! What runs read by name, no matter who wrote it: a step that was skipped, added or moved reads something else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::facts::Facts;

/// How many names of a run are looked at.
const NAMES: usize = 32;
/// How many folders a name has at most that are told apart.
const FOLDERS: usize = 8;
/// That something was read.
static READ: Value = Value::Bool(true);

/// Returns the places of a name that is masked: the folders that it is in, from the outermost on, and itself.
fn places(name: &str) -> impl Iterator<Item = &str> {
    let folders = name.match_indices('/').filter_map(|(end, _)| name.get(..end.saturating_add(1)));
    folders.take(FOLDERS).chain([name])
}

/// Returns the places of what a run read.
pub(super) fn places_of(run: &Facts) -> BTreeSet<&str> {
    run.shape().iter().take(NAMES).flat_map(|name| places(name)).collect()
}

/// Returns whether a run read something in a place: `None` in it where it did not; `None` where that is not known.
pub(super) fn had_place<'v>(place: &str, run: &Facts) -> Option<Option<&'v Value>> {
    let is_read = run
        .shape()
        .iter()
        .any(|name| name.strip_prefix(place).is_some_and(|rest| rest.is_empty() || place.ends_with('/')));
    match is_read {
        true => Some(Some(&READ)),
        false => run.aspects.first_unknown_input().is_none().then_some(None),
    }
}

/// Returns in what place an earlier run read what this one read here: of the outermost places that this run did not read, the
/// one that is called most alike.
pub(super) fn replaced(place: &str, run: &Facts, earlier: &Facts) -> Option<String> {
    let (mine, theirs) = (places_of(run), places_of(earlier));
    let is_new = |found: &&&str| !mine.contains(**found);
    let mut gone: Vec<&str> = Vec::new();
    for found in theirs.iter().filter(is_new) {
        // In the order of names, what is in a folder follows it.
        if !gone.iter().any(|folder| folder.ends_with('/') && found.starts_with(folder)) {
            gone.push(found);
        }
    }
    let alike = |found: &&str| found.chars().zip(place.chars()).take_while(|(one, other)| one == other).count();
    // Of equal ones the first.
    gone.into_iter().rev().max_by_key(alike).map(str::to_owned)
}

/// That a run is of its component.
pub(super) fn is_there<'v>() -> &'v Value {
    &READ
}
