//! `mltrace observations`: what was observed many times, and how far it moved.

use mltrace_core::model::Timestamp;
use mltrace_core::query::{MeasureFilter, Reader};

use super::spans::{Spanned, span};
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::observations;
use crate::session::Session;
use crate::time;

/// How many runs in which something was observed are looked at when nobody says.
const LIMIT: usize = 10_000;

/// Show what runs observed with `observe!`: how often, and how the values spread
///
/// The values of all runs are merged. With `--before-since`, `--before-until` or `--before-run` they are compared with those
/// of other runs: quantiles beside each other, and the population stability index (below 0.1 values hardly moved, above 0.25
/// far). These are sizes of effects and not outcomes of tests: over many values a test finds everything significant.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace observations
  mltrace observations serve --name prediction --since 1d --before-since 8d --before-until 1d")]
pub(crate) struct Args {
    #[command(flatten)]
    of: Spanned,
    /// Only what was observed under this name
    #[arg(long, value_name = "NAME", value_parser = crate::args::name)]
    name: Option<String>,
    /// Compare with runs that started at or after that time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    before_since: Option<Timestamp>,
    /// Compare with runs that started at or before that time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    before_until: Option<Timestamp>,
    /// Compare with this run
    #[arg(long, value_name = "RUN", conflicts_with_all = ["before_since", "before_until"])]
    before_run: Option<String>,
    /// Only of the last so many runs in which something was observed
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let is_compared = self.before_run.is_some() || self.before_since.is_some() || self.before_until.is_some();
        let before = span(self.before_run.as_ref(), self.before_since, self.before_until);
        let answer = self.of.ask(session, self.limit, |reader: &mut Reader<'_>, of: &MeasureFilter| {
            reader.observations(self.name.as_deref(), of, is_compared.then_some(&before))
        })?;
        session.output.limited(self.limit != LIMIT, &answer, |answer| {
            observations::text(answer, is_compared, Output::columns())
        })?;
        Ok(Exit::Done)
    }
}
