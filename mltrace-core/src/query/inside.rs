//! Whether a writer is known of all that lay in a folder which was read.

use std::collections::BTreeSet;

use crate::lineage::unexplained;
use crate::model::{Bound, path_inside};
use crate::store::{Folders, Look, ReadDetail, Result};

/// Returns whether all that lay in a folder was written by somebody known: in the folder, or with it as a whole.
pub(super) fn is_all_told(store: &mut dyn Look, read: &ReadDetail) -> Result<bool> {
    let Some(seen) = read.seen.as_ref().filter(|_| read.bound == Bound::Inside) else { return Ok(false) };
    let Some(folder) = store.folders(Folders::Of(seen))?.pop().filter(|folder| folder.is_whole) else {
        return Ok(false);
    };
    let names = read.parts.iter().filter_map(|part| part.name.as_ref());
    let written: BTreeSet<&str> = names.filter_map(|name| path_inside(read.name.as_str(), name.as_str())).collect();
    let mut left: Vec<_> = unexplained(&folder, &written).collect();
    for part in read.parts.iter().filter(|part| part.name.is_none()) {
        for held in store.folders(Folders::Of(&part.version))? {
            left.retain(|(path, there)| held.entries.get(*path) != Some(*there));
        }
    }
    Ok(left.is_empty())
}
