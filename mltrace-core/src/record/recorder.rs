//! Appends what happens to this process' journal, and counts what could not be appended.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::beside::Beside;
use super::folders::Contents;
use super::guard::{Counts, ours};
use super::job::Job;
use super::lately::Lately;
use super::lock::Lock;
use super::surroundings::Surroundings;
use crate::config::{Environment, Home};
use crate::disk::{Cache, Skip};
use crate::folder::{Taken, Whose};
use crate::fork;
use crate::host::Host;
use crate::journal::{self, Writer};
use crate::kept::kept;
use crate::model::{Header, ProcessId, Record, RunId};
use crate::naming::Root;
use crate::redact;

/// How long a journal that could not be opened is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// Whom the recorder reports what.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// Receives, once each, what keeps it from recording.
    pub warn: fn(&str),
    /// Notified after each append that there is something to fold.
    pub appended: fn(),
    /// Returns the recorder of the process that asks: a forked child has one of its own.
    pub here: fn() -> &'static Recorder,
}

/// What a process records with. Nothing here fails: what cannot be recorded is counted.
pub struct Recorder {
    pub(super) home: Home,
    pub(super) root: Root,
    pub(super) cache: Cache,
    pub(super) surroundings: Surroundings,
    pub(super) beside: Beside<Job>,
    /// What git takes long to find out: nothing waits behind it, nor does the end of the process.
    beside_git: Beside<Job>,
    /// Tables that are read for their profiles.
    beside_tables: Beside<Job>,
    own: Lately<Skip>,
    whose: Lately<io::Result<Whose>>,
    host: Host,
    /// The process that this recorder was made in.
    pid: u32,
    parent: Option<RunId>,
    pub(super) hooks: Hooks,
    process: ProcessId,
    journal: Lock<JournalFile>,
    /// How many records could not be written and are counted nowhere but here yet. It is counted without a lock: who
    /// cannot have one counts that.
    lost: AtomicU64,
    /// Whether any could not be written.
    has_lost: AtomicBool,
    /// How many reads and writes were met on threads that belong to no run.
    loose: AtomicU64,
    /// What lies in folders, as far as it was reported.
    pub(super) folders: Contents,
    /// The tables whose profiles were reported.
    pub(super) profiled: Contents,
    /// The bits of each [`Warning`] that was said.
    warned: AtomicU8,
}

/// What there is to say about recording, each kind once: one that matters little must not keep back one that matters.
/// Each is bits, and is not said when all of them were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Runs are not recorded.
    NotRecorded = 1,
    /// Something was reported outside any run.
    OutsideRun = 2,
    /// Something of ours panicked.
    Bug = 4,
    /// Runs are not recorded, and how many is known to this process alone.
    NotCounted = 9,
    /// An output is not there.
    MissingOutput = 16,
    /// An output of a task, or what became of one, makes no sense.
    NoOutput = 32,
}

enum JournalFile {
    Unopened,
    Open(Box<Writer>),
    /// It could not be opened at this moment, and why.
    Failed(Instant, String),
}

impl Recorder {
    /// Returns a recorder that writes under `home`; nothing is created before the first record.
    #[must_use]
    pub fn new(home: Home, environment: &Environment, hooks: Hooks) -> Self {
        let root = Root::new(&home.root);
        Self {
            root,
            cache: Cache::new(&home.folder),
            surroundings: Surroundings::new(fork::id()),
            beside: Beside::default(),
            beside_git: Beside::default(),
            beside_tables: Beside::default(),
            own: Lately::default(),
            whose: Lately::default(),
            host: Host::here(environment.user.as_deref()),
            parent: environment.parent_run.as_deref().and_then(|run| run.parse().ok()),
            pid: fork::id(),
            hooks,
            process: ProcessId::new(),
            journal: Lock::new(JournalFile::Unopened),
            lost: AtomicU64::new(0),
            has_lost: AtomicBool::new(false),
            loose: AtomicU64::new(0),
            warned: AtomicU8::new(0),
            folders: Contents::default(),
            profiled: Contents::default(),
            home,
        }
    }

    /// Returns the home that this recorder writes under.
    #[must_use]
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Returns the id of this process, which is its journal's name.
    #[must_use]
    pub fn process(&self) -> ProcessId {
        self.process
    }

    /// Returns whether anything is recorded.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.home.is_enabled
    }

    /// Returns whether a run that begins now is recorded; one that is not for want of settings is counted as lost.
    pub(super) fn takes_run(&'static self) -> bool {
        if self.home.is_unsettled {
            self.lose(1);
        }
        self.is_enabled()
    }

    /// Takes over the count of what another recorder of this process could not write.
    pub fn take_over(&self, other: &Self) {
        self.count_lost(other.lost.swap(0, Ordering::Relaxed));
    }

    /// Returns the user's name, for what a person says.
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.host.user.as_deref()
    }

    /// Returns this host's name.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.name.as_deref()
    }

    /// Returns what belongs to the store, as far as it exists now: for callers that open files.
    pub(super) fn skip(&self) -> Skip {
        Skip::of(self.home.store.file(), &self.home.folder)
    }

    /// Returns what belonged to the store a moment ago: for callers that open nothing.
    pub(super) fn skip_lately(&self) -> Arc<Skip> {
        self.own.get(|| self.skip())
    }

    /// Takes the rights of whose project this was a moment ago: for callers that open nothing.
    pub(super) fn rights_lately(&self) -> io::Result<Taken> {
        match &*self.whose.get(|| self.home.whose()) {
            Ok(whose) => whose.take(),
            Err(error) => Err(error.kind().into()),
        }
    }

    /// Returns the run that started this process, if a run did.
    #[must_use]
    pub fn parent(&self) -> Option<RunId> {
        self.parent
    }

    /// Appends a record; returns whether it is safe.
    pub fn append(&'static self, record: Record) -> bool {
        self.append_all(vec![record])
    }

    /// Appends records with one `write`; returns whether they are safe.
    pub fn append_all(&'static self, records: Vec<Record>) -> bool {
        self.is_enabled() && ours(self, || self.append_inside(records)).unwrap_or(false)
    }

    /// Appends as [`append_all`](Self::append_all) does, for callers that keep the records if they are not safe, so that none is lost.
    pub fn offer(&'static self, mut records: Vec<Record>) -> bool {
        records.iter_mut().for_each(redact::record);
        self.offer_clean(records)
    }

    /// Appends as [`offer`](Self::offer) does, for records whose secrets were taken out: nobody waits while that is done again.
    pub fn offer_clean(&'static self, records: Vec<Record>) -> bool {
        let offered = || self.here().is_some_and(|here| here.written(records).is_ok());
        self.is_enabled() && ours(self, offered).unwrap_or(false)
    }

    /// Appends as [`append_all`](Self::append_all) does, for callers that have passed the guard already.
    pub(super) fn append_inside(&'static self, records: Vec<Record>) -> bool {
        self.is_enabled() && self.here().is_some_and(|here| here.append_here(records))
    }

    /// Returns the recorder of the process that asks: a forked child goes on with its parent's runs in one of its own.
    fn here(&'static self) -> Option<&'static Self> {
        let pid = fork::id();
        if self.pid == pid {
            return Some(self);
        }
        Some((self.hooks.here)()).filter(|here| here.pid == pid)
    }

    fn append_here(&self, mut records: Vec<Record>) -> bool {
        records.iter_mut().for_each(redact::record);
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let Err(error) = self.written(records) else { return true };
        self.count_lost(count);
        let folder = self.home.journal();
        let message = format!("runs are not recorded: `{}` cannot be written: {error}", folder.display());
        match self.count_on_disk() {
            Some(true) => self.warn(Warning::NotRecorded, &message),
            Some(false) => {
                self.warn(Warning::NotCounted, &format!("{message}; how many are lost is known to this process alone"));
            }
            // Another thread counts it, and says what came of that.
            None => {}
        }
        false
    }

    /// Writes records, and has them folded.
    fn written(&self, records: Vec<Record>) -> std::io::Result<()> {
        match self.journal.take(self.pid) {
            Some(mut journal) => self.write(&mut journal, records)?,
            None => return Err(std::io::Error::other("another thread does not let go of it")),
        }
        if let Err(text) = kept(self.hooks.appended) {
            self.warn(Warning::Bug, &format!("a bug in mltrace keeps runs from the store for now: {text}"));
        }
        Ok(())
    }

    /// Writes records, and how many were lost before them.
    fn write(&self, journal: &mut JournalFile, mut records: Vec<Record>) -> std::io::Result<()> {
        let lost = Pending::take(&self.lost);
        if lost.count > 0 {
            records.insert(0, Record::Lost(lost.count));
        }
        self.opened(journal)?.append(&records)?;
        lost.told();
        Ok(())
    }

    /// Counts on the disk what is lost; returns whether it is counted there, `None` when another thread counts it. Where nothing can be written it stays counted
    /// here, until something can.
    fn count_on_disk(&self) -> Option<bool> {
        let lost = Pending::take(&self.lost);
        if lost.count == 0 {
            return None;
        }
        let is_counted = journal::lost::add(&self.home.journal(), lost.count, self.home.durability).is_ok();
        if is_counted {
            lost.told();
        }
        Some(is_counted)
    }

    /// Returns how many records could not be written and are counted nowhere but here yet.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns whether any record of this process could not be written.
    #[must_use]
    pub fn has_lost(&self) -> bool {
        self.has_lost.load(Ordering::Relaxed)
    }

    /// Says what is wrong, once for each kind in the process' life.
    pub fn warn(&self, warning: Warning, message: &str) {
        let bits = warning as u8;
        if self.warned.fetch_or(bits, Ordering::Relaxed) & bits != bits {
            // What was lost is counted already.
            let _ = kept(|| (self.hooks.warn)(message));
        }
    }

    /// As [`warn`](Self::warn), with a message that is made only where it is said.
    pub(super) fn warn_with(&self, warning: Warning, message: impl FnOnce() -> String) {
        let bits = warning as u8;
        if self.warned.load(Ordering::Relaxed) & bits != bits {
            self.warn(warning, &message());
        }
    }

    /// Waits at most `patience` for what is hashed and looked up beside the caller; returns whether all is done.
    pub fn settle(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        self.settle_but_git(patience) && self.beside_git.wait(patience.saturating_sub(begun.elapsed()))
    }

    /// Waits as [`settle`](Self::settle) does, but not for what git takes long to say of a large work tree.
    pub fn settle_but_git(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        self.beside.wait(patience) && self.beside_tables.wait(patience.saturating_sub(begun.elapsed()))
    }

    /// Has `work` do a job beside the caller.
    pub(super) fn beside(&'static self, job: Job, work: fn(&'static Self, Job)) {
        if let Some(here) = self.here() {
            here.beside.add(here.pid, job, move |job| work(here, job));
        }
    }

    /// Has `work` read a table beside the caller and beside all other jobs.
    pub(super) fn beside_tables(&'static self, job: Job, work: fn(&'static Self, Job)) {
        if let Some(here) = self.here() {
            here.beside_tables.add(here.pid, job, move |job| work(here, job));
        }
    }

    /// Has `work` ask git beside the caller and beside all other jobs.
    pub(super) fn beside_git(&'static self, job: Job, work: fn(&'static Self, Job)) {
        if let Some(here) = self.here() {
            here.beside_git.add(here.pid, job, move |job| work(here, job));
        }
    }

    /// Counts a read or write on a thread that belongs to no run: whose it was is not known, so the runs that go on say so.
    pub fn met_loose(&self) {
        self.loose.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many reads and writes were met on threads that belong to no run.
    pub(super) fn loose(&self) -> u64 {
        self.loose.load(Ordering::Relaxed)
    }

    /// Counts records that could not be made.
    pub fn lose(&'static self, count: u64) {
        if let Some(here) = self.here() {
            here.count_lost(count);
        }
    }

    /// Counts in memory alone: anyone who is turned away may be a signal's handler.
    fn count_lost(&self, count: u64) {
        if count > 0 {
            self.has_lost.store(true, Ordering::Relaxed);
        }
        self.lost.fetch_add(count, Ordering::Relaxed);
    }

    fn opened<'j>(&self, journal: &'j mut JournalFile) -> std::io::Result<&'j mut Writer> {
        let is_due = match journal {
            JournalFile::Unopened => true,
            JournalFile::Open(_) => false,
            JournalFile::Failed(at, _) => at.elapsed() >= PAUSE,
        };
        if is_due {
            *journal = match Writer::open(&self.home.journal(), self.header(), self.home.durability) {
                Ok(writer) => JournalFile::Open(Box::new(writer)),
                Err(error) => {
                    *journal = JournalFile::Failed(Instant::now(), error.to_string());
                    return Err(error);
                }
            };
        }
        match journal {
            JournalFile::Open(writer) => Ok(writer),
            JournalFile::Failed(_, reason) => Err(std::io::Error::other(reason.clone())),
            JournalFile::Unopened => Err(std::io::Error::other("it is not open")),
        }
    }

    fn header(&self) -> Header {
        let mut header = Header {
            format: journal::FORMAT,
            minor: journal::MINOR,
            process: Some(self.process),
            project: self.home.project.clone(),
            identity: self.home.identity.clone(),
            at: Some(crate::model::Timestamp::now()),
            writer: env!("CARGO_PKG_VERSION").to_owned(),
            ..Header::default()
        };
        self.host.fill(&mut header);
        redact::header(&mut header);
        header
    }
}

/// A count that was taken to be reported elsewhere; unless it is, it goes back. Nobody else reports it meanwhile.
struct Pending<'r> {
    from: &'r AtomicU64,
    count: u64,
}

impl<'r> Pending<'r> {
    fn take(from: &'r AtomicU64) -> Self {
        Self { from, count: from.swap(0, Ordering::Relaxed) }
    }

    fn told(mut self) {
        self.count = 0;
    }
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        self.from.fetch_add(self.count, Ordering::Relaxed);
    }
}

impl Counts for Recorder {
    fn lose_one(&'static self) {
        self.lose(1);
    }

    fn say_bug(&self, message: &str) {
        self.warn(Warning::Bug, message);
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("home", &self.home.folder).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Git;

    static IS_ANSWERED: AtomicBool = AtomicBool::new(false);

    fn no_fork() -> &'static Recorder {
        unreachable!("nobody forks here")
    }

    fn wait_for_answer(_: &'static Recorder, _: Job) {
        while !IS_ANSWERED.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_end_waits_for_all_but_git() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::find(folder.path(), None, &Environment::default());
        let hooks = Hooks { warn: |_| {}, appended: || {}, here: no_fork };
        let recorder: &'static Recorder = Box::leak(Box::new(Recorder::new(home, &Environment::default(), hooks)));
        let job = Job::GitRest { state: Git::default(), folder: folder.path().to_owned() };
        recorder.beside_git(job, wait_for_answer);
        assert!(recorder.settle_but_git(Duration::ZERO));
        assert!(!recorder.settle(Duration::from_millis(1)));
        IS_ANSWERED.store(true, Ordering::Release);
        assert!(recorder.settle(Duration::from_secs(60)));
    }
}
