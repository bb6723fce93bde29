//! `mltrace recent`: the last runs of the project.

use clap::ValueEnum;
use mltrace_core::model::{Status, Timestamp};
use mltrace_core::query::{RunFilter, Runs};

use super::conditions::Conditions;
use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::runs;
use crate::session::Session;
use crate::time;

/// How many runs are looked at when nobody says.
const LIMIT: usize = 20;

/// Show the last runs, newest first
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace recent --limit 50
  mltrace recent --component train --status failed --since '2 weeks'
  mltrace recent --where component=train param.lr=0.1 'metric.rmse<0.7'")]
pub(crate) struct Args {
    /// Show at most so many
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
    /// Show only runs of this component
    #[arg(long, value_name = "NAME", value_parser = crate::args::name, add = complete::components())]
    component: Option<String>,
    /// Show only runs with this status
    #[arg(long, value_enum, value_name = "STATUS")]
    status: Option<StatusArgument>,
    /// Show only runs that started at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    #[command(flatten)]
    only: Conditions,
    /// Show runs of all projects of a store that several share, not of this one alone
    #[arg(long)]
    all_projects: bool,
}

/// How a run stands, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusArgument {
    /// Started and not ended
    Running,
    /// Ended without an error
    Completed,
    /// Ended with an error
    Failed,
    /// Stopped before it finished
    Cancelled,
    /// Its process is gone without an end
    Died,
    /// A newer version of mltrace recorded how it ended
    Unknown,
}

impl From<StatusArgument> for Status {
    fn from(status: StatusArgument) -> Self {
        match status {
            StatusArgument::Running => Self::Running,
            StatusArgument::Completed => Self::Completed,
            StatusArgument::Failed => Self::Failed,
            StatusArgument::Cancelled => Self::Cancelled,
            StatusArgument::Died => Self::Died,
            StatusArgument::Unknown => Self::Unknown,
        }
    }
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let filter = RunFilter {
            component: self.component.clone(),
            status: self.status.map(Status::from),
            since: self.since,
            conditions: self.only.conditions.clone(),
            limit: Some(self.limit),
            ..RunFilter::default()
        };
        let answer = session.list_at_once(Runs { runs: Vec::new() }, |reader| match self.all_projects {
            true => reader.recent_of_all(&filter),
            false => reader.recent(&filter),
        })?;
        session.output.limited(self.limit != LIMIT, &answer, |answer| match self.all_projects {
            true => runs::of_projects(answer, Output::columns()),
            false => runs::recent(answer, Output::columns()),
        })?;
        Ok(Exit::Done)
    }
}
