//! Reads Parquet tables: group of rows by group of rows, and in it column by column, so that little is held at once.

mod delta;

mod fault;

mod file;

mod footer;

mod number;

mod pages;

mod runs;

mod value;

use std::fs::File;
use std::sync::Arc;

use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::DataType;
use parquet::errors::Result;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::serialized_reader::SerializedPageReader;

use self::fault::broken;
use self::file::Source;
use self::pages::Pages;
use self::value::Meaning;
use super::limits::{Limits, MOST_COLUMNS, Watch};
use super::sample::Sample;
use super::table::Table;
use super::tally::{Known, Tally};
use crate::kept::kept;
use crate::model::{Column, Profile, TableFormat};

/// So many values are read at once, and so many texts, each of which may be long.
const VALUES: usize = 1024;
const TEXTS: usize = 128;
/// Where reading ends early, no more than about so many rows are taken back.
const ROWS_TAKEN_BACK: u64 = 1 << 16;

/// Returns the profile of a table, as far as it can be read within the limits; `None` when it is not Parquet, or broken.
pub(super) fn profile(file: File, limits: &Limits) -> Option<Table> {
    // What is known to make the crate panic is found out before; should there be more, it ends here.
    kept(|| read(file, limits)).ok()?.ok()
}

/// A column that is read: where it lies, what its values mean, and what was counted of it.
#[derive(Clone)]
struct Reading {
    leaf: usize,
    meaning: Meaning,
    tally: Tally,
    sample: Sample,
}

/// A column of the table. What holds lists or objects is not read.
enum Place {
    Read(usize),
    Unread(String),
}

/// What was read of a table, so that it can be taken back to where all columns have the same rows.
#[derive(Clone)]
struct Progress {
    columns: Vec<Reading>,
    rows: u64,
}

fn read(file: File, limits: &Limits) -> Result<Table> {
    let source = Arc::new(Source::new(file)?);
    let metadata = ParquetMetaDataReader::decode_metadata(&footer::read(&source)?)?;
    let rows = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()));
    let rows = rows.sum::<std::result::Result<u64, _>>().map_err(|error| broken(&error.to_string()))?;
    let (places, columns) = columns(&metadata, rows);
    let all = metadata.file_metadata().schema_descr().root_schema().get_fields().len();
    let (mut watch, mut left) = (Watch::new(limits), limits.bytes);
    let mut now = Progress { columns, rows: 0 };
    let (mut before, mut is_whole) = (now.clone(), true);
    for group in metadata.row_groups() {
        if now.rows.saturating_sub(before.rows) >= ROWS_TAKEN_BACK {
            before = now.clone();
        }
        let bytes = bytes_of(group, &now.columns)?;
        if bytes > left || watch.is_over() {
            is_whole = false;
            break;
        }
        left = left.saturating_sub(bytes);
        if !read_group(&source, group, &mut now, &mut watch)? {
            is_whole = false;
            now = before;
            break;
        }
    }
    let columns_left_out = u64::try_from(all.saturating_sub(MOST_COLUMNS)).unwrap_or(u64::MAX);
    // Where nothing was read, nothing is known of the columns either.
    let places = if now.rows == 0 && !is_whole { Vec::new() } else { places };
    let (columns, known) = finish(places, now.columns);
    let rows = now.rows;
    let format = TableFormat::Parquet;
    let profile = Profile { format, rows, is_whole, uneven_rows: 0, columns_left_out, columns };
    Ok(Table { profile, known })
}

/// Returns the columns in their order, and what is read of them.
fn columns(metadata: &ParquetMetaData, rows: u64) -> (Vec<Place>, Vec<Reading>) {
    let schema = metadata.file_metadata().schema_descr();
    let fields = schema.root_schema().get_fields();
    let count = fields.len().min(MOST_COLUMNS);
    let mut leaves = vec![None; fields.len()];
    for leaf in 0..schema.num_columns() {
        let column = schema.column(leaf);
        let is_plain = column.path().parts().len() == 1 && column.max_rep_level() == 0;
        if let Some(place) = leaves.get_mut(schema.get_column_root_idx(leaf)).filter(|_| is_plain) {
            *place = Some((leaf, Meaning::of(&column)));
        }
    }
    let (mut places, mut read, mut names) = (Vec::new(), Vec::new(), Vec::<String>::new());
    for (field, leaf) in fields.iter().zip(leaves).take(count) {
        let name = match field.name() {
            name if names.iter().any(|other| other == name) => format!("{name} ({})", names.len().saturating_add(1)),
            name => name.to_owned(),
        };
        names.push(name.clone());
        places.push(match leaf {
            None => Place::Unread(name),
            Some((leaf, meaning)) => {
                read.push(Reading { leaf, meaning, tally: Tally::new(name, count, 0), sample: Sample::new(rows) });
                Place::Read(read.len().saturating_sub(1))
            }
        });
    }
    (places, read)
}

/// Returns how many bytes the columns that are read take in a group of rows.
fn bytes_of(group: &RowGroupMetaData, columns: &[Reading]) -> Result<u64> {
    let mut sum = 0_u64;
    for column in columns {
        let chunk = group.columns().get(column.leaf).ok_or_else(|| broken("a column is missing"))?;
        let places = [chunk.compressed_size(), chunk.data_page_offset(), chunk.dictionary_page_offset().unwrap_or(0)];
        if places.iter().any(|place| *place < 0) {
            return Err(broken("a column lies before the start of the file"));
        }
        sum = sum.saturating_add(u64::try_from(chunk.compressed_size()).unwrap_or(u64::MAX));
    }
    Ok(sum)
}

/// Reads a group of rows; returns whether there was time for all of it.
fn read_group(source: &Arc<Source>, group: &RowGroupMetaData, now: &mut Progress, watch: &mut Watch) -> Result<bool> {
    let rows = u64::try_from(group.num_rows()).unwrap_or(u64::MAX);
    let count = usize::try_from(rows).map_err(|error| broken(&error.to_string()))?;
    for column in &mut now.columns {
        let chunk = group.columns().get(column.leaf).ok_or_else(|| broken("a column is missing"))?;
        let descriptor = chunk.column_descr_ptr();
        let pages = SerializedPageReader::new(Arc::clone(source), chunk, count, None)?;
        let pages = Pages::new(pages, &descriptor)?;
        let reader = get_column_reader(descriptor, Box::new(pages));
        if !column.read(reader, rows, watch)? {
            return Ok(false);
        }
    }
    now.rows = now.rows.saturating_add(rows);
    Ok(true)
}

impl Reading {
    /// Reads the rows of a group; returns whether there was time for all of them.
    fn read(&mut self, reader: ColumnReader, rows: u64, watch: &mut Watch) -> Result<bool> {
        let meaning = self.meaning;
        match reader {
            ColumnReader::BoolColumnReader(from) => {
                self.each(from, VALUES, rows, watch, |value, tally, sample| value::boolean(*value, tally, sample))
            }
            ColumnReader::Int32ColumnReader(from) => {
                self.each(from, VALUES, rows, watch, |value, tally, sample| meaning.int32(*value, tally, sample))
            }
            ColumnReader::Int64ColumnReader(from) => {
                self.each(from, VALUES, rows, watch, |value, tally, sample| meaning.int64(*value, tally, sample))
            }
            ColumnReader::Int96ColumnReader(from) => {
                self.each(from, VALUES, rows, watch, |value, tally, sample| value::int96(value.data(), tally, sample))
            }
            ColumnReader::FloatColumnReader(from) => {
                self.each(from, VALUES, rows, watch, |value, tally, sample| value::float(*value, tally, sample))
            }
            ColumnReader::DoubleColumnReader(from) => {
                self.each(from, VALUES, rows, watch, |value, tally, sample| value::double(*value, tally, sample))
            }
            ColumnReader::ByteArrayColumnReader(from) => {
                self.each(from, TEXTS, rows, watch, |value, tally, sample| meaning.bytes(value.data(), tally, sample))
            }
            ColumnReader::FixedLenByteArrayColumnReader(from) => {
                self.each(from, TEXTS, rows, watch, |value, tally, sample| meaning.bytes(value.data(), tally, sample))
            }
        }
    }

    /// Counts each value of so many rows, of which `most` are held at once.
    fn each<T: DataType>(
        &mut self,
        mut from: ColumnReaderImpl<T>,
        most: usize,
        rows: u64,
        watch: &mut Watch,
        mut add: impl FnMut(&T::T, &mut Tally, &Sample),
    ) -> Result<bool> {
        let (mut values, mut levels) = (Vec::with_capacity(most), Vec::with_capacity(most));
        let mut left = rows;
        while left > 0 {
            if watch.is_over() {
                return Ok(false);
            }
            values.clear();
            levels.clear();
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(most);
            let (read, ..) = from.read_records(wanted, Some(&mut levels), None, &mut values)?;
            if read == 0 {
                return Err(broken("a column has fewer rows than the table"));
            }
            let mut found = values.iter();
            for row in 0..read {
                self.sample.next_row();
                // A column whose values are never missing has no levels.
                match levels.get(row) {
                    Some(0) => self.tally.add_nulls(1),
                    _ => add(found.next().ok_or_else(|| broken("a value is missing"))?, &mut self.tally, &self.sample),
                }
            }
            left = left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        }
        Ok(true)
    }
}

/// Returns what is told of the columns, in their order.
fn finish(places: Vec<Place>, read: Vec<Reading>) -> (Vec<Column>, Vec<Known>) {
    let mut read: Vec<_> = read.into_iter().map(|column| Some(column.tally.finish(&column.sample))).collect();
    let of = |place| match place {
        Place::Read(at) => read.get_mut(at).and_then(Option::take),
        Place::Unread(name) => Some((Column::unread(name), Known::nothing())),
    };
    places.into_iter().filter_map(of).unzip()
}
