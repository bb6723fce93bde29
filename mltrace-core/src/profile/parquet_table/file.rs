//! The file of a Parquet table, of which no piece is read that is larger than any honest one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Take};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

use super::fault::broken;
use super::number::number;

/// No piece is larger, be it a page as it is written or the footer. Writers make pages of a megabyte.
pub(super) const LARGEST_PIECE: usize = 32 << 20;
/// No page is larger once its bytes are decompressed.
const LARGEST_PAGE: u64 = 32 << 20;
/// What is before a page is no longer, with the least and the greatest value in it.
const LONGEST_HEADER: u64 = 1 << 20;
/// So much of it is read at once.
const PIECE_OF_HEADER: usize = 1 << 10;

/// The file of a table.
pub(super) struct Source {
    file: Arc<Mutex<File>>,
    size: u64,
}

impl Source {
    pub(super) fn new(file: File) -> Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file: Arc::new(Mutex::new(file)), size })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Source {
    type T = Take<BufReader<From>>;

    /// Reads what is before a page. It begins with the page's sizes: what is decompressed is held as a whole, so a page
    /// that says it is larger than any honest one is not read.
    fn get_read(&self, start: u64) -> Result<Self::T> {
        let from = From { file: Arc::clone(&self.file), at: start };
        let mut header = BufReader::with_capacity(PIECE_OF_HEADER, from);
        let size = uncompressed_size(header.fill_buf()?);
        match size.is_some_and(|size| size <= LARGEST_PAGE) {
            true => Ok(header.take(LONGEST_HEADER)),
            false => Err(broken("a page is too large, or its header is none")),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let end = u64::try_from(length).ok().and_then(|length| start.checked_add(length));
        if length > LARGEST_PIECE || end.is_none_or(|end| end > self.size) {
            return Err(broken("a piece is too large, or lies beyond the end"));
        }
        let mut bytes = vec![0; length];
        From { file: Arc::clone(&self.file), at: start }.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// Reads a file from a place on.
pub(super) struct From {
    file: Arc<Mutex<File>>,
    at: u64,
}

impl Read for From {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer)?;
        self.at = self.at.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}

/// Returns the size of a decompressed page, as its header says: the second of its fields, each a byte and a number.
fn uncompressed_size(header: &[u8]) -> Option<u64> {
    let mut rest = header;
    let mut numbers = [0; 3];
    for found in &mut numbers {
        // A field of the next id that holds a number of 32 bits.
        rest = rest.strip_prefix(&[0x15])?;
        *found = number(&mut rest)?;
    }
    let [_, size, _] = numbers;
    // Signs are folded into the lowest bit.
    (size & 1 == 0).then_some(size >> 1)
}
