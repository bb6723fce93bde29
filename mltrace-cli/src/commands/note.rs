//! `mltrace note`: a person's remark on a run.

use mltrace_core::desk;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::session::Session;

/// Add a note to a run
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace note latest 'the first run with the new fares'")]
pub(crate) struct Args {
    /// The run: its id, a unique start or end of it, or `latest`
    #[arg(value_name = "RUN", value_parser = crate::args::name, add = complete::runs())]
    run: String,
    /// The note
    #[arg(value_name = "TEXT", value_parser = note)]
    text: String,
}

/// Returns a note that is neither empty nor too long.
fn note(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("a note may not be empty".to_owned());
    }
    crate::args::text(text)
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let run = session.ask_at_once(|reader| reader.run_id(&self.run))?;
        let mut store = session.record(vec![desk::note(run, &self.text, session.user())])?;
        let answer = session.ask_store(&mut *store, |reader| reader.inspect(&run.to_string()))?;
        match session.output.format {
            Format::Json => session.output.json(&answer)?,
            _ => session.output.say(&format!("noted on run {} of `{}`", run.short(), answer.component)),
        }
        Ok(Exit::Done)
    }
}
