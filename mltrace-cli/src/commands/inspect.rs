//! `mltrace inspect`: everything that is recorded of a run.

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::{diff, run};
use crate::session::Session;

/// Show everything that is recorded of a run
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace inspect latest
  mltrace inspect 4e7a90c2")]
pub(crate) struct Args {
    /// The run: its id, a unique start or end of it, or `latest`
    #[arg(value_name = "RUN", value_parser = crate::args::name, add = complete::runs())]
    run: String,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let (answer, is_parent_recorded) = session.ask(|reader| {
            let run = reader.inspect_among_others(&self.run)?;
            // Another tool may name a parent of which it never sends anything.
            let is_recorded = run.parent.is_none_or(|parent| reader.inspect(&parent.to_string()).is_ok());
            Ok((run, is_recorded))
        })?;
        let is_whole = session.output.is_whole();
        let beside = run::Beside { changes: diff::changes(&answer), is_parent_recorded, is_whole };
        session.output.whole_answer(&answer, |answer| run::text(answer, &beside))?;
        Ok(Exit::Done)
    }
}
