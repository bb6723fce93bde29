//! Writes tables as Parquet.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use mltrace_core::model::Profile;
use mltrace_core::profile::{Limits, profile};
use parquet::basic::{Compression, Encoding};
use parquet::data_type::DataType;
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

/// Of each row the value of a column, or none.
pub(crate) type Cells<T> = Vec<Option<T>>;

/// Writes some rows of a column.
pub(crate) type Put<'c> = Box<dyn Fn(&mut SerializedColumnWriter<'_>, std::ops::Range<usize>) + 'c>;

/// Returns what writes the rows of an optional column.
pub(crate) fn optional<T: DataType>(cells: Cells<T::T>) -> Put<'static> {
    Box::new(move |writer, rows| {
        let cells = &cells[rows];
        let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
        let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
        writer.typed::<T>().write_batch(&values, Some(&levels), None).unwrap();
    })
}

/// Returns what writes the rows of a column that has a value in each.
pub(crate) fn required<T: DataType>(cells: Vec<T::T>) -> Put<'static> {
    Box::new(move |writer, rows| {
        writer.typed::<T>().write_batch(&cells[rows], None, None).unwrap();
    })
}

/// How a file is written.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    pub(crate) compression: Compression,
    pub(crate) is_second: bool,
    pub(crate) has_dictionary: bool,
    pub(crate) rows_a_page: usize,
    pub(crate) rows_a_group: usize,
    /// Of each column that is not written as usual.
    pub(crate) encodings: Vec<(&'static str, Encoding)>,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            compression: Compression::UNCOMPRESSED,
            is_second: false,
            has_dictionary: true,
            rows_a_page: 1000,
            rows_a_group: usize::MAX,
            encodings: Vec::new(),
        }
    }
}

/// Writes a file of so many rows.
pub(crate) fn write(path: &Path, message: &str, rows: usize, columns: &[Put<'_>], way: &Way) {
    let schema = Arc::new(parse_message_type(message).unwrap());
    let version = if way.is_second { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
    let mut properties = WriterProperties::builder()
        .set_compression(way.compression)
        .set_writer_version(version)
        .set_dictionary_enabled(way.has_dictionary)
        .set_write_batch_size(way.rows_a_page)
        .set_data_page_row_count_limit(way.rows_a_page);
    for (column, encoding) in &way.encodings {
        properties = properties.set_column_encoding((*column).into(), *encoding);
    }
    let file = File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
    let mut from = 0;
    while from < rows {
        let to = rows.min(from.saturating_add(way.rows_a_group));
        let mut group = writer.next_row_group().unwrap();
        for put in columns {
            let mut column = group.next_column().unwrap().unwrap();
            put(&mut column, from..to);
            column.close().unwrap();
        }
        group.close().unwrap();
        from = to;
    }
    writer.close().unwrap();
}

/// Returns the profile of a table that is written so.
pub(crate) fn of(message: &str, rows: usize, columns: &[Put<'_>], way: &Way) -> Profile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write(&path, message, rows, columns, way);
    profile(&path, &Limits::default()).unwrap_or_else(|| panic!("{way:?}"))
}
