//! Reads tables of one JSON object a line.

use std::borrow::Cow;
use std::fmt;
use std::io::{BufRead, Read};

use foldhash::HashMap;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Table;
use super::cell::{Cell, is_date};
use super::limits::{LONGEST_ROW, Limits, MOST_COLUMNS, Watch};
use super::sample::{Sample, about_rows};
use super::tally::Tally;
use crate::model::{Profile, TableFormat};

/// Time is looked at once in so many rows.
const ROWS_A_LOOK: u64 = 256;

/// The fields of an object, as they are written.
struct Fields<'l>(Vec<(Cow<'l, str>, &'l RawValue)>);

impl<'de: 'l, 'l> Deserialize<'de> for Fields<'l> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(Name(name)) = map.next_key()? {
                    match fields.len() < MOST_COLUMNS {
                        true => fields.push((name, map.next_value()?)),
                        false => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[derive(Deserialize)]
struct Name<'l>(#[serde(borrow)] Cow<'l, str>);

/// Returns the profile of a table, as far as it can be read within the limits; `None` when its first line is no object.
pub(super) fn profile(mut from: impl BufRead, size: u64, limits: &Limits) -> Option<Table> {
    let mut watch = Watch::new(limits);
    let mut sample = Sample::new(about_rows(from.fill_buf().ok()?, size));
    let mut limited = from.take(limits.bytes);
    let mut line = Vec::new();
    let mut tallies: Vec<Tally> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::default();
    let mut left_out: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    let (mut rows, mut uneven_rows, mut is_whole) = (0_u64, 0_u64, true);
    loop {
        line.clear();
        let read = (&mut limited).take(LONGEST_ROW).read_until(b'\n', &mut line).ok()?;
        if read == 0 {
            break;
        }
        // The last line of what is cut is no whole one.
        if limited.limit() == 0 && line.last() != Some(&b'\n') {
            is_whole = false;
            break;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Ok(Fields(fields)) = serde_json::from_slice(&line) else {
            if rows == 0 {
                return None;
            }
            uneven_rows = uneven_rows.saturating_add(1);
            continue;
        };
        sample.next_row();
        for (name, value) in &fields {
            let at = places.get(&**name).copied().or_else(|| {
                if tallies.len() >= MOST_COLUMNS {
                    if left_out.len() < MOST_COLUMNS {
                        left_out.insert(name.clone().into_owned());
                    }
                    return None;
                }
                places.insert(name.clone().into_owned(), tallies.len());
                tallies.push(Tally::new(name.clone().into_owned(), 64, rows));
                tallies.len().checked_sub(1)
            });
            if let Some(tally) = at.and_then(|at| tallies.get_mut(at)) {
                add(tally, value.get(), &sample);
            }
        }
        rows = rows.saturating_add(1);
        if fields.len() != tallies.len() {
            // A column that this row lacks has no value in it.
            for tally in &mut tallies {
                tally.add_nulls(u64::from(!fields.iter().any(|(name, _)| name == tally.name())));
            }
        }
        if rows % ROWS_A_LOOK == 0 && watch.is_over() {
            is_whole = false;
            break;
        }
    }
    is_whole &= limited.limit() > 0;
    let columns_left_out = u64::try_from(left_out.len()).unwrap_or(u64::MAX);
    let (columns, known) = tallies.into_iter().map(|tally| tally.finish(&sample)).unzip();
    let profile = Profile { format: TableFormat::Ndjson, rows, is_whole, uneven_rows, columns_left_out, columns };
    Some(Table { profile, known })
}

/// Counts a value as it is written in JSON.
fn add(tally: &mut Tally, json: &str, sample: &Sample) {
    match json.as_bytes().first() {
        Some(b'"') => {
            let Ok(text) = serde_json::from_str::<Cow<'_, str>>(json) else { return };
            let held = if is_date(text.as_bytes()) { Cell::Date } else { Cell::Text };
            tally.add_as(held, text.as_bytes(), sample);
        }
        Some(b'{' | b'[') => tally.add_nested(),
        Some(b't' | b'f') => tally.add_as(Cell::Boolean, json.as_bytes(), sample),
        Some(b'n') | None => tally.add_nulls(1),
        Some(_) => tally.add(json.as_bytes(), sample),
    }
}
