//! `mltrace log`: a run reported after the fact, from any language or shell.

use clap::ValueEnum;
use mltrace_core::model::{Declaration, Status, Timestamp};
use mltrace_core::record::{OpenRun, Opening};
use serde::Serialize;

use super::step::{Step, found};
use crate::args;
use crate::error::{Error, Exit};
use crate::session::Session;
use crate::time::{self, Shown};

/// Log a run that happened elsewhere, and print its id
///
/// Local files that are named as inputs and outputs are looked at now, so log a run before its files change.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace log --component clean -i raw.csv -o clean.csv -p month=2020-01
  mltrace log --component train -i features.pq -o model.pkl --started '2021-05-02 12:07'
  mltrace log --component train -i features.pq -o model.pkl --metrics-from metrics.json
  mltrace log --component clean -o clean.csv --check 'no nulls=failed,warn:7 rows of `fare`'
  mltrace log --component train -i features.pq --error 'out of memory'")]
pub(crate) struct Args {
    #[command(flatten)]
    step: Step,
    /// When it started: `2021-05-02T12:07:26Z`, `2021-05-02 12:07`, `2h` ago [default: when it ended]
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    started: Option<Timestamp>,
    /// When it ended; of a local time that came twice, the one after its start [default: now]
    #[arg(long, value_name = "TIME", value_parser = time::parse_shown)]
    ended: Option<Shown>,
    /// Take times more than a day ahead of the clock, too; what is dated so is the last word until then
    #[arg(long)]
    allow_future: bool,
    /// How it ended [default: completed, or failed when there is an error]
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<EndArgument>,
    /// Whom to ask about the component
    #[arg(long, value_name = "OWNER", value_parser = args::name)]
    owner: Option<String>,
    /// What the component does
    #[arg(long, value_name = "TEXT", value_parser = args::text)]
    description: Option<String>,
    /// A tag of the component
    #[arg(long = "tag", value_name = "TAG", value_parser = args::name)]
    tags: Vec<String>,
    /// A note on the run
    #[arg(long, value_name = "TEXT", value_parser = args::text)]
    note: Option<String>,
    /// The commit of the code that ran
    #[arg(long, value_name = "HASH", value_parser = args::name)]
    git_commit: Option<String>,
    /// Why it failed
    #[arg(long, value_name = "TEXT", value_parser = args::text)]
    error: Option<String>,
}

/// How a run ended, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum EndArgument {
    /// Without an error
    Completed,
    /// With an error
    Failed,
    /// Before it finished
    Cancelled,
}

/// The answer of `log`.
#[derive(Serialize)]
struct Logged {
    id: String,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let began = self.started.unwrap_or(Timestamp::MIN);
        let ended = self.ended.map_or_else(Timestamp::now, |ended| ended.from(began));
        let started = self.started.unwrap_or(ended);
        if started > ended {
            let (ended, started) = (time::show(ended), time::show(started));
            return Err(Error::usage(format!("the run ends ({ended}) before it starts ({started})")));
        }
        session.check_place()?;
        if !self.allow_future && ended.is_ahead_of(Timestamp::now()) {
            let message = format!("the run ends at {}, more than a day ahead of the clock", time::show(ended));
            return Err(Error::usage(message).hint("pass `--allow-future` if that is meant"));
        }
        let opening = self.step.opening()?;
        let measured = self.step.measured.typed().into_iter().chain(self.step.measured.of_files(&[]));
        let measured = measured.collect::<Result<Vec<_>, Error>>()?;
        if !session.home.is_enabled {
            session.output.warn("recording is switched off: the run is not logged");
            return Ok(Exit::Done);
        }
        let declared = Declaration {
            owner: self.owner.clone(),
            description: self.description.clone(),
            tags: self.tags.clone(),
            stale_after_s: None,
        };
        let patterns = self.step.output_patterns();
        let (found, warnings) = found(&patterns);
        warnings.iter().for_each(|warning| session.output.warn(warning));
        let outputs = [opening.outputs.clone(), found].concat();
        let run = OpenRun::begin(
            session.recorder(),
            Opening { declared, started_at: Some(started), git_commit: self.git_commit.clone(), ..opening },
        );
        run.bind(0, outputs, false);
        measured.into_iter().for_each(|facts| facts.record(&run, &session.output));
        if let Some(note) = &self.note {
            run.note(note);
        }
        let is_safe = run.end(self.status(), self.error.clone(), Some(ended)) && !session.recorder().has_lost();
        if !is_safe {
            return Err(session.unrecorded("the run is not logged"));
        }
        let id = run.id().to_string();
        session.output.answer(&Logged { id }, |logged| format!("{}\n", logged.id))?;
        session.output.finish()?;
        session.finish_run(None);
        Ok(Exit::Done)
    }

    fn status(&self) -> Status {
        match self.status {
            Some(EndArgument::Failed) => Status::Failed,
            Some(EndArgument::Cancelled) => Status::Cancelled,
            None if self.error.is_some() => Status::Failed,
            Some(EndArgument::Completed) | None => Status::Completed,
        }
    }
}
