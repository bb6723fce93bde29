//! `mltrace export openlineage`: everything recorded of runs, as the events that other tools take.

use std::io::Write as _;

use mltrace_core::model::Timestamp;

use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::json;
use crate::session::Session;
use crate::time;

/// Export runs as OpenLineage events
///
/// One event a line: two of each run, its start and its end, with versions, git, source, owner, parameters, checks and
/// error, and one of each component that somebody described. What OpenLineage has no place for is in facets of our own, so
/// `mltrace import openlineage` gives the same answers. Events that other tools sent come first, as they came.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace export openlineage > events.ndjson
  mltrace export openlineage --since 1d | mltrace --db other.db import openlineage -")]
pub(super) struct Args {
    /// Export only what happened at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Export all projects of a store that several share, not this one alone
    #[arg(long)]
    all_projects: bool,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let mut writer = Output::pieces();
        let mut failure = None;
        session.list((), |reader| {
            let line = &mut |event: String| {
                failure = json::text_line(&event, &mut writer).err();
                failure.is_none()
            };
            match self.all_projects {
                true => reader.export_openlineage_of_all(self.since, line),
                false => reader.export_openlineage(self.since, line),
            }
        })?;
        match failure.map_or_else(|| writer.flush(), Err) {
            Ok(()) => Ok(Exit::Done),
            Err(error) => Err(Error::from_writing(&error)),
        }
    }
}
