//! `mltrace import`: runs and all else that another store exported, or that somebody wrote by hand.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use mltrace_core::config;
use mltrace_core::ingest::{self, ImportOptions, ImportReport};
use mltrace_core::store::{self, Mode};
use serde::Serialize;

use crate::error::{Error, Exit, Kind};
use crate::session::Session;

/// The first byte of what gzip made; no line of JSON begins with it.
const GZIP: u8 = 0x1f;

/// How many wrong lines are shown one by one.
const MOST_ERRORS: usize = 20;

/// Import runs, labels, notes and components from JSON lines
///
/// Takes what `mltrace export` prints, and lines written by hand: `{"component": "clean", "started_at": "…",
/// "ended_at": "…", "inputs": ["raw.csv"], "outputs": ["clean.csv"]}`, gzipped or not. What is known already is left alone, so importing
/// a file twice changes nothing. Wrong lines are reported by their number, the rest lands, and the exit code is 1. A line
/// is wrong, too, when it is longer than 16 MiB, or tells of a time more than a day ahead of the clock.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import runs.ndjson
  mltrace import runs.ndjson.gz
  ssh other mltrace export | mltrace import -")]
pub(crate) struct Args {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Take times more than a day ahead of the clock, too; what is dated so is the last word until then
    #[arg(long)]
    allow_future: bool,
}

/// The answer of `import`.
#[derive(Serialize)]
struct Imported {
    lines: u64,
    stored: u64,
    known: u64,
    wrong: u64,
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
        import(session, &mut *opened(&self.file)?, self.allow_future)
    }
}

/// Opens a file, or stdin where it is `-`; what gzip made is read as what it holds.
pub(super) fn opened(file: &Path) -> Result<Box<dyn BufRead>, Error> {
    let mut lines: Box<dyn BufRead> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opened = config::open_named(file).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(std::io::ErrorKind::IsADirectory.into()),
            false => Ok(file),
        });
        let path = file.display();
        let cannot = |error| Error::new(Kind::NotFound, format!("`{path}` cannot be read: {error}"));
        Box::new(BufReader::new(opened.map_err(cannot)?))
    };
    // What cannot be read at all is told with the first line.
    let is_packed = lines.fill_buf().is_ok_and(|bytes| bytes.first() == Some(&GZIP));
    Ok(if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(lines))) } else { lines })
}

/// Imports lines, and says what became of them.
pub(super) fn import(session: &Session, lines: &mut dyn BufRead, allow_future: bool) -> Result<Exit, Error> {
    let mut store = store::open(&session.home, Mode::Write)?;
    let bar = session.output.progress("{spinner} {human_pos} lines read, {per_sec}");
    let options = ImportOptions { allows_future: allow_future, ..ImportOptions::default() };
    let report = ingest::import_with(&session.home, &mut *store, lines, options, &mut |count| bar.set_position(count));
    bar.finish_and_clear();
    let report = report?;
    for (line, message) in report.errors.iter().take(MOST_ERRORS) {
        session.output.error(&Error::usage(format!("line {line}: {message}")));
    }
    let more = report.wrong.saturating_sub(MOST_ERRORS as u64);
    if more > 0 {
        session.output.error(&Error::usage(format!("and {more} more wrong lines")));
    }
    if report.ahead > 0 {
        session.output.hint("pass `--allow-future` to take such times: what is dated so is the last word until then");
    }
    for (project, count) in &report.elsewhere {
        session.output.warn(&format!("{count} lines belong to the project `{project}`"));
        session.output.hint(&format!("put `project = \"{project}\"` into `mltrace.toml` to ask about it here"));
    }
    let errors = report.errors.into_iter().map(|(line, message)| WrongLine { line, message }).collect();
    let ImportReport { lines, stored, known, wrong, .. } = report;
    session.output.answer(&Imported { lines, stored, known, wrong, errors }, text)?;
    Ok(if wrong == 0 { Exit::Done } else { Exit::Wrong })
}

fn text(answer: &Imported) -> String {
    let lines = if answer.lines == 1 { "line" } else { "lines" };
    let Imported { lines: count, stored, known, wrong, .. } = answer;
    let wrong = if *wrong == 0 { String::new() } else { format!(", {wrong} wrong") };
    format!("{count} {lines}: {stored} stored, {known} known already{wrong}\n")
}
