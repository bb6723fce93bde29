//! A run between its start and its end.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::beside::Job;
use super::look::{Looked, look};
use super::outputs::Outputs;
use super::{Recorder, Site, clean, context};
use crate::capture::{Given, Naming, fingerprint, name, redact};
use crate::model::{
    Declaration, Due, End, NoteFact, ParamFact, ReadFact, Record, RunId, Start, Status, Timestamp, VersionId, WriteFact,
};

/// What is known when a run begins.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The component.
    pub component: Cow<'static, str>,
    /// The registered function, when it is one.
    pub site: Option<&'static Site>,
    /// What is said of the component, besides what the site says.
    pub declared: Declaration,
    /// When it began; `None`: now.
    pub started_at: Option<Timestamp>,
    /// The commit of its code, when the caller knows it; `None`: it is looked up.
    pub git_commit: Option<String>,
    /// The run inside which it begins; `None`: the current run of this thread or task.
    pub parent: Option<RunId>,
    /// What it reads.
    pub inputs: Vec<Given>,
    /// Outputs whose names are known already: their state is looked at before the body.
    pub outputs: Vec<Given>,
    /// Its parameters.
    pub params: Vec<(String, Value)>,
}

/// A run that has begun. Clones are handles on the same run; every method does nothing once it has ended.
#[derive(Clone)]
pub struct OpenRun {
    /// `None` when nothing is recorded.
    inner: Option<Arc<Inner>>,
}

struct Inner {
    id: RunId,
    recorder: &'static Recorder,
    site: Option<&'static Site>,
    begun: Instant,
    started_at: Timestamp,
    is_over: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The next number among the run's reads and writes.
    next: u32,
    outputs: Outputs,
    /// What was read already, so that a loop over one file is one read.
    read: HashSet<(String, Option<VersionId>)>,
}

impl OpenRun {
    /// Begins a run: names and looks at its inputs and appends its START.
    #[must_use]
    pub fn begin(recorder: &'static Recorder, opening: Opening) -> Self {
        if !recorder.takes_run() {
            return Self::disabled();
        }
        let id = RunId::new();
        let started_at = opening.started_at.unwrap_or_else(Timestamp::now);
        let mut state = State::default();
        let mut dues = Vec::new();
        let mut inputs = Vec::with_capacity(opening.inputs.len());
        for given in opening.inputs {
            inputs.extend(read_fact(recorder, opening.site, id, &mut state, given, None, &mut dues));
        }
        for given in &opening.outputs {
            if let Some(Naming { path: Some(path), .. }) = name::name(&given.named, &recorder.root) {
                state.outputs.look_before(path);
            }
        }
        let params = opening.params.into_iter().map(|(name, value)| {
            let value = clean::param(&name, value);
            (name, value)
        });
        let (git, git_record) = git_of(recorder, opening.site, opening.git_commit);
        let start = Start {
            run: id,
            component: clean::component(&opening.component),
            at: started_at,
            parent: opening.parent.or_else(|| context::current().map(|run| run.id())).or(recorder.parent()),
            code: opening.site.map(|site| recorder.surroundings.code(recorder, site)),
            git,
            declared: declaration(opening.declared, opening.site),
            params: params.collect::<BTreeMap<_, _>>(),
            inputs,
            host: None,
            user: None,
        };
        let mut records: Vec<Record> = git_record.into_iter().collect();
        records.push(Record::Start(start));
        append_with(recorder, records, dues);
        let inner = Inner {
            id,
            recorder,
            site: opening.site,
            begun: Instant::now(),
            started_at,
            is_over: AtomicBool::new(false),
            state: Mutex::new(state),
        };
        Self { inner: Some(Arc::new(inner)) }
    }

    /// Returns a run of which nothing is recorded.
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
        let Some(inner) = self.open() else { return };
        let mut dues = Vec::new();
        let now = Some(Timestamp::now());
        let fact = {
            let mut state = inner.state();
            read_fact(inner.recorder, inner.site, inner.id, &mut state, given, now, &mut dues)
        };
        let Some(read) = fact else { return };
        append_with(inner.recorder, vec![Record::Read { run: inner.id, read }], dues);
    }

    /// Records that the run has written this by now.
    pub fn wrote(&self, given: Given) {
        let Some(inner) = self.open() else { return };
        let Some(Naming { name, path }) = name::name(&given.named, &inner.recorder.root) else { return };
        let looked = path.as_deref().map(|path| look(inner.recorder, path));
        let mut state = inner.state();
        let n = state.number();
        let (version, size, pending) = told(given.version.as_deref(), looked);
        if let Some(path) = &path {
            state.outputs.told(path, fingerprint::stat(path).ok().flatten());
        }
        drop(state);
        let kind = given.kind.or_else(|| inner.kind_of(given.argument.as_deref()));
        let argument = given.argument.map(Cow::into_owned);
        let write = WriteFact { n, name, argument, kind, at: Some(Timestamp::now()), version, size };
        let due = due(inner.id, n, path.as_deref(), pending);
        append_with(inner.recorder, vec![Record::Write { run: inner.id, write }], due.into_iter().collect());
    }

    /// Takes note of an output that counts from the run's end: `slot` numbers the names in the attribute's list.
    ///
    /// A later call for the same slot replaces what the earlier ones gave, unless `append` asks to add.
    pub fn bind(&self, slot: usize, given: Vec<Given>, append: bool) {
        let Some(inner) = self.open() else { return };
        inner.state().outputs.bind(slot, given, append, &inner.recorder.root);
    }

    /// Records a parameter; the last value of a name counts.
    pub fn param(&self, name: &str, value: Value) {
        let Some(inner) = self.open() else { return };
        let value = clean::param(name, value);
        let fact = ParamFact { run: inner.id, at: Timestamp::now(), name: name.to_owned(), value };
        inner.recorder.append(Record::Param(fact));
    }

    /// Records a remark.
    pub fn note(&self, text: &str) {
        let Some(inner) = self.open() else { return };
        let fact = NoteFact {
            id: uuid::Uuid::now_v7(),
            run: inner.id,
            text: text.to_owned(),
            at: Timestamp::now(),
            by: inner.recorder.user().map(str::to_owned),
        };
        inner.recorder.append(Record::Note(fact));
    }

    /// Ends the run; the first end counts. `ended_at` is for runs told after the fact. Returns whether it is safe.
    pub fn end(&self, status: Status, error: Option<String>, ended_at: Option<Timestamp>) -> bool {
        let Some(inner) = self.open() else { return false };
        if inner.is_over.swap(true, Ordering::AcqRel) {
            return false;
        }
        let measured = i64::try_from(inner.begun.elapsed().as_micros()).unwrap_or(i64::MAX);
        // A wall clock that was set back while the run was under way does not end it before it began.
        let at = ended_at.unwrap_or_else(|| inner.started_at.plus_micros(measured).max(Timestamp::now()));
        let duration_us = match ended_at {
            None => measured,
            Some(at) => at.micros_since(inner.started_at).max(0),
        };
        let mut dues = Vec::new();
        let outputs = inner.collect_outputs(status, &mut dues);
        let end = Record::End(End {
            run: inner.id,
            at,
            status,
            duration_us: Some(duration_us),
            error: error.map(|error| clean::text(&error)),
            outputs,
        });
        append_with(inner.recorder, vec![end], dues)
    }

    fn open(&self) -> Option<&Inner> {
        self.inner.as_deref().filter(|inner| !inner.is_over.load(Ordering::Acquire))
    }
}

impl std::fmt::Debug for OpenRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OpenRun").field(&self.id()).finish()
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kind_of(&self, argument: Option<&str>) -> Option<crate::model::ArtifactKind> {
        self.site?.kind_of(argument?)
    }

    /// Returns the outputs that count from the end. Of a run that did not complete, a file that is there and changed
    /// keeps its content; everything else is listed only.
    fn collect_outputs(&self, status: Status, dues: &mut Vec<Due>) -> Vec<WriteFact> {
        let mut state = self.state();
        let mut facts = Vec::new();
        let outputs = std::mem::take(&mut state.outputs);
        for output in outputs.finish(&self.recorder.root) {
            let stat = output.path.as_deref().and_then(|path| fingerprint::stat(path).ok().flatten());
            if output.is_told_as(stat.as_ref()) {
                continue;
            }
            let is_kept = status == Status::Completed || output.is_changed(stat.as_ref(), self.started_at);
            let looked = output.path.as_deref().filter(|_| is_kept).map(|path| look(self.recorder, path));
            let declared = output.given.version.as_deref().filter(|_| status == Status::Completed);
            let (version, size, pending) = told(declared, looked);
            let n = state.number();
            dues.extend(due(self.id, n, output.path.as_deref(), pending));
            let kind = output.given.kind.or_else(|| self.kind_of(output.given.argument.as_deref()));
            let argument = output.given.argument.map(Cow::into_owned);
            facts.push(WriteFact { n, name: output.name, argument, kind, at: None, version, size });
        }
        facts
    }
}

impl State {
    fn number(&mut self) -> u32 {
        let number = self.next;
        self.next = self.next.saturating_add(1);
        number
    }
}

/// Appends records and what is still to be hashed of them with one `write`, then has it hashed beside the caller.
fn append_with(recorder: &'static Recorder, mut records: Vec<Record>, dues: Vec<Due>) -> bool {
    records.extend(dues.iter().cloned().map(Record::Due));
    let is_safe = recorder.append_all(records);
    dues.into_iter().for_each(|due| recorder.beside(Job::Hash(due)));
    is_safe
}

fn due(run: RunId, n: u32, path: Option<&Path>, pending: Option<String>) -> Option<Due> {
    let path = std::path::absolute(path?).ok()?;
    Some(Due { run, n, path: name::encode(path.as_os_str()).into_owned(), state: pending? })
}

/// A declared version beats what was seen.
fn told(declared: Option<&str>, looked: Option<Looked>) -> (Option<VersionId>, Option<u64>, Option<String>) {
    match (declared, looked) {
        (Some(declared), _) => (Some(VersionId::Declared(redact::text(declared).into_owned())), None, None),
        (None, Some(looked)) => (looked.version, looked.size, looked.pending),
        (None, None) => (None, None, None),
    }
}

fn read_fact(
    recorder: &'static Recorder,
    site: Option<&'static Site>,
    run: RunId,
    state: &mut State,
    given: Given,
    at: Option<Timestamp>,
    dues: &mut Vec<Due>,
) -> Option<ReadFact> {
    let Naming { name, path } = name::name(&given.named, &recorder.root)?;
    let looked = path.as_deref().map(|path| look(recorder, path));
    let (version, size, pending) = told(given.version.as_deref(), looked);
    if pending.is_none() && !state.read.insert((name.0.clone(), version.clone())) {
        return None;
    }
    let n = state.number();
    dues.extend(due(run, n, path.as_deref(), pending));
    let of_site = || site.and_then(|site| site.kind_of(given.argument.as_deref()?));
    let kind = given.kind.or_else(of_site);
    Some(ReadFact { n, name, argument: given.argument.map(Cow::into_owned), kind, at, version, size })
}

fn git_of(
    recorder: &'static Recorder,
    site: Option<&'static Site>,
    commit: Option<String>,
) -> (Option<String>, Option<Record>) {
    match commit {
        None => (recorder.surroundings.git(recorder, site), None),
        Some(commit) => {
            let key = format!("commit {commit}");
            let git = crate::model::Git { key: key.clone(), commit: Some(commit), ..crate::model::Git::default() };
            (Some(key), Some(Record::Git(git)))
        }
    }
}

/// Returns what the caller says of the component, filled up with what the site says.
fn declaration(declared: Declaration, site: Option<&Site>) -> Option<Declaration> {
    let own = |text: Option<&'static str>| text.map(str::to_owned);
    let mut declared = declared;
    if let Some(site) = site {
        declared.owner = declared.owner.or_else(|| own(site.owner));
        declared.description = declared.description.or_else(|| own(site.description));
        declared.stale_after_s = declared.stale_after_s.or(site.stale_after_s);
        declared.tags.extend(site.tags.iter().map(|tag| (*tag).to_owned()));
    }
    clean::declaration(&mut declared);
    (declared != Declaration::default()).then_some(declared)
}
