//! `mltrace ingest`: what processes left in their journals, stored.

use mltrace_core::ingest::{FoldReport, Folded, Left};
use serde::Serialize;

use crate::error::{Error, Exit};
use crate::session::Session;

/// Store what recording processes left in their journals
///
/// Every command does this before it answers; run it to bring the store up to date for other programs that read it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// The answer of `ingest`.
#[derive(Serialize)]
struct Ingested {
    records: u64,
    damaged: u64,
    unread: u64,
    beyond: u64,
    lost: u64,
    died: u64,
    left: Vec<Left>,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let report = match session.fold()? {
            Some(Folded { behind: Some(error), .. }) => return Err(error.into()),
            Some(folded) => folded.report,
            None => FoldReport::default(),
        };
        let is_all = report.left.is_empty();
        let FoldReport { records, damaged, unread, beyond, lost, died, left, tracked: _ } = report;
        let answer = Ingested { records, damaged, unread, beyond, lost, died, left };
        session.output.answer(&answer, |answer| {
            let Ingested { records, damaged, died, .. } = answer;
            format!("{records} records stored, {damaged} damaged, {died} runs found to have died\n")
        })?;
        Ok(if is_all { Exit::Done } else { Exit::Wrong })
    }
}
