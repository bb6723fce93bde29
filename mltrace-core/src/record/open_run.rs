//! A run between its start and its end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use foldhash::HashSet;
use serde_json::Value;

use super::guard::ours;
use super::job::Job;
use super::later::Later;
use super::lock::{Lock, Turn};
use super::look::Glance;
use super::observed::{self, Observed, Sighting};
use super::outputs::{BoundOutput, OPENED, Outputs};
use super::recorder::Warning;
use super::seen::{Seen, Told};
use super::{Recorder, Site, clock, errand, split};
use crate::fork;
use crate::model::{
    ArtifactKind, ArtifactName, Check, CheckFact, DataSubject, End, LOOSE, Mark, Metric, MetricFact, NoteFact, Number,
    ObservationFact, Outcome, ParamFact, ReadFact, Record, RunId, Severity, Status, SubjectFact, Timestamp, VersionId,
    WriteFact,
};
use crate::naming::{self, Here, Naming};
use crate::values::{Given, Named};

/// A run that has begun. Clones are handles on the same run; every method does nothing once it has ended.
#[derive(Clone)]
pub struct OpenRun {
    /// `None` when nothing is recorded.
    pub(super) inner: Option<Arc<Inner>>,
}

pub(super) struct Inner {
    pub(super) id: RunId,
    /// The process that began it.
    pub(super) pid: u32,
    pub(super) recorder: &'static Recorder,
    pub(super) site: Option<&'static Site>,
    /// Whether each output is to have a profile.
    pub(super) are_outputs_profiled: bool,
    pub(super) begun: Instant,
    /// How many reads and writes of nobody were met before.
    pub(super) loose: u64,
    pub(super) started_at: Timestamp,
    pub(super) is_over: AtomicBool,
    pub(super) state: Lock<State>,
    pub(super) observed: Lock<Observed>,
}

/// Kept under a lock that is held for bookkeeping only.
pub(super) struct State {
    /// The process that `next` belongs to.
    pub(super) pid: u32,
    /// The next number among the run's reads and writes.
    pub(super) next: u32,
    pub(super) outputs: Outputs,
    /// The outputs that were recorded at the start, with their numbers.
    pub(super) early: BTreeMap<ArtifactName, u32>,
    /// What was read already, so that a loop over one file is one read.
    pub(super) read: HashSet<(String, Option<VersionId>)>,
}

impl OpenRun {
    /// Returns a run about which nothing is recorded.
    #[must_use]
    pub fn disabled() -> Self {
        Self { inner: None }
    }

    /// Returns the run's id; the nil UUID when nothing is recorded.
    #[must_use]
    pub fn id(&self) -> RunId {
        self.inner.as_ref().map_or(RunId(uuid::Uuid::nil()), |inner| inner.id)
    }

    /// Returns whether anything is recorded.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.open().is_some()
    }

    /// Records that the run reads this now.
    pub fn read(&self, given: Given) {
        self.ours(|inner| {
            if let Some(seen) = Seen::new(inner.recorder, given) {
                inner.read(seen);
            }
        });
    }

    /// Records that the run has written this by now.
    pub fn wrote(&self, given: Given) {
        self.ours(|inner| {
            // What it was when it was loaded says nothing of what is written now.
            let given = Given { loaded: None, ..given };
            if let Some(seen) = Seen::new(inner.recorder, given) {
                inner.wrote(seen);
            }
        });
    }

    /// Records that the run has given a file or folder another name by now: it read it under the one and wrote it under
    /// the other, where one look says what both held.
    pub fn moved(&self, from: Given, to: Given) {
        self.ours(|inner| {
            let Some(Naming { name, .. }) = naming::name(&from.named, &inner.recorder.root) else { return };
            let Some(to) = Seen::new(inner.recorder, to) else { return };
            inner.read(Seen { given: from, name, path: to.path.clone(), looked: to.looked.clone() });
            inner.wrote(to);
        });
    }

    /// Takes note of a file that the run has opened for writing: its content is that of the run's end, or of the moment
    /// when the run reads it back.
    pub fn opened(&self, given: Given) {
        self.bind(OPENED, vec![given], true);
    }

    /// Takes note of an output that counts from the run's end: `slot` numbers the names in the attribute's list.
    ///
    /// A later call for the same slot replaces what the earlier ones gave, unless `append` asks to add.
    pub fn bind(&self, slot: usize, given: Vec<Given>, append: bool) {
        self.ours(|inner| {
            let bound = BoundOutput::all(slot, given, inner.recorder, &Here::default());
            if let Some(mut state) = inner.state() {
                state.outputs.bind(slot, bound, append);
            }
        });
    }

    /// Records a parameter; the last value of a name counts.
    pub fn param(&self, name: &str, value: Value) {
        self.ours(|inner| {
            let fact = ParamFact { run: inner.id, at: clock::now(), name: name.to_owned(), value };
            inner.recorder.append_inside(vec![Record::Param(fact)]);
        });
    }

    /// Records a remark.
    pub fn note(&self, text: &str) {
        self.ours(|inner| {
            let fact = NoteFact {
                id: RunId::new().0,
                run: inner.id,
                text: text.to_owned(),
                at: clock::now(),
                by: inner.recorder.user().map(str::to_owned),
            };
            inner.recorder.append_inside(vec![Record::Note(fact)]);
        });
    }

    /// Records that the run takes in data of somebody, whose name is not kept.
    pub fn subject(&self, name: &str) {
        self.ours(|inner| inner.recorder.append_inside(vec![subject_of(inner.id, name, clock::now())]));
    }

    /// Records a metric of the run: of one name and step the last value counts.
    pub fn metric(&self, name: &str, value: Number, step: Option<i64>) {
        self.metric_about(name, value, step, None);
    }

    /// Records a metric of an artifact, or else of the run as a whole.
    pub fn metric_about(&self, name: &str, value: Number, step: Option<i64>, about: Option<&Named>) {
        self.ours(|inner| {
            let about = about.and_then(|named| inner.name(named));
            let metric = Metric { name: name.to_owned(), value, step, about, at: clock::now() };
            let fact = MetricFact { run: inner.id, metric };
            inner.recorder.append_inside(vec![Record::Metric(fact)]);
        });
    }

    /// Counts a value that is observed many times: how they spread is recorded with the run's end.
    pub fn observe(&self, name: &str, value: Sighting<'_>) {
        self.ours(|inner| {
            let seen = inner.observed.take(inner.pid).map(|mut observed| observed.add(name, value));
            match seen {
                Some(observed::Seen::Counted) => {}
                Some(observed::Seen::Due(observation)) => {
                    let fact = ObservationFact { run: inner.id, observation: *observation };
                    inner.recorder.append_inside(vec![Record::Observation(fact)]);
                }
                Some(observed::Seen::Late) | None => inner.recorder.lose(1),
            }
        });
    }

    /// Records how a check came out.
    pub fn check(&self, name: &str, outcome: Outcome, severity: Severity, message: Option<String>) {
        self.check_about(name, outcome, severity, message, None);
    }

    /// Records how a check of an artifact came out.
    pub fn check_about(
        &self,
        name: &str,
        outcome: Outcome,
        severity: Severity,
        message: Option<String>,
        about: Option<&Named>,
    ) {
        self.ours(|inner| {
            let about = about.and_then(|named| inner.name(named));
            let check = Check { name: name.to_owned(), outcome, severity, message, about, at: clock::now() };
            let fact = CheckFact { run: inner.id, check };
            inner.recorder.append_inside(vec![Record::Check(fact)]);
        });
    }

    /// Ends the run; the first end counts. `ended_at` is for runs reported after the fact. Returns whether it is safe.
    pub fn end(&self, status: Status, error: Option<String>, ended_at: Option<Timestamp>) -> bool {
        self.ours(|inner| inner.end(status, error, ended_at)).unwrap_or(false)
    }

    fn open(&self) -> Option<&Inner> {
        self.inner.as_deref().filter(|inner| !inner.is_over.load(Ordering::Acquire))
    }

    /// Counts a record of this run that could not be made.
    pub(super) fn lose(&self) {
        if let Some(inner) = self.open() {
            inner.recorder.lose(1);
        }
    }

    /// Does our work on an open run behind the door.
    fn ours<T>(&self, work: impl FnOnce(&Inner) -> T) -> Option<T> {
        let inner = self.open()?;
        ours(inner.recorder, || work(inner))
    }
}

/// Returns that a run takes in data of somebody, or the remark that this is not known.
pub(super) fn subject_of(run: RunId, name: &str, at: Timestamp) -> Record {
    match DataSubject::of(name) {
        Ok(subject) => Record::Subject(SubjectFact { run, subject }),
        Err(reason) => {
            let text = format!("a subject of the run is not recorded: {reason}");
            Record::Note(NoteFact { id: RunId::new().0, run, text, at, by: None })
        }
    }
}

impl std::fmt::Debug for OpenRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OpenRun").field(&self.id()).finish()
    }
}

impl Inner {
    /// Returns what something is called that a measure is about.
    fn name(&self, named: &Named) -> Option<ArtifactName> {
        naming::name(named, &self.recorder.root).map(|naming| naming.name)
    }

    fn end(&self, status: Status, error: Option<String>, ended_at: Option<Timestamp>) -> bool {
        if self.is_over.swap(true, Ordering::AcqRel) {
            return false;
        }
        let measured = i64::try_from(self.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        // A wall clock that was set back while the run was under way does not end it before it began.
        let at = ended_at.unwrap_or_else(|| clock::not_before(self.started_at.plus_micros(measured)));
        let duration_us = match ended_at {
            None => measured,
            Some(at) => at.micros_since(self.started_at).max(0),
        };
        // A forked child does not measure its parent's run: by that its end gives way to the parent's.
        let duration_us = (fork::id() == self.pid).then_some(duration_us);
        let mut later = self.later();
        // What is reported after the fact may lie elsewhere by now, and a child does not know how its parent began.
        let is_attended = ended_at.is_none() && duration_us.is_some();
        let outputs = self.collect_outputs(status, is_attended, &mut later);
        let end = End { run: self.id, at, status, duration_us, error, outputs };
        let mut records: Vec<Record> = self.loose_note(at).into_iter().collect();
        self.add_observations(at, &mut records);
        records.extend(split::end(end));
        append_with(self.recorder, records, later)
    }

    /// Adds what was observed. A forked child has observed nothing that its parent does not mention.
    fn add_observations(&self, at: Timestamp, records: &mut Vec<Record>) {
        if fork::id() != self.pid {
            return;
        }
        let Some((all, left_out)) = self.observed.take(self.pid).map(|mut observed| observed.end()) else {
            return self.recorder.lose(1);
        };
        let run = self.id;
        records.extend(all.into_iter().map(|observation| Record::Observation(ObservationFact { run, observation })));
        if left_out > 0 {
            let text = format!("{left_out} observations are not kept: there are too many names, or too long ones");
            records.push(Record::Note(NoteFact { id: RunId::new().0, run, text, at, by: None }));
        }
    }

    /// Returns the remark on a run during which reads and writes were met that belong to no run.
    fn loose_note(&self, at: Timestamp) -> Option<Record> {
        let count = self.recorder.loose().saturating_sub(self.loose);
        if count == 0 {
            return None;
        }
        let what = if count == 1 { "read or write" } else { "reads or writes" };
        let text = format!("{count} {what} {LOOSE}");
        let note = NoteFact { id: RunId::new().0, run: self.id, text, at, by: None };
        Some(Record::Note(note))
    }

    /// Returns the state; `None` when it is not to be had, as in a forked child: what was to be reported is counted as lost.
    fn state(&self) -> Option<Turn<'_, State>> {
        let state = self.state.take(self.pid);
        if state.is_none() {
            self.recorder.lose(1);
        }
        state
    }

    fn later(&self) -> Later {
        Later::new(self.recorder, self.site, self.are_outputs_profiled)
    }

    fn read(&self, seen: Seen) {
        let mut later = self.later();
        let mut records = Vec::new();
        let linked = seen.read_behind_links(self.recorder, &Here::default());
        {
            let Some(mut state) = self.state() else { return };
            let opened =
                seen.path.as_deref().and_then(|path| state.outputs.written(path, seen.looked.standing.as_ref()));
            if let Some(given) = opened {
                // The run reads back what it has written: that is known by now.
                let written = Seen { given, ..seen.clone() };
                records.push(state.wrote(self.id, self.site, written, &mut later));
            }
            let at = Some(clock::now());
            for seen in std::iter::once(seen).chain(linked) {
                let read = state.read(self.id, self.site, seen, at, &mut later);
                records.extend(read.map(|read| Record::Read { run: self.id, read }));
            }
        }
        if !records.is_empty() {
            append_with(self.recorder, records, later);
        }
    }

    fn wrote(&self, seen: Seen) {
        let mut later = self.later();
        let linked = seen.behind_links(self.recorder, self.started_at, &Here::default());
        let records = {
            let Some(mut state) = self.state() else { return };
            let each = std::iter::once(seen).chain(linked);
            each.map(|seen| state.wrote(self.id, self.site, seen, &mut later)).collect()
        };
        append_with(self.recorder, records, later);
    }

    /// Returns the outputs that count from the end. Of a run that did not complete, a file that is there and changed
    /// keeps its content; everything else is listed only.
    fn collect_outputs(&self, status: Status, is_attended: bool, later: &mut Later) -> Vec<WriteFact> {
        let Some(outputs) = self.state().map(|mut state| std::mem::take(&mut state.outputs)) else { return Vec::new() };
        let (mut found, mut linked, here) = (Vec::new(), Vec::new(), Here::default());
        for output in outputs.finish(&self.recorder.root) {
            let glance = output.path.as_deref().map(|path| (Glance::at(self.recorder, path), path));
            let now = glance.as_ref().and_then(|(glance, path)| glance.standing(self.recorder, path));
            if output.is_told_as(now.as_ref()) {
                continue;
            }
            let is_seen = is_attended && status == Status::Completed;
            let is_nothing = glance.as_ref().is_some_and(|(glance, _)| glance.is_nothing());
            let mark = if is_seen { output.mark(now.as_ref(), is_nothing, self.started_at) } else { None };
            let is_kept = status == Status::Completed || output.is_changed(now.as_ref(), self.started_at);
            let looked = glance.filter(|_| is_kept).map(|(glance, path)| glance.look(self.recorder, path));
            let mut given = output.given;
            given.version = given.version.filter(|_| status == Status::Completed);
            let seen = Seen { given, name: output.name, path: output.path, looked: looked.unwrap_or_default() };
            if is_attended && mark.is_none() {
                linked.extend(seen.behind_links(self.recorder, self.started_at, &here));
            }
            found.push((seen, mark));
        }
        for seen in linked {
            if !found.iter().any(|(known, _): &(Seen, _)| known.name == seen.name) {
                found.push((seen, None));
            }
        }
        for (seen, _) in found.iter().filter(|(_, mark)| *mark == Some(Mark::Missing)) {
            self.recorder.warn_with(Warning::MissingOutput, || {
                format!(
                    "`{}` is an output, and it is not there at the end of its run: recorded as missing \
                     (an output that is no file is said to be an `id`)",
                    seen.name
                )
            });
        }
        let Some(mut state) = self.state() else { return Vec::new() };
        let fact = |(seen, mark)| WriteFact { mark, ..state.write(self.id, self.site, seen, None, later) };
        found.into_iter().map(fact).collect()
    }
}

impl State {
    fn number(&mut self) -> u32 {
        let pid = fork::id();
        if self.pid != pid {
            (self.pid, self.next) = (pid, first_number(pid));
        }
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }

    /// Returns a read; `None` for one of a content that was read before. `at` is `None` for those of the run's start.
    pub(super) fn read(
        &mut self,
        run: RunId,
        site: Option<&'static Site>,
        seen: Seen,
        at: Option<Timestamp>,
        later: &mut Later,
    ) -> Option<ReadFact> {
        let told = seen.told();
        // What has no known content may be another thing each time it is read.
        let is_one = told.pending.is_none() && (told.version.is_some() || at.is_none());
        if is_one && !self.read.insert((seen.name.0.clone(), told.version.clone())) {
            return None;
        }
        let n = self.number();
        later.add(run, n, &seen, &told, false);
        let (kind, Told { version, size, .. }) = (seen.kind(site), told);
        let Seen { given, name, .. } = seen;
        Some(ReadFact { n, name, argument: given.argument.map(Cow::into_owned), kind, at, version, size })
    }

    /// Returns the record of an output that the run will have written, as far as its caller knows. Its end says more of it
    /// under the same number.
    pub(super) fn early(&mut self, run: RunId, name: ArtifactName, kind: Option<ArtifactKind>) -> Option<Record> {
        if self.early.contains_key(&name) {
            return None;
        }
        let n = self.number();
        self.early.insert(name.clone(), n);
        let mark = Some(Mark::Maybe);
        let write = WriteFact { n, name, argument: None, kind, at: None, version: None, size: None, mark };
        Some(Record::Write { run, write })
    }

    /// Returns the record of a write that is known from now on.
    fn wrote(&mut self, run: RunId, site: Option<&'static Site>, seen: Seen, later: &mut Later) -> Record {
        let (path, version) = (seen.path.as_deref(), seen.given.version.as_deref());
        self.outputs.told(&seen.name, path, version, seen.looked.standing.clone());
        Record::Write { run, write: self.write(run, site, seen, Some(clock::now()), later) }
    }

    fn write(
        &mut self,
        run: RunId,
        site: Option<&'static Site>,
        seen: Seen,
        at: Option<Timestamp>,
        later: &mut Later,
    ) -> WriteFact {
        let told = seen.told();
        let known = if at.is_none() { self.early.remove(&seen.name) } else { None };
        let n = known.unwrap_or_else(|| self.number());
        later.add(run, n, &seen, &told, true);
        let (kind, Told { version, size, .. }) = (seen.kind(site), told);
        let Seen { given, name, .. } = seen;
        WriteFact { n, name, argument: given.argument.map(Cow::into_owned), kind, at, version, size, mark: None }
    }
}

/// Returns where a forked child begins to number what it says of its parent's run: in the upper half, where children
/// whose process numbers follow each other lie far apart.
fn first_number(pid: u32) -> u32 {
    (1 << 31) | (pid.wrapping_mul(0x9E37_79B1) >> 2)
}

/// Appends records and what is still to be hashed of them with one `write`, then has it hashed beside the caller.
pub(super) fn append_with(recorder: &'static Recorder, mut records: Vec<Record>, later: Later) -> bool {
    records.extend(later.hash.iter().map(|(due, _)| Record::Due(due.clone())));
    let is_safe = recorder.append_inside(records);
    later.hash.into_iter().for_each(|(due, profiled)| errand::send(recorder, Job::Hash { due, profiled }));
    later.tables.into_iter().for_each(|table| errand::send(recorder, Job::Profile(table)));
    is_safe
}
