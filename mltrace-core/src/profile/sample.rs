//! Which rows are looked at more closely: about so many, spread evenly over the table.

use std::hash::{BuildHasher, Hasher};

/// So many rows show how numbers spread: more of them would move a quantile by less than one row in a thousand.
const ENOUGH: u64 = 200_000;

/// By the same hashes in every process the same content has the same profile.
const SEED: u64 = 0x6d6c_7472_6163_6521;

/// Which rows are looked at more closely, and how values are told apart.
#[derive(Clone)]
pub(super) struct Sample {
    /// Whether the row at hand is.
    pub(super) is_taken: bool,
    /// One row in so many is.
    stride: u64,
    /// So many rows go by before the next one.
    left: u64,
    state: u64,
    hasher: foldhash::fast::FixedState,
}

impl Sample {
    /// Returns a sample of a table of about `rows` rows.
    pub(super) fn new(rows: u64) -> Self {
        let hasher = foldhash::fast::FixedState::with_seed(SEED);
        let stride = rows.checked_div(ENOUGH).unwrap_or(1).max(1);
        Self { is_taken: true, stride, left: 0, state: 0x9E37_79B9_7F4A_7C15, hasher }
    }

    /// Goes on to the next row. What is taken keeps no step, as a table may have one, too.
    #[inline]
    pub(super) fn next_row(&mut self) {
        if self.stride == 1 {
            return;
        }
        self.is_taken = self.left == 0;
        if self.is_taken {
            self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let wide = self.stride.saturating_mul(2).saturating_sub(1);
            self.left = (self.state >> 33).checked_rem(wide).unwrap_or(0);
        } else {
            self.left = self.left.saturating_sub(1);
        }
    }

    /// Returns how many of so many rows are looked at more closely.
    pub(super) fn part_of(&self, rows: u64) -> u64 {
        rows.checked_div(self.stride).unwrap_or(rows).max(1)
    }

    /// Returns the hash of a value.
    #[inline]
    pub(super) fn hash(&self, value: &[u8]) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(value);
        hasher.finish()
    }
}

/// Returns by what a number differs from others, however it is written.
#[inline]
pub(super) fn hash_of_number(value: f64) -> u64 {
    // There is one zero.
    (value + 0.0).to_bits()
}

/// Returns the hash of a value in the few bytes that it is stored in, of which the faster way makes too little.
#[cfg(feature = "parquet")]
pub(super) fn hash_of_stored(value: &[u8]) -> u64 {
    let mut hasher = foldhash::quality::FixedState::with_seed(SEED).build_hasher();
    hasher.write(value);
    hasher.finish()
}

/// Returns about how many rows a file has, by those that it starts with.
pub(super) fn about_rows(start: &[u8], size: u64) -> u64 {
    let rows = start.iter().filter(|byte| **byte == b'\n').count().max(1);
    let rows = u64::try_from(rows).unwrap_or(1);
    let length = u64::try_from(start.len()).unwrap_or(1);
    size.saturating_mul(rows).checked_div(length).unwrap_or(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_so_many_rows_are_taken_and_all_of_a_small_table() {
        for (rows, wanted) in [(1_000_u64, 1_000_u64), (200_000, 200_000), (4_000_000, 200_000)] {
            let mut sample = Sample::new(rows);
            let mut taken = 0_u64;
            for _ in 0..rows {
                sample.next_row();
                taken += u64::from(sample.is_taken);
            }
            assert!(taken.abs_diff(wanted) < wanted / 20 + 1, "{taken} of {rows}");
        }
    }
}
