//! The runs that began or ended since one last looked, as OpenLineage events.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::edge::Names;
use super::event::events;
use super::{BATCH, names_of};
use crate::model::{RunId, Status, Timestamp};
use crate::query::{QueryError, Reader};
use crate::store::{Extent, Folders, RunKey, RunSelection, Runs};

/// A run whose start becomes known so much later than that of another one is still met: microseconds.
const LATE_US: i64 = 600_000_000;

/// What somebody has received of the runs that began since a moment.
#[derive(Clone, Debug)]
pub struct Followed {
    since: Timestamp,
    /// Those of which all was reported, with when they began.
    over: BTreeMap<RunId, Timestamp>,
    /// Those of which the start was reported.
    open: BTreeSet<RunId>,
}

impl Followed {
    /// Returns that nothing was known of the runs that began at or after a moment.
    #[must_use]
    pub fn since(since: Timestamp) -> Self {
        Self { since, over: BTreeMap::new(), open: BTreeSet::new() }
    }

    /// Forgets the runs that began so early that nobody looks for them any more.
    fn move_on(&mut self) {
        let Some(last) = self.over.values().max() else { return };
        self.since = self.since.max(Timestamp(last.0.saturating_sub(LATE_US)));
        let since = self.since;
        self.over.retain(|_, began| *began >= since);
    }
}

impl Reader<'_> {
    /// Hands the events that say what is new of runs to `line`, which returns whether to go on: the start of those that
    /// began, and the end of those that ended. Runs that other tools reported are left out.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn follow_openlineage(
        &mut self,
        followed: &mut Followed,
        line: &mut dyn FnMut(String) -> bool,
    ) -> Result<(), QueryError> {
        let Some(project) = self.project()? else { return Ok(()) };
        let project_name = self.project_name(project)?;
        let root = self.root_of(&project_name);
        let mut names: Names<'_> = names_of(&project_name, &root, self.store.folders(Folders::In(project))?);
        let selection = RunSelection { since: Some(followed.since), ..RunSelection::default() };
        let mut keys: Vec<RunKey> = self.store.select(project, &selection)?;
        keys.reverse();
        for open in &followed.open {
            // One that began before all that are looked for.
            let key = self.store.run(*open)?.filter(|key| !keys.contains(key));
            keys.extend(key);
        }
        let mut components = HashMap::default();
        for batch in keys.chunks(BATCH) {
            let known = self.store.moments(batch)?;
            let known = known.into_iter().filter(|(_, id, _)| followed.over.contains_key(id)).map(|(_, _, key)| key);
            let mut left_out: HashSet<RunKey> = known.collect();
            left_out.extend(self.store.find_runs(Runs::OfEvents(batch))?);
            let batch: Vec<RunKey> = batch.iter().filter(|key| !left_out.contains(key)).copied().collect();
            let details = self.store.details(&batch, Extent::Full)?;
            self.find_parents(&details, &mut components)?;
            for detail in &details {
                let (id, is_open) = (detail.row.id, detail.row.status == Status::Running);
                let is_begun = followed.open.contains(&id);
                if is_begun && is_open {
                    continue;
                }
                let parent = detail.row.parent.map(|id| (id, components.get(&id).cloned().unwrap_or_default()));
                let told = events(detail, parent, &mut names).into_iter().skip(usize::from(is_begun));
                if !told.into_iter().all(&mut *line) {
                    return Ok(());
                }
                if is_open {
                    followed.open.insert(id);
                } else {
                    followed.open.remove(&id);
                    followed.over.insert(id, detail.row.started_at.unwrap_or(Timestamp::MIN));
                }
            }
        }
        followed.move_on();
        Ok(())
    }
}
