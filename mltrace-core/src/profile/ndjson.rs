//! Reads tables of one JSON object a line.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{BufRead, Read};

use foldhash::HashMap;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::cell::{Cell, is_date};
use super::limits::{LONGEST_ROW, Limits, MOST_COLUMNS, Watch};
use super::pair::Pair;
use super::sample::{Sample, about_rows};
use super::table::Table;
use super::tally::Tally;
use crate::model::{LIMIT_NAME, Profile, TableFormat, UnevenRow, cut};

/// No line that is a row has more fields.
const MOST_FIELDS: usize = 1 << 16;
/// Time is looked at once in so many lines, or bytes.
const LINES_A_LOOK: u64 = 256;
const BYTES_A_LOOK: usize = 1 << 20;
const BOM: &[u8] = "\u{FEFF}".as_bytes();

/// The fields of an object, as they are written.
struct Fields<'l>(Vec<(Cow<'l, str>, &'l RawValue)>);

impl<'de: 'l, 'l> Deserialize<'de> for Fields<'l> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    if fields.len() >= MOST_FIELDS {
                        return Err(A::Error::custom("too many fields"));
                    }
                    fields.push((name, map.next_value()?));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[derive(Deserialize)]
struct Name<'l>(#[serde(borrow)] Cow<'l, str>);

/// The columns that were found so far.
#[derive(Default)]
struct Columns {
    /// With each the count of rows up to the last one that has it.
    tallies: Vec<(Tally, u64)>,
    places: HashMap<String, usize>,
    left_out: BTreeSet<String>,
    pair: Pair,
}

impl Columns {
    /// Counts the fields of the row that follows `rows` others.
    fn add_row(&mut self, fields: &[(Cow<'_, str>, &RawValue)], rows: u64, sample: &Sample) {
        let places: Vec<Option<usize>> = fields.iter().map(|(name, _)| self.place(name, rows)).collect();
        let cell = |place: usize| {
            let at = places.iter().rposition(|at| *at == Some(place))?;
            fields.get(at).and_then(|(_, json)| shown(json.get()))
        };
        for place in self.pair.secrets(cell) {
            self.tallies.get_mut(place).into_iter().for_each(|(tally, _)| tally.hide());
        }
        let rows = rows.saturating_add(1);
        // Of a name that is there twice the last one counts, as it does where JSON is read.
        for (at, (_, value)) in places.into_iter().zip(fields).rev() {
            if let Some((tally, seen)) = at.and_then(|at| self.tallies.get_mut(at))
                && std::mem::replace(seen, rows) != rows
            {
                add(tally, value.get(), sample);
            }
        }
        // A column that this row lacks has no value in it.
        for (tally, seen) in &mut self.tallies {
            tally.add_nulls(u64::from(*seen != rows));
        }
    }

    fn place(&mut self, name: &str, rows: u64) -> Option<usize> {
        if let Some(at) = self.places.get(name) {
            return Some(*at);
        }
        let at = self.tallies.len();
        // A name is kept as long as the column is, so one as long as a row is no column.
        if at >= MOST_COLUMNS || name.len() > LIMIT_NAME {
            if self.left_out.len() < MOST_COLUMNS {
                let mut name = name.to_owned();
                cut(&mut name, LIMIT_NAME);
                self.left_out.insert(name);
            }
            return None;
        }
        self.pair.add(at, name);
        self.places.insert(name.to_owned(), at);
        self.tallies.push((Tally::new(name.to_owned(), 64, rows), rows));
        Some(at)
    }
}

/// Returns the profile of a table, as far as it can be read within the limits; `None` when its first line is no object.
pub(super) fn profile(mut from: impl BufRead, size: u64, limits: &Limits) -> Option<Table> {
    let mut watch = Watch::new(limits);
    let mut sample = Sample::new(about_rows(from.fill_buf().ok()?, size));
    let mut limited = from.take(limits.bytes);
    let mut line = Vec::new();
    let mut columns = Columns::default();
    let (mut rows, mut uneven_rows, mut is_whole) = (0_u64, 0_u64, true);
    let (mut lines, mut since_look, mut is_within_line) = (0_u64, 0_usize, false);
    let (mut ended, mut first_uneven) = (0_u64, None);
    loop {
        since_look = since_look.saturating_add(line.len());
        lines = lines.saturating_add(1);
        if lines % LINES_A_LOOK == 0 || since_look > BYTES_A_LOOK {
            since_look = 0;
            if watch.is_over() {
                is_whole = false;
                break;
            }
        }
        line.clear();
        let read = (&mut limited).take(LONGEST_ROW).read_until(b'\n', &mut line).ok()?;
        if read == 0 {
            break;
        }
        // The last line of what is cut is no whole one.
        let has_end = line.last() == Some(&b'\n');
        if limited.limit() == 0 && !has_end {
            is_whole = false;
            break;
        }
        // Of a line that is too long each piece is no row.
        let number = ended.saturating_add(1);
        ended = ended.saturating_add(u64::from(has_end));
        if std::mem::replace(&mut is_within_line, !has_end) {
            continue;
        }
        let text = if lines == 1 { line.strip_prefix(BOM).unwrap_or(&line) } else { &line };
        // So that an error is counted within the line and not after it.
        let text = text.trim_ascii_end();
        if text.is_empty() {
            continue;
        }
        let fields = match serde_json::from_slice(text) {
            Ok(Fields(fields)) => fields,
            Err(_) if rows == 0 => return None,
            Err(error) => {
                uneven_rows = uneven_rows.saturating_add(1);
                // What the error says in words may be a value.
                let column = u64::try_from(error.column()).ok().filter(|_| !error.is_data());
                first_uneven.get_or_insert(UnevenRow { line: number, fields: None, column });
                continue;
            }
        };
        sample.next_row();
        columns.add_row(&fields, rows, &sample);
        rows = rows.saturating_add(1);
    }
    is_whole &= limited.limit() > 0;
    let columns_left_out = u64::try_from(columns.left_out.len()).unwrap_or(u64::MAX);
    let (columns, known) = columns.tallies.into_iter().map(|(tally, _)| tally.finish(&sample)).unzip();
    let format = TableFormat::Ndjson;
    let profile = Profile { format, rows, is_whole, uneven_rows, first_uneven, columns_left_out, columns };
    Some(Table { profile, known })
}

/// Returns a text, or a number as it is written; `None` of what is no value or holds others.
fn shown(json: &str) -> Option<Cow<'_, str>> {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).ok().map(|Name(text)| text),
        Some(b'{' | b'[' | b'n') | None => None,
        Some(_) => Some(json.into()),
    }
}

/// Counts a value as it is written in JSON.
fn add(tally: &mut Tally, json: &str, sample: &Sample) {
    match json.as_bytes().first() {
        Some(b'"') => {
            let Ok(Name(text)) = serde_json::from_str(json) else {
                // Half of a pair of surrogates is no character, and yet text.
                return tally.add_as(Cell::Text, &bytes_of(json), sample);
            };
            let held = if is_date(text.as_bytes()) { Cell::Date } else { Cell::Text };
            tally.add_as(held, text.as_bytes(), sample);
        }
        Some(b'{' | b'[') => tally.add_nested(),
        Some(b't' | b'f') => tally.add_as(Cell::Boolean, json.as_bytes(), sample),
        Some(b'n') | None => tally.add_nulls(1),
        Some(_) => tally.add(json.as_bytes(), sample),
    }
}

/// Returns the bytes of a text that holds what is no character.
#[cold]
fn bytes_of(json: &str) -> Vec<u8> {
    struct Bytes;
    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(bytes.to_vec())
        }
    }
    serde_json::Deserializer::from_str(json).deserialize_bytes(Bytes).unwrap_or_default()
}
