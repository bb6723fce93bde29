//! `mltrace metrics`: what was measured, run by run.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{MeasureFilter, Metrics};

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::measures;
use crate::session::Session;
use crate::time;

/// How many runs of which something was measured are looked at when nobody says.
const LIMIT: usize = 1000;

/// Show what was measured, with its trend over the last runs
///
/// Of each run the value of the last step counts. `mltrace inspect RUN` shows what was measured of one run.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace metrics
  mltrace metrics train --name rmse --since 30d")]
pub(crate) struct Args {
    /// Of this component
    #[arg(value_name = "COMPONENT", value_parser = crate::args::name, add = complete::components())]
    component: Option<String>,
    /// Only this metric
    #[arg(long, value_name = "NAME", value_parser = crate::args::name)]
    name: Option<String>,
    /// Only of runs that started at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Only of the last so many runs of which something was measured
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
        let ask = |reader: &mut mltrace_core::query::Reader<'_>| reader.metrics(self.name.as_deref(), &filter);
        let answer = match &self.component {
            Some(_) => session.ask(ask)?,
            None => session.list(Metrics::default(), ask)?,
        };
        session
            .output
            .limited(self.limit != LIMIT, &answer, |answer| measures::all_metrics(answer, Output::columns()))?;
        Ok(Exit::Done)
    }
}
