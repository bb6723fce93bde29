//! Stores events, and builds the rows of a run anew from all its events whenever there are more of them.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashSet};

use super::apply::Applier;
use super::batch::import_header;
use super::forget::Left;
use super::forgotten::{ahead_of, forget_events, kind_of};
use super::grown::added;
use super::report::{AHEAD, BEYOND, EARLY};
use super::room::Room;
use crate::model::{Chosen, EventFact, Forget, Header, MOST_FACTS, PROCESS_OF_EVENTS, Record, RunId, Timestamp};
use crate::naming::Root;
use crate::openlineage::{self, Event, RunRecords, Sent, Tries};
use crate::redact;
use crate::store::{Among, EventRow, EventsFrom, Name, ProcessKey, ProjectKey, Result, RowsOf, RunRow, Said, Writer};

/// Returns the process of the runs that are built from events alone.
pub(super) fn process_of_events(writer: &mut dyn Writer) -> Result<ProcessKey> {
    writer.key(Name::Process(PROCESS_OF_EVENTS, &Header::default())).map(ProcessKey)
}

/// How many datasets the events of a run that count may name.
const MOST_DATASETS: usize = 6 * MOST_FACTS;
/// Among how many of the last events the one that ended a run is looked for, where not all of them count.
const MOST_LAST: usize = 100;
/// So far ahead the clock of another may be without being mentioned.
const MOST_EARLY_US: i64 = 5 * 60 * 1_000_000;
/// About how many bytes of events have their runs stored at once.
const BYTES_AT_ONCE: usize = 4 << 20;

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

/// What becomes of runs by new events.
#[derive(Default)]
struct Rebuilt {
    /// Which runs these are.
    runs: HashSet<RunId>,
    /// Their records as the events that were known before say it.
    before: Vec<RunRecords>,
    /// Their records as all events say it.
    after: Vec<RunRecords>,
    /// Which try takes the place of one that there is no more.
    instead: Vec<(RunId, RunId)>,
    /// How much of what the new events say is more than a run may have.
    beyond: u64,
    bytes: usize,
}

impl Rebuilt {
    /// Returns whether both are about one run: anyone who sends an event may give it the id that is the try of another run.
    fn is_about_any_of(&self, other: &Self) -> bool {
        other.runs.iter().any(|run| self.runs.contains(run))
    }

    fn add(&mut self, other: Self) {
        self.runs.extend(other.runs);
        self.before.extend(other.before);
        self.after.extend(other.after);
        self.instead.extend(other.instead);
        self.beyond = self.beyond.saturating_add(other.beyond);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// The events of a run that count.
#[derive(Default)]
struct Counted {
    /// The first ones, and those that were among these before the new ones came.
    rows: Vec<EventRow>,
    /// The last one of those that count now.
    last: Option<[u8; 32]>,
    /// Of the others the last one that ended the run.
    end: Option<EventRow>,
    /// Whether there are others.
    is_cut: bool,
    /// Whether there were others before.
    was_cut: bool,
}

impl OfProject {
    fn apply(mut self, writer: &mut dyn Writer, events: &[&EventFact]) -> Result<u64> {
        let now = Timestamp::now();
        let mut rows: Vec<EventRow> = Vec::with_capacity(events.len());
        let (mut ahead, mut early, mut unread) = (0_u64, 0_u64, 0_u64);
        let mut ahead_of_clock: BTreeSet<RunId> = BTreeSet::new();
        for EventFact { root, body, .. } in events {
            // No door of ours lets one in that cannot be read, but who wrote the journal may have others.
            let Ok(event) = Event::parse(body) else {
                unread = unread.saturating_add(1);
                continue;
            };
            let last = openlineage::last_moment(&event);
            let is_ahead = last.is_ahead_of(now);
            ahead = ahead.saturating_add(u64::from(is_ahead));
            early = early.saturating_add(u64::from(!is_ahead && last.micros_since(now) > MOST_EARLY_US));
            // What is dated ahead would be the last word until its time comes: it is kept, and belongs to no run.
            ahead_of_clock.extend(event.run().filter(|_| is_ahead));
            let run = event.run().map(|run| if is_ahead { ahead_of(run) } else { run });
            rows.push(EventRow {
                project: self.key,
                key: EventRow::key_of(event.at, body),
                run,
                root: root.clone(),
                body: body.clone(),
            });
        }
        if unread > 0 {
            writer.keep(Said::Tally(BEYOND, unread))?;
        }
        let mut is_new = writer.keep_events(&rows)?.into_iter();
        rows.retain(|_| is_new.next().unwrap_or(false));
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        if ahead > 0 && !rows.is_empty() {
            writer.keep(Said::Tally(AHEAD, ahead.min(count)))?;
        }
        if early > 0 && !rows.is_empty() {
            writer.keep(Said::Tally(EARLY, early.min(count)))?;
        }
        let mut new: BTreeMap<RunId, HashSet<[u8; 32]>> = BTreeMap::new();
        let none: BTreeSet<RunId> = ahead_of_clock.iter().copied().map(ahead_of).collect();
        for row in &rows {
            if let Some(run) = row.run.filter(|run| !none.contains(run)) {
                new.entry(run).or_default().insert(row.key);
            }
        }
        rows.retain(|row| row.run.is_none());
        self.declare(writer, &rows)?;
        drop(rows);
        for run in ahead_of_clock {
            forget_events(writer, self.key, run)?;
        }
        let mut rebuilt = Rebuilt::default();
        for (run, new) in new {
            let next = self.rebuild(writer, run, &new)?;
            if rebuilt.bytes >= BYTES_AT_ONCE || rebuilt.is_about_any_of(&next) {
                self.replace(writer, std::mem::take(&mut rebuilt))?;
            }
            rebuilt.add(next);
        }
        self.replace(writer, rebuilt)?;
        Ok(count)
    }

    /// Builds the records of a run anew from its events.
    fn rebuild(&mut self, writer: &mut dyn Writer, run: RunId, new: &HashSet<[u8; 32]>) -> Result<Rebuilt> {
        let Counted { rows, last, end, is_cut, was_cut } = self.counted(writer, run, new)?;
        self.find_roots(&rows);
        self.find_roots(end.as_slice());
        let (rest, end) = (self.sent(&rows), self.sent(end.as_slice()));
        let mut order = Tries::of(run);
        let tries: BTreeSet<RunId> = rest.iter().map(|sent| order.next(sent.event.at, sent.event.kind)).collect();
        if rest.iter().any(|sent| sent.is_forgotten)
            || !writer.among(&Vec::from_iter(tries), Among::Forgotten)?.is_empty()
        {
            // Of a try that was taken back what comes later goes too.
            forget_events(writer, self.key, run)?;
        }
        let now = rest.iter().filter(|sent| Some(sent.key) <= last).chain(&end);
        let old = rest.iter().chain(&end).filter(|sent| !new.contains(&sent.key));
        let mut before = records(run, old, was_cut);
        let mut after = records(run, now, is_cut);
        let beyond = keep_within_limits(&mut after);
        let beyond = beyond.saturating_sub(keep_within_limits(&mut before));
        let mut instead = Vec::new();
        for (place, gone) in before.iter().enumerate() {
            if after.iter().all(|now| now.run != gone.run)
                && let Some(now) = after.get(place).or(after.last())
            {
                instead.push((gone.run, now.run));
            }
        }
        let bytes = rows.iter().fold(0_usize, |sum, row| sum.saturating_add(row.body.len()));
        let runs = before.iter().chain(&after).map(|run| run.run).collect();
        Ok(Rebuilt { runs, before, after, instead, beyond, bytes })
    }

    /// Returns the events of a run that count: the first ones, as far as there is room, and of the others the last one that
    /// ended the run; and those that counted before the new ones came.
    fn counted(&self, writer: &mut dyn Writer, run: RunId, new: &HashSet<[u8; 32]>) -> Result<Counted> {
        let mut counted = Counted::default();
        let (mut old, mut all) = (Room::default(), Room::default());
        writer.events_of(self.key, run, EventsFrom::First, &mut |row| {
            let is_new = new.contains(&row.key);
            let is_counted = all.take(&row.body) || counted.rows.is_empty();
            let was_counted = !is_new && old.take(&row.body);
            counted.is_cut |= !is_counted;
            if is_counted {
                counted.last = Some(row.key);
            } else if !was_counted {
                counted.was_cut = !is_new;
                return false;
            }
            counted.rows.push(row);
            true
        })?;
        if counted.is_cut {
            let mut looked = 0_usize;
            writer.events_of(self.key, run, EventsFrom::Last, &mut |row| {
                looked = looked.saturating_add(1);
                let is_beyond = Some(row.key) > counted.last;
                if is_beyond && Event::parse(&row.body).is_ok_and(|event| event.kind.is_end()) {
                    counted.end = Some(row);
                }
                is_beyond && counted.end.is_none() && looked < MOST_LAST
            })?;
        }
        Ok(counted)
    }

    /// Looks up the folders that names in these events are relative to.
    fn find_roots(&mut self, rows: &[EventRow]) {
        for row in rows {
            if !self.roots.contains_key(&row.root) {
                self.roots.insert(row.root.clone(), Root::as_written(row.root.as_ref()));
            }
        }
    }

    fn sent<'r>(&'r self, rows: &'r [EventRow]) -> Vec<Sent<'r>> {
        let sent = |row: &'r EventRow| {
            let (key, is_forgotten) = (row.key, row.is_forgotten());
            let event = match row.run.filter(|_| is_forgotten) {
                Some(run) => Event::bare(run, row.at(), kind_of(row)?),
                None => Event::parse(&row.body).ok().filter(|event| event.run() == row.run)?,
            };
            let (root, project) = (self.roots.get(&row.root)?, &self.header.project);
            Some(Sent { event, key, is_forgotten, root, project })
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
    fn replace(&self, writer: &mut dyn Writer, rebuilt: Rebuilt) -> Result<()> {
        let Rebuilt { before, after, instead, beyond, .. } = rebuilt;
        if beyond > 0 {
            writer.keep(Said::Tally(BEYOND, beyond))?;
        }
        if after.is_empty() {
            return Ok(());
        }
        let process = process_of_events(writer)?;
        let earlier: BTreeMap<RunId, &RunRecords> = before.iter().map(|run| (run.run, run)).collect();
        let gone: BTreeSet<RunId> = instead.iter().map(|(gone, _)| *gone).collect();
        let ids: BTreeSet<RunId> = after.iter().map(|run| run.run).chain(gone.iter().copied()).collect();
        let rows = writer.run_rows(RowsOf::Ids(&ids.into_iter().collect::<Vec<_>>()))?;
        // A run that was recorded otherwise is not replaced, nor is the try of another run.
        let is_bare = |row: &RunRow| row.component.is_none() && row.process.is_none();
        let is_the_one = |run: &&RunRecords, row: &RunRow| run.start().map(|start| start.at) == row.started_at;
        let processes: Vec<ProcessKey> = rows.iter().filter_map(|(_, row)| row.process).collect();
        let of_events = writer.processes_of_events(&processes)?;
        let is_of_events = |row: &RunRow| row.process.is_some_and(|process| of_events.contains(&process));
        let is_known = |row: &RunRow| is_of_events(row) && earlier.get(&row.id).is_some_and(|run| is_the_one(run, row));
        let is_ours = |row: &RunRow| row.project == self.key && (is_known(row) || is_bare(row));
        let known: BTreeMap<RunId, bool> = rows.iter().map(|(_, row)| (row.id, is_ours(row))).collect();
        let is_due = |run: &RunRecords| match known.get(&run.run) {
            Some(is_ours) => *is_ours && earlier.get(&run.run).is_none_or(|earlier| *earlier != run),
            None => true,
        };
        let there: BTreeSet<RunId> = rows.iter().filter(|(_, row)| is_known(row)).map(|(_, row)| row.id).collect();
        let (mut due, mut grown): (Vec<RunRecords>, Vec<Record>) = (Vec::new(), Vec::new());
        for run in after.into_iter().filter(is_due) {
            let is_there = there.contains(&run.run);
            match earlier.get(&run.run).filter(|_| is_there).and_then(|earlier| added(earlier, &run)) {
                Some(records) => grown.extend(records),
                None => due.push(run),
            }
        }
        let gone: Vec<RunId> = gone.into_iter().filter(|id| known.get(id) == Some(&true)).collect();
        let other = due.iter().map(|run| run.run).filter(|id| known.contains_key(id));
        let emptied: Vec<RunId> = gone.iter().copied().chain(other).collect();
        self.store(writer, Some(process), grown, None)?;
        self.take_back(writer, &emptied, Left::Row)?;
        self.store_all(writer, process, due)?;
        // What people remarked of a try is said of the one that takes its place.
        for (from, to) in instead.iter().filter(|(from, _)| gone.contains(from)) {
            writer.keep(Said::NotesMoved(*from, *to))?;
        }
        self.take_back(writer, &gone, Left::Nothing)
    }

    /// Takes runs back.
    fn take_back(&self, writer: &mut dyn Writer, runs: &[RunId], left: Left) -> Result<()> {
        if runs.is_empty() {
            return Ok(());
        }
        let records = runs.iter().map(|run| Record::Forget(Forget { run: *run, at: Timestamp::MIN }));
        let records: Vec<Record> = records.collect();
        let mut applier = Applier::new(writer, &self.header, &records)?;
        runs.iter().try_for_each(|run| applier.take_back(*run, left))?;
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

/// Returns the records of a run, from as many of these events as do not name too many datasets.
fn records<'s, 'e: 's>(run: RunId, sent: impl Iterator<Item = &'s Sent<'e>>, is_cut: bool) -> Vec<RunRecords> {
    let (mut kept, mut end, mut is_cut, mut datasets) = (Vec::new(), None, is_cut, 0_usize);
    for sent in sent {
        datasets = datasets.saturating_add(sent.event.inputs.len()).saturating_add(sent.event.outputs.len());
        if datasets <= MOST_DATASETS || kept.is_empty() {
            kept.push(sent);
            continue;
        }
        is_cut = true;
        if sent.event.kind.is_end() {
            end = Some(sent);
        }
    }
    let mut runs = openlineage::run_records(run, kept.iter().copied().chain(end));
    if let (true, Some(first), Some(last)) = (is_cut, kept.first(), runs.last_mut()) {
        last.records.push(openlineage::cut_short(last.run, first.event.at));
    }
    runs
}

/// Cuts what is more than a run may have, and returns how much that is.
fn keep_within_limits(runs: &mut [RunRecords]) -> u64 {
    let records = runs.iter_mut().flat_map(|run| &mut run.records);
    records.fold(0, |sum, record| sum.saturating_add(record.keep_within_limits(usize::MAX).unwrap_or(1)))
}
