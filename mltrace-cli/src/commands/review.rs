//! `mltrace review`: all verdicts, and the runs that they point to.

use std::num::NonZeroUsize;

use crate::error::{Error, Exit};
use crate::render::review;
use crate::session::Session;

/// Review the flagged artifacts and the runs to suspect
///
/// Ranks the runs upstream of flagged artifacts by what the verdicts say and by what changed at them, the likeliest
/// culprit first, with the reasons. Runs that the verdicts cannot tell apart share a rank.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show at most so many suspects
    #[arg(long, value_name = "N", default_value = "10")]
    limit: NonZeroUsize,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        show(session, Some(self.limit.get()))
    }
}

/// Shows the verdicts and the suspects.
pub(super) fn show(session: &Session, limit: Option<usize>) -> Result<Exit, Error> {
    let answer = session.list(review::empty(), |reader| reader.review(limit))?;
    session.output.answer(&answer, review::text)?;
    Ok(Exit::Done)
}
