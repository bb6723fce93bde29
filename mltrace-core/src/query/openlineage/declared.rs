//! Which jobs another tool declared, without a run, to write something.

use std::collections::BTreeSet;

use crate::model::ArtifactName;
use crate::naming::Root;
use crate::openlineage::{Event, Sent, declared_outputs};
use crate::query::{QueryError, Reader};

/// So many events about no run are looked at.
const MOST: usize = 10_000;

impl Reader<'_> {
    /// Returns the components of the jobs that were declared to write an artifact, by name.
    pub(in crate::query) fn declared_by(&mut self, artifact: &ArtifactName) -> Result<Vec<String>, QueryError> {
        let Some(project) = self.project()? else { return Ok(Vec::new()) };
        let name = self.project_name(project)?;
        let (mut found, mut looked) = (BTreeSet::new(), 0_usize);
        self.store.events_of_no_run(project, &mut |row| {
            looked = looked.saturating_add(1);
            let root = Root::as_written(row.root.as_ref());
            if let Ok(event) = Event::parse(&row.body) {
                let sent = Sent { event, key: row.key, is_forgotten: false, root: &root, project: &name };
                let of_job = declared_outputs(&sent).filter(|(_, outputs)| outputs.contains(artifact));
                found.extend(of_job.map(|(component, _)| component));
            }
            looked < MOST
        })?;
        Ok(found.into_iter().collect())
    }
}
