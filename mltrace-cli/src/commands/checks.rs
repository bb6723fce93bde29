//! `mltrace checks`: how checks came out.

use mltrace_core::query::{MeasureFilter, Reader};

use super::spans::Spanned;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::measures;
use crate::session::Session;

/// How many runs in which something was checked are looked at when nobody says.
const LIMIT: usize = 20;

/// Show how checks came out, newest run first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace checks
  mltrace checks ingest --failed --since 7d")]
pub(crate) struct Args {
    #[command(flatten)]
    of: Spanned,
    /// Only those that did not pass
    #[arg(long)]
    failed: bool,
    /// Only of the last so many runs in which something was checked
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let ask = |reader: &mut Reader<'_>, of: &MeasureFilter| reader.checks(self.failed, of);
        let answer = self.of.ask(session, self.limit, ask)?;
        session
            .output
            .limited(self.limit != LIMIT, &answer, |answer| measures::all_checks(answer, Output::columns()))?;
        Ok(Exit::Done)
    }
}
