//! `mltrace unflag`: verdicts taken back.

use mltrace_core::desk;
use mltrace_core::model::Verdict;

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::review;
use crate::session::Session;

/// Take back the verdict on artifacts, bad or ok
///
/// The earlier verdict stays on record, but no longer counts.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace unflag out/p1.csv
  mltrace unflag --all")]
pub(crate) struct Args {
    /// The artifacts: paths, URIs or identifiers
    #[arg(
        value_name = "ARTIFACT[@VERSION]",
        value_parser = crate::args::asked(),
        required_unless_present = "all",
        add = complete::artifacts()
    )]
    artifacts: Vec<String>,
    /// Take back all verdicts
    #[arg(long, conflicts_with = "artifacts")]
    all: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let versions = if self.all {
            session.list(Vec::new(), desk::all_judged)?
        } else {
            super::flag::resolve(session, &self.artifacts)?
        };
        if versions.is_empty() {
            session.output.answer(&review::empty(), review::text)?;
            return Ok(Exit::Done);
        }
        super::flag::judge(session, &versions, Verdict::None, None)
    }
}
