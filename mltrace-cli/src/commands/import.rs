//! `mltrace import`: runs and all else that another store exported, or that somebody wrote by hand.

use std::io::BufRead;
use std::path::PathBuf;

use mltrace_core::ingest::{self, ImportOptions, ImportReport};
use mltrace_core::store::{self, Mode};

use super::imported::{Imported, WrongLine, answer, opened, tell_wrong};
use super::{import_dvc, import_mlflow, import_openlineage, import_otlp};
use crate::error::{Error, Exit};
use crate::session::Session;

/// Import runs, labels, notes and components from JSON lines
///
/// Takes what `mltrace export` prints, and lines written by hand: `{"component": "clean", "started_at": "…",
/// "ended_at": "…", "inputs": ["raw.csv"], "outputs": ["clean.csv"]}`, gzipped or not. What is known already is left alone, so importing
/// a file twice changes nothing. Wrong lines are reported by their number, the rest lands, and the exit code is 1. A line
/// is wrong, too, when it is longer than 16 MiB, or mentions a time more than a day ahead of the clock.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import runs.ndjson
  mltrace import runs.ndjson.gz
  ssh other mltrace export | mltrace import -")]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Args {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath, required = true)]
    file: Option<PathBuf>,
    /// Take times more than a day ahead of the clock, too; what is dated so is the last word until then
    #[arg(long)]
    allow_future: bool,
    #[command(subcommand)]
    format: Option<Format>,
}

/// The formats of other tools.
#[derive(Debug, clap::Subcommand)]
enum Format {
    Openlineage(import_openlineage::Args),
    Otlp(import_otlp::Args),
    Dvc(import_dvc::Args),
    Mlflow(import_mlflow::Args),
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        match (&self.format, &self.file) {
            (Some(Format::Openlineage(args)), _) => args.run(session),
            (Some(Format::Otlp(args)), _) => args.run(session),
            (Some(Format::Dvc(args)), _) => args.run(session),
            (Some(Format::Mlflow(args)), _) => args.run(session),
            (None, Some(file)) => import(session, &mut *opened(file)?, self.allow_future),
            (None, None) => Err(Error::usage("name the file to import, or `-` for stdin")),
        }
    }
}

/// Imports lines, and says what became of them.
pub(super) fn import(session: &Session, lines: &mut dyn BufRead, allow_future: bool) -> Result<Exit, Error> {
    let mut store = store::open(&session.home, Mode::Write)?;
    let bar = session.output.progress("{spinner} {human_pos} lines read, {per_sec}");
    let options = ImportOptions { allows_future: allow_future, ..ImportOptions::default() };
    let report = ingest::import_with(&session.home, &mut *store, lines, options, &mut |count| bar.set_position(count));
    bar.finish_and_clear();
    let report = report?;
    let told = report.errors.iter().map(|(line, message)| format!("line {line}: {message}"));
    tell_wrong(session, told, report.wrong);
    if report.ahead > 0 {
        session.output.hint("pass `--allow-future` to take such times: what is dated so is the last word until then");
    }
    for (project, count) in &report.elsewhere {
        session.output.warn(&format!("{count} lines belong to the project `{project}`"));
        session.output.hint(&format!("put `project = \"{project}\"` into `mltrace.toml` to ask about it here"));
    }
    let errors = report.errors.into_iter().map(|(line, message)| WrongLine { line, message }).collect();
    let ImportReport { lines, stored, known, wrong, .. } = report;
    answer(session, &Imported { lines, stored, known, wrong, errors })
}
