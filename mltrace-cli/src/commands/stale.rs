//! `mltrace stale`: what is not fresh, then and now.

use std::path::Path;

use mltrace_core::model::Timestamp;
use mltrace_core::query::StaleRuns;

use crate::args::Format;
use crate::complete;
use crate::error::{Error, Exit};
use crate::render::stale;
use crate::session::Session;

/// Show what was stale when it ran, and what would be if it were used now
///
/// An input is stale when it is older than its reader takes for fresh (30 days unless `stale_after` says otherwise),
/// when its artifact has a later version, or when the component that wrote it ran again over the same inputs and
/// parameters. Looks at all runs upstream of the artifact, or without one at the runs that wrote what is current.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace stale                  everything that is current
  mltrace stale out/model.json   a model and what it was made from")]
pub(crate) struct Args {
    /// The artifact: a path, a URI or an identifier, and the version if not the latest
    #[arg(value_name = "ARTIFACT[@VERSION]", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: Option<String>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let now = Timestamp::now();
        let is_recorded = self.artifact.is_some() || session.home.store.file().is_some_and(Path::exists);
        if session.output.format == Format::Json && is_recorded {
            session.tell(|reader, to| reader.tell_stale(self.artifact.as_deref(), now, None, to))?;
            return Ok(Exit::Done);
        }
        let answer = match &self.artifact {
            Some(artifact) => session.ask(|reader| reader.stale(Some(artifact), now))?,
            None => {
                let nothing = StaleRuns { artifact: None, runs: Vec::new() };
                session.list(nothing, |reader| reader.stale(None, now))?
            }
        };
        let is_whole = session.output.is_whole();
        session.output.answer(&answer, |answer| stale::text(answer, is_whole))?;
        Ok(Exit::Done)
    }
}
