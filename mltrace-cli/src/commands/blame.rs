//! `mltrace blame`: the run at which a number changed its level, and what changed there.

use mltrace_core::query::Measure;

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::blame;
use crate::session::Session;

/// Find the run at which a number of runs changed its level, and show what changed there
///
/// Looks at a metric of the last 200 completed runs of a component, at how long they took, how much they wrote, what a
/// parameter was, a figure of a table's profile or of what they observed, and says where the numbers went from one level to
/// another that is hardly chance. Of each such run it shows what differs from the run before, and from the last one whose
/// output somebody flagged `--ok`: causes only, what changes every round last.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace blame rmse --component train          a metric, also as `metric:rmse`
  mltrace blame duration                        of every component
  mltrace blame duration --component train
  mltrace blame size:out/model.json             how many bytes that artifact has
  mltrace blame param:rows --component clean
  mltrace blame profile:rows                    how many rows the table has that it wrote or read
  mltrace blame profile:fare.nulls              which share of the rows has no fare; also `.mean`, `.distinct`
  mltrace blame 'profile:rows of data/clean.csv'
  mltrace blame observed:prediction.p50         the observed median; also `.p95`, `.mean`, `.count`")]
pub(crate) struct Args {
    /// The number: a metric by its name, `duration`, `size`, `size:NAME`, `param:NAME`, `profile:FIGURE` or
    /// `observed:NAME.FIGURE`
    #[arg(value_name = "NUMBER")]
    measure: Measure,
    /// Look at the runs of this component only
    #[arg(long, value_name = "NAME", value_parser = crate::args::name, add = complete::components())]
    component: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let answer = session.ask(|reader| reader.blame(&self.measure, self.component.as_deref()))?;
        session.output.answer(&answer, blame::text)?;
        Ok(Exit::Done)
    }
}
