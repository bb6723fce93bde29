//! Lines of an import or an export become rows; a wrong line is reported with its number and the rest lands.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use foldhash::{HashMap, HashSet};
use uuid::Uuid;

use super::ahead;
use super::batch::apply_line;
use super::line::{Here, Parsed, Subject, parse};
use super::lines;
use super::report::ImportReport;
use super::standing::{Standing, run_standing};
use crate::config::Home;
use crate::model::{
    AliasFact, ComponentFact, Declaration, Header, LabelFact, Line, Record, RetractFact, RunId, TaskFact, TaskSide,
    Timestamp,
};
use crate::store::{AliasRow, Extent, LabelRow, Profiles, RunDetail, RunKey, Runs, Store, StoreError};

/// How many lines go into one transaction, and about how many bytes of them.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 16 << 20;
/// About how many inputs, outputs, parameters and notes go into one: the others who write wait for as long.
const BATCH_FACTS: usize = 20_000;

/// What an import takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// Whether times are taken that lie more than a day ahead of the clock.
    pub allows_future: bool,
    /// How many inputs, outputs, parameters and notes one line may have; `None`: as many as it likes.
    pub most_facts: Option<usize>,
}

/// Stores the lines of an import; wrong lines are reported and the rest lands. `progress` receives how many lines were
/// read so far.
///
/// # Errors
/// When the store does not take the rows.
pub fn import(
    home: &Home,
    store: &mut dyn Store,
    lines: &mut dyn BufRead,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, StoreError> {
    import_with(home, store, lines, ImportOptions::default(), progress)
}

/// Stores the lines of an import as [`import`] does, and takes what `options` say.
///
/// # Errors
/// When the store does not take the rows.
pub fn import_with(
    home: &Home,
    store: &mut dyn Store,
    lines: &mut dyn BufRead,
    options: ImportOptions,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, StoreError> {
    let mut batch = Batch {
        store,
        here: Here::of(home),
        options,
        lines: Vec::new(),
        bytes: 0,
        facts: 0,
        subjects: HashSet::default(),
    };
    lines::land_all(lines, &mut batch, progress)
}

/// Returns the records by which a journal keeps lines that the store cannot take now, and a report of the wrong ones.
///
/// What such a line says of a run that turns out to be known otherwise is found out by nobody: facts are stored as they
/// come, in any order, like those of a process.
#[must_use]
pub fn journaled(home: &Home, bytes: &[u8], options: ImportOptions) -> (ImportReport, Vec<Record>) {
    let here = Here::of(home);
    let mut report = ImportReport::default();
    let mut records = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        report.lines = report.lines.saturating_add(1);
        match lines::of_memory(line) {
            Ok(line) => {
                let line = taken(line, &here, options, &mut report);
                records.extend(line.map(|line| {
                    let Parsed { header, records, chosen, .. } = line;
                    Record::Line(Line { header, records, chosen })
                }));
            }
            Err(reason) => report.refuse(report.lines, reason),
        }
    }
    (report, records)
}

/// Lines that are stored in one transaction; no two of them mention the same thing.
struct Batch<'i> {
    store: &'i mut dyn Store,
    here: Here<'i>,
    options: ImportOptions,
    lines: Vec<(u64, Parsed)>,
    bytes: usize,
    facts: usize,
    subjects: HashSet<Subject>,
}

impl lines::Batch for Batch<'_> {
    fn take(&mut self, line: &[u8], report: &mut ImportReport) -> Result<(), StoreError> {
        let Some(parsed) = taken(line, &self.here, self.options, report) else { return Ok(()) };
        let subject = parsed.subject();
        if subject.as_ref().is_some_and(|subject| self.subjects.contains(subject)) {
            self.land(report)?;
        }
        self.subjects.extend(subject);
        self.bytes = self.bytes.saturating_add(line.len());
        self.facts = self.facts.saturating_add(parsed.facts);
        self.lines.push((report.lines, parsed));
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn is_full(&self) -> bool {
        self.lines.len() >= BATCH || self.bytes >= BATCH_BYTES || self.facts >= BATCH_FACTS
    }

    fn land(&mut self, report: &mut ImportReport) -> Result<(), StoreError> {
        self.subjects.clear();
        (self.bytes, self.facts) = (0, 0);
        land(self.store, &mut self.lines, &self.here, report)
    }
}

/// Returns what the line says that was read last, unless it is refused or empty.
fn taken(bytes: &[u8], here: &Here<'_>, options: ImportOptions, report: &mut ImportReport) -> Option<Parsed> {
    let now = Timestamp::now();
    let line = match parse(bytes, here, now, options.most_facts) {
        Ok(line) => line?,
        Err(reason) => {
            report.refuse(report.lines, reason);
            return None;
        }
    };
    if !options.allows_future
        && let Err(reason) = ahead::refuse(&line, now)
    {
        report.ahead = report.ahead.saturating_add(1);
        report.refuse(report.lines, reason);
        return None;
    }
    if line.header.project != here.project {
        let count = report.elsewhere.entry(line.header.project.clone()).or_default();
        *count = count.saturating_add(1);
    }
    Some(line)
}

/// Stores a batch in one transaction; no two of its lines mention the same thing.
fn land(
    store: &mut dyn Store,
    batch: &mut Vec<(u64, Parsed)>,
    here: &Here<'_>,
    report: &mut ImportReport,
) -> Result<(), StoreError> {
    let known = Known::of(store, batch)?;
    let mut lines = Vec::with_capacity(batch.len());
    let (mut stored, mut found) = (0_u64, 0_u64);
    for (number, line) in batch.drain(..) {
        let line = known.timed(line, here);
        match known.standing(store, &line)? {
            Standing::New => stored = stored.saturating_add(1),
            Standing::Known => found = found.saturating_add(1),
            Standing::Conflict(reason) => {
                report.refuse(number, reason);
                continue;
            }
        }
        lines.push(line);
    }
    store.write(&mut |writer| {
        lines.iter().try_for_each(|line| apply_line(writer, &line.header, &line.records, &line.chosen))
    })?;
    report.stored = report.stored.saturating_add(stored);
    report.known = report.known.saturating_add(found);
    Ok(())
}

/// What is stored of the things that a batch mentions.
struct Known {
    runs: HashMap<RunId, RunDetail>,
    /// Those of the runs that are built from events alone.
    of_events: HashSet<RunKey>,
    labels: HashMap<Uuid, LabelRow>,
    aliases: HashMap<Uuid, AliasRow>,
    /// What the projects of the lines are called in the store.
    called: BTreeMap<Project, String>,
}

/// A project as a line names it.
type Project = (String, Option<String>);

fn project_of(line: &Parsed) -> Project {
    (line.header.project.clone(), line.header.identity.clone())
}

impl Known {
    fn of(store: &mut dyn Store, batch: &[(u64, Parsed)]) -> Result<Self, StoreError> {
        let mut keys = Vec::new();
        let mut projects = BTreeSet::new();
        for (_, line) in batch {
            match line.subject() {
                Some(Subject::Run(id)) => keys.extend(store.look().run(id)?),
                Some(Subject::Label(_) | Subject::Alias(_)) => {
                    projects.insert((&line.header.project, &line.header.identity));
                }
                Some(Subject::Component(_) | Subject::Case(..) | Subject::Retraction(_)) | None => {}
            }
        }
        let mut called = BTreeMap::new();
        for (_, line) in batch {
            let project = project_of(line);
            if !called.contains_key(&project)
                && let Some(key) = store.look().project(&project.0, project.1.as_deref())?
            {
                let named = store.look().projects()?.into_iter().find(|(other, _)| *other == key);
                called.extend(named.map(|(_, name)| (project, name)));
            }
        }
        let runs =
            store.look().details(&keys, Extent::Whole)?.into_iter().map(|detail| (detail.row.id, detail)).collect();
        let of_events = match keys.is_empty() {
            true => HashSet::default(),
            false => store.look().find_runs(Runs::OfEvents(&keys))?.into_iter().collect(),
        };
        let (mut labels, mut aliases) = (HashMap::default(), HashMap::default());
        for (name, identity) in projects {
            let Some(project) = store.look().project(name, identity.as_deref())? else { continue };
            labels.extend(store.look().labels(project, false)?.into_iter().map(|label| (label.id, label)));
            aliases.extend(store.look().aliases(project)?.into_iter().map(|entry| (entry.id, entry)));
        }
        Ok(Self { runs, of_events, labels, aliases, called })
    }

    /// A line without a time means the time at which it was first imported.
    fn timed(&self, line: Parsed, here: &Here<'_>) -> Parsed {
        let first = match line.subject() {
            Some(Subject::Run(id)) if line.untimed.is_some() => self.runs.get(&id).and_then(|run| run.row.started_at),
            _ => None,
        };
        first.and_then(|at| parse(line.untimed.as_deref()?, here, at, None).ok().flatten()).unwrap_or(line)
    }

    fn standing(&self, store: &mut dyn Store, line: &Parsed) -> Result<Standing, StoreError> {
        for record in &line.records {
            match record {
                // What is taken back stays so.
                Record::Start(start) if store.upkeep().is_forgotten(start.run)? => return Ok(Standing::Known),
                Record::Start(start) => {
                    let called = self.called.get(&project_of(line)).map_or(&*line.header.project, String::as_str);
                    let known = self.runs.get(&start.run);
                    let Some(known) = known else { return Ok(Standing::New) };
                    let is_of_events = self.of_events.contains(&known.key);
                    return Ok(run_standing(known, line, (start, called), is_of_events));
                }
                Record::Label(label) => {
                    return Ok(self.labels.get(&label.id).map_or(Standing::New, |known| label_standing(known, label)));
                }
                Record::Alias(fact) => {
                    return Ok(self.aliases.get(&fact.id).map_or(Standing::New, |known| alias_standing(known, fact)));
                }
                Record::Folder(fact) if store.look().knows_folder(fact)? => return Ok(Standing::Known),
                Record::Profile(fact) => {
                    let known = store.look().profiles(Profiles::Of(&fact.version))?;
                    let is_known = known.iter().any(|known| known.profile.counts_over(&fact.profile));
                    return Ok(if is_known { Standing::Known } else { Standing::New });
                }
                Record::Retract(fact) => return retract_standing(store, &line.header, fact),
                Record::Task(fact) => return task_standing(store, &line.header, fact),
                Record::Component(fact) => return component_standing(store, &line.header, fact),
                _ => {}
            }
        }
        Ok(Standing::New)
    }
}

fn label_standing(known: &LabelRow, label: &LabelFact) -> Standing {
    let of = (&known.name, &known.version_id, known.verdict);
    match of == (&label.name, &label.version, label.verdict) {
        true => Standing::Known,
        false => Standing::Conflict(format!("label {} is known with another verdict; the first is kept", label.id)),
    }
}

/// Returns how a line stands to the entry that is known by its id.
fn alias_standing(known: &AliasRow, told: &AliasFact) -> Standing {
    match (&known.alias, &known.artifact) == (&told.alias, &told.artifact) {
        true => Standing::Known,
        false => Standing::Conflict(format!("the alias {} is known with another version; the first is kept", told.id)),
    }
}

/// Returns how a line stands to the last word that is known: an earlier one says nothing new.
fn task_standing(store: &mut dyn Store, header: &Header, fact: &TaskFact) -> Result<Standing, StoreError> {
    let project = store.look().project(&header.project, header.identity.as_deref())?;
    let Some(project) = project else { return Ok(Standing::New) };
    let Some(known) = store.look().task_case(project, &fact.task, &fact.id)? else { return Ok(Standing::New) };
    let (last, run) = match fact.side {
        TaskSide::Output => (known.output, known.run),
        TaskSide::Feedback => (known.feedback, None),
    };
    let told = (fact.at, fact.value.as_str(), fact.run);
    let is_known = last.is_some_and(|(value, at)| (at, value.as_str(), run) >= told);
    Ok(if is_known { Standing::Known } else { Standing::New })
}

/// Returns how a line stands to the retraction that is known: a later one says nothing new.
fn retract_standing(store: &mut dyn Store, header: &Header, fact: &RetractFact) -> Result<Standing, StoreError> {
    let project = store.look().project(&header.project, header.identity.as_deref())?;
    let Some(project) = project else { return Ok(Standing::New) };
    let known = store.look().retracted(project)?;
    let is_known = known.iter().any(|known| known.subject == fact.subject && known.at <= fact.at);
    Ok(if is_known { Standing::Known } else { Standing::New })
}

/// A component's line is known when it says nothing that is not so already.
fn component_standing(store: &mut dyn Store, header: &Header, fact: &ComponentFact) -> Result<Standing, StoreError> {
    let project = store.look().project(&header.project, header.identity.as_deref())?;
    let Some(project) = project else { return Ok(Standing::New) };
    let Some(known) = store.look().component(project, &fact.component)? else { return Ok(Standing::New) };
    let Declaration { owner, description, tags, stale_after_s } = &fact.declared;
    let is_known = (owner.is_none() || *owner == known.owner)
        && (description.is_none() || *description == known.description)
        && (stale_after_s.is_none() || *stale_after_s == known.stale_after_s)
        && tags.iter().all(|tag| known.tags.contains(tag));
    Ok(if is_known { Standing::Known } else { Standing::New })
}
