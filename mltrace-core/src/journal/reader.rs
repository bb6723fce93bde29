//! Reads journals: which there are, whether their writers live, and their records from an offset on.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::frame::{self, Found, decode, next_record, next_record_before};
use crate::disk::local;
use crate::folder::{self, Folder};
use crate::host::is_alive;
use crate::host::{Host, Liveness};
use crate::model::{Header, ProcessId, Record, Status};

/// The most bytes that are read at once.
const CHUNK: usize = 4 << 20;

/// As much of one damaged place is put aside.
const ASIDE: usize = 1 << 20;

/// More than any header has: names of hosts, users and projects are short.
const HEADER_BYTES: u64 = 64 << 10;

/// The journal of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// The process.
    pub process: ProcessId,
    /// Its parts, oldest first.
    pub parts: Vec<Part>,
    /// Its lock file.
    pub lock: PathBuf,
}

/// A file of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// Its name, by which a store remembers how far it was folded.
    pub name: String,
}

/// Returns the journals in `folder`, oldest first; a folder that is missing holds none.
///
/// # Errors
/// When the folder cannot be read.
pub fn list(folder: &Path) -> io::Result<Vec<Journal>> {
    let names = match Folder::inside(folder).and_then(|folder| folder.names()) {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found: std::collections::BTreeMap<ProcessId, Vec<(u32, Part)>> = std::collections::BTreeMap::new();
    for name in names {
        let Ok(name) = name.into_string() else { continue };
        if let Some(process) = name.strip_suffix(".lock").and_then(|process| process.parse().ok()) {
            found.entry(process).or_default();
        }
        let Some((process, part)) = name.strip_suffix(".log").and_then(parse_part) else { continue };
        found.entry(process).or_default().push((part, Part { path: folder.join(&name), name }));
    }
    let journals = found.into_iter().map(|(process, mut parts)| {
        parts.sort_by_key(|(number, _)| *number);
        let parts = parts.into_iter().map(|(_, part)| part).collect();
        Journal { process, parts, lock: folder.join(format!("{process}.lock")) }
    });
    Ok(journals.collect())
}

fn parse_part(stem: &str) -> Option<(ProcessId, u32)> {
    match stem.split_once('.') {
        None => Some((stem.parse().ok()?, 0)),
        Some((process, part)) => Some((process.parse().ok()?, part.parse().ok()?)),
    }
}

impl Journal {
    /// Returns whether the process that wrote this journal is gone for certain, as seen from `here`.
    ///
    /// A free lock proves it, unless it lies on another machine's file system and another host wrote it; a held one may
    /// be a forked child's, and then the process' number says. Time never does.
    #[must_use]
    pub fn is_over(&self, header: &Header, here: &Host) -> bool {
        let is_free = match folder::read_inside(&self.lock) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        match is_alive(header, here) {
            Liveness::Gone => true,
            Liveness::Alive => false,
            Liveness::Unknown => is_free && (header.host == here.name || local::is_local(&self.lock)),
        }
    }

    /// Returns who wrote this journal, as any part says; when all of those records are damaged, what the files' name
    /// says.
    #[must_use]
    pub fn header(&self, project: &str) -> Header {
        let first = self.parts.iter().find_map(|part| read_header(&part.path).ok().flatten());
        let mut header = first.unwrap_or_else(|| Header {
            process: Some(self.process),
            project: project.to_owned(),
            // Nobody can tell, so its records are looked at closely.
            minor: u32::MAX,
            ..Header::default()
        });
        header.keep_within_limits();
        header
    }
}

/// Reads a part's first record, which is its header unless that is damaged.
fn read_header(path: &Path) -> io::Result<Option<Header>> {
    let mut bytes = Vec::new();
    folder::read_inside(path)?.take(HEADER_BYTES).read_to_end(&mut bytes)?;
    Ok(match decode(&bytes) {
        Found::Record(record, _) => match *record {
            Record::Process(header) => Some(header),
            _ => None,
        },
        Found::Unknown(_) | Found::TooHeavy(_) | Found::Damaged(_) | Found::Nothing => None,
    })
}

/// What was read of a journal's part at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Piece {
    /// The records.
    pub records: Vec<Record>,
    /// What a newer version wrote and this one does not understand, or not all of it.
    pub unread: Vec<Unread>,
    /// Where the next piece begins.
    pub next: u64,
    /// How much of the records was cut or left out, for no import may bring as much.
    pub beyond: u64,
    /// Damaged places: where, and the first bytes.
    pub damaged: Vec<(u64, Vec<u8>)>,
    /// What stands at the end and is no whole record, still being written or cut off: how long it is, and its beginning.
    pub tail_bytes: u64,
    /// See `tail_bytes`.
    pub tail: Vec<u8>,
    /// Whether the end of the file was reached.
    pub is_end: bool,
    /// The last whole record.
    pub last: Option<Mark>,
}

/// Which record stands where in a file: when it stands there no more, the file is not the one that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    place: u32,
    checksum: u32,
}

impl Mark {
    fn new(place: u64, frame: &[u8]) -> Option<Self> {
        // The number must be one that a store can keep.
        let place = u32::try_from(place).ok().filter(|place| i32::try_from(*place).is_ok())?;
        Some(Self { place, checksum: frame::checksum_in(frame)? })
    }

    /// Returns the mark as a number.
    #[must_use]
    pub fn to_number(self) -> u64 {
        u64::from(self.place) << 32 | u64::from(self.checksum)
    }

    /// Returns the mark that a number stands for; nothing stands for none.
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        let [place, checksum] = [number >> 32, number & u64::from(u32::MAX)].map(u32::try_from);
        Some(Self { place: place.ok()?, checksum: checksum.ok()? }).filter(|_| number > 0)
    }
}

/// Returns whether a file still holds what was read of it up to `offset`, where `last` was the last record.
///
/// # Errors
/// When the file cannot be read.
pub fn still_holds(path: &Path, offset: u64, last: Option<Mark>) -> io::Result<bool> {
    let mut file = folder::read_inside(path)?;
    if file.metadata()?.len() < offset {
        return Ok(false);
    }
    let Some(last) = last else { return Ok(true) };
    file.seek(SeekFrom::Start(last.place.into()))?;
    Ok(frame::read_checksum(&file)? == Some(last.checksum))
}

/// Returns whether nothing is left of a file that something was written to.
#[must_use]
pub fn is_emptied(path: &Path) -> bool {
    let Ok(file) = folder::read_inside(path).and_then(|file| file.metadata()) else { return false };
    // Anyone who is killed between making a file and writing to it leaves one that was never changed.
    file.len() == 0 && file.created().and_then(|created| Ok(file.modified()? > created)).unwrap_or(false)
}

/// A record that is kept whole until a version comes that understands it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unread {
    /// Where it stands in its file.
    pub place: u64,
    /// Its bytes.
    pub record: Vec<u8>,
    /// Whether this version takes of it what it understands.
    pub is_applied: bool,
}

/// Reads the records of a part from `offset` on, some megabytes at a time.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path, offset: u64) -> io::Result<Piece> {
    read_from(path, offset, frame::MINOR)
}

/// Reads as [`read`] does what was written in a format that had grown to `minor`, which may be further than this
/// version knows.
///
/// # Errors
/// Those of [`read`].
pub fn read_from(path: &Path, offset: u64, minor: u32) -> io::Result<Piece> {
    let mut file = folder::read_inside(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut limit = CHUNK as u64;
    let mut bytes = Vec::new();
    loop {
        let missing = limit.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        let got = (&mut file).take(missing).read_to_end(&mut bytes)?;
        let is_end = u64::try_from(got).unwrap_or(u64::MAX) < missing;
        let piece = parse(&bytes, offset, is_end, minor > frame::MINOR);
        // A record may be longer than a chunk.
        if is_end || piece.next > offset {
            return Ok(piece);
        }
        let read = offset.saturating_add(limit);
        // No frame holds so many zeros. A file may be said to have far more of them than its disk has room.
        if bytes.iter().all(|byte| *byte == 0) {
            return skipped(&bytes, offset, after_hole(&file, read)?, file.metadata()?.len());
        }
        // What begins in the first half of so much would end in it.
        if limit >= frame::MOST.saturating_mul(2) {
            return skipped(&bytes, offset, read.saturating_sub(frame::MOST), u64::MAX);
        }
        limit = limit.saturating_mul(4);
    }
}

/// Returns what is read where nothing but damage stands up to `next`.
fn skipped(bytes: &[u8], offset: u64, next: u64, length: u64) -> io::Result<Piece> {
    Ok(Piece { damaged: vec![(offset, aside(bytes))], next, is_end: next >= length, ..Piece::default() })
}

/// Returns where the next byte stands that the disk keeps, from a place on; at the latest the end of the file.
#[cfg(target_os = "linux")]
fn after_hole(file: &std::fs::File, from: u64) -> io::Result<u64> {
    use rustix::io::Errno;

    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(from)) {
        Ok(next) => Ok(next),
        Err(Errno::NXIO) => Ok(file.metadata()?.len().max(from)),
        // Not every file system says.
        Err(_) => Ok(from),
    }
}

#[cfg(not(target_os = "linux"))]
fn after_hole(_: &std::fs::File, from: u64) -> io::Result<u64> {
    Ok(from)
}

/// Returns as much of damaged bytes as a person may want to look at.
fn aside(bytes: &[u8]) -> Vec<u8> {
    bytes.get(..ASIDE).unwrap_or(bytes).to_vec()
}

fn parse(bytes: &[u8], offset: u64, is_end: bool, is_newer: bool) -> Piece {
    let mut piece = Piece { next: offset, is_end, ..Piece::default() };
    let mut at = 0_usize;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        // More was read for the sake of one record, and what follows it is not taken into memory with it.
        if at >= CHUNK {
            piece.is_end = false;
            break;
        }
        let place = offset.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
        let found = decode(rest);
        if matches!(found, Found::Record(..) | Found::Unknown(_) | Found::TooHeavy(_)) {
            piece.last = Mark::new(place, rest);
        }
        let step = match found {
            Found::Record(mut record, length) => {
                let is_odd = matches!(*record, Record::End(ref end) if end.status == Status::Unknown);
                let bytes = frame::payload(rest.get(..length).unwrap_or_default());
                if is_odd || (is_newer && frame::says_more(bytes, &record)) {
                    piece.unread.push(Unread { place, record: bytes.to_vec(), is_applied: true });
                }
                match record.keep_within_limits(length) {
                    Some(beyond) => {
                        piece.beyond = piece.beyond.saturating_add(beyond);
                        piece.records.push(*record);
                    }
                    None => piece.beyond = piece.beyond.saturating_add(1),
                }
                length
            }
            Found::Unknown(length) => {
                let record = frame::payload(rest.get(..length).unwrap_or_default()).to_vec();
                piece.unread.push(Unread { place, record, is_applied: false });
                length
            }
            Found::TooHeavy(length) => {
                piece.beyond = piece.beyond.saturating_add(1);
                length
            }
            Found::Damaged(length) if is_whole_damage(rest, length) => {
                // What is damaged may be the length, which then reaches over records that are whole.
                let length = next_record_before(rest, length).unwrap_or(length);
                piece.damaged.push((place, aside(rest.get(..length).unwrap_or_default())));
                length
            }
            Found::Damaged(_) | Found::Nothing => match next_record(rest) {
                Some(length) => {
                    piece.damaged.push((place, aside(rest.get(..length).unwrap_or_default())));
                    length
                }
                None => {
                    piece.tail = aside(rest);
                    piece.tail_bytes = u64::try_from(rest.len()).unwrap_or(u64::MAX);
                    break;
                }
            },
        };
        at = at.saturating_add(step);
    }
    piece.next = offset.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
    piece
}

/// Returns whether a damaged frame's length can be trusted: a record, or nothing, follows it.
fn is_whole_damage(rest: &[u8], length: usize) -> bool {
    match rest.get(length..) {
        None => false,
        Some([]) => true,
        Some(after) => frame::is_framed(after),
    }
}
