//! Everything recorded of runs, as OpenLineage events that another tool, or another store, takes.

mod facet;

mod edge;

mod declared;

mod event;

mod follow;

use foldhash::{HashMap, HashSet};
use serde_json::json;

use self::edge::Names;
pub use self::follow::Followed;
use super::{QueryError, Reader};
use crate::model::{FolderFact, RunId, Timestamp};
use crate::naming::Root;
use crate::openlineage::{OF_JOB, OwnJob};
use crate::store::{EventRow, Extent, Folders, ProjectKey, RunDetail, RunKey, RunSelection, Runs};

/// How many runs are loaded at once.
const BATCH: usize = 500;

impl Reader<'_> {
    /// Hands events to `line`, each as one line of JSON; `line` returns whether to go on. First come the events that other
    /// tools sent and that happened at or after `since`, as they came; then those of the other runs that began at or after
    /// `since`, run by run, oldest first; then what is declared of components.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn export_openlineage(
        &mut self,
        since: Option<Timestamp>,
        line: &mut dyn FnMut(String) -> bool,
    ) -> Result<(), QueryError> {
        let Some(project) = self.project()? else { return Ok(()) };
        let mut goes_on = true;
        let mut about_jobs = HashSet::default();
        self.store.events(project, since, &mut |event| {
            if event.run.is_none() {
                about_jobs.insert(event.key);
            }
            // Between values these say nothing, and texts have none.
            goes_on = line(event.body.replace(['\n', '\r', '\t'], " "));
            goes_on
        })?;
        if goes_on && self.export_run_events(project, since, line)? {
            self.export_component_events(project, since, &about_jobs, line)?;
        }
        Ok(())
    }

    /// Hands the events of the runs that were not built from events to `line`; returns whether to go on.
    fn export_run_events(
        &mut self,
        project: ProjectKey,
        since: Option<Timestamp>,
        line: &mut dyn FnMut(String) -> bool,
    ) -> Result<bool, QueryError> {
        let project_name = self.project_name(project)?;
        let root = self.root_of(&project_name);
        let mut names = names_of(&project_name, &root, self.store.folders(Folders::In(project))?);
        let selection = RunSelection { since, ..RunSelection::default() };
        let mut keys: Vec<RunKey> = self.store.select(project, &selection)?;
        keys.reverse();
        let mut components = HashMap::default();
        for batch in keys.chunks(BATCH) {
            let of_events: HashSet<RunKey> = self.store.find_runs(Runs::OfEvents(batch))?.into_iter().collect();
            let batch: Vec<RunKey> = batch.iter().filter(|key| !of_events.contains(key)).copied().collect();
            let details = self.store.details(&batch, Extent::Full)?;
            self.find_parents(&details, &mut components)?;
            for detail in &details {
                let parent = detail.row.parent.map(|id| (id, components.get(&id).cloned().unwrap_or_default()));
                if !event::events(detail, parent, &mut names).into_iter().all(&mut *line) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Returns what the relative names of a project are relative to, as far as that is known here.
    fn root_of(&self, project: &str) -> Root {
        if project == self.home.project { Root::as_written(&self.home.root) } else { Root::unknown() }
    }

    /// Adds the components of the runs inside which these ran.
    fn find_parents(&mut self, runs: &[RunDetail], components: &mut HashMap<RunId, String>) -> Result<(), QueryError> {
        for parent in runs.iter().filter_map(|run| run.row.parent) {
            if components.contains_key(&parent) {
                continue;
            }
            let found = self.store.run(parent)?.map(|key| self.store.run_names(&[key])).transpose()?;
            // A parent need not be recorded here.
            let component =
                found.and_then(|mut names| names.pop()).map_or_else(|| "unknown".to_owned(), |name| name.component);
            components.insert(parent, component);
        }
        Ok(())
    }

    /// Hands what is declared of components to `line`, beside the events that are known.
    fn export_component_events(
        &mut self,
        project: ProjectKey,
        since: Option<Timestamp>,
        known: &HashSet<[u8; 32]>,
        line: &mut dyn FnMut(String) -> bool,
    ) -> Result<(), QueryError> {
        let namespace = self.project_name(project)?;
        for component in self.store.components(project)? {
            let Some(said_at) = component.said_at.filter(|at| since.is_none_or(|since| *at >= since)) else { continue };
            let tags: Vec<&String> = component.tags.iter().collect();
            let mut facets = facet::declared(component.owner.as_ref(), component.description.as_ref(), &tags);
            let stale_after_s = component.stale_after_s;
            let own = stale_after_s.map(|_| facet::own(OF_JOB, &OwnJob { stale_after_s }));
            facet::put(&mut facets, OF_JOB, own);
            let event = json!({
                "eventTime": said_at, "producer": facet::PRODUCER, "schemaURL": facet::schema("JobEvent"),
                "job": event::job(&namespace, &component.name, &facets),
            });
            let event = event.to_string();
            if !known.contains(&EventRow::key_of(said_at, &event)) && !line(event) {
                break;
            }
        }
        Ok(())
    }
}

fn names_of<'n>(project: &'n str, root: &'n Root, folders: Vec<FolderFact>) -> Names<'n> {
    let folders = folders.into_iter().map(|fact| (fact.version.clone(), fact)).collect();
    Names { project, root, folders, told: HashSet::default() }
}
