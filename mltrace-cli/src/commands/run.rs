//! `mltrace run`: a command that is run and recorded.

use std::ffi::OsString;
use std::io;
use std::process::{Command, ExitStatus};
use std::time::SystemTime;

use mltrace_core::kept::kept;
use mltrace_core::model::{Code, Status};
use mltrace_core::record::{OpenRun, Opening, Site, SiteState};
use mltrace_core::redact;
use mltrace_core::values::Given;

use super::step::{Step, found};
use crate::child::Attended;
use crate::error::{Error, Exit};
use crate::session::Session;

/// The variable that names to a process the run inside which it was started.
const PARENT_RUN: &str = "MLTRACE_PARENT_RUN";

/// Run a command and record it
///
/// The command gets this terminal and these streams, and its exit status is passed on: 128 + N when signal N ended it,
/// 127 when it was not found and 126 when it could not be started, whether it could be recorded or not. Inputs are looked
/// at before it starts, outputs when it has ended. Runs that it records itself become its children. The command is
/// kept, without secrets, as the code of the run. Where runs are compared, as by `review` and `diff`, each argument stands for
/// itself, and the names of the run's own inputs and outputs stand without dates, hashes and digits. A text for a shell
/// (`sh -c TEXT`) is one argument.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace run --component clean -i raw.csv -o clean.csv -- python clean.py --month 2020-01
  mltrace run --component upload -i m.pkl -o s3://b/m.pkl -- aws s3 cp m.pkl s3://b/m.pkl")]
pub(crate) struct Args {
    #[command(flatten)]
    step: Step,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = clap::ValueHint::CommandWithArguments)]
    command: Vec<OsString>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(Error::usage("there is no command to run"));
        };
        if let Some(reason) = &session.home.refused {
            session.output.warn(&format!("{reason}: nothing is recorded"));
        }
        if session.home.is_enabled {
            self.step.check_patterns()?;
        }
        // The command is what matters: whatever goes wrong with the record, it runs.
        let patterns = kept(|| self.step.output_patterns()).unwrap_or_default();
        let (run, outputs) =
            kept(|| self.begin(session, &patterns)).unwrap_or_else(|_| (OpenRun::disabled(), Vec::new()));
        let mut command = Command::new(program);
        command.args(arguments);
        if run.is_recording() {
            command.env(PARENT_RUN, run.id().to_string());
        }
        let before = self.step.measured.standing();
        let mut attended = Attended::start(&mut command);
        let ended = attended.as_mut().map_err(|error| std::mem::replace(error, io::ErrorKind::Other.into()));
        let ended = ended.and_then(Attended::wait);
        if run.is_recording() {
            let (found, warnings) = found(&patterns);
            warnings.iter().for_each(|warning| session.output.warn(warning));
            run.bind(0, [outputs, found].concat(), false);
            let _ = kept(|| self.record_measured(session, &run, &before));
        }
        let (code, error) = match ended {
            Ok(status) => explain(status),
            Err(error) => {
                let words = self.words();
                let program = words.first().map(String::as_str).unwrap_or_default();
                let text = format!("`{program}` cannot be started: {error}");
                session.output.error(&Error::usage(text.clone()));
                (if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 }, Some(text))
            }
        };
        if run.is_recording() {
            let status = if code == 0 { Status::Completed } else { Status::Failed };
            run.end(status, error, None);
            let is_safe = !session.recorder().has_lost();
            if is_safe && kept(|| session.finish_run(attended.as_mut().ok())).is_ok() {
                session.output.say_more(&format!("recorded as run {}", run.id()));
            }
        }
        Ok(Exit::Child(code))
    }
}

impl Args {
    /// Begins the run; returns it with what it will have written.
    fn begin(&self, session: &Session, patterns: &[String]) -> (OpenRun, Vec<Given>) {
        if !session.home.is_enabled {
            return (OpenRun::disabled(), Vec::new());
        }
        match self.step.opening() {
            Ok(opening) => {
                let outputs = opening.outputs.clone();
                // What patterns mean already is looked at before the command, and what else they mean after it.
                let seen = [outputs.clone(), found(patterns).0].concat();
                let opening =
                    Opening { site: Some(self.site()), outputs: seen, early_outputs: outputs.clone(), ..opening };
                (OpenRun::begin(session.recorder(), opening), outputs)
            }
            Err(error) => {
                session.output.warn(&format!("the command is not recorded: {}", error.message));
                (OpenRun::disabled(), Vec::new())
            }
        }
    }

    /// Records what was measured and checked, in files too that the command may have written.
    fn record_measured(&self, session: &Session, run: &OpenRun, before: &[Option<(u64, SystemTime)>]) {
        for facts in self.step.measured.typed().into_iter().chain(self.step.measured.of_files(before)) {
            match facts {
                Ok(facts) => facts.record(run, &session.output),
                Err(error) => session.output.warn(&format!("not recorded: {}", error.message)),
            }
        }
    }

    /// Returns the words of the command without secrets.
    fn words(&self) -> Vec<String> {
        let words: Vec<_> = self.command.iter().map(|word| word.to_string_lossy()).collect();
        redact::arguments(words.iter().map(|word| &**word))
    }

    /// Returns the command as the code of its run.
    ///
    /// It is no parameter: runs of a component with the same parameters count as the same work done again, and a command
    /// without inputs, such as a daily ingest, does other work each time.
    fn site(&self) -> &'static Site {
        // What a word holds is decided before it is quoted.
        let words = self.words();
        // Only a zero byte, which no argument can hold, is refused.
        let command = shlex::try_join(words.iter().map(|word| &**word)).unwrap_or_else(|_| words.join(" "));
        // A process runs one command, so what lives as long as the process is no leak.
        let command: &'static str = command.replace(&format!("'{}'", redact::REDACTED), redact::REDACTED).leak();
        Box::leak(Box::new(Site {
            component: "",
            file: Code::COMMAND_LINE,
            line: 0,
            source: command,
            manifest_folder: "",
            owner: None,
            description: None,
            tags: &[],
            stale_after_s: None,
            kinds: &[],
            ids: &[],
            profiles: &[],
            state: SiteState::new(),
        }))
    }
}

/// Returns the code to pass on, and what went wrong in words.
fn explain(status: ExitStatus) -> (u8, Option<String>) {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let code = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        return (code, Some(format!("ended by signal {signal}")));
    }
    match status.code() {
        Some(0) => (0, None),
        // Where codes have more than eight bits, those that do not fit are still failures.
        Some(code) => (u8::try_from(code).unwrap_or(1), Some(format!("exit status {code}"))),
        None => (1, Some("no exit status".to_owned())),
    }
}
