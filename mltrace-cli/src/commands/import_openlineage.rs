//! `mltrace import openlineage`: runs from the OpenLineage events of Airflow, Spark, dbt and other tools.

use std::path::{Path, PathBuf};

use mltrace_core::ingest::{self, ImportReport};
use mltrace_core::store::{self, Mode};

use super::imported::{Imported, WrongLine, answer, opened, tell_wrong};
use crate::error::{Error, Exit, Kind};
use crate::session::Session;

/// Import runs from OpenLineage events
///
/// Reads the files that the file transport of an OpenLineage client writes: one event a line, gzipped or not, or a folder of
/// such files. The events are stored, and each run is built from all events of it, so neither their order nor duplicates
/// matter. An event that can never be understood is reported with its line, the rest is stored, and the exit code is 1.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  mltrace import openlineage events.ndjson
  mltrace import openlineage /var/log/openlineage
  zcat events.gz | mltrace import openlineage -")]
pub(super) struct Args {
    /// The file, a folder of files, or `-` for stdin
    #[arg(value_name = "PLACE", value_hint = clap::ValueHint::AnyPath)]
    place: PathBuf,
}

impl Args {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Error> {
        let files = files(&self.place)?;
        let is_one = files.len() == 1;
        let mut store = store::open(&session.home, Mode::Write)?;
        let bar = session.output.progress("{spinner} {human_pos} events read, {per_sec}");
        let (mut all, mut errors) = (ImportReport::default(), Vec::new());
        for file in &files {
            let before = all.lines;
            let mut lines = opened(file)?;
            let progress = &mut |count| bar.set_position(before.saturating_add(count));
            let report = ingest::import_events(&session.home, &mut *store, &mut *lines, progress)?;
            errors.extend(report.errors.iter().map(|(line, message)| {
                let place = if is_one { String::new() } else { format!("{}, ", file.display()) };
                (*line, format!("{place}line {line}: {message}"), message.clone())
            }));
            all.add(report);
        }
        bar.finish_and_clear();
        tell_wrong(session, errors.iter().map(|(_, told, _)| told.clone()), all.wrong);
        let wrong = |(line, told, message)| WrongLine { line, message: if is_one { message } else { told } };
        let errors = errors.into_iter().map(wrong).collect();
        let ImportReport { lines, stored, known, wrong, .. } = all;
        answer(session, &Imported { lines, stored, known, wrong, errors })
    }
}

/// Returns the files to read: the one that is named, or those that lie in the folder, in the order of their names.
fn files(place: &Path) -> Result<Vec<PathBuf>, Error> {
    if place.as_os_str() == "-" || !place.is_dir() {
        return Ok(vec![place.to_owned()]);
    }
    let cannot = |error| Error::new(Kind::NotFound, format!("`{}` cannot be read: {error}", place.display()));
    let mut files = Vec::new();
    for entry in place.read_dir().map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        // A link may lead anywhere, and a pipe holds the one who opens it.
        let is_hidden = entry.file_name().as_encoded_bytes().first() == Some(&b'.');
        if !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
