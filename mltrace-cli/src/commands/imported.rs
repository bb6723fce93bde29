//! What all imports do alike: they open a file, and say what became of its lines.

use std::io::{BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use mltrace_core::config;
use serde::Serialize;

use crate::error::{Error, Exit, Kind};
use crate::session::Session;

/// The first byte of what gzip made; no line of JSON begins with it.
const GZIP: u8 = 0x1f;

/// How many wrong lines are shown one by one.
const MOST_ERRORS: usize = 20;

/// The answer of `import`.
#[derive(Serialize)]
pub(super) struct Imported {
    pub(super) lines: u64,
    pub(super) stored: u64,
    pub(super) known: u64,
    pub(super) wrong: u64,
    pub(super) errors: Vec<WrongLine>,
}

/// A line that was refused.
#[derive(Serialize)]
pub(super) struct WrongLine {
    pub(super) line: u64,
    pub(super) message: String,
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
    // What cannot be read at all is reported with the first line.
    let is_packed = lines.fill_buf().is_ok_and(|bytes| bytes.first() == Some(&GZIP));
    Ok(if is_packed { Box::new(BufReader::new(MultiGzDecoder::new(lines))) } else { lines })
}

/// Says what is wrong with the first lines, and how many more are wrong.
pub(super) fn tell_wrong(session: &Session, told: impl Iterator<Item = String>, wrong: u64) {
    told.take(MOST_ERRORS).for_each(|told| session.output.error(&Error::usage(told)));
    let more = wrong.saturating_sub(MOST_ERRORS as u64);
    if more > 0 {
        session.output.error(&Error::usage(format!("and {more} more wrong lines")));
    }
}

/// Says what became of the lines.
pub(super) fn answer(session: &Session, imported: &Imported) -> Result<Exit, Error> {
    session.output.answer(imported, text)?;
    Ok(if imported.wrong == 0 { Exit::Done } else { Exit::Wrong })
}

fn text(answer: &Imported) -> String {
    let lines = if answer.lines == 1 { "line" } else { "lines" };
    let Imported { lines: count, stored, known, wrong, .. } = answer;
    let wrong = if *wrong == 0 { String::new() } else { format!(", {wrong} wrong") };
    format!("{count} {lines}: {stored} stored, {known} known already{wrong}\n")
}
