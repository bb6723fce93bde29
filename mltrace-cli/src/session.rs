//! One call of the command: the project it is about, the store opened and up to date, the recorder.

use std::io::{BufWriter, StdoutLock, Write as _};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use mltrace_core::config::{Environment, Home, Origin};
use mltrace_core::desk::{self, Desk, Watch, Watched};
use mltrace_core::host::Host;
use mltrace_core::ingest::{self, FoldReport, Folded};
use mltrace_core::model::Record;
use mltrace_core::query::{QueryError, Reader, TellError};
use mltrace_core::record::{Hooks, Recorder};
use mltrace_core::store::{self, Mode, Store, StoreError};
use mltrace_core::words;

use crate::args::Global;
use crate::child::Attended;
use crate::error::{Error, HOW_TO_START, Kind, with_sources};
use crate::output::{Output, warn_of_recording};
use crate::render::json;

/// What writes an answer to stdout as JSON.
pub(crate) type JsonWriter<'w> = serde_json::Serializer<&'w mut BufWriter<StdoutLock<'static>>, json::Visible>;

/// Open runs borrow their recorder for ever, and a process of this command has one.
static RECORDER: OnceLock<Recorder> = OnceLock::new();

fn recorder_of_this_process() -> &'static Recorder {
    // Only the recorder itself asks, and it is made in its place.
    RECORDER.get().unwrap_or_else(|| unreachable!("a recorder asks for itself before it is made"))
}

/// What every command works with.
pub(crate) struct Session {
    /// Where the project and its store lie.
    pub(crate) home: Home,
    /// What the environment says.
    pub(crate) environment: Environment,
    /// The working directory.
    pub(crate) folder: PathBuf,
    /// Where the answer goes.
    pub(crate) output: Output,
    /// Describes all commands.
    pub(crate) program: fn() -> clap::Command,
}

/// What to do where `MLTRACE_DB` names a store that is not there.
const CHECK_ENVIRONMENT: &str = "check the path in `MLTRACE_DB`: the first run that is recorded there makes it";

impl Session {
    /// Returns the session of this process; nothing is opened or created.
    pub(crate) fn new(global: &Global, program: fn() -> clap::Command) -> Self {
        let output = Output::new(global);
        // A deleted working directory has no path, but `mltrace run` must go on in it.
        let folder = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
        let environment = Environment::read();
        let home = Home::find(&folder, global.db.as_deref(), &environment);
        // What is refused is an error of every command that asks for the store.
        let is_said_later = |warning: &&String| home.refused.as_ref().is_some_and(|why| warning.starts_with(why));
        for warning in home.warnings.iter().filter(|warning| !is_said_later(warning)) {
            output.warn(warning);
        }
        Self { home, environment, folder, output, program }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { home: &self.home, folder: &self.folder, bounds: None }
    }

    /// Returns who is typing, by the same rules as the user of a run.
    pub(crate) fn user(&self) -> Option<String> {
        Host::here(self.environment.user.as_deref()).user
    }

    /// Returns the name of this host, by the same rules as the host of a run.
    pub(crate) fn host(&self) -> Option<String> {
        Host::here(self.environment.user.as_deref()).name
    }

    /// Returns the answer to a question about something that must exist.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>) -> Result<T, Error> {
        let mut store = self.open_to_answer()?.ok_or_else(|| self.missing())?;
        self.ask_store(&mut *store, question)
    }

    /// As [`ask`](Self::ask), without waiting for the large files that a process left unhashed.
    pub(crate) fn ask_at_once<T>(
        &self,
        question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        let store = self.warned(self.desk().fold_at_once()?);
        let mut store = store.ok_or_else(|| self.missing())?;
        self.ask_store(&mut *store, question)
    }

    /// Returns the answer to a question about an artifact that was typed: it means what lies on this disk, which is said
    /// beside the answer where that is not the last version that was recorded.
    pub(crate) fn ask_of<T>(
        &self,
        typed: &str,
        question: impl FnOnce(&mut Reader<'_>, &str) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        let mut says = None;
        let answer = self.ask(|reader| {
            let meant = reader.on_disk(typed)?;
            says = meant.says;
            question(reader, &meant.asked)
        });
        says.iter().for_each(|said| self.output.say(said));
        answer
    }

    /// Prints the answer to a question about something that must exist as JSON, while it is found.
    pub(crate) fn tell(
        &self,
        question: impl FnOnce(&mut Reader<'_>, &mut JsonWriter<'_>) -> Result<(), TellError<serde_json::Error>>,
    ) -> Result<(), Error> {
        let mut writer = Output::held();
        let written = self.ask(|reader| match question(reader, &mut json::visible(&mut writer)) {
            Ok(()) => Ok(Ok(())),
            Err(TellError::Write(error)) => Ok(Err(error)),
            Err(TellError::Query(error)) => Err(error),
        })?;
        let written = written.map_err(std::io::Error::from).and_then(|()| writer.write_all(b"\n"));
        written.and_then(|()| writer.flush()).map_err(|error| Error::from_writing(&error))
    }

    /// Returns the answer to a question for a list, which is `empty` where nothing is recorded.
    pub(crate) fn list<T>(
        &self,
        empty: T,
        question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        self.list_from(self.open_to_answer()?, empty, question)
    }

    /// As [`list`](Self::list), without waiting for the large files that a process left unhashed.
    pub(crate) fn list_at_once<T>(
        &self,
        empty: T,
        question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        self.list_from(self.warned(self.desk().fold_at_once()?), empty, question)
    }

    fn list_from<T>(
        &self,
        store: Option<Box<dyn Store>>,
        empty: T,
        question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        if let Some(mut store) = store {
            return self.ask_store(&mut *store, question);
        }
        self.nothing_there().map(|()| empty)
    }

    /// Says that there is no store; fails where somebody named one, who has it in mind.
    pub(crate) fn nothing_there(&self) -> Result<(), Error> {
        if self.is_store_named() {
            return Err(self.missing());
        }
        self.output.say(&StoreError::Missing(self.home.store.clone()).to_string());
        // In a pipeline that has yet to run, `MLTRACE_DB` names a store that is yet to be made.
        self.output.hint(if self.is_store_in_environment() { CHECK_ENVIRONMENT } else { HOW_TO_START });
        Ok(())
    }

    /// Returns what a monitoring system receives.
    pub(crate) fn watch(&self) -> Result<Watched, Error> {
        match self.warned(self.desk().fold_at_once()?) {
            Some(mut store) => {
                let told = self.desk().watch(&mut *store, &mut Watch::default());
                told.map_err(|none| none.error.into())
            }
            None if self.is_store_named() => Err(self.missing()),
            // That nothing is recorded yet is reported in numbers.
            None => Ok(Watched::default()),
        }
    }

    /// Returns whether `--db` names the store: who does so has one in mind; where it is only looked for, there may be none yet.
    fn is_store_named(&self) -> bool {
        self.home.settings.iter().any(|setting| setting.name == "db" && setting.origin == Origin::Flag)
    }

    /// Returns whether `MLTRACE_DB` names the store.
    fn is_store_in_environment(&self) -> bool {
        let is_named = |origin: &Origin| matches!(origin, Origin::Environment(_));
        self.home.settings.iter().any(|setting| setting.name == "db" && is_named(&setting.origin))
    }

    /// Returns the error of a question where there is no store.
    fn missing(&self) -> Error {
        let error = Error::from(StoreError::Missing(self.home.store.clone()));
        match (self.is_store_named(), self.is_store_in_environment()) {
            (true, _) => error.hint("check the path given to `--db`: the first run that is recorded there makes it"),
            (false, true) => error.hint(CHECK_ENVIRONMENT),
            (false, false) => error,
        }
    }

    /// Returns the answer from a store that is open; an unknown name comes back with names that may have been meant.
    pub(crate) fn ask_store<T>(
        &self,
        store: &mut dyn Store,
        question: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
    ) -> Result<T, Error> {
        self.desk().ask(store, question).map_err(|none| Error { did_you_mean: none.near, ..none.error.into() })
    }

    /// Opens the store with all journals folded into it; `None` when nothing was ever recorded.
    ///
    /// A store that cannot be written still answers, from what is there.
    pub(crate) fn open_to_answer(&self) -> Result<Option<Box<dyn Store>>, Error> {
        Ok(self.behind(self.fold()?))
    }

    fn warned(&self, folded: Option<Folded>) -> Option<Box<dyn Store>> {
        self.warn_of_fold(folded.as_ref());
        self.behind(folded)
    }

    fn behind(&self, folded: Option<Folded>) -> Option<Box<dyn Store>> {
        let folded = folded?;
        if let Some(error) = &folded.behind {
            self.output.warn(&format!("{}; the answer leaves out what is not stored yet", with_sources(error)));
        }
        Some(folded.store)
    }

    /// Folds all journals and hashes what a process left unhashed; `None` when nothing was ever recorded.
    pub(crate) fn fold(&self) -> Result<Option<Folded>, Error> {
        let bar = self.output.progress("{spinner} hashed {bytes} that a process left, {bytes_per_sec}");
        let folded = self.desk().fold(&|bytes| bar.inc(bytes));
        bar.finish_and_clear();
        let folded = folded?;
        self.warn_of_fold(folded.as_ref());
        Ok(folded)
    }

    fn warn_of_fold(&self, folded: Option<&Folded>) {
        match folded {
            Some(folded) => self.warn_of(&folded.report),
            None => self.warn_of_tracked(ingest::tracked(&self.home)),
        }
    }

    /// Opens the store to write, made when it is missing, and folds all journals into it.
    pub(crate) fn open_and_fold(&self, mode: Mode) -> Result<(Box<dyn Store>, FoldReport), StoreError> {
        let mut store = store::open(&self.home, mode)?;
        let report = ingest::fold(&self.home, &mut *store)?;
        self.warn_of(&report);
        Ok((store, report))
    }

    fn warn_of(&self, report: &FoldReport) {
        for left in &report.left {
            let journal = left.journal.display();
            self.output.warn(&format!("`{journal}` is not in the store yet: {}", left.reason));
        }
        if report.unread > 0 {
            let kept = format!("{} records of a newer version of mltrace wait for that version", report.unread);
            self.output.warn(&kept);
        }
        if report.damaged > 0 {
            self.output.warn(&format!("{} damaged records were put aside", report.damaged));
        }
        if report.beyond > 0 {
            let cut = "parts of records were cut or left out, for they held more than an import may bring";
            self.output.warn(&format!("{} {cut}", report.beyond));
        }
        if report.lost > 0 {
            self.output.warn(&format!("{} records could not be written and are lost", report.lost));
        }
        self.warn_of_tracked(report.tracked);
    }

    fn warn_of_tracked(&self, count: usize) {
        if count > 0 {
            let folder = self.home.journal();
            let folder = folder.display();
            self.output.warn(&format!(
                "{count} journals in `{folder}` are tracked by git, so somebody else may have written them: not stored \
                 (hint: if they are yours, `git rm -r --cached` that folder; if not, `git rm -r` it, so that yours have a \
                 place)"
            ));
        }
    }

    /// Returns what this process records with.
    pub(crate) fn recorder(&self) -> &'static Recorder {
        RECORDER.get_or_init(|| {
            let hooks = Hooks { warn: warn_of_recording, appended: || {}, here: recorder_of_this_process };
            Recorder::new(self.home.clone(), &self.environment, hooks)
        })
    }

    /// Records facts and returns the store with them folded in.
    pub(crate) fn record(&self, records: Vec<Record>) -> Result<Box<dyn Store>, Error> {
        let mut store = self.open_to_record()?;
        self.record_in(&mut *store, records)?;
        Ok(store)
    }

    /// Records what somebody says now, as it follows from what is known, and returns it with the store that it is in.
    pub(crate) fn say<T>(
        &self,
        say: impl FnOnce(&mut Reader<'_>) -> Result<T, QueryError>,
        records: impl FnOnce(&T) -> Vec<Record>,
    ) -> Result<(T, Box<dyn Store>), Error> {
        let mut store = self.open_to_record()?;
        // What waits in journals is known too.
        self.warn_of(&ingest::fold(&self.home, &mut *store)?);
        let said = self.ask_store(&mut *store, say)?;
        self.record_in(&mut *store, records(&said))?;
        Ok((said, store))
    }

    fn open_to_record(&self) -> Result<Box<dyn Store>, Error> {
        self.check_place()?;
        if !self.home.is_enabled {
            return Err(
                Error::new(Kind::Store, words::SWITCHED_OFF).hint("run `mltrace config` to see what switches it off")
            );
        }
        Ok(store::open(&self.home, Mode::Write)?)
    }

    /// Records facts and folds them into a store that was opened first: nothing that is refused there waits in a journal
    /// to be stored after all.
    fn record_in(&self, store: &mut dyn Store, records: Vec<Record>) -> Result<(), Error> {
        let records = self.ask_store(store, |reader| desk::of_answering(reader, records))?;
        if !self.recorder().append_all(records) {
            return Err(self.unrecorded("it is not recorded"));
        }
        let report = ingest::fold(&self.home, store)
            .map_err(|error| Error::from(error).hint("it is in the journal: the next command stores it"))?;
        self.warn_of(&report);
        Ok(())
    }

    /// Returns why there is no store to record in: the project's settings lead to where the user's do not let them.
    pub(crate) fn check_place(&self) -> Result<(), Error> {
        self.home.refused.as_ref().map_or(Ok(()), |reason| Err(StoreError::Refused(reason.clone()).into()))
    }

    /// Returns the error for something that the journal did not take.
    pub(crate) fn unrecorded(&self, what: &str) -> Error {
        let folder = self.home.folder.display();
        Error::new(Kind::Store, format!("{what}: nothing can be written to `{folder}`"))
            .hint("run `mltrace doctor` to see what is wrong")
    }

    /// Waits until the files of a run that has ended are hashed, then stores what this process recorded, or does neither
    /// when a signal comes.
    ///
    /// A run is safe in the journal before this: what does not get done here, any later command does. So a signal that
    /// comes while the store does not answer ends the process, as it would end any other.
    pub(crate) fn finish_run(&self, mut attended: Option<&mut Attended>) {
        let recorder = self.recorder();
        let bar = self.output.progress("{spinner} hashing what was read and written, {elapsed}");
        let mut is_stopped = false;
        while !is_stopped && !recorder.settle(PATIENCE) {
            bar.tick();
            is_stopped = attended.as_mut().is_some_and(|attended| attended.is_told_to_stop());
        }
        bar.finish_and_clear();
        if let Some(attended) = attended {
            attended.let_go();
            is_stopped |= attended.is_told_to_stop();
        }
        if is_stopped {
            return;
        }
        if let Err(error) = self.open_and_fold(Mode::Fold) {
            self.output.warn(&format!("the run is not in the store yet: {}", with_sources(&error)));
        }
    }
}

/// How long one waits for hashing before it is shown that one waits.
const PATIENCE: Duration = Duration::from_millis(200);
