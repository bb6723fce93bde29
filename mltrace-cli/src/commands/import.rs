//! `mltrace import`: runs and all else that another store exported, or that somebody wrote by hand.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use mltrace_core::ingest::{self, ImportReport};
use mltrace_core::store::{self, Mode};
use serde::Serialize;

use crate::error::{Error, Exit, Kind};
use crate::session::Session;

/// How many wrong lines are shown one by one.
const MOST_ERRORS: usize = 20;

/// Import runs, labels, notes and components from JSON lines
///
/// Takes what `mltrace export` prints, and lines written by hand: `{"component": "clean", "started_at": "…",
/// "ended_at": "…", "inputs": ["raw.csv"], "outputs": ["clean.csv"]}`. What is known already is left alone, so importing
/// a file twice changes nothing. Wrong lines are reported by their number, the rest lands, and the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import runs.ndjson
  ssh other mltrace export | mltrace import -")]
pub(crate) struct Args {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

/// The answer of `import`.
#[derive(Serialize)]
struct Imported {
    lines: u64,
    stored: u64,
    known: u64,
    errors: Vec<WrongLine>,
}

/// A line that was refused.
#[derive(Serialize)]
struct WrongLine {
    line: u64,
    message: String,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let report = if self.file.as_os_str() == "-" {
            import(session, &mut std::io::stdin().lock())?
        } else {
            let path = self.file.display();
            let file = File::open(&self.file)
                .and_then(|file| match file.metadata()?.is_dir() {
                    true => Err(std::io::ErrorKind::IsADirectory.into()),
                    false => Ok(file),
                })
                .map_err(|error| Error::new(Kind::NotFound, format!("`{path}` cannot be read: {error}")))?;
            import(session, &mut BufReader::new(file))?
        };
        let wrong = report.errors.len();
        for (line, message) in report.errors.iter().take(MOST_ERRORS) {
            session.output.error(&Error::usage(format!("line {line}: {message}")));
        }
        if wrong > MOST_ERRORS {
            session.output.error(&Error::usage(format!("and {} more wrong lines", wrong - MOST_ERRORS)));
        }
        for (project, count) in &report.elsewhere {
            session.output.warn(&format!("{count} lines belong to the project `{project}`"));
            session.output.hint(&format!("put `project = \"{project}\"` into `mltrace.toml` to ask about it here"));
        }
        let errors = report.errors.into_iter().map(|(line, message)| WrongLine { line, message }).collect();
        let answer = Imported { lines: report.lines, stored: report.stored, known: report.known, errors };
        session.output.answer(&answer, text)?;
        Ok(if wrong == 0 { Exit::Done } else { Exit::Wrong })
    }
}

fn import(session: &Session, lines: &mut dyn BufRead) -> Result<ImportReport, Error> {
    let mut store = store::open(&session.home, Mode::Write)?;
    let bar = session.output.progress("{spinner} {human_pos} lines read, {per_sec}");
    let report = ingest::import(&session.home, &mut *store, lines, &mut |count| bar.set_position(count));
    bar.finish_and_clear();
    Ok(report?)
}

fn text(answer: &Imported) -> String {
    let lines = if answer.lines == 1 { "line" } else { "lines" };
    let Imported { lines: count, stored, known, errors } = answer;
    let wrong = if errors.is_empty() { String::new() } else { format!(", {} wrong", errors.len()) };
    format!("{count} {lines}: {stored} stored, {known} known already{wrong}\n")
}
