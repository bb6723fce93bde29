//! What earlier runs wrote in the place of an artifact, which may be written once.

use foldhash::HashMap;

use super::name::Found;
use super::past::EARLIER;
use super::{QueryError, Reader};
use crate::lineage::{self, Aspects, Facts};
use crate::model::{RunId, Version};
use crate::store::{Extent, RunDetail, RunKey, Told};

/// A version, and the run that last wrote it.
pub(super) struct Sibling {
    pub(super) found: Found,
    pub(super) written_by: RunId,
}

impl Reader<'_> {
    /// Returns what the last runs before the writer of something, at most so many of those that it is compared with, wrote in
    /// its place, the latest first: of several names that differ in what is masked, that of the same number.
    pub(super) fn siblings(&mut self, of: &Found, most: usize) -> Result<Vec<Sibling>, QueryError> {
        let Some((writer, _)) = of.written else { return Ok(Vec::new()) };
        let mut runs = vec![writer];
        runs.extend(self.over_like_names(writer)?.into_iter().take(most));
        let details = self.store.details(&runs, Extent::Edges)?;
        let Some((own, earlier)) = details.split_first() else { return Ok(Vec::new()) };
        let Some(place) = own.writes.iter().position(|write| write.name == of.version.name) else {
            return Ok(Vec::new());
        };
        let shape = lineage::mask(of.version.name.as_str());
        let in_its_place = |detail: &RunDetail| {
            let mut alike = detail
                .writes
                .iter()
                .enumerate()
                .filter(|(_, write)| write.version.is_some() && lineage::mask(write.name.as_str()) == shape);
            let same_number = alike.clone().find(|(number, _)| *number == place);
            let (_, write) = same_number.or_else(|| alike.next())?;
            let version = Version { name: write.name.clone(), version: write.version.clone()? };
            let found = Found {
                key: write.made,
                artifact: write.artifact,
                version,
                written: Some((detail.key, write.at?)),
                beside: Vec::new(),
            };
            Some(Sibling { found, written_by: detail.row.id })
        };
        Ok(earlier.iter().filter_map(in_its_place).collect())
    }

    /// Returns the earlier runs of a run's component that it is compared with by the names of what they read, the latest first:
    /// what else runs have can be large, and which of them wrote in one place their outputs show.
    fn over_like_names(&mut self, run: RunKey) -> Result<Vec<RunKey>, QueryError> {
        let earlier: Vec<RunKey> =
            self.store.earlier(&[run], EARLIER)?.into_iter().map(|(_, earlier)| earlier).collect();
        let rows = self.store.facts(&[&earlier[..], &[run]].concat(), Told::Named(&[]))?;
        let facts: HashMap<RunKey, Facts> =
            rows.into_iter().map(|row| (row.key, Facts::new(row.names, Aspects::new()))).collect();
        let Some(of) = facts.get(&run) else { return Ok(Vec::new()) };
        let known: Vec<(RunKey, &Facts)> =
            earlier.into_iter().filter_map(|run| Some((run, facts.get(&run)?))).collect();
        let places = lineage::compared(of, &known.iter().map(|(_, facts)| *facts).collect::<Vec<_>>());
        let all = places.alike.into_iter().chain(places.further);
        Ok(all.filter_map(|place| Some(known.get(place)?.0)).collect())
    }
}
