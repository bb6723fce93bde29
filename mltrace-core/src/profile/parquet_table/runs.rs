//! Looks through numbers of few bits, which are written as runs: many of one kind are one, and others lie side by side.

use super::number::number;

/// Returns how many of so many rows have a value, as levels of one bit say; `None` when they are broken.
pub(super) fn present(levels: &[u8], rows: u32) -> Option<u32> {
    let found = walk(levels, 1, rows)?;
    Some(u32::try_from(found).unwrap_or(u32::MAX).min(rows))
}

/// Returns whether so many numbers can be there, of so many bits each.
pub(super) fn are_sound(runs: &[u8], width: u8, count: u32) -> bool {
    walk(runs, width, count).is_some()
}

/// Walks through runs; returns how many bits are set in numbers of one bit.
fn walk(mut rest: &[u8], width: u8, count: u32) -> Option<u64> {
    let (mut left, mut found) = (u64::from(count), 0_u64);
    while left > 0 {
        let head = number(&mut rest)?;
        let is_one_kind = head & 1 == 0;
        let half = head >> 1;
        let (here, bytes) = match is_one_kind {
            true => (half, u64::from(width.div_ceil(8))),
            false => (half.checked_mul(8)?, half.checked_mul(u64::from(width))?),
        };
        // A run of nothing would go on without an end, and the last one may be cut behind its last number.
        let bytes = usize::try_from(bytes).ok()?;
        let bytes = if !is_one_kind && here > left { bytes.min(rest.len()) } else { bytes };
        let (held, behind) = rest.split_at_checked(bytes)?;
        if here == 0 {
            return None;
        }
        rest = behind;
        let here = here.min(left);
        found = found.saturating_add(match is_one_kind {
            true => {
                if held.first().is_some_and(|value| *value != 0) {
                    here
                } else {
                    0
                }
            }
            false => held.iter().map(|byte| u64::from(byte.count_ones())).sum(),
        });
        left = left.checked_sub(here)?;
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_a_value_are_counted_in_runs_of_both_kinds() {
        for (levels, rows, wanted) in [
            (&[20, 1][..], 10, Some(10)),
            (&[20, 0, 3, 0b0000_0101], 18, Some(2)),
            (&[3, 0xFF], 5, Some(5)),
            (&[20, 1], 11, None),
            (&[20], 10, None),
            (&[0, 1, 20, 1], 10, None),
            (&[0xFF; 12], 10, None),
            (&[], 0, Some(0)),
        ] {
            assert_eq!(present(levels, rows), wanted, "{levels:?}");
        }
        assert!(are_sound(&[3, 1, 2, 3], 3, 8) && !are_sound(&[3, 1, 2], 3, 8) && are_sound(&[16, 1, 2], 12, 8));
    }
}
