//! The lines of an import that a request brings: made of its body, taken in parts, and read until its time is over.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};
use std::time::Duration;

use mltrace_core::store::Bounds;
use serde_json::value::RawValue;

use crate::list;
use crate::turns::Verbs;

/// Returns one line for each object of the body: the object or list of objects that it is, or the lines that it has.
///
/// Nothing of it is parsed further here: in memory a fact is many times as large as its text.
pub(crate) fn of_body(body: &[u8]) -> Cow<'_, [u8]> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    let mut lines = Vec::new();
    let mut add = |object: &RawValue| {
        // Each ends with a comma in the body, or with a bracket.
        lines.reserve_exact(if lines.is_empty() { body.len().saturating_add(1) } else { 0 });
        // In a text of JSON the end of a line is written with two characters.
        lines.extend(object.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        lines.push(b'\n');
        true
    };
    let read = match first {
        Some(b'[') => list::each(body, add),
        Some(b'{') => serde_json::from_slice(body).map(|object| _ = add(object)),
        _ => Ok(()),
    };
    // Whatever is wrong is reported line by line.
    if read.is_ok() && !lines.is_empty() { lines.into() } else { body.into() }
}

/// Returns the first whole lines, at least one and about so many bytes of them, and the rest.
pub(crate) fn part(lines: &[u8], bytes: usize) -> (&[u8], &[u8]) {
    let from = bytes.min(lines.len());
    let (_, rest) = lines.split_at(from);
    let end = rest.iter().position(|byte| *byte == b'\n').map_or(lines.len(), |end| from + end + 1);
    lines.split_at(end)
}

/// Lines that are read for as long as the request may take and somebody waits for its answer.
pub(crate) struct Within<'l> {
    pub(crate) lines: &'l [u8],
    pub(crate) bounds: Option<&'l Bounds>,
    /// Who goes first, and for how long.
    pub(crate) verbs: Option<&'l Verbs>,
    pub(crate) patience: Duration,
}

impl Read for Within<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.lines.read(buffer)
    }
}

impl BufRead for Within<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if !self.lines.is_empty() && self.bounds.is_some_and(|bounds| !bounds.goes_on(0)) {
            let reason = "the time of the request is over: send it and all that follow again, in parts";
            return Err(io::Error::other(reason));
        }
        if let Some(verbs) = self.verbs {
            self.patience = verbs.give_way(self.patience);
        }
        Ok(self.lines)
    }

    fn consume(&mut self, count: usize) {
        self.lines.consume(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_becomes_lines() {
        let lines = |body: &str| String::from_utf8(of_body(body.as_bytes()).into_owned()).unwrap();
        assert_eq!(lines("{\"a\":\r\n 1}\n"), "{\"a\":   1}\n");
        assert_eq!(lines(" [{\"a\": 1.50},\n3]"), "{\"a\": 1.50}\n3\n");
        for unchanged in ["{}\n{}\n", "", "[]", "[1", "{\"a\": 1", "3"] {
            assert_eq!(lines(unchanged), unchanged);
        }
    }

    #[test]
    fn parts_are_of_whole_lines() {
        let mut rest = &b"one\ntwo\nthree"[..];
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let (first, left) = part(rest, 4);
            parts.push(first);
            rest = left;
        }
        assert_eq!(parts, [&b"one\ntwo\n"[..], b"three"]);
        assert_eq!(part(b"a\n", 0), (&b"a\n"[..], &b""[..]));
    }

    #[test]
    fn lines_end_when_nobody_waits_for_them() {
        let bounds = Bounds::new(0, u64::MAX, None);
        let mut lines = Within { lines: b"one\ntwo\n", bounds: Some(&bounds), verbs: None, patience: Duration::ZERO };
        let mut line = Vec::new();
        assert_eq!(lines.read_until(b'\n', &mut line).unwrap(), 4);
        bounds.give_up();
        assert!(lines.read_until(b'\n', &mut line).is_err(), "a cut looks like the end");
    }

    #[test]
    fn an_import_gives_way_to_verbs_for_a_while() {
        let verbs = std::sync::Arc::new(Verbs::default());
        let verb = verbs.begin();
        assert_eq!(verbs.give_way(Duration::from_millis(20)), Duration::ZERO);
        drop(verb);
        assert!(verbs.give_way(Duration::from_secs(60)) > Duration::from_secs(30));
    }
}
