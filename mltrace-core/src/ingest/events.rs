//! Stores events, and builds the rows of a run anew from all its events whenever there are more of them.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::apply::Applier;
use super::batch::import_header;
use super::forget::Left;
use crate::model::{Chosen, EventFact, Forget, Header, Record, RunId, Timestamp};
use crate::naming::Root;
use crate::openlineage::{self, Event, RunRecords, Sent};
use crate::redact;
use crate::store::{EventRow, Name, ProcessKey, ProjectKey, Result, RowsOf, RunRow, Writer};

/// The process of all runs that are built from events alone.
const PROCESS: &str = "import openlineage";

/// Returns the process of the runs that are built from events alone.
pub(super) fn process_of_events(writer: &mut dyn Writer) -> Result<ProcessKey> {
    writer.key(Name::Process(PROCESS, &Header::default())).map(ProcessKey)
}

/// Stores events and updates the runs that they are about; returns how many of the events are new.
pub(super) fn apply_events(writer: &mut dyn Writer, events: &[&EventFact]) -> Result<u64> {
    let mut projects: BTreeMap<(&str, Option<&str>), Vec<&EventFact>> = BTreeMap::new();
    for event in events {
        projects.entry((&event.project, event.identity.as_deref())).or_default().push(event);
    }
    let mut new: u64 = 0;
    for ((project, identity), events) in projects {
        let key = writer.project(project, identity)?;
        let header = Header { identity: identity.map(str::to_owned), at: None, ..import_header(project) };
        new = new.saturating_add(OfProject { key, header, roots: HashMap::default() }.apply(writer, &events)?);
    }
    Ok(new)
}

/// Events that were sent to one project.
struct OfProject {
    key: ProjectKey,
    header: Header,
    roots: HashMap<String, Root>,
}

impl OfProject {
    fn apply(mut self, writer: &mut dyn Writer, events: &[&EventFact]) -> Result<u64> {
        let row = |event: &&EventFact| EventRow {
            project: self.key,
            hash: *blake3::hash(event.body.as_bytes()).as_bytes(),
            run: Event::parse(&event.body).ok().and_then(|event| event.run()),
            root: event.root.clone(),
            body: event.body.clone(),
        };
        let mut rows: Vec<EventRow> = events.iter().map(row).collect();
        let mut is_new = writer.keep_events(&rows)?.into_iter();
        rows.retain(|_| is_new.next().unwrap_or(false));
        let new: HashSet<[u8; 32]> = rows.iter().map(|row| row.hash).collect();
        let runs: BTreeSet<RunId> = rows.iter().filter_map(|row| row.run).collect();
        rows.retain(|row| row.run.is_none());
        self.declare(writer, &rows)?;
        let runs: Vec<RunId> = runs.into_iter().collect();
        let mut of_runs: BTreeMap<RunId, Vec<EventRow>> = BTreeMap::new();
        for row in writer.events_of(self.key, &runs)? {
            if let Some(run) = row.run {
                of_runs.entry(run).or_default().push(row);
            }
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for (run, rows) in of_runs {
            self.find_roots(&rows);
            let all = self.sent(&rows);
            let old = all.iter().filter(|sent| !new.contains(&sent.hash));
            before.extend(openlineage::run_records(run, old));
            after.extend(openlineage::run_records(run, all.iter()));
        }
        self.replace(writer, &before, after)?;
        Ok(u64::try_from(new.len()).unwrap_or(u64::MAX))
    }

    /// Looks up the folders that names in these events are relative to.
    fn find_roots(&mut self, rows: &[EventRow]) {
        for row in rows {
            if !self.roots.contains_key(&row.root) {
                self.roots.insert(row.root.clone(), Root::new(row.root.as_ref()));
            }
        }
    }

    fn sent<'r>(&'r self, rows: &'r [EventRow]) -> Vec<Sent<'r>> {
        let sent = |row: &'r EventRow| {
            let event = Event::parse(&row.body).ok()?;
            Some(Sent { event, hash: row.hash, root: self.roots.get(&row.root)?, project: &self.header.project })
        };
        rows.iter().filter_map(sent).collect()
    }

    /// Stores the components and artifacts of events that are about no run.
    fn declare(&mut self, writer: &mut dyn Writer, rows: &[EventRow]) -> Result<()> {
        self.find_roots(rows);
        let (mut records, mut names) = (Vec::new(), Vec::new());
        for sent in self.sent(rows) {
            let (declared, named) = openlineage::declared_records(&sent);
            records.extend(declared);
            names.extend(named);
        }
        if names.is_empty() && records.is_empty() {
            return Ok(());
        }
        let names: Vec<Name<'_>> = names.iter().map(|name| Name::Artifact(self.key, name, None)).collect();
        writer.enter(&names)?;
        self.store(writer, None, records, None)
    }

    /// Replaces the runs whose records differ from those of the events that were known before.
    fn replace(&self, writer: &mut dyn Writer, before: &[RunRecords], after: Vec<RunRecords>) -> Result<()> {
        if after.is_empty() {
            return Ok(());
        }
        let process = process_of_events(writer)?;
        let earlier: BTreeMap<RunId, &RunRecords> = before.iter().map(|run| (run.run, run)).collect();
        let now: BTreeSet<RunId> = after.iter().map(|run| run.run).collect();
        let ids: Vec<RunId> =
            now.iter().copied().chain(earlier.keys().copied().filter(|id| !now.contains(id))).collect();
        let rows = writer.run_rows(RowsOf::Ids(&ids))?;
        // A run that was recorded otherwise is not replaced.
        let is_bare = |row: &RunRow| row.component.is_none() && row.process.is_none();
        let is_ours = |row: &RunRow| row.project == self.key && (row.process == Some(process) || is_bare(row));
        let known: BTreeMap<RunId, bool> = rows.iter().map(|(_, row)| (row.id, is_ours(row))).collect();
        let is_due = |run: &RunRecords| match known.get(&run.run) {
            Some(is_ours) => *is_ours && earlier.get(&run.run).is_none_or(|earlier| *earlier != run),
            None => true,
        };
        let due: Vec<RunRecords> = after.into_iter().filter(is_due).collect();
        let gone = known.iter().filter(|(id, is_ours)| **is_ours && !now.contains(id)).map(|(id, _)| *id);
        let other = due.iter().map(|run| run.run).filter(|id| known.contains_key(id));
        let taken: Vec<(RunId, Left)> =
            gone.map(|id| (id, Left::Nothing)).chain(other.map(|id| (id, Left::Row))).collect();
        self.take_back(writer, &taken)?;
        self.store_all(writer, process, due)
    }

    /// Takes runs back.
    fn take_back(&self, writer: &mut dyn Writer, taken: &[(RunId, Left)]) -> Result<()> {
        if taken.is_empty() {
            return Ok(());
        }
        let records = taken.iter().map(|(run, _)| Record::Forget(Forget { run: *run, at: Timestamp::MIN }));
        let records: Vec<Record> = records.collect();
        let mut applier = Applier::new(writer, &self.header, &records)?;
        taken.iter().try_for_each(|(run, left)| applier.take_back(*run, *left))?;
        applier.finish().map(drop)
    }

    /// Stores the records of runs that have no rows, or empty ones.
    fn store_all(&self, writer: &mut dyn Writer, process: ProcessKey, runs: Vec<RunRecords>) -> Result<()> {
        let (chosen, timed): (Vec<RunRecords>, Vec<RunRecords>) = runs.into_iter().partition(|run| run.is_start_chosen);
        let timed: Vec<Record> = timed.into_iter().flat_map(|run| run.records).collect();
        self.store(writer, Some(process), timed, None)?;
        // Each of these is marked on its own.
        let start = Chosen { start: true, numbers: BTreeSet::new() };
        chosen.into_iter().try_for_each(|run| self.store(writer, Some(process), run.records, Some(&start)))
    }

    fn store(
        &self,
        writer: &mut dyn Writer,
        process: Option<ProcessKey>,
        mut records: Vec<Record>,
        chosen: Option<&Chosen>,
    ) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        for record in &mut records {
            // A parameter may have a name that the event does not show as one.
            redact::record(record);
            record.keep_within_limits(usize::MAX);
        }
        let mut applier = Applier::new(writer, &self.header, &records)?;
        applier.process = process;
        if let Some(chosen) = chosen {
            applier = applier.of_line(chosen);
        }
        records.iter().try_for_each(|record| applier.apply(record))?;
        applier.finish().map(drop)
    }
}
