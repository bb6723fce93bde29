//! What stands at the end of a Parquet file: its columns, and where in the file their values are.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use super::page::Chunk;
use super::schema::{self, Column};
use super::thrift::{Kind, Thrift};

const MAGIC: &[u8] = b"PAR1";
/// The length of the description and the magic behind it.
const TAIL: u64 = 8;
/// A longer description is not read. One of a hundred columns in a thousand groups has some ten megabytes.
const LONGEST: u64 = 32 << 20;
/// So many columns of all groups together, as each of them takes memory.
const MOST_CHUNKS: usize = 1 << 20;

/// What a file says of itself.
pub(super) struct Footer {
    pub(super) columns: Vec<Column>,
    /// How many columns there are that no others are kept of.
    pub(super) left_out: u64,
    pub(super) groups: Vec<Group>,
    /// How many bytes it takes.
    pub(super) length: u64,
}

/// Rows that are stored together, column by column.
pub(super) struct Group {
    pub(super) rows: u64,
    /// Of each leaf of the schema where its values are.
    pub(super) chunks: Vec<Chunk>,
}

impl Footer {
    /// Reads what a file of `size` bytes says of itself; `None` when it is no such file, or what it says cannot be so.
    pub(super) fn read(mut file: &File, size: u64) -> Option<Self> {
        let mut magic = [0; 4];
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_exact(&mut magic).ok()?;
        let tail = size.checked_sub(TAIL)?;
        file.seek(SeekFrom::Start(tail)).ok()?;
        let mut end = Vec::new();
        file.take(TAIL).read_to_end(&mut end).ok()?;
        let (length, ending) = end.split_first_chunk::<4>()?;
        let length = u64::from(u32::from_le_bytes(*length));
        // Another magic says that the description is encrypted.
        if magic != MAGIC || ending != MAGIC || length > LONGEST {
            return None;
        }
        file.seek(SeekFrom::Start(tail.checked_sub(length)?)).ok()?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes).ok()?;
        Self::parse(&bytes)
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut thrift = Thrift::new(bytes);
        let (mut elements, mut groups, mut left) = (Vec::new(), Vec::new(), MOST_CHUNKS);
        let mut last = 0;
        while let Some((id, kind)) = thrift.field(&mut last)? {
            match (id, kind) {
                (2, Kind::List) => elements = schema::elements(&mut thrift)?,
                (4, Kind::List) => {
                    for _ in 0..thrift.list(Kind::Struct)? {
                        groups.push(group(&mut thrift, &mut left)?);
                    }
                }
                _ => thrift.skip(kind)?,
            }
        }
        let schema = schema::columns(elements)?;
        let is_complete = groups.iter().all(|group| group.chunks.len() == schema.leaves);
        let length = u64::try_from(bytes.len()).ok()?.saturating_add(TAIL);
        is_complete.then_some(Self { columns: schema.columns, left_out: schema.left_out, groups, length })
    }
}

/// Reads a group of no more columns than are `left`.
fn group<R: Read>(thrift: &mut Thrift<R>, left: &mut usize) -> Option<Group> {
    let mut group = Group { rows: 0, chunks: Vec::new() };
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (1, Kind::List) => {
                for _ in 0..thrift.list(Kind::Struct)? {
                    *left = left.checked_sub(1)?;
                    group.chunks.push(chunk(thrift)?);
                }
            }
            (3, Kind::Int) => group.rows = thrift.count()?,
            _ => thrift.skip(kind)?,
        }
    }
    Some(group)
}

/// Reads where a column is; `None` when that is another file, or nobody can read it without a key.
fn chunk<R: Read>(thrift: &mut Thrift<R>) -> Option<Chunk> {
    let mut found = None;
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (1, Kind::Binary) if !thrift.text(1)?.is_empty() => return None,
            (1, Kind::Binary) => {}
            (3, Kind::Struct) => found = Some(place(thrift)?),
            (8, _) => return None,
            _ => thrift.skip(kind)?,
        }
    }
    found
}

fn place<R: Read>(thrift: &mut Thrift<R>) -> Option<Chunk> {
    let (mut codec, mut length, mut data, mut dictionary) = (0, 0, 0, 0);
    let mut last = 0;
    while let Some((id, kind)) = thrift.field(&mut last)? {
        match (id, kind) {
            (4, Kind::Int) => codec = thrift.int()?,
            (7, Kind::Int) => length = thrift.count()?,
            (9, Kind::Int) => data = thrift.count()?,
            (11, Kind::Int) => dictionary = thrift.count()?,
            _ => thrift.skip(kind)?,
        }
    }
    // Some writers say 0 where there is no dictionary.
    let start = if dictionary > 0 { dictionary.min(data) } else { data };
    Some(Chunk { codec, start, length })
}
