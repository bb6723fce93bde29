//! Columns of which one names what stands in another: `name,value`, as settings are written down in tables.

use std::borrow::Cow;

use crate::redact;

/// The places of such columns.
#[derive(Default)]
pub(super) struct Pair {
    naming: Vec<usize>,
    value: Option<usize>,
}

impl Pair {
    /// Takes note of the next column.
    pub(super) fn add(&mut self, place: usize, name: &str) {
        if redact::is_naming(name) {
            self.naming.push(place);
        } else if redact::is_valued(name) {
            self.value = Some(place);
        }
    }

    /// Returns the place of the value of a row if one of its names says that it is a secret; `cell` returns what stands at a
    /// place. It is asked no more then.
    pub(super) fn secret<'c>(&mut self, cell: impl Fn(usize) -> Option<Cow<'c, str>>) -> Option<usize> {
        let place = self.value.filter(|_| !self.naming.is_empty())?;
        let value = cell(place).filter(|value| !value.trim().is_empty())?;
        let is_secret = |place: &usize| cell(*place).is_some_and(|name| redact::is_given(&name, value.trim()));
        if self.naming.iter().any(is_secret) { self.value.take() } else { None }
    }
}
