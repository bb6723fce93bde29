//! The pages in which the values of a column are stored: read one at a time, unpacked, and none that is too large.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Take};

use super::thrift::{Kind, Thrift};
use super::unpack::unpack;

/// No larger page is read, packed or not: it is in memory as a whole. Writers make pages of about one megabyte.
pub(super) const LARGEST: usize = 64 << 20;
/// No larger dictionary is: each of its values takes memory. Writers end one at a megabyte or two.
const LARGEST_DICTIONARY: usize = 16 << 20;
/// A file is read in pieces of so many bytes.
const PIECE: usize = 64 << 10;

/// A file from a place on, whatever else reads it.
struct From<'f> {
    file: &'f File,
    at: u64,
}

impl Read for From<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let read = self.file.read(buffer)?;
        self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// Where the values of a column in a group are.
#[derive(Clone, Copy, Default)]
pub(super) struct Chunk {
    /// How they are packed, as Parquet counts the ways.
    pub(super) codec: i64,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// The pages of a column in a group.
pub(super) struct Pages<'f> {
    from: Take<BufReader<From<'f>>>,
    codec: i64,
    largest: usize,
}

/// A page, unpacked.
pub(super) struct RawPage {
    pub(super) layout: Layout,
    /// How many values there are said to be, with those that are none.
    pub(super) values: u32,
    /// How they are written, as Parquet counts the ways.
    pub(super) encoding: i64,
    pub(super) bytes: Vec<u8>,
}

/// How a page is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// The values that others are numbers of.
    Dictionary,
    /// Levels with their lengths, and the values. The levels are written as Parquet counts the ways.
    First { defined: i64, repeated: i64 },
    /// Levels of these lengths, and the values, of which so many are none.
    Second { defined: usize, repeated: usize, nulls: u32 },
}

impl<'f> Pages<'f> {
    /// Returns the pages of a column, none of which may be larger than that; `None` when the file has no such place.
    pub(super) fn new(file: &'f File, size: u64, chunk: Chunk, largest: usize) -> Option<Self> {
        let end = chunk.start.checked_add(chunk.length)?;
        if end > size {
            return None;
        }
        let from = BufReader::with_capacity(PIECE, From { file, at: chunk.start });
        Some(Self { from: from.take(chunk.length), codec: chunk.codec, largest })
    }

    /// Returns the next page; `None` in it after the last one, and `None` when there is none that can be read.
    pub(super) fn next(&mut self) -> Option<Option<RawPage>> {
        if self.from.limit() == 0 {
            return Some(None);
        }
        let header = Header::read(&mut Thrift::new(&mut self.from))?;
        let packed = usize::try_from(header.packed).ok().filter(|packed| *packed <= self.largest)?;
        let mut bytes = Vec::new();
        (&mut self.from).take(header.packed).read_to_end(&mut bytes).ok()?;
        if bytes.len() != packed {
            return None;
        }
        Some(Some(self.unpacked(&header, header.layout()?, bytes)?))
    }

    fn unpacked(&self, header: &Header, layout: Layout, packed: Vec<u8>) -> Option<RawPage> {
        let most = if layout == Layout::Dictionary { LARGEST_DICTIONARY } else { usize::MAX };
        let most = most.min(self.largest);
        let length = usize::try_from(header.length).ok().filter(|length| *length <= most)?;
        let bytes = match layout {
            _ if self.codec == 0 || !header.is_packed => packed,
            Layout::Dictionary | Layout::First { .. } => unpack(self.codec, &packed, length)?,
            // The levels are not packed.
            Layout::Second { defined, repeated, .. } => {
                let (levels, values) = packed.split_at_checked(defined.checked_add(repeated)?)?;
                let mut bytes = levels.to_vec();
                let length = length.checked_sub(levels.len())?;
                // Of no values some writers pack nothing.
                if !values.is_empty() {
                    bytes.extend(unpack(self.codec, values, length)?);
                }
                bytes
            }
        };
        let page = RawPage { layout, values: header.values, encoding: header.encoding, bytes };
        page.holds_its_levels().then_some(page)
    }
}

impl RawPage {
    fn holds_its_levels(&self) -> bool {
        match self.layout {
            Layout::Second { defined, repeated, nulls } => {
                nulls <= self.values && defined.checked_add(repeated).is_some_and(|levels| levels <= self.bytes.len())
            }
            Layout::Dictionary | Layout::First { .. } => true,
        }
    }
}

/// What a page says of itself.
#[derive(Default)]
struct Header {
    kind: i64,
    packed: u64,
    length: u64,
    values: u32,
    encoding: i64,
    is_packed: bool,
    defined: i64,
    repeated: i64,
    nulls: u32,
}

impl Header {
    fn read<R: Read>(thrift: &mut Thrift<R>) -> Option<Self> {
        let mut header = Self { is_packed: true, ..Self::default() };
        let mut last = 0;
        while let Some((id, kind)) = thrift.field(&mut last)? {
            match (id, kind) {
                (1, Kind::Int) => header.kind = thrift.int()?,
                (2, Kind::Int) => header.length = thrift.count()?,
                (3, Kind::Int) => header.packed = thrift.count()?,
                (5 | 7 | 8, Kind::Struct) => header.describe(thrift, id)?,
                _ => thrift.skip(kind)?,
            }
        }
        Some(header)
    }

    /// Reads what only pages of one kind have.
    fn describe<R: Read>(&mut self, thrift: &mut Thrift<R>, kind: i16) -> Option<()> {
        let mut last = 0;
        while let Some((id, held)) = thrift.field(&mut last)? {
            match (kind, id, held) {
                (_, 1, Kind::Int) => self.values = u32::try_from(thrift.int()?).ok()?,
                (5 | 7, 2, Kind::Int) | (8, 4, Kind::Int) => self.encoding = thrift.int()?,
                (8, 2, Kind::Int) => self.nulls = u32::try_from(thrift.int()?).ok()?,
                (5, 3, Kind::Int) | (8, 5, Kind::Int) => self.defined = thrift.int()?,
                (5, 4, Kind::Int) | (8, 6, Kind::Int) => self.repeated = thrift.int()?,
                (8, 7, Kind::Flag(flag)) => self.is_packed = flag,
                _ => thrift.skip(held)?,
            }
        }
        Some(())
    }

    /// Returns how the page is laid out.
    fn layout(&self) -> Option<Layout> {
        Some(match self.kind {
            0 => Layout::First { defined: self.defined, repeated: self.repeated },
            2 => Layout::Dictionary,
            3 => Layout::Second {
                defined: usize::try_from(self.defined).ok()?,
                repeated: usize::try_from(self.repeated).ok()?,
                nulls: self.nulls,
            },
            // A page that is an index was planned, and nobody writes one.
            _ => return None,
        })
    }
}
