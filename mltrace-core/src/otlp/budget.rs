//! How many values one span may hold: in memory they are many times as large as they are sent.

use crate::model::MOST_FACTS;

/// Values nested deeper than this are refused, as everywhere.
const DEEPEST: usize = 100;
/// An object takes as much as so many other values.
const OBJECT: usize = 4;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Budget {
    values: usize,
}

impl Budget {
    pub(super) fn new() -> Self {
        Self { values: MOST_FACTS }
    }

    /// Takes room for a value that is nested so deeply.
    pub(super) fn take(&mut self, depth: usize, is_object: bool) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("its values are nested deeper than {DEEPEST}"));
        }
        let size = if is_object { OBJECT } else { 1 };
        self.values = self.values.checked_sub(size).ok_or_else(|| {
            format!("it holds too many values: an object counts four times, and the limit is {MOST_FACTS}")
        })?;
        Ok(())
    }
}
