//! The pages of a column, of which none is handed on that the crate would panic at, or make too much room for.

use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::Result;
use parquet::file::serialized_reader::SerializedPageReader;
use parquet::schema::types::ColumnDescriptor;

use super::delta::{self, Lengths};
use super::fault::broken;
use super::file::Source;
use super::runs;

/// No dictionary has more values, or bytes: writers give one up at a megabyte.
const MOST_IN_DICTIONARY: u32 = 2 << 20;
const LARGEST_DICTIONARY: usize = 16 << 20;
/// No value is wider of which it is said beforehand how wide it is.
const WIDEST: u64 = 1 << 20;
/// No text is longer that is written by what it shares with the one before: many of them are made at once.
const LONGEST_SHARED: u64 = 1 << 20;

/// The pages of a column.
pub(super) struct Pages {
    from: SerializedPageReader<Source>,
    has_levels: bool,
    /// How many bytes a number of the column has.
    width: u64,
    has_dictionary: bool,
}

impl Pages {
    /// Returns the pages of a column.
    pub(super) fn new(from: SerializedPageReader<Source>, column: &ColumnDescriptor) -> Result<Self> {
        let width = match column.physical_type() {
            Type::FIXED_LEN_BYTE_ARRAY => column.type_length(),
            Type::INT64 | Type::DOUBLE => 8,
            _ => 4,
        };
        let width = u64::try_from(width).ok().filter(|width| (1..=WIDEST).contains(width));
        let width = width.ok_or_else(|| broken("its values are too wide"))?;
        Ok(Self { from, has_levels: column.max_def_level() > 0, width, has_dictionary: false })
    }

    /// Looks whether the crate may read a page.
    fn check(&mut self, page: &Page) -> Result<()> {
        match page {
            Page::DictionaryPage { buf, num_values, .. } => {
                let has_values = usize::try_from(*num_values).is_ok_and(|count| count <= buf.len());
                if self.has_dictionary || !has_values {
                    return Err(broken("a dictionary is broken"));
                }
                if *num_values > MOST_IN_DICTIONARY || buf.len() > LARGEST_DICTIONARY {
                    return Err(broken("a dictionary is too large"));
                }
                self.has_dictionary = true;
                Ok(())
            }
            Page::DataPage { buf, num_values, encoding, def_level_encoding, .. } => {
                if !self.has_levels {
                    return self.check_values(*encoding, buf, *num_values);
                }
                let found = with_length(buf).filter(|_| *def_level_encoding == Encoding::RLE);
                let found = found.and_then(|(levels, values)| Some((runs::present(levels, *num_values)?, values)));
                let (count, values) = found.ok_or_else(|| broken("which rows have values is not known"))?;
                self.check_values(*encoding, values, count)
            }
            Page::DataPageV2 {
                buf, num_values, num_nulls, encoding, def_levels_byte_len, rep_levels_byte_len, ..
            } => {
                let levels = def_levels_byte_len.checked_add(*rep_levels_byte_len);
                let split = levels.and_then(|levels| buf.split_at_checked(usize::try_from(levels).ok()?));
                let is_sound = |levels: &[u8]| !self.has_levels || runs::are_sound(levels, 1, *num_values);
                let split = split.filter(|(levels, _)| *rep_levels_byte_len == 0 && is_sound(levels));
                let (_, values) = split.ok_or_else(|| broken("which rows have values is not known"))?;
                self.check_values(*encoding, values, num_values.saturating_sub(*num_nulls))
            }
        }
    }

    /// Looks whether so many values can be there.
    fn check_values(&self, encoding: Encoding, values: &[u8], count: u32) -> Result<()> {
        let lengths = |from: &[u8]| Lengths::read(from, u64::from(count)).ok_or_else(|| broken("lengths are broken"));
        let behind = |end: usize| values.get(end..).unwrap_or_default();
        let fits = |sum: u64, texts: &[u8]| usize::try_from(sum).is_ok_and(|sum| sum <= texts.len());
        match encoding {
            Encoding::PLAIN => Ok(()),
            Encoding::RLE => {
                let is_sound = with_length(values).is_some_and(|(bits, _)| runs::are_sound(bits, 1, count));
                is_sound.then_some(()).ok_or_else(|| broken("bits are broken"))
            }
            Encoding::DELTA_BINARY_PACKED => {
                delta::are_sound(values).then_some(()).ok_or_else(|| broken("numbers are broken"))
            }
            Encoding::BYTE_STREAM_SPLIT => {
                let bytes = u64::from(count).saturating_mul(self.width);
                fits(bytes, values).then_some(()).ok_or_else(|| broken("numbers are cut"))
            }
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY if self.has_dictionary => {
                let is_sound = values.split_first().is_some_and(|(width, rest)| runs::are_sound(rest, *width, count));
                is_sound.then_some(()).ok_or_else(|| broken("what points into the dictionary is broken"))
            }
            Encoding::DELTA_LENGTH_BYTE_ARRAY => {
                let found = lengths(values)?;
                fits(found.sum, behind(found.end)).then_some(()).ok_or_else(|| broken("texts are cut"))
            }
            Encoding::DELTA_BYTE_ARRAY => {
                let shared = lengths(values)?;
                let own = lengths(behind(shared.end))?;
                let texts = behind(shared.end.saturating_add(own.end));
                let is_short = shared.longest.saturating_add(own.longest) <= LONGEST_SHARED;
                (is_short && fits(own.sum, texts)).then_some(()).ok_or_else(|| broken("texts are cut, or too long"))
            }
            _ => Err(broken("it is written in a way that is not known")),
        }
    }
}

/// Returns what begins with its length, and what is behind it.
fn with_length(from: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = from.split_at_checked(4)?;
    let length = usize::try_from(i32::from_le_bytes(length.try_into().ok()?)).ok()?;
    rest.split_at_checked(length)
}

impl Iterator for Pages {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Pages {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.from.get_next_page()?;
        page.iter().try_for_each(|page| self.check(page))?;
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.from.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.from.skip_next_page()
    }
}
