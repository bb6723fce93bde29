//! `mltrace last-good`: the newest version that nothing stands against.

use mltrace_core::model::Timestamp;
use mltrace_core::query::VerifyOptions;

use crate::complete;
use crate::error::{Error, Exit};
use crate::render::last_good;
use crate::session::Session;
use crate::time;

/// Find the newest version of an artifact that nothing stands against, and what stands against each newer one
///
/// A version is doubted when it is flagged, when it was made from something that is flagged, or by a run of which a check did
/// not pass, however far upstream, or when it is the latest and the disk holds something else in its place. When all versions are
/// doubted, what earlier runs wrote in its place under other names follows: what has a date or a UUID in its name is written
/// once. The exit code is 1 when all of that is doubted, too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace last-good out/model.json
  mltrace last-good out/2026-11-16.csv               or that of an earlier day
  mltrace last-good out/model.json --as-of 2d        of those that were written by then")]
pub(crate) struct Args {
    /// The artifact: a path, a URI or an identifier
    #[arg(value_name = "ARTIFACT", value_parser = crate::args::asked(), add = complete::artifacts())]
    artifact: String,
    /// Look only at what was written by that time: `2021-05-02T12:07:26Z`, `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    as_of: Option<Timestamp>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let bar = session.output.progress("{spinner} {bytes} read, {bytes_per_sec}");
        let progress = |bytes| bar.inc(bytes);
        let options = VerifyOptions { progress: Some(&progress), ..VerifyOptions::default() };
        let answer = session.ask(|reader| reader.last_good(&self.artifact, self.as_of, Some(&options)));
        bar.finish_and_clear();
        let answer = answer?;
        session.output.answer(&answer, last_good::text)?;
        Ok(if answer.good.is_some() { Exit::Done } else { Exit::Wrong })
    }
}
