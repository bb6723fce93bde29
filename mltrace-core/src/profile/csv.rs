//! Reads tables of text with a separator.

use std::io::BufRead;

use super::limits::{Limits, MOST_COLUMNS, Within};
use super::pair::Pair;
use super::sample::{Sample, about_rows};
use super::table::Table;
use super::tally::Tally;
use crate::model::{LIMIT_NAME, Profile, TableFormat, UnevenRow, cut};

/// The separators that are looked for in the first line.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Returns the profile of a table, as far as it can be read within the limits; `None` when it is not text.
pub(super) fn profile(mut from: impl BufRead, size: u64, separator: Option<u8>, limits: &Limits) -> Option<Table> {
    let start = from.fill_buf().ok()?;
    let separator = separator.unwrap_or_else(|| found_separator(start));
    let mut sample = Sample::new(about_rows(start, size));
    let within = Within::new(from, limits);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(within);
    let mut row = csv::ByteRecord::new();
    // What is cut within the first row reports no columns.
    if !reader.read_byte_record(&mut row).ok()? || reader.get_ref().is_cut() {
        let (format, columns, is_whole) = (TableFormat::Csv, Vec::new(), !reader.get_ref().is_cut());
        let profile =
            Profile { format, rows: 0, is_whole, uneven_rows: 0, first_uneven: None, columns_left_out: 0, columns };
        return Some(Table { profile, known: Vec::new() });
    }
    if row.iter().any(|cell| cell.contains(&0)) {
        return None;
    }
    let count = row.len();
    let has_header = row.iter().all(is_a_name);
    let names = names(&row, has_header);
    let mut pair = Pair::default();
    names.iter().enumerate().for_each(|(place, name)| pair.add(place, name));
    let mut tallies: Vec<Tally> = names.into_iter().map(|name| Tally::new(name, count.min(MOST_COLUMNS), 0)).collect();
    let (mut rows, mut uneven_rows, mut is_whole) = (0_u64, 0_u64, true);
    let (mut is_read, mut first_uneven) = (!has_header, None);
    loop {
        if !is_read {
            reader.get_mut().next_row();
            match reader.read_byte_record(&mut row) {
                // What is cut is no whole row.
                Ok(true) if !reader.get_ref().is_cut() => {}
                Ok(_) => break,
                Err(_) => {
                    is_whole = false;
                    break;
                }
            }
        }
        is_read = false;
        if row.len() != count {
            uneven_rows = uneven_rows.saturating_add(1);
            let line = row.position().map_or(0, csv::Position::line);
            first_uneven.get_or_insert(UnevenRow { line, fields: u64::try_from(row.len()).ok(), column: None });
        }
        for place in pair.secrets(|place| row.get(place).map(String::from_utf8_lossy)) {
            tallies.get_mut(place).into_iter().for_each(Tally::hide);
        }
        sample.next_row();
        let mut cells = row.iter();
        for tally in &mut tallies {
            match cells.next() {
                Some(cell) => tally.add(cell, &sample),
                None => tally.add_nulls(1),
            }
        }
        rows = rows.saturating_add(1);
    }
    is_whole &= !reader.get_ref().is_cut();
    let columns_left_out = u64::try_from(count.saturating_sub(MOST_COLUMNS)).unwrap_or(u64::MAX);
    let (columns, known) = tallies.into_iter().map(|tally| tally.finish(&sample)).unzip();
    let format = TableFormat::Csv;
    let profile = Profile { format, rows, is_whole, uneven_rows, first_uneven, columns_left_out, columns };
    Some(Table { profile, known })
}

/// Returns the separator that the first line has most of, outside of quotes.
fn found_separator(start: &[u8]) -> u8 {
    let (mut counts, mut is_quoted) = ([0_usize; SEPARATORS.len()], false);
    for byte in start.iter().take_while(|byte| **byte != b'\n') {
        if *byte == b'"' {
            is_quoted = !is_quoted;
        }
        for (count, separator) in counts.iter_mut().zip(SEPARATORS) {
            *count = count.saturating_add(usize::from(!is_quoted && *byte == separator));
        }
    }
    // Of equals the first counts.
    let best = counts.into_iter().zip(SEPARATORS).rev().max_by_key(|(count, _)| *count);
    best.map_or(b',', |(_, separator)| separator)
}

/// Returns whether a cell of the first line may be the name of a column.
fn is_a_name(cell: &[u8]) -> bool {
    let cell = cell.trim_ascii();
    !cell.is_empty() && std::str::from_utf8(cell).is_ok_and(|text| text.parse::<f64>().is_err())
}

/// Returns what the columns are called, of so many as are kept; of a name that is there twice the later ones have a number.
fn names(row: &csv::ByteRecord, has_header: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(row.len().min(MOST_COLUMNS));
    for (at, cell) in row.iter().enumerate().take(MOST_COLUMNS) {
        let number = at.saturating_add(1);
        let cell = cell.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(cell);
        let mut name = String::from_utf8_lossy(cell.trim_ascii()).into_owned();
        cut(&mut name, LIMIT_NAME);
        names.push(match has_header {
            false => format!("column {number}"),
            true if names.contains(&name) => format!("{name} ({number})"),
            true => name,
        });
    }
    names
}
