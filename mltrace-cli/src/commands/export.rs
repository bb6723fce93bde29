//! `mltrace export`: everything recorded, as lines that another store imports.

use std::io::Write as _;

use indicatif::ProgressBar;
use mltrace_core::model::Timestamp;

use super::{export_openlineage, export_prov};
use crate::error::{Error, Exit};
use crate::output::Output;
use crate::render::json;
use crate::session::Session;
use crate::time;

/// Export everything recorded as JSON lines
///
/// One object a line: runs, labels, notes, components, oldest first. Of a store that several projects share, this one alone
/// is exported, or all with `--all-projects`. Another store that imports them gives the same
/// answers.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_long_help = "\
Examples:
  mltrace export > backup.ndjson
  mltrace export --since '2 weeks' | gzip > new.ndjson.gz")]
pub(crate) struct Args {
    /// Export only what happened at or after that time: `2021-05-02 12:07`, `2d` ago
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    since: Option<Timestamp>,
    /// Export all projects of a store that several share, not this one alone
    #[arg(long)]
    all_projects: bool,
    #[command(subcommand)]
    format: Option<Format>,
}

/// The formats of other tools.
#[derive(Debug, clap::Subcommand)]
enum Format {
    Openlineage(export_openlineage::Args),
    Prov(export_prov::Args),
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        match &self.format {
            Some(Format::Openlineage(args)) => args.run(session),
            Some(Format::Prov(args)) => args.run(session),
            None => self.lines(session),
        }
    }

    fn lines(&self, session: &Session) -> Result<Exit, Error> {
        let mut writer = Output::pieces();
        // On a terminal the lines themselves show the progress, and a bar would tear them.
        let is_seen = Output::columns().is_some();
        let template = "{spinner} {human_pos} lines written, {per_sec}";
        let bar = if is_seen { ProgressBar::hidden() } else { session.output.progress(template) };
        let mut failure = None;
        session.list((), |reader| {
            let line = &mut |line| {
                failure = json::line(&line, &mut writer).err();
                bar.inc(1);
                failure.is_none()
            };
            if self.all_projects { reader.export_of_all(self.since, line) } else { reader.export(self.since, line) }
        })?;
        bar.finish_and_clear();
        match failure.map_or_else(|| writer.flush(), Err) {
            Ok(()) => Ok(Exit::Done),
            Err(error) => Err(Error::from_writing(&error)),
        }
    }
}
