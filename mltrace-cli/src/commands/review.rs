//! `mltrace review`: all verdicts, and the runs that they point to.

use std::num::NonZeroUsize;

use crate::error::{Error, Exit};
use crate::render::review;
use crate::session::Session;

/// Review the flagged artifacts, what they share, and the runs to suspect
///
/// First tells what the runs upstream of flagged artifacts have in common and those upstream of ok ones have not: a
/// parameter, a commit, a host, an input. Then ranks the runs upstream of flagged artifacts by what the verdicts say and by what changed at them, the likeliest
/// culprit first, with the reasons. Runs that the verdicts cannot tell apart share a rank.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show at most so many suspects [default: 3, as JSON 10]
    #[arg(long, value_name = "N")]
    limit: Option<NonZeroUsize>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        show(session, self.limit.map(NonZeroUsize::get))
    }
}

/// Shows the verdicts and the suspects.
pub(super) fn show(session: &Session, limit: Option<usize>) -> Result<Exit, Error> {
    let answer = session.list(review::empty(), |reader| reader.review(limit))?;
    session
        .output
        .answer(&answer, |answer| limit.map_or_else(|| review::text(answer), |most| review::text_of(answer, most)))?;
    Ok(Exit::Done)
}
