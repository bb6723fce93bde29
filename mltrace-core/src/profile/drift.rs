//! How one profile differs from an earlier one: what came and went, and how far values moved.
//!
//! Effects are reported as sizes and not as the outcome of a test: over many rows a test finds everything significant.

use std::collections::BTreeSet;

use foldhash::HashMap;
use serde::{Deserialize, Serialize};

use super::like;
use super::stability::{are_disjoint, of_disjoint, part};
use super::tally::{ERROR, rounded};
use crate::model::{Column, ColumnType, Profile, TopValue};

/// The shares between which numbers are compared.
const TENTHS: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// Columns whose values moved less may be one, and those whose share of missing values did.
const ALIKE: f64 = 0.1;
/// So many columns that came are compared with so many that went.
const MOST_RENAMED: usize = 64;

/// How a profile differs from an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Drift {
    /// How many rows there were.
    pub rows_before: u64,
    /// How many rows there are.
    pub rows: u64,
    /// The earlier table was not read as a whole: what is compared is a part of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_part_before: bool,
    /// The table was not read as a whole: what is compared is a part of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_part: bool,
    /// Columns that came; none where not all of the earlier ones are known.
    pub came: Vec<String>,
    /// Columns that went; none where not all of these are known.
    pub went: Vec<String>,
    /// Which of the columns that went may be one that came, under a new name: each once, those most alike first. Absent when
    /// there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// The columns that are in both, those that moved furthest first.
    pub columns: Vec<ColumnDrift>,
}

/// A column that may have a new name: its type is the same, and its values are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Renamed {
    /// What it was called.
    pub before: String,
    /// What it is called.
    pub name: String,
    /// The population stability index of its values.
    pub psi: f64,
}

/// How a column differs from what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ColumnDrift {
    /// The column.
    pub name: String,
    /// What its values were.
    pub type_before: ColumnType,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ColumnType,
    /// Which share of the rows had no value.
    pub null_share_before: f64,
    /// Which share of the rows has no value.
    pub null_share: f64,
    /// The population stability index of its values: below 0.1 they hardly moved, above 0.25 far. Absent where the values
    /// are not known well enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub psi: Option<f64>,
    /// By how many of the earlier standard deviations the mean moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<f64>,
    /// What the middle number was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_before: Option<f64>,
    /// What the middle number is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
}

/// Returns how `after` differs from `before`.
#[must_use]
pub fn drift(before: &Profile, after: &Profile) -> Drift {
    let [old_columns, new_columns] = [before, after].map(named);
    let missing = |from: &Profile, known: &Named<'_>, of: &Profile| {
        let is_known = from.has_all_columns();
        let names = of.columns.iter().filter(|column| is_known && !known.contains_key(&*column.name));
        names.map(|column| column.name.clone()).collect()
    };
    let both = after.columns.iter().filter_map(|column| Some((*old_columns.get(&*column.name)?, column)));
    let mut columns: Vec<ColumnDrift> = both.map(|(old, new)| of_column(old, before.rows, new, after.rows)).collect();
    columns.sort_by(|one, other| other.weight().total_cmp(&one.weight()).then_with(|| one.name.cmp(&other.name)));
    let (came, went): (Vec<String>, Vec<String>) =
        (missing(before, &old_columns, after), missing(after, &new_columns, before));
    let renamed = renamed((&called(&went, &old_columns), before.rows), (&called(&came, &new_columns), after.rows));
    Drift {
        rows_before: before.rows,
        rows: after.rows,
        is_part_before: is_part(before),
        is_part: is_part(after),
        came,
        went,
        renamed,
        columns,
    }
}

/// Returns which columns that went may be which that came. Of some, each alike, that with the likest name.
fn renamed((went, rows_before): (&[&Column], u64), (came, rows): (&[&Column], u64)) -> Vec<Renamed> {
    let mut pairs: Vec<(f64, f64, &Column, &Column)> = Vec::new();
    for old in went.iter().take(MOST_RENAMED) {
        for new in came.iter().take(MOST_RENAMED).filter(|new| new.kind == old.kind) {
            let nulls = (old.null_share(rows_before) - new.null_share(rows)).abs();
            let psi = psi(old, rows_before, new, rows).map(rounded);
            if let Some(psi) = psi.filter(|psi| *psi < ALIKE && nulls < ALIKE) {
                pairs.push((psi, like::spelling(&old.name, &new.name), old, new));
            }
        }
    }
    // What hardly differs is as alike.
    let step = |psi: f64| (psi * 100.0).round();
    pairs.sort_by(|one, other| step(one.0).total_cmp(&step(other.0)).then(other.1.total_cmp(&one.1)));
    let mut renamed: Vec<Renamed> = Vec::new();
    for (psi, _, old, new) in pairs {
        if !renamed.iter().any(|known| known.before == old.name || known.name == new.name) {
            renamed.push(Renamed { before: old.name.clone(), name: new.name.clone(), psi });
        }
    }
    renamed
}

/// Columns by name.
type Named<'p> = HashMap<&'p str, &'p Column>;

/// Returns the columns of a table by name; of several of one name the first.
fn named(profile: &Profile) -> Named<'_> {
    profile.columns.iter().rev().map(|column| (&*column.name, column)).collect()
}

/// Returns the columns of these names.
fn called<'p>(names: &[String], columns: &Named<'p>) -> Vec<&'p Column> {
    names.iter().filter_map(|name| columns.get(&**name).copied()).collect()
}

fn is_part(profile: &Profile) -> bool {
    !profile.is_whole || profile.columns_left_out > 0
}

impl Drift {
    /// Returns in words that not all was compared, if so.
    #[must_use]
    pub fn caution(&self) -> Option<&'static str> {
        match (self.is_part_before, self.is_part) {
            (false, false) => None,
            (true, false) => Some("the earlier table was not read as a whole: only what was read is compared"),
            (false, true) => Some("this table was not read as a whole: only what was read is compared"),
            (true, true) => Some("neither table was read as a whole: only what was read is compared"),
        }
    }
}

impl Renamed {
    /// Returns it in words.
    #[must_use]
    pub fn says(&self) -> String {
        let Self { before, name, psi } = self;
        format!("`{before}` may be called `{name}` now: it is of the same type, and its values are alike, PSI {psi:.3}")
    }
}

impl ColumnDrift {
    /// Returns how much there is to say of it.
    fn weight(&self) -> f64 {
        let of_type = if self.kind == self.type_before { 0.0 } else { 1000.0 };
        of_type + self.psi.unwrap_or(0.0) + 10.0 * (self.null_share - self.null_share_before).abs()
    }
}

fn of_column(old: &Column, rows_before: u64, new: &Column, rows: u64) -> ColumnDrift {
    let shift = match (old.mean, new.mean, old.sd) {
        (Some(before), Some(after), Some(sd)) if sd > 0.0 => {
            // A difference of two numbers may be larger than a float can be, that of their quarters not.
            Some(rounded((after / 4.0 - before / 4.0) / sd * 4.0)).filter(|shift| shift.is_finite())
        }
        _ => None,
    };
    ColumnDrift {
        name: new.name.clone(),
        type_before: old.kind,
        kind: new.kind,
        null_share_before: rounded(old.null_share(rows_before)),
        null_share: rounded(new.null_share(rows)),
        psi: psi(old, rows_before, new, rows).map(rounded),
        shift,
        median_before: old.median(),
        median: new.median(),
    }
}

/// Returns the population stability index of a column's values.
fn psi(old: &Column, rows_before: u64, new: &Column, rows: u64) -> Option<f64> {
    if is_listed(old) && is_listed(new) {
        return of_values(old, rows_before, new, rows);
    }
    if !old.quantiles.is_empty() && !new.quantiles.is_empty() {
        return Some(of_numbers(old, new));
    }
    let has_values = !old.top.is_empty() && !new.top.is_empty();
    if has_values { of_values(old, rows_before, new, rows) } else { None }
}

/// Returns whether all values of a column are among the most frequent ones.
fn is_listed(column: &Column) -> bool {
    !column.top.is_empty() && u64::try_from(column.top.len()).is_ok_and(|listed| column.distinct <= listed)
}

/// Compares how often each of the most frequent values is there, and all others together.
#[expect(clippy::cast_precision_loss, reason = "a share is no count")]
fn of_values(old: &Column, rows_before: u64, new: &Column, rows: u64) -> Option<f64> {
    let (all_before, all) = (rows_before.saturating_sub(old.nulls), rows.saturating_sub(new.nulls));
    if all_before == 0 || all == 0 {
        return None;
    }
    let are_numbers = old.min.is_some() && new.min.is_some();
    let shares = |column: &Column, all: u64| {
        let mut shares: HashMap<String, f64> = HashMap::default();
        for TopValue { value, count } in &column.top {
            // `1` and `1.0` are one number.
            let number = are_numbers.then(|| value.trim().parse::<f64>().ok()).flatten();
            let value = number.map_or_else(|| value.clone(), |number| number.to_string());
            *shares.entry(value).or_default() += *count as f64 / all as f64;
        }
        shares
    };
    let (old, new) = (shares(old, all_before), shares(new, all));
    let values: BTreeSet<&String> = old.keys().collect();
    let (mut index, mut left_before, mut left) = (0.0, 1.0, 1.0);
    for value in values {
        let [before, after] = [&old, &new].map(|shares| shares.get(value).copied().unwrap_or(0.0));
        (left_before, left) = (left_before - before, left - after);
        index += part(before, after);
    }
    Some(index + part(left_before, left))
}

/// Compares which shares of the numbers lie between the tenths of the earlier ones. A number that fills the space between two
/// of them stands alone: what is less, or greater, is not taken for it.
fn of_numbers(old: &Column, new: &Column) -> f64 {
    let tenths = TENTHS.map(|share| at(old, share));
    let mut edges = Vec::new();
    for same in tenths.chunk_by(|one, other| one == other) {
        match same {
            [edge] => edges.push(*edge),
            [value, ..] => {
                // A quantile of many numbers may be off by so much.
                let off = value.abs() * ERROR * 1.01;
                edges.extend([(value - off).min(value.next_down()), (value + off).min(f64::MAX)]);
            }
            [] => {}
        }
    }
    edges.sort_by(f64::total_cmp);
    let shares = |column: &Column| {
        let mut below = 0.0;
        let to = edges.iter().map(|edge| share_to(column, *edge)).chain([1.0]);
        to.map(|to| to - std::mem::replace(&mut below, to)).collect::<Vec<f64>>()
    };
    let before = shares(old);
    let ranges = [old, new].map(|column| Some([column.min?, column.max?]));
    if let [Some(range_before), Some(range)] = ranges
        && are_disjoint(range_before, range)
    {
        return of_disjoint(before.into_iter());
    }
    before.into_iter().zip(shares(new)).fold(0.0, |index, (before, after)| index + part(before, after))
}

/// Returns the number that so large a share does not exceed.
fn at(column: &Column, share: f64) -> f64 {
    let found = column.quantiles.iter().find(|(known, _)| *known >= share - 1e-9);
    found.or(column.quantiles.last()).map_or(0.0, |(_, value)| *value)
}

/// Returns which share of the numbers does not exceed `value`: between two quantiles a straight line.
fn share_to(column: &Column, value: f64) -> f64 {
    let least = column.min.map(|min| (0.0, min));
    let greatest = column.max.map(|max| (1.0, max));
    let points = least.into_iter().chain(column.quantiles.iter().copied()).chain(greatest);
    let (mut below, mut above) = (None, None);
    for (share, at) in points {
        if at <= value {
            below = Some((share, at));
        } else if above.is_none() {
            above = Some((share, at));
        }
    }
    match (below, above) {
        (None, _) => 0.0,
        (Some(_), None) => 1.0,
        (Some((share, from)), Some((to_share, to))) => {
            let [value, from, to] = [value, from, to].map(|number| number / 2.0);
            // Of numbers that are nearly zero the halves may be one.
            let part = (value - from) / (to - from);
            share + (to_share - share) * if part.is_finite() { part } else { 0.5 }
        }
    }
}
