//! Reads Parquet tables.
//!
//! The crate `parquet` decodes values and nothing else: it takes for true what a file says of itself, and allocates by it. What
//! a file says, and which page is unpacked, is read here, where every size has a bound. A damaged page may still make the crate
//! panic, which is kept.

mod chunk;

mod delta;

mod footer;

mod levels;

mod page;

mod schema;

mod thrift;

mod unpack;

mod value;

use std::borrow::Cow;
use std::fs::File;

use self::chunk::Cells;
use self::footer::{Footer, Group};
use self::page::{LARGEST, Pages};
use self::schema::{Column, Holds};
use self::value::Stored;
use super::limits::{Limits, Watch};
use super::pair::Pair;
use super::sample::{Sample, hash_of_stored};
use super::table::Table;
use super::tally::{LONGEST_CLEANED, Tally};
use crate::kept::kept;
use crate::model::{Profile, TableFormat};

/// The state before a group is kept where so many rows came since it was kept last: that takes as long as some thousand rows.
const ROWS_A_STATE: u64 = 100_000;
/// So many rows of columns that name secrets are looked at together.
const ROWS_A_LOOK: usize = 256;

/// What was counted so far.
#[derive(Clone)]
struct Counted {
    tallies: Vec<Tally>,
    rows: u64,
}

/// Why a group was not counted.
enum Cut {
    /// The time is over.
    Time,
    /// It cannot be read.
    Damage,
}

/// Returns the profile of a table, as far as it can be read within the limits; `None` when nothing of it can be read.
pub(super) fn profile(file: &File, size: u64, limits: &Limits) -> Option<Table> {
    // A panic cannot be kept where it ends the process, which is the user's.
    if cfg!(panic = "abort") {
        return None;
    }
    let mut watch = Watch::new(limits);
    let footer = Footer::read(file, size)?;
    let mut pair = Pair::default();
    footer.columns.iter().enumerate().for_each(|(place, column)| pair.add(place, &column.name));
    let total = footer.groups.iter().fold(0_u64, |rows, group| rows.saturating_add(group.rows));
    let samples = vec![Sample::new(total); footer.columns.len()];
    let count = footer.columns.len();
    let tallies = footer.columns.iter().map(|column| Tally::new(column.name.clone(), count, 0)).collect();
    let counted = Counted { tallies, rows: 0 };
    let source = Source { file, size };
    let mut reading = Reading { source, columns: &footer.columns, pair, samples, counted, watch: &mut watch };
    let mut left = limits.bytes.saturating_sub(footer.length);
    let (mut state, mut is_whole, mut is_damaged) = (reading.counted.clone(), true, false);
    for group in &footer.groups {
        if reading.counted.rows.saturating_sub(state.rows) >= ROWS_A_STATE {
            state = reading.counted.clone();
        }
        let bytes = reading.bytes_of(group);
        // Of a group that is too large each column has as many rows as the part that may be read.
        let rows = if bytes <= left { group.rows } else { part(group.rows, left, bytes) };
        left = left.saturating_sub(bytes);
        match kept(|| reading.add(group, rows)).unwrap_or(Err(Cut::Damage)) {
            Ok(()) if rows == group.rows => {}
            Ok(()) => is_whole = false,
            Err(cut) => {
                (is_whole, is_damaged) = (false, matches!(cut, Cut::Damage));
                reading.counted = state;
                break;
            }
        }
        if !is_whole {
            break;
        }
    }
    let (Reading { counted, samples, .. }, columns_left_out) = (reading, footer.left_out);
    if is_damaged && counted.rows == 0 {
        return None;
    }
    let rows = counted.rows;
    let finished = counted.tallies.into_iter().zip(&samples).map(|(tally, sample)| tally.finish(sample));
    let (columns, known) = finished.unzip();
    let (format, first_uneven) = (TableFormat::Parquet, None);
    let profile = Profile { format, rows, is_whole, uneven_rows: 0, first_uneven, columns_left_out, columns };
    Some(Table { profile, known })
}

/// Returns how many of the rows are in `left` of `bytes`.
fn part(rows: u64, left: u64, bytes: u64) -> u64 {
    let part = u128::from(rows).saturating_mul(left.into()).checked_div(bytes.into()).unwrap_or(0);
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// A file of so many bytes.
#[derive(Clone, Copy)]
struct Source<'f> {
    file: &'f File,
    size: u64,
}

impl<'f> Source<'f> {
    fn pages(self, group: &Group, column: &Column, largest: usize) -> Result<Pages<'f>, Cut> {
        let chunk = group.chunks.get(column.leaf).ok_or(Cut::Damage)?;
        Pages::new(self.file, self.size, *chunk, largest).ok_or(Cut::Damage)
    }
}

/// A file that is read.
struct Reading<'f> {
    source: Source<'f>,
    columns: &'f [Column],
    pair: Pair,
    /// Of each column which rows are looked at more closely: the same in all.
    samples: Vec<Sample>,
    counted: Counted,
    watch: &'f mut Watch,
}

impl Reading<'_> {
    fn bytes_of(&self, group: &Group) -> u64 {
        let lengths = self.columns.iter().filter_map(|column| group.chunks.get(column.leaf)).map(|chunk| chunk.length);
        lengths.fold(0, u64::saturating_add)
    }

    /// Counts the first `rows` rows of a group.
    fn add(&mut self, group: &Group, rows: u64) -> Result<(), Cut> {
        self.hide_secrets(group, rows)?;
        for place in 0..self.columns.len() {
            self.add_column(group, place, rows)?;
        }
        self.counted.rows = self.counted.rows.saturating_add(rows);
        Ok(())
    }

    fn add_column(&mut self, group: &Group, place: usize, rows: u64) -> Result<(), Cut> {
        let column = self.columns.get(place).ok_or(Cut::Damage)?;
        let mut pages = self.source.pages(group, column, LARGEST)?;
        let (Some(tally), Some(sample)) = (self.counted.tallies.get_mut(place), self.samples.get_mut(place)) else {
            return Err(Cut::Damage);
        };
        let mut left = rows;
        match &column.holds {
            Holds::Values { described, meaning } => {
                let mut cells = Cells::new(pages, described);
                while left > 0 {
                    if self.watch.is_over() {
                        return Err(Cut::Time);
                    }
                    let most = usize::try_from(left).unwrap_or(usize::MAX);
                    let read = cells.read(most, |stored| {
                        sample.next_row();
                        let Some(stored) = stored else { return tally.add_nulls(1) };
                        let hash = stored.with_bytes(hash_of_stored);
                        tally.add_stored(hash, sample, || stored.held(*meaning), || stored.text(*meaning));
                    });
                    let read = read.and_then(|read| u64::try_from(read).ok()).ok_or(Cut::Damage)?;
                    left = left.saturating_sub(read);
                }
            }
            Holds::Lists(levels) => {
                while left > 0 {
                    let page = pages.next().flatten().ok_or(Cut::Damage)?;
                    let mut is_over = self.watch.is_over();
                    let told = levels::rows(&page, *levels, |has_list| {
                        if has_list {
                            tally.add_nested();
                        } else {
                            tally.add_nulls(1);
                        }
                        left = left.saturating_sub(1);
                        is_over |= left.is_multiple_of(1 << 16) && self.watch.is_over();
                        left > 0 && !is_over
                    });
                    told.ok_or(Cut::Damage)?;
                    if is_over && left > 0 {
                        return Err(Cut::Time);
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks for secrets among values that stand beside their names: these columns are read together, and once more each.
    fn hide_secrets(&mut self, group: &Group, rows: u64) -> Result<(), Cut> {
        let places = self.pair.places();
        let largest = LARGEST.checked_div(places.len()).unwrap_or(LARGEST);
        let mut read = Vec::new();
        for place in places {
            let column = self.columns.get(place).ok_or(Cut::Damage)?;
            if let Holds::Values { described, meaning } = &column.holds {
                read.push((place, Cells::new(self.source.pages(group, column, largest)?, described), *meaning));
            }
        }
        let mut left = if read.is_empty() { 0 } else { usize::try_from(rows).unwrap_or(usize::MAX) };
        while left > 0 {
            if self.watch.is_over() {
                return Err(Cut::Time);
            }
            let most = left.min(ROWS_A_LOOK);
            let mut texts: Vec<(usize, Vec<Option<Cow<'static, str>>>)> = Vec::new();
            for (place, cells, meaning) in &mut read {
                let mut column = Vec::new();
                while column.len() < most {
                    let wanted = most.saturating_sub(column.len());
                    let told = cells.read(wanted, |stored| {
                        // What is longer than a value that is kept of a column is no secret that would be kept.
                        let is_short = |stored: &Stored<'_>| stored.with_bytes(<[u8]>::len) <= LONGEST_CLEANED;
                        let short = stored.filter(|stored| is_short(stored) && !stored.is_nan());
                        column.push(short.map(|stored| stored.text(*meaning)));
                    });
                    told.ok_or(Cut::Damage)?;
                    if self.watch.is_over() {
                        return Err(Cut::Time);
                    }
                }
                texts.push((*place, column));
            }
            for row in 0..most {
                let cell = |place: usize| {
                    let (_, column) = texts.iter().find(|(at, _)| *at == place)?;
                    column.get(row)?.clone()
                };
                for place in self.pair.secrets(cell) {
                    self.counted.tallies.get_mut(place).into_iter().for_each(Tally::hide);
                }
            }
            left = left.saturating_sub(most);
        }
        Ok(())
    }
}
