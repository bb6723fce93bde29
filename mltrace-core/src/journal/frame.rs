//! One record as bytes: marker, length, checksum, JSON.
//!
//! The marker's bytes occur in no UTF-8 text, so after damage the next record is found again.

use std::io::{self, Read as _, Write};

use memchr::memchr;
use serde_json::Value;

use crate::model::{Record, is_too_heavy};

/// The journal's format: a version that knows an older one does not fold what is written in it.
pub const FORMAT: u32 = 1;

/// How far the format has grown: a new kind of record, a new field or a new value raises it. A version that knows less
/// folds what it knows, and keeps the rest whole.
pub const MINOR: u32 = 6;

const MARKER: [u8; 2] = [0xF5, 0xFF];
/// Marker, length (u32, little endian), CRC-32 over length and payload (u32, little endian).
const HEAD: usize = 10;
/// A payload longer than this is never written.
const LONGEST: usize = 64 << 20;
/// Of a longer record the parts are not compared.
const COMPARED: usize = 256 << 10;
/// No frame is longer.
pub(super) const MOST: u64 = (HEAD + LONGEST) as u64;

/// Appends the frame of a record to `bytes`; returns whether it did, for no reader takes a record that is too long.
pub fn encode(record: &Record, bytes: &mut Vec<u8>) -> bool {
    let begin = bytes.len();
    bytes.extend_from_slice(&MARKER);
    bytes.extend_from_slice(&[0; HEAD - MARKER.len()]);
    // Plain data with text keys always serialises.
    let is_told = serde_json::to_writer(&mut *bytes, record).is_ok();
    let frame = bytes.get_mut(begin..).and_then(|frame| frame.split_at_mut_checked(HEAD));
    let Some((head, payload)) = frame.filter(|(_, payload)| is_told && payload.len() <= LONGEST) else {
        bytes.truncate(begin);
        return false;
    };
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_le_bytes();
    let checksum = checksum(length, payload).to_le_bytes();
    for (place, byte) in head.iter_mut().skip(MARKER.len()).zip(length.into_iter().chain(checksum)) {
        *place = byte;
    }
    true
}

fn checksum(length: [u8; 4], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(payload);
    hasher.finalize()
}

/// What stands at the beginning of some bytes.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A frame of so many bytes.
    Record(Box<Record>, usize),
    /// A whole frame of so many bytes whose record this version does not know.
    Unknown(usize),
    /// A whole frame of so many bytes whose record holds more than any may, and was not parsed.
    TooHeavy(usize),
    /// A whole frame of so many bytes whose content is damaged.
    Damaged(usize),
    /// No whole frame.
    Nothing,
}

/// Returns what stands at the beginning of `bytes`.
#[must_use]
pub fn decode(bytes: &[u8]) -> Found {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else { return Found::Nothing };
    let Some((length, expected)) = parse_head(head) else { return Found::Nothing };
    let size = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if size > LONGEST {
        return Found::Nothing;
    }
    let Some(payload) = rest.get(..size) else { return Found::Nothing };
    let whole = HEAD.saturating_add(size);
    // Where each of many heads says that it reaches over all others, a checksum of each would take hours. What holds a
    // marker is no text, so what is summed up ends at the next marker at the latest.
    if memchr(MARKER[0], payload).is_some() || checksum(length, payload) != expected {
        return Found::Damaged(whole);
    }
    // To check the text once as a whole costs less than each string by itself.
    let Ok(text) = str::from_utf8(payload) else { return Found::Damaged(whole) };
    if is_too_heavy(payload) {
        return Found::TooHeavy(whole);
    }
    match serde_json::from_str(text) {
        Ok(record) => Found::Record(Box::new(record), whole),
        // The checksum is right, so somebody meant it.
        Err(_) if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() => Found::Unknown(whole),
        Err(_) => Found::Damaged(whole),
    }
}

/// Returns whether `bytes` begin with a frame, whole or damaged, without a look at what it holds.
pub(super) fn is_framed(bytes: &[u8]) -> bool {
    let Some((head, rest)) = bytes.split_at_checked(HEAD) else { return false };
    let size = parse_head(head).and_then(|(length, _)| usize::try_from(u32::from_le_bytes(length)).ok());
    size.is_some_and(|size| size <= LONGEST && size <= rest.len())
}

/// Returns the record in a frame.
pub(super) fn payload(frame: &[u8]) -> &[u8] {
    frame.get(HEAD..).unwrap_or_default()
}

/// What the bytes of a record say.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A record, and whether it says more than this version understands.
    Record(Box<Record>, bool),
    /// A record whose kind this version does not know.
    Unknown,
    /// More than any record may hold; it was not parsed.
    TooHeavy,
}

/// Returns what the bytes of a record say.
#[must_use]
pub fn parse(payload: &[u8]) -> Said {
    if is_too_heavy(payload) {
        return Said::TooHeavy;
    }
    match serde_json::from_slice(payload) {
        Ok(record) => {
            let is_more = says_more(payload, &record);
            Said::Record(Box::new(record), is_more)
        }
        Err(_) => Said::Unknown,
    }
}

/// Returns whether the bytes of a record say more than what was understood of them.
pub(super) fn says_more(payload: &[u8], understood: &Record) -> bool {
    // What this version would write in the same way says the same.
    let mut same = Same(payload);
    if serde_json::to_writer(&mut same, understood).is_ok() && same.0.is_empty() {
        return false;
    }
    // To compare the parts needs both in memory, a second and a third time. What is so long is kept.
    let said = Some(payload).filter(|payload| payload.len() <= COMPARED);
    let Some(said) = said.and_then(|payload| serde_json::from_slice::<Value>(payload).ok()) else { return true };
    !serde_json::to_value(understood).is_ok_and(|understood| covers(&understood, &said))
}

/// Takes what is written as long as it is the beginning of this.
struct Same<'p>(&'p [u8]);

impl Write for Same<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns whether everything that is said was understood; what is empty says nothing.
fn covers(understood: &Value, said: &Value) -> bool {
    match (understood, said) {
        (Value::Object(understood), Value::Object(said)) => said.iter().all(|(key, said)| {
            is_empty(said) || understood.get(key).is_some_and(|understood| covers(understood, said))
        }),
        (Value::Array(understood), Value::Array(said)) => {
            understood.len() == said.len() && understood.iter().zip(said).all(|(one, other)| covers(one, other))
        }
        _ => understood == said,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

/// Returns the checksum that a frame says it has.
pub(super) fn checksum_in(frame: &[u8]) -> Option<u32> {
    parse_head(frame).map(|(_, checksum)| checksum)
}

/// Reads the checksum of the frame that stands at some place of a file; `None` when no whole one does.
pub(super) fn read_checksum(mut file: &std::fs::File) -> io::Result<Option<u32>> {
    let mut head = Vec::with_capacity(HEAD);
    (&mut file).take(HEAD as u64).read_to_end(&mut head)?;
    let Some((length, expected)) = parse_head(&head) else { return Ok(None) };
    let size = u64::from(u32::from_le_bytes(length));
    if size > LONGEST as u64 {
        return Ok(None);
    }
    let mut payload = Vec::new();
    (&mut file).take(size).read_to_end(&mut payload)?;
    Ok(Some(expected).filter(|expected| checksum(length, &payload) == *expected))
}

fn parse_head(head: &[u8]) -> Option<([u8; 4], u32)> {
    let rest = head.strip_prefix(&MARKER)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (expected, _) = rest.split_first_chunk::<4>()?;
    Some((*length, u32::from_le_bytes(*expected)))
}

/// Returns how far the next frame that can be read is from the beginning of `bytes`, searched from its second byte on.
///
/// No payload holds a marker: what is found was written as a frame.
#[must_use]
pub(super) fn next_record(bytes: &[u8]) -> Option<usize> {
    next_record_before(bytes, bytes.len())
}

/// Returns the same if that frame begins before `limit`.
#[must_use]
pub(super) fn next_record_before(bytes: &[u8], limit: usize) -> Option<usize> {
    let mut from = 1;
    while let Some(rest) = bytes.get(from..limit) {
        let place = memchr(MARKER[0], rest)?;
        let at = from.saturating_add(place);
        if matches!(bytes.get(at..).map(decode), Some(Found::Record(..) | Found::Unknown(_) | Found::TooHeavy(_))) {
            return Some(at);
        }
        from = at.saturating_add(1);
    }
    None
}
