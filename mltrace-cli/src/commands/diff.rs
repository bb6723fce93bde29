//! `mltrace diff`: what changed upstream between two versions.

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::render::diff;
use crate::session::Session;

/// Show what changed upstream between two artifacts, or since the last one that was fine
///
/// Compares the runs that the two were made by, component by component, and shows what differs and follows from nothing
/// else that does: commits, source text, parameters, inputs that come from outside, hosts, runs that are on one side
/// only. The first divergence comes first. With one artifact, its version is compared with the last one that was flagged
/// `--ok`, else with the one before.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace diff out/model.json                       since it was last fine
  mltrace diff out/model.json@b3:4e7a out/model.json
  mltrace diff out/p1.csv out/p2.csv                why one is bad and the other is not")]
pub(crate) struct Args {
    /// One artifact: a path, a URI or an identifier, and the version if not the latest
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    a: String,
    /// The other
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    b: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if session.output.format == Format::Json {
            session.tell(|reader, to| reader.tell_diff(&self.a, self.b.as_deref(), to))?;
            return Ok(Exit::Done);
        }
        let answer = session.ask(|reader| reader.diff(&self.a, self.b.as_deref()))?;
        let is_whole = session.output.is_whole();
        session.output.answer(&answer, |answer| diff::text(answer, is_whole))?;
        Ok(Exit::Done)
    }
}
