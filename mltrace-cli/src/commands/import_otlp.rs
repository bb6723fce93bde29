//! `mltrace import otlp`: runs from the spans that OpenTelemetry's collector wrote to a file.

use std::path::PathBuf;

use mltrace_core::ingest::{self, ImportReport};
use mltrace_core::store::{self, Mode};

use super::imported::{Imported, WrongLine, answer, opened, tell_wrong};
use crate::error::{Error, Exit};
use crate::session::Session;

/// Import runs from the spans of OpenTelemetry
///
/// Reads what the file exporter of the collector writes: one export in JSON a line, gzipped or not. A span that names
/// `mltrace.inputs` or `mltrace.outputs` is a run, and all others are dropped. What is known already is left alone, so importing a file
/// twice changes nothing. A line with a span that can never be taken is reported, the rest is stored, and the exit code is 1.
/// Runs are counted as stored or known, and lines as wrong.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import otlp spans.json
  zcat spans.json.gz | mltrace import otlp -")]
pub(super) struct Args {
    /// The file, or `-` for stdin
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let mut lines = opened(&self.file)?;
        let mut store = store::open(&session.home, Mode::Write)?;
        let bar = session.output.progress("{spinner} {human_pos} lines read, {per_sec}");
        let progress = &mut |count| bar.set_position(count);
        let report = ingest::import_spans(&session.home, &mut *store, &mut *lines, progress);
        bar.finish_and_clear();
        let ImportReport { lines, stored, known, wrong, errors, .. } = report?;
        tell_wrong(session, errors.iter().map(|(line, message)| format!("line {line}: {message}")), wrong);
        let errors = errors.into_iter().map(|(line, message)| WrongLine { line, message }).collect();
        answer(session, &Imported { lines, stored, known, wrong, errors })
    }
}
