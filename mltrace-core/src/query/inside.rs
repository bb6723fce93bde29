//! Whether a writer is known of all that lay in a folder which was read.

use std::collections::BTreeSet;

use crate::lineage::unexplained;
use crate::model::{Bound, RunId, path_inside};
use crate::store::{Folders, Look, ReadDetail, Result, WriteOf};

/// Returns whether all that lay in a folder was written by somebody known: in the folder, or with it or one around it as a
/// whole; `None` where nobody knows that, as not all is known of what lay in one of these.
pub(super) fn is_all_told(store: &mut dyn Look, read: &ReadDetail) -> Result<Option<bool>> {
    let Some(seen) = read.seen.as_ref().filter(|_| read.bound == Bound::Inside) else { return Ok(None) };
    let Some(folder) = store.folders(Folders::Of(seen))?.pop().filter(|folder| folder.is_whole) else {
        return Ok(None);
    };
    let names = read.parts.iter().filter_map(|part| part.name.as_ref());
    let written: BTreeSet<&str> = names.filter_map(|name| path_inside(read.name.as_str(), name.as_str())).collect();
    let mut left: Vec<_> = unexplained(&folder, &written).collect();
    let mut is_known = true;
    for part in &read.parts {
        let Some(place) = place_in(part, read) else { continue };
        let held = store.folders(Folders::Of(&part.version))?.pop();
        is_known &= place.is_empty() || held.as_ref().is_some_and(|held| held.is_whole);
        if let Some(held) = held {
            left.retain(|(path, there)| held.entries.get(&format!("{place}{path}")) != Some(*there));
        }
    }
    Ok(Some(left.is_empty()).filter(|is_all| *is_all || is_known))
}

/// Returns who wrote a folder around what was read last, of which it is a part.
pub(super) fn last_around(read: &ReadDetail) -> Option<RunId> {
    let is_around = |part: &&WriteOf| place_in(part, read).is_some_and(|place| !place.is_empty());
    read.parts.iter().filter(is_around).max_by_key(|part| (part.at, part.run_id)).map(|part| part.run_id)
}

/// Returns how the paths of what lies in what was read begin in what was written; `None` when that is no folder around it.
fn place_in(part: &WriteOf, read: &ReadDetail) -> Option<String> {
    let Some(folder) = &part.name else { return Some(String::new()) };
    path_inside(folder.as_str(), read.name.as_str()).map(|path| format!("{path}/"))
}
