//! What is counted of a column while a table is read, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use sketches_ddsketch::{Config, DDSketch};

use super::cell::Cell;
use super::distinct::Distinct;
use super::sample::{Sample, hash_of_number};
use crate::model::{Column, ColumnType, TopValue};
use crate::redact;

/// The shares for which quantiles are reported.
pub(super) const SHARES: [f64; 15] = [0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9, 0.95, 0.99];

/// So many different values are counted one by one.
const MOST_VALUES: usize = 1024;
/// So many of all columns together, so that a table of many columns needs no more memory.
const MOST_VALUES_OF_ALL: usize = 1 << 16;
/// So many of the most frequent values are reported.
const TOP: usize = 10;
/// So many bytes of a value are kept.
pub(super) const LONGEST_VALUE: usize = 64;
/// Of a longer value nothing is kept: what is cut must be cleaned of secrets as a whole before, which takes time.
pub(super) const LONGEST_CLEANED: usize = 2 << 10;
/// How far a quantile may be off.
pub(super) const ERROR: f64 = 0.01;
/// A value counts as frequent that so many rows have: one in that many.
const RARE: u64 = 1000;
/// That is decided after as many rows as would hold it so many times.
const LOOKED_AT: u64 = 20;

/// What was counted of a column.
#[derive(Clone)]
pub(super) struct Tally {
    name: String,
    /// Whether one of its values is called a secret by a name beside it.
    is_secret: bool,
    nulls: u64,
    integers: u64,
    numbers: u64,
    booleans: u64,
    dates: u64,
    texts: u64,
    nested: u64,
    nans: u64,
    /// How many numbers without an end there are below all others, and above.
    infinite: [u64; 2],
    min: f64,
    max: f64,
    /// The first number, from which the others are measured: so nothing is lost of a small spread far from zero.
    first: f64,
    sum: f64,
    squares: f64,
    quantiles: DDSketch,
    distinct: Distinct,
    values: Values,
}

/// Different values with how often each was there. A value that was not among the first is not counted, so what is counted
/// is exact.
#[derive(Clone)]
struct Values {
    /// By the hash of a value its place in the others.
    places: HashMap<u64, usize, BuildHasherDefault<Hashed>>,
    counts: Vec<u64>,
    values: Vec<Value>,
    most: usize,
    /// There are more than are counted.
    is_full: bool,
    /// None of them is frequent, and nobody looks for them any more.
    is_given_up: bool,
    /// How many rows were looked at since there are too many.
    since_full: u64,
}

/// A value that is counted.
#[derive(Clone)]
pub(super) struct Value {
    /// How it is written; of a long one the start. What is cut is free of secrets, as nobody recognizes half of one.
    pub(super) text: Box<str>,
    held: Cell,
    /// The hash by which it is counted among different values, however the table is stored.
    hash: u64,
    /// The text is not all of it.
    pub(super) is_cut: bool,
}

/// The values of a column, as far as they were counted one by one; no record holds them.
pub(super) struct Known {
    pub(super) values: Vec<Value>,
    /// There are no others.
    pub(super) is_all: bool,
    /// There are lists or objects.
    pub(super) has_nested: bool,
    /// How many numbers are none.
    pub(super) nans: u64,
    /// Whether there is a number without an end below all others, and above.
    pub(super) has_infinite: [bool; 2],
    /// How many values are neither numbers nor missing.
    pub(super) others: u64,
}

impl Value {
    fn new(text: &[u8], held: Cell, hash: u64) -> Self {
        let whole = String::from_utf8_lossy(if text.len() <= LONGEST_CLEANED { text } else { &[] });
        if text.len() <= LONGEST_VALUE {
            return Self { text: whole.into(), held, hash, is_cut: false };
        }
        let cleaned = redact::text(&whole);
        let start: String = cleaned
            .char_indices()
            .take_while(|(at, sign)| at.saturating_add(sign.len_utf8()) <= LONGEST_VALUE)
            .map(|(_, sign)| sign)
            .collect();
        Self { text: start.into(), held, hash, is_cut: true }
    }
}

/// Takes a hash for what it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, _: &[u8]) {}

    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

impl Tally {
    /// Returns the tally of one of `columns` columns, of which `nulls` rows have gone by without it.
    pub(super) fn new(name: String, columns: usize, nulls: u64) -> Self {
        let most = MOST_VALUES.min(MOST_VALUES_OF_ALL.checked_div(columns).unwrap_or(MOST_VALUES));
        let values = Values {
            places: HashMap::default(),
            counts: Vec::new(),
            values: Vec::new(),
            most,
            is_full: false,
            is_given_up: false,
            since_full: 0,
        };
        Self {
            name,
            is_secret: false,
            nulls,
            integers: 0,
            numbers: 0,
            booleans: 0,
            dates: 0,
            texts: 0,
            nested: 0,
            nans: 0,
            infinite: [0; 2],
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            first: 0.0,
            sum: 0.0,
            squares: 0.0,
            quantiles: DDSketch::new(Config::new(ERROR, 2048, 1e-9)),
            distinct: Distinct::new(),
            values,
        }
    }

    /// Counts a cell of a text table.
    #[inline]
    pub(super) fn add(&mut self, cell: &[u8], sample: &Sample) {
        if cell.is_empty() {
            self.nulls = self.nulls.saturating_add(1);
            return;
        }
        let hash = sample.hash(cell);
        // Of a value that is counted it is known what it is.
        if !self.values.add(hash) {
            let held = Cell::parse(cell);
            self.add_new(held, [hash, of_value(held, || hash)], cell, sample.is_taken);
        }
    }

    /// Counts a cell whose value is known.
    pub(super) fn add_as(&mut self, held: Cell, text: &[u8], sample: &Sample) {
        // A text that looks like a number is another value than the number.
        let of_text = sample.hash(text);
        let hash = of_text ^ u64::from(held == Cell::Text);
        if !self.values.add(hash) {
            self.add_new(held, [hash, of_value(held, || of_text)], text, sample.is_taken);
        }
    }

    /// Counts a value by its hash. What it is and how it is written is asked only of one that is not counted yet.
    #[cfg(feature = "parquet")]
    pub(super) fn add_stored(
        &mut self,
        hash: u64,
        sample: &Sample,
        held: impl FnOnce() -> Cell,
        text: impl FnOnce() -> std::borrow::Cow<'static, str>,
    ) {
        if !self.values.add(hash) {
            let held = held();
            // A number is hashed as such: to write it down takes longer than all else.
            let is_written = self.values.has_room() || !matches!(held, Cell::Number(_));
            let text = if is_written { text() } else { "".into() };
            let text = text.as_bytes();
            self.add_new(held, [hash, of_value(held, || sample.hash(text))], text, sample.is_taken);
        }
    }

    /// Counts a value that is not counted yet: by the first hash it is found again, by the other it differs from others.
    #[inline]
    fn add_new(&mut self, held: Cell, [found_by, hash]: [u64; 2], text: &[u8], is_sampled: bool) {
        if self.values.has_room() {
            self.values.begin(found_by, Value::new(text, held, hash));
        } else if self.count(held, 1, u64::from(is_sampled)) {
            self.distinct.add(hash);
        }
    }

    /// Counts a value that is there so many times; returns whether it is one.
    #[inline]
    fn count(&mut self, held: Cell, count: u64, in_sample: u64) -> bool {
        let kind = match held {
            Cell::Null => &mut self.nulls,
            Cell::NaN => {
                self.nans = self.nans.saturating_add(count);
                &mut self.nulls
            }
            Cell::Infinite { is_negative } => {
                let [below, above] = &mut self.infinite;
                let end = if is_negative { below } else { above };
                *end = end.saturating_add(count);
                &mut self.texts
            }
            Cell::Integer(_) => &mut self.integers,
            Cell::Number(_) => &mut self.numbers,
            Cell::Boolean => &mut self.booleans,
            Cell::Date => &mut self.dates,
            Cell::Text => &mut self.texts,
        };
        *kind = kind.saturating_add(count);
        if let Some(value) = held.number() {
            self.measure(value, count, in_sample);
        }
        held.is_value()
    }

    /// Says that one of its values is a secret: none is reported then.
    pub(super) fn hide(&mut self) {
        self.is_secret = true;
    }

    /// Counts a list or an object.
    pub(super) fn add_nested(&mut self) {
        self.nested = self.nested.saturating_add(1);
    }

    /// Counts rows without the column.
    pub(super) fn add_nulls(&mut self, count: u64) {
        self.nulls = self.nulls.saturating_add(count);
    }

    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "a mean is no count")]
    fn measure(&mut self, value: f64, count: u64, in_sample: u64) {
        if self.max < self.min {
            self.first = value;
        }
        // No value is NaN here.
        if value < self.min {
            self.min = value;
        }
        if value > self.max {
            self.max = value;
        }
        let from_first = value - self.first;
        self.sum += from_first * count as f64;
        self.squares += from_first * from_first * count as f64;
        if in_sample > 0 {
            self.quantiles.add_with_count(value, in_sample);
        }
    }

    fn kind(&self) -> ColumnType {
        let counts = [
            (self.integers.saturating_add(self.numbers), self.kind_of_numbers()),
            (self.booleans, ColumnType::Boolean),
            (self.dates, ColumnType::Date),
            (self.texts, ColumnType::Text),
            (self.nested, ColumnType::Nested),
        ];
        let mut kinds = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, kind)| kind);
        match (kinds.next(), kinds.next()) {
            (None, _) => ColumnType::Empty,
            (Some(kind), None) => kind,
            (Some(_), Some(_)) => ColumnType::Mixed,
        }
    }

    fn kind_of_numbers(&self) -> ColumnType {
        if self.numbers > 0 { ColumnType::Number } else { ColumnType::Integer }
    }

    /// Returns what is known of the column, and its values.
    #[expect(clippy::cast_precision_loss, reason = "a mean is no count")]
    pub(super) fn finish(mut self, sample: &Sample) -> (Column, Known) {
        self.count_values(sample);
        let kind = self.kind();
        let count = self.integers.saturating_add(self.numbers);
        let others = self.booleans.saturating_add(self.dates).saturating_add(self.texts);
        // No more values can differ than there are.
        let most = count.saturating_add(others);
        let distinct = if self.values.is_full { self.distinct.estimate().min(most) } else { self.values.distinct() };
        let is_numeric = count > 0 && count >= others;
        let number = |value: f64| is_numeric.then_some(value).filter(|value| value.is_finite());
        let from_first = self.sum / count.max(1) as f64;
        // Beyond what a float can be, neither is known.
        let variance = self.squares / count.max(1) as f64 - from_first * from_first;
        let variance = if variance.is_finite() { variance.max(0.0) } else { f64::NAN };
        let column = Column {
            kind,
            nulls: self.nulls,
            distinct,
            min: number(self.min),
            max: number(self.max),
            mean: number(rounded(self.first + from_first)),
            sd: number(rounded(variance.sqrt())),
            quantiles: if is_numeric { self.told_quantiles(count) } else { Vec::new() },
            top: self.values.top(),
            name: self.name,
            is_secret: self.is_secret,
        };
        let known = Known {
            is_all: !self.values.is_full,
            values: self.values.not_null(),
            has_nested: self.nested > 0,
            nans: self.nans,
            has_infinite: self.infinite.map(|count| count > 0),
            others: self.infinite.into_iter().fold(others.saturating_add(self.nested), u64::saturating_sub),
        };
        (column, known)
    }

    /// Counts what was counted value by value: each at once.
    fn count_values(&mut self, sample: &Sample) {
        let (counts, values) = (std::mem::take(&mut self.values.counts), std::mem::take(&mut self.values.values));
        for (value, count) in values.iter().zip(&counts) {
            self.count(value.held, *count, sample.part_of(*count));
        }
        values.iter().filter(|value| value.held.is_value()).for_each(|value| self.distinct.add(value.hash));
        (self.values.counts, self.values.values) = (counts, values);
    }

    fn told_quantiles(&self, count: u64) -> Vec<(f64, f64)> {
        let exact = (!self.values.is_full).then(|| self.values.numbers());
        let quantile = |share: f64| match &exact {
            Some(numbers) => at_share(numbers, share, count),
            None => self.quantiles.quantile(share).ok().flatten(),
        };
        let told = |share: f64| Some((share, rounded(quantile(share)?.clamp(self.min, self.max))));
        SHARES.into_iter().filter_map(told).filter(|(_, value)| value.is_finite()).collect()
    }
}

impl Values {
    /// Counts a value if it is one of those that are counted; returns whether it is.
    #[inline]
    fn add(&mut self, hash: u64) -> bool {
        if self.is_given_up {
            return false;
        }
        if self.is_full {
            self.tire();
        }
        let count = self.places.get(&hash).and_then(|place| self.counts.get_mut(*place));
        if let Some(count) = count {
            *count = count.saturating_add(1);
            return true;
        }
        self.is_full |= self.counts.len() >= self.most;
        false
    }

    fn has_room(&self) -> bool {
        !self.is_full
    }

    #[cold]
    fn begin(&mut self, found_by: u64, value: Value) {
        self.places.insert(found_by, self.counts.len());
        self.counts.push(1);
        self.values.push(value);
    }

    /// Gives up once it is clear that no value is frequent.
    fn tire(&mut self) {
        self.since_full = self.since_full.saturating_add(1);
        if self.since_full == RARE * LOOKED_AT {
            let most = self.counts.iter().copied().max().unwrap_or_default();
            self.is_given_up = most < LOOKED_AT;
        }
    }

    fn distinct(&self) -> u64 {
        let values = self.values.iter().filter(|value| value.held.is_value());
        u64::try_from(values.count()).unwrap_or(u64::MAX)
    }

    /// Returns the numbers with how often each is there, least first.
    fn numbers(&self) -> Vec<(f64, u64)> {
        let counted = self.values.iter().zip(&self.counts);
        let mut numbers: Vec<(f64, u64)> =
            counted.filter_map(|(value, count)| Some((value.held.number()?, *count))).collect();
        numbers.sort_by(|one, other| one.0.total_cmp(&other.0));
        numbers
    }

    /// Returns the most frequent values, if any is there more than once.
    fn top(&self) -> Vec<TopValue> {
        if self.is_given_up {
            return Vec::new();
        }
        let counted = self.values.iter().zip(&self.counts);
        let mut all: Vec<(&str, u64)> = counted
            .filter(|(value, _)| value.held.is_value() && !(value.is_cut && value.text.is_empty()))
            .map(|(value, count)| (&*value.text, *count))
            .collect();
        all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(other.0)));
        all.truncate(TOP);
        if all.first().is_none_or(|(_, most)| *most < 2) {
            return Vec::new();
        }
        all.into_iter().map(|(value, count)| TopValue { value: value.to_owned(), count }).collect()
    }

    fn not_null(mut self) -> Vec<Value> {
        self.values.retain(|value| value.held.is_value());
        self.values
    }
}

/// Returns the hash of a value, which is the same in every form of a table: of a number that of the number, else that of its
/// text.
#[inline]
fn of_value(held: Cell, of_text: impl FnOnce() -> u64) -> u64 {
    match held {
        Cell::Number(value) => hash_of_number(value),
        _ => of_text(),
    }
}

/// Returns the number that so large a share of the numbers does not exceed.
#[expect(clippy::cast_precision_loss, reason = "a share is no count")]
fn at_share(numbers: &[(f64, u64)], share: f64, count: u64) -> Option<f64> {
    let wanted = share * count as f64;
    let mut seen = 0_u64;
    let found = numbers.iter().find(|(_, times)| {
        seen = seen.saturating_add(*times);
        seen as f64 >= wanted
    });
    found.or(numbers.last()).map(|(value, _)| *value)
}

/// Returns a number with six digits: more of them say nothing.
pub(super) fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}
