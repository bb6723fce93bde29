//! Columns of which some name what stands in others: `name,value`, as settings are written down in tables.

use std::borrow::Cow;

use crate::redact;

/// More columns of either kind are not looked at: each row would be looked through for each of them.
const MOST: usize = 16;

/// The places of such columns.
#[derive(Default)]
pub(super) struct Pair {
    naming: Vec<usize>,
    values: Vec<usize>,
}

impl Pair {
    /// Takes note of the next column.
    pub(super) fn add(&mut self, place: usize, name: &str) {
        let places = match name {
            _ if redact::is_naming(name) => &mut self.naming,
            _ if redact::is_valued(name) => &mut self.values,
            _ => return,
        };
        if places.len() < MOST {
            places.push(place);
        }
    }

    /// Returns the places of all of them, as long as a name may say that a value is a secret.
    #[cfg(feature = "parquet")]
    pub(super) fn places(&self) -> Vec<usize> {
        if self.naming.is_empty() || self.values.is_empty() {
            return Vec::new();
        }
        self.naming.iter().chain(&self.values).copied().collect()
    }

    /// Returns the places of the values of a row of which one of its names says that they are secrets; `cell` returns what
    /// stands at a place. It is asked no more of those then.
    pub(super) fn secrets<'c>(&mut self, cell: impl Fn(usize) -> Option<Cow<'c, str>>) -> Vec<usize> {
        if self.naming.is_empty() || self.values.is_empty() {
            return Vec::new();
        }
        let names: Vec<Cow<'c, str>> = self.naming.iter().filter_map(|place| cell(*place)).collect();
        let is_secret = |place: &mut usize| {
            let value = cell(*place).filter(|value| !value.trim().is_empty());
            value.is_some_and(|value| names.iter().any(|name| redact::is_given(name, value.trim())))
        };
        self.values.extract_if(.., is_secret).collect()
    }
}
