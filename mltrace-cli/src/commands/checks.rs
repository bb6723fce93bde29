//! `mltrace checks`: how checks came out.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{Checks, MeasureFilter};

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::measures;
use crate::session::Session;
use crate::time;

/// How many runs in which something was checked are looked at when nobody says.
const LIMIT: usize = 20;

/// Show how checks came out, newest run first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace checks
  mltrace checks ingest --failed --since 7d")]
pub(crate) struct Args {
    /// Of this component
    #[arg(value_name = "COMPONENT", value_parser = crate::args::name, add = complete::components())]
    component: Option<String>,
    /// Only those that did not pass
    #[arg(long)]
    failed: bool,
    /// Only of runs that started at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Only of the last so many runs in which something was checked
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let filter = MeasureFilter {
            component: self.component.clone(),
            since: self.since,
            until: None,
            limit: Some(self.limit),
        };
        let ask = |reader: &mut mltrace_core::query::Reader<'_>| reader.checks(self.failed, &filter);
        let answer = match &self.component {
            Some(_) => session.ask(ask)?,
            None => session.list(Checks::default(), ask)?,
        };
        session
            .output
            .limited(self.limit != LIMIT, &answer, |answer| measures::all_checks(answer, Output::columns()))?;
        Ok(Exit::Done)
    }
}
