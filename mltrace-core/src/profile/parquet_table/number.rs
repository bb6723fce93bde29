//! Numbers of seven bits a byte, as headers have them.

/// Takes a number of seven bits a byte off the start.
pub(super) fn number(rest: &mut &[u8]) -> Option<u64> {
    let mut found = 0_u64;
    for shift in (0..64).step_by(7) {
        let (first, left) = rest.split_first()?;
        *rest = left;
        found |= u64::from(first & 0x7F).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(found);
        }
    }
    None
}

/// Returns the number whose sign is folded into the lowest bit.
pub(super) fn signed(number: u64) -> i64 {
    #[expect(clippy::cast_possible_wrap, reason = "it has 63 bits here")]
    let half = (number >> 1) as i64;
    if number & 1 == 0 { half } else { !half }
}
