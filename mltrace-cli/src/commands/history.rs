//! `mltrace history`: the runs of one component.

use mltrace_core::model::Timestamp;
use mltrace_core::query::RunFilter;

use super::conditions::Conditions;
use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::runs;
use crate::session::Session;
use crate::time;

/// How many runs are looked at when nobody says.
const LIMIT: usize = 20;

/// Show the runs of a component, newest first, and what was measured of them
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace history train
  mltrace history train --since 2021-05-01 --until '2021-05-08 12:00'
  mltrace history train --where param.lr=0.1 'metric.rmse<0.7'")]
pub(crate) struct Args {
    /// The component
    #[arg(value_name = "COMPONENT", value_parser = crate::args::name, add = complete::components())]
    component: String,
    /// Show at most so many
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
    /// Show only runs that started at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Show only runs that started at or before that time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    until: Option<Timestamp>,
    #[command(flatten)]
    only: Conditions,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let filter = RunFilter {
            since: self.since,
            until: self.until,
            conditions: self.only.conditions.clone(),
            limit: Some(self.limit),
            ..RunFilter::default()
        };
        let answer = session.ask_at_once(|reader| reader.history(&self.component, &filter))?;
        let is_whole = session.output.is_whole();
        session
            .output
            .limited(self.limit != LIMIT, &answer, |answer| runs::history(answer, is_whole, Output::columns()))?;
        Ok(Exit::Done)
    }
}
