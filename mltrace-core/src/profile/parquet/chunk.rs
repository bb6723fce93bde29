//! The values of a column in a group of rows, one row after another.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ::parquet::basic::{Encoding, Type as Physical};
use ::parquet::column::page::{Page, PageMetadata, PageReader};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use ::parquet::data_type::DataType;
use ::parquet::errors::{ParquetError, Result as Parsed};
use ::parquet::schema::types::ColumnDescPtr;

use super::delta;
use super::levels::RUNS;
use super::page::{Layout, Pages, RawPage};
use super::value::{AsStored, Stored};

/// So many rows are decoded at once.
const BATCH: usize = 1024;
/// Where each value may repeat the one before it, so many bytes are decoded at once, if each does: this takes memory.
const MOST_REPEATED: usize = 64 << 20;
/// Where each may be the whole dictionary, so many are: this takes time, which is looked at in between.
const MOST_LOOKED_UP: usize = 256 << 20;
/// No dictionary has more values.
const MOST_ENTRIES: usize = 1 << 20;

/// Pages that were checked, on their way to the decoder.
#[derive(Clone, Default)]
struct Fed(Arc<Mutex<VecDeque<Page>>>);

impl Fed {
    fn push(&self, page: Page) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(page);
    }

    fn pop(&self) -> Option<Page> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop_front()
    }
}

impl Iterator for Fed {
    type Item = Parsed<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pop().map(Ok)
    }
}

impl PageReader for Fed {
    fn get_next_page(&mut self) -> Parsed<Option<Page>> {
        Ok(self.pop())
    }

    // Nothing is skipped.
    fn peek_next_page(&mut self) -> Parsed<Option<PageMetadata>> {
        Err(ParquetError::General("only whole pages are read".to_owned()))
    }

    fn skip_next_page(&mut self) -> Parsed<()> {
        Err(ParquetError::General("only whole pages are read".to_owned()))
    }
}

/// The values of a column in a group of rows.
pub(super) struct Cells<'f> {
    pages: Pages<'f>,
    fed: Fed,
    reader: ColumnReader,
    described: ColumnDescPtr,
    /// How many rows of the page at hand are still to be read.
    left: usize,
    batch: usize,
    has_dictionary: bool,
    /// How long it is.
    dictionary: usize,
    levels: Vec<i16>,
}

impl<'f> Cells<'f> {
    /// Returns the values that are in the pages of a column.
    pub(super) fn new(pages: Pages<'f>, described: &ColumnDescPtr) -> Self {
        let fed = Fed::default();
        let reader = get_column_reader(described.clone(), Box::new(fed.clone()));
        let (described, levels) = (described.clone(), Vec::new());
        Self { pages, fed, reader, described, left: 0, batch: BATCH, has_dictionary: false, dictionary: 0, levels }
    }

    /// Reports the value of each of the next rows, `None` where there is none; returns how many rows these were, at most
    /// `most`, and none where a page is still to be read. `None` when they cannot be read, or there are no more.
    pub(super) fn read(&mut self, most: usize, mut each: impl FnMut(Option<Stored<'_>>)) -> Option<usize> {
        if self.left == 0 {
            let page = self.pages.next()??;
            self.feed(page)?;
            return Some(0);
        }
        let rows = self.left.min(self.batch).min(most);
        let levels = &mut self.levels;
        let most = self.described.max_def_level();
        match &mut self.reader {
            ColumnReader::BoolColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::Int32ColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::Int64ColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::Int96ColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::FloatColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::DoubleColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::ByteArrayColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
            ColumnReader::FixedLenByteArrayColumnReader(reader) => decode(reader, rows, most, levels, &mut each),
        }?;
        self.left = self.left.saturating_sub(rows);
        Some(rows)
    }

    /// Hands a page to the decoder, which takes for true what a page says: so what it would allocate is checked before.
    fn feed(&mut self, page: RawPage) -> Option<()> {
        let encoding = self.checked(&page)?;
        let values = usize::try_from(page.values).ok()?;
        let at_once = match encoding {
            Encoding::DELTA_BYTE_ARRAY => MOST_REPEATED.checked_div(page.bytes.len()),
            Encoding::RLE_DICTIONARY => MOST_LOOKED_UP.checked_div(self.dictionary),
            _ => None,
        };
        self.batch = at_once.unwrap_or(BATCH).clamp(1, BATCH);
        let (num_values, length, buf) = (page.values, page.bytes.len(), page.bytes.into());
        match page.layout {
            Layout::Dictionary => {
                self.has_dictionary = true;
                self.dictionary = length;
                self.fed.push(Page::DictionaryPage { buf, num_values, encoding, is_sorted: false });
                return Some(());
            }
            _ if values == 0 => return Some(()),
            Layout::First { .. } => {
                let (def_level_encoding, rep_level_encoding) = (Encoding::RLE, Encoding::RLE);
                let statistics = None;
                self.fed.push(Page::DataPage {
                    buf,
                    num_values,
                    encoding,
                    def_level_encoding,
                    rep_level_encoding,
                    statistics,
                });
            }
            Layout::Second { defined, repeated, nulls } => self.fed.push(Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls: nulls,
                num_rows: num_values,
                def_levels_byte_len: u32::try_from(defined).ok()?,
                rep_levels_byte_len: u32::try_from(repeated).ok()?,
                is_compressed: false,
                statistics: None,
            }),
        }
        self.left = values;
        Some(())
    }

    /// Returns how the values of a page are written; `None` when that is not known, or not as it is said to be.
    fn checked(&self, page: &RawPage) -> Option<Encoding> {
        let physical = self.described.physical_type();
        let length = page.bytes.len();
        let values = usize::try_from(page.values).ok()?;
        if page.layout == Layout::Dictionary {
            let least = match physical {
                Physical::INT64 | Physical::DOUBLE => 8,
                Physical::INT96 => 12,
                Physical::FIXED_LEN_BYTE_ARRAY => usize::try_from(self.described.type_length()).ok()?.max(1),
                Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY | Physical::BOOLEAN => 4,
            };
            let is_held = values <= MOST_ENTRIES && values.checked_mul(least)? <= length;
            let is_known = !self.has_dictionary && matches!(page.encoding, 0 | 2);
            return (is_held && is_known).then_some(Encoding::PLAIN);
        }
        if let Layout::First { defined, .. } = page.layout
            && self.described.max_def_level() > 0
            && defined != RUNS
        {
            return None;
        }
        let is_text = physical == Physical::BYTE_ARRAY;
        let is_fixed = physical == Physical::FIXED_LEN_BYTE_ARRAY;
        Some(match page.encoding {
            0 => Encoding::PLAIN,
            2 | 8 if self.has_dictionary => Encoding::RLE_DICTIONARY,
            RUNS if physical == Physical::BOOLEAN => Encoding::RLE,
            5 if matches!(physical, Physical::INT32 | Physical::INT64) => Encoding::DELTA_BINARY_PACKED,
            6 if is_text => {
                delta::end(self.values_of(page)?, values)?;
                Encoding::DELTA_LENGTH_BYTE_ARRAY
            }
            7 if is_text || is_fixed => {
                let bytes = self.values_of(page)?;
                let lengths = bytes.get(delta::end(bytes, values)?..)?;
                delta::end(lengths, values)?;
                Encoding::DELTA_BYTE_ARRAY
            }
            9 if !is_text => Encoding::BYTE_STREAM_SPLIT,
            _ => return None,
        })
    }

    /// Returns the bytes of a page behind its levels.
    fn values_of<'p>(&self, page: &'p RawPage) -> Option<&'p [u8]> {
        match page.layout {
            Layout::First { .. } if self.described.max_def_level() > 0 => {
                let (length, rest) = page.bytes.split_first_chunk::<4>()?;
                rest.get(usize::try_from(u32::from_le_bytes(*length)).ok()?..)
            }
            Layout::First { .. } | Layout::Dictionary => Some(&page.bytes),
            Layout::Second { defined, repeated, .. } => page.bytes.get(defined.checked_add(repeated)?..),
        }
    }
}

fn decode<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    most: i16,
    levels: &mut Vec<i16>,
    each: &mut impl FnMut(Option<Stored<'_>>),
) -> Option<()>
where
    T::T: AsStored,
{
    levels.clear();
    let mut values = Vec::with_capacity(rows);
    let (_, count, read) = reader.read_records(rows, Some(levels), None, &mut values).ok()?;
    if read != rows || count != values.len() {
        return None;
    }
    let mut values = values.iter().map(|value| Some(value.stored()));
    if most == 0 {
        values.for_each(each);
        return Some(());
    }
    for level in levels.iter() {
        each(if *level == most { values.next()? } else { None });
    }
    Some(())
}
