//! `mltrace compare`: runs side by side.

use crate::complete;
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::compare;
use crate::session::Session;

/// Show runs side by side: who and when, configuration, data by role, metrics by split and slice, importances
///
/// A run is named by its id or by what it wrote last. Only what differs is shown, unless `--all` is given or there is one run
/// alone. The role of an input is the argument that named it, or else its name. `test/auc@city=nyc` is the metric `auc` on the
/// slice `city=nyc` of the split `test`; a metric of an artifact is an importance.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace compare latest 019a57d0
  mltrace compare @production model.json      the runs that wrote them
  mltrace compare latest                      all that is known of one run")]
pub(crate) struct Args {
    /// Runs (an id, a unique start or end of it, or `latest`), or artifacts, whose last writers are meant
    #[arg(value_name = "RUN", required = true, num_args = 1.., value_parser = crate::args::asked(), add = complete::runs())]
    runs: Vec<String>,
    /// Show what is the same in all of them, too
    #[arg(long)]
    all: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let runs: Vec<&str> = self.runs.iter().map(String::as_str).collect();
        let answer = session.ask(|reader| reader.compare(&runs))?;
        let is_whole = self.all || answer.runs.len() == 1;
        session.output.limited(self.all, &answer, |answer| compare::text(answer, is_whole, Output::columns()))?;
        Ok(Exit::Done)
    }
}
