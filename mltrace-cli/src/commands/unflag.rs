//! `mltrace unflag`: verdicts taken back.

use mltrace_core::desk;
use mltrace_core::model::Verdict;

use super::many::Many;
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
  mltrace unflag 'out/p*.csv' --run latest
  mltrace unflag --all")]
pub(crate) struct Args {
    #[command(flatten)]
    many: Many,
    /// Take back all verdicts
    #[arg(long, conflicts_with = "Many")]
    all: bool,
    /// Only show which versions are meant
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        if !self.all && self.many.is_empty() {
            return Err(Error::usage("no artifact is named").hint("name some, or say `--all`"));
        }
        let versions =
            if self.all { session.list(Vec::new(), desk::all_judged)? } else { self.many.versions(session)? };
        if self.dry_run {
            return super::flag::show(session, versions);
        }
        if versions.is_empty() {
            session.output.answer(&review::empty(), review::text)?;
            return Ok(Exit::Done);
        }
        if self.many.is_to_count(&versions) && !self.all {
            session.output.say(&format!("{} without a verdict now", review::versions(versions.len())));
        }
        super::flag::judge(session, &versions, Verdict::None, None)
    }
}
