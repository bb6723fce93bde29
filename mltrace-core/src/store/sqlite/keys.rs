//! Many keys at once: how a statement is asked for them.

use rusqlite::Row;

use super::SqliteStore;
use crate::store::Result;

/// How many keys one statement asks for: no more than a range holds.
pub(super) const CHUNK: usize = 1 << 10;

/// The condition that a column holds one of the keys of [`ranges`], which `json_each` reports as `asked`.
macro_rules! among {
    ($column:literal) => {
        concat!($column, " BETWEEN asked.value >> 10 AND (asked.value >> 10) + (asked.value & 1023)")
    };
}
pub(super) use among;

/// Returns at most [`CHUNK`] keys in ascending order as the JSON list of their ranges: rows beside each other are read on
/// from one to the next, which is several times faster than to look for each.
pub(super) fn ranges<K: Copy + Into<i64>>(keys: &[K]) -> String {
    let mut ranges: Vec<i64> = Vec::new();
    let mut after = None;
    for key in keys {
        let key: i64 = (*key).into();
        match ranges.last_mut() {
            Some(range) if after == Some(key) => *range = range.saturating_add(1),
            _ => ranges.push(key << 10),
        }
        after = key.checked_add(1);
    }
    super::write::json(&ranges)
}

/// Returns each key once, in ascending order.
pub(super) fn ascending<K: Ord>(keys: impl IntoIterator<Item = K>) -> Vec<K> {
    let mut keys: Vec<K> = keys.into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

impl SqliteStore {
    /// Returns what `sql` finds for keys in ascending order.
    pub(super) fn each<K: Copy + Into<i64>, T>(
        &self,
        sql: &str,
        keys: &[K],
        mut map: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut found = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(CHUNK) {
            found.extend(self.all(sql, [ranges(chunk)], &mut map)?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_beside_each_other_are_one_range() {
        let told = |keys: &[i64]| ranges(keys);
        assert_eq!(told(&[]), "[]");
        assert_eq!(told(&[7]), format!("[{}]", 7 << 10));
        assert_eq!(told(&[7, 8, 9, 11, 13, 14]), format!("[{},{},{}]", 7 << 10 | 2, 11 << 10, 13 << 10 | 1));
        let full: Vec<i64> = (1..=1024).collect();
        assert_eq!(told(&full), format!("[{}]", 1 << 10 | 1023));
    }
}
