//! What earlier runs wrote in the place of an artifact, which may be written once.

use super::name::Found;
use super::past::{EARLIER, Past};
use super::{QueryError, Reader};
use crate::lineage;
use crate::model::{RunId, Version};
use crate::store::{Extent, RunDetail, RunKey, WriteDetail};

/// A version, and the run that last wrote it.
pub(super) struct Sibling {
    pub(super) found: Found,
    pub(super) written_by: RunId,
}

/// What earlier runs wrote in one place.
#[derive(Default)]
pub(super) struct Siblings {
    /// The latest first.
    pub(super) found: Vec<Sibling>,
    /// Of how many runs before the writer they are, where there are more that were not looked at.
    pub(super) looked_at: Option<usize>,
}

impl Reader<'_> {
    /// Returns what the runs before the writer of something that it is compared with wrote in its place, the latest first: of
    /// several names that differ in what is masked, that of the same argument, and of these that of the same number.
    pub(super) fn siblings(&mut self, of: &Found) -> Result<Siblings, QueryError> {
        let Some((writer, _)) = of.written else { return Ok(Siblings::default()) };
        let mut past = Past::default();
        past.look_back(&mut *self.store, &[writer])?;
        let before = past.all_known_before(writer).len();
        let runs: Vec<RunKey> = [writer].into_iter().chain(past.line(writer)).collect();
        let details = self.store.details(&runs, Extent::Edges)?;
        let Some((own, earlier)) = details.split_first() else { return Ok(Siblings::default()) };
        let shape = lineage::mask(of.version.name.as_str());
        let alike = |detail: &RunDetail| -> Vec<WriteDetail> {
            let is_alike = |write: &&WriteDetail| lineage::mask(write.name.as_str()) == shape;
            detail.writes.iter().filter(is_alike).cloned().collect()
        };
        let of_own = alike(own);
        let Some(place) = of_own.iter().position(|write| write.name == of.version.name) else {
            return Ok(Siblings::default());
        };
        let argument = of_own.get(place).and_then(|write| write.argument.clone());
        let in_its_place = |detail: &RunDetail| {
            let mut alike: Vec<(usize, WriteDetail)> = alike(detail).into_iter().enumerate().collect();
            alike.retain(|(_, write)| write.version.is_some());
            let is_other = |(number, write): &(usize, WriteDetail)| (write.argument != argument, *number != place);
            let (_, write) = alike.into_iter().min_by_key(is_other)?;
            let version = Version { name: write.name, version: write.version? };
            let written = Some((detail.key, write.at?));
            let found = Found { key: write.made, artifact: write.artifact, version, written, beside: Vec::new() };
            Some(Sibling { found, written_by: detail.row.id })
        };
        let found = earlier.iter().filter_map(in_its_place).collect();
        Ok(Siblings { found, looked_at: (before >= EARLIER).then_some(before) })
    }
}
