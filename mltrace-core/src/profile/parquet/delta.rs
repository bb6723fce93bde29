//! Checks numbers that are written as differences: how many there are said to be, and where they end.

/// No page has more of them: each takes memory.
const MOST: usize = 1 << 24;

/// Returns where such numbers end; `None` when they are not as they are said to be, or more than `most`.
pub(super) fn end(bytes: &[u8], most: usize) -> Option<usize> {
    let mut rest = bytes;
    let block = number(&mut rest)?;
    let parts = number(&mut rest)?;
    let count = number(&mut rest)?;
    // The first number.
    number(&mut rest)?;
    let part = block.checked_div(parts)?;
    let is_even = part > 0 && block % 128 == 0 && block.is_multiple_of(parts) && part % 32 == 0;
    if !is_even || usize::try_from(count).ok()? > most.min(MOST) {
        return None;
    }
    let parts = usize::try_from(parts).ok()?;
    let mut left = count.saturating_sub(1);
    while left > 0 {
        // The least difference, and how wide each part is.
        number(&mut rest)?;
        let (widths, behind) = rest.split_at_checked(parts)?;
        rest = behind;
        for width in widths {
            if left == 0 {
                break;
            }
            let size = part.checked_mul(u64::from(*width))? / 8;
            rest = rest.get(usize::try_from(size).ok()?..)?;
            left = left.saturating_sub(part);
        }
    }
    bytes.len().checked_sub(rest.len())
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
