//! `mltrace metrics`: what was measured, run by run; and how the pipeline does, for Prometheus.

use mltrace_core::query::{MeasureFilter, Reader};
use mltrace_server::Exposition;

use super::spans::Spanned;
use crate::args::Format;
use crate::error::{Error, Exit, Kind};
use crate::output::Output;
use crate::render::measures;
use crate::session::Session;

/// How many runs with metrics are looked at when nobody says.
const LIMIT: usize = 1000;

/// Show what was measured, with its trend over the last runs
///
/// Of each run the value of the last step counts. `mltrace inspect RUN` shows what was measured of one run. `--prometheus`
/// prints how the pipeline does, as `/metrics` of `mltrace serve` reports it: runs by component and status, durations, when
/// each component last began and completed, what is stale, flagged and failed, and how recording stands.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace metrics
  mltrace metrics train --name rmse --since 30d
  mltrace metrics --prometheus > mltrace.prom")]
pub(crate) struct Args {
    #[command(flatten)]
    of: Spanned,
    /// Only this metric
    #[arg(long, value_name = "NAME", value_parser = crate::args::name)]
    name: Option<String>,
    /// Only of the last so many runs with metrics
    #[arg(long, value_name = "N", default_value_t = LIMIT)]
    limit: usize,
    /// Print how the pipeline does instead, in the text format of Prometheus
    #[arg(long, conflicts_with_all = ["component", "name", "since", "until", "run", "limit"])]
    prometheus: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if self.prometheus {
            return watched(session);
        }
        let ask = |reader: &mut Reader<'_>, of: &MeasureFilter| reader.metrics(self.name.as_deref(), of);
        let answer = self.of.ask(session, self.limit, ask)?;
        session
            .output
            .limited(self.limit != LIMIT, &answer, |answer| measures::all_metrics(answer, Output::columns()))?;
        Ok(Exit::Done)
    }
}

fn watched(session: &Session) -> Result<Exit, Error> {
    if session.output.format == Format::Json {
        return Err(Error::usage("`--prometheus` is a format of its own").hint("leave out `--format json`"));
    }
    let told = Exposition::Text.write(session.watch()?);
    let told = told.map_err(|error| Error::new(Kind::Device, error.to_string()))?;
    session.output.exact(&told)?;
    Ok(Exit::Done)
}
