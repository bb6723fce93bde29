//! Lines of an import, each read into memory only as far as a line may be long.

use std::io::{self, BufRead, Read};

use super::report::ImportReport;
use crate::model::LIMIT_LINE as LONGEST;
use crate::store::StoreError;

/// What lines say, as far as it goes into one transaction.
pub(super) trait Batch {
    /// Takes what the line says that was read last, unless it is refused or empty.
    fn take(&mut self, line: &[u8], report: &mut ImportReport) -> Result<(), StoreError>;

    fn is_empty(&self) -> bool;

    fn is_full(&self) -> bool;

    /// Stores the batch, and is empty then.
    fn land(&mut self, report: &mut ImportReport) -> Result<(), StoreError>;
}

/// Stores what lines say, batch by batch; wrong lines are reported and the rest lands. `progress` gets the number of lines
/// that were read so far.
pub(super) fn land_all(
    lines: &mut dyn BufRead,
    batch: &mut dyn Batch,
    progress: &mut dyn FnMut(u64),
) -> Result<ImportReport, StoreError> {
    let (mut report, mut line) = (ImportReport::default(), Vec::new());
    loop {
        let next = next(lines, &mut line);
        let is_end = matches!(next, Ok(Next::End) | Err(_));
        if !matches!(next, Ok(Next::End)) {
            report.lines = report.lines.saturating_add(1);
        }
        match next {
            Ok(Next::Line) => batch.take(&line, &mut report)?,
            Ok(Next::TooLong) => report.refuse(report.lines, too_long()),
            Ok(Next::End) => {}
            Err(error) => report.refuse(report.lines, format!("it could not be read: {error}")),
        }
        if batch.is_full() || (is_end && !batch.is_empty()) {
            batch.land(&mut report)?;
            progress(report.lines);
        }
        if is_end {
            report.errors.sort();
            return Ok(report);
        }
    }
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// A line.
    Line,
    /// A line that is too long; all of it was passed over.
    TooLong,
    /// There is nothing more.
    End,
}

/// Reads the next line into `line`, with its end.
fn next(lines: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<Next> {
    line.clear();
    let most = u64::try_from(LONGEST).unwrap_or(u64::MAX).saturating_add(1);
    if (&mut *lines).take(most).read_until(b'\n', line)? == 0 {
        return Ok(Next::End);
    }
    if line.len() <= LONGEST || line.last() == Some(&b'\n') {
        return Ok(Next::Line);
    }
    line.clear();
    lines.skip_until(b'\n')?;
    Ok(Next::TooLong)
}

/// Returns why a line that is too long is refused.
fn too_long() -> String {
    format!("it is longer than {} MiB", LONGEST >> 20)
}

/// Returns the line for who has all of them in memory already, or why it is refused.
pub(super) fn of_memory(line: &[u8]) -> Result<&[u8], String> {
    let is_short = line.strip_suffix(b"\n").unwrap_or(line).len() <= LONGEST;
    if is_short { Ok(line) } else { Err(too_long()) }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(text: &[u8]) -> Vec<(Next, usize)> {
        let (mut lines, mut line, mut found) = (BufReader::with_capacity(7, text), Vec::new(), Vec::new());
        loop {
            let next = next(&mut lines, &mut line).unwrap();
            found.push((next, line.len()));
            if next == Next::End {
                return found;
            }
        }
    }

    #[test]
    fn lines_are_read_as_they_are() {
        assert_eq!(read(b""), [(Next::End, 0)]);
        assert_eq!(read(b"\n"), [(Next::Line, 1), (Next::End, 0)]);
        assert_eq!(read(b"one\ntwo"), [(Next::Line, 4), (Next::Line, 3), (Next::End, 0)]);
    }

    #[test]
    fn a_line_that_is_too_long_costs_no_other() {
        let long = |length| vec![b'x'; length];
        let text = [&long(LONGEST), &b"\n"[..], &long(LONGEST + 1), b"\nshort\n", &long(LONGEST + 1)].concat();
        let expected =
            [(Next::Line, LONGEST + 1), (Next::TooLong, 0), (Next::Line, 6), (Next::TooLong, 0), (Next::End, 0)];
        assert_eq!(read(&text), expected);
        let refused: Vec<bool> =
            text.split_inclusive(|byte| *byte == b'\n').map(|line| of_memory(line).is_err()).collect();
        assert_eq!(refused, [false, true, false, true]);
    }
}
