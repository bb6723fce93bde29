//! Looks through numbers that are written as differences before the crate reads them. Where they are the lengths of texts it
//! makes room for as many as they claim to be, and takes each of them for one that fits.

use super::number::{number, signed};

/// No page has more texts.
const MOST: u64 = 4 << 20;

/// Numbers as they are written, each by how far it is from the one before, in blocks of several mini blocks.
struct Blocks<'a> {
    rest: &'a [u8],
    minis: usize,
    in_mini: u64,
    left: u64,
    first: i64,
}

/// A mini block: so many numbers of so many bits, to which the least of the block is added.
struct Mini<'a> {
    least: i64,
    width: u8,
    count: u64,
    packed: &'a [u8],
}

impl<'a> Blocks<'a> {
    fn new(data: &'a [u8]) -> Option<Self> {
        let mut rest = data;
        let (block, minis) = (number(&mut rest)?, number(&mut rest)?);
        let (left, first) = (number(&mut rest)?, signed(number(&mut rest)?));
        let in_mini = block.checked_div(minis)?;
        let is_sound = block.is_multiple_of(128) && block == in_mini.checked_mul(minis)? && in_mini.is_multiple_of(32);
        let minis = usize::try_from(minis).ok()?;
        (is_sound && in_mini > 0).then_some(Self { rest, minis, in_mini, left, first })
    }

    /// Goes through all numbers behind the first one, and hands each mini block on.
    fn walk(&mut self, mut each: impl FnMut(Mini<'a>) -> Option<()>) -> Option<()> {
        self.left = self.left.saturating_sub(1);
        while self.left > 0 {
            let least = signed(number(&mut self.rest)?);
            let (widths, behind) = self.rest.split_at_checked(self.minis)?;
            self.rest = behind;
            for width in widths {
                if self.left == 0 {
                    break;
                }
                let bytes = self.in_mini.checked_mul(u64::from(*width))?.checked_div(8)?;
                let count = self.left.min(self.in_mini);
                // The last one may be cut behind its last number.
                let bytes = usize::try_from(bytes).ok()?;
                let bytes = if count < self.in_mini { bytes.min(self.rest.len()) } else { bytes };
                let (packed, behind) = self.rest.split_at_checked(bytes)?;
                self.rest = behind;
                self.left = self.left.checked_sub(count)?;
                each(Mini { least, width: *width, count, packed })?;
            }
        }
        Some(())
    }
}

/// Returns whether numbers are there as they claim to be.
pub(super) fn are_sound(data: &[u8]) -> bool {
    Blocks::new(data).and_then(|mut blocks| blocks.walk(|_| Some(()))).is_some()
}

/// The lengths of texts.
pub(super) struct Lengths {
    /// All of them together.
    pub(super) sum: u64,
    /// The longest one.
    pub(super) longest: u64,
    /// Where they end.
    pub(super) end: usize,
}

impl Lengths {
    /// Reads lengths; `None` when they are cut, negative, more than `most`, or none.
    pub(super) fn read(data: &[u8], most: u64) -> Option<Self> {
        let mut blocks = Blocks::new(data).filter(|blocks| blocks.left <= most.min(MOST))?;
        let mut found = Self { sum: 0, longest: 0, end: 0 };
        let mut last = i32::try_from(blocks.first).ok()?;
        if blocks.left > 0 {
            found.add(last)?;
        }
        blocks.walk(|Mini { least, width, count, packed }| {
            let least = i32::try_from(least).ok()?;
            let mut bits = Bits { packed, held: 0, count: 0 };
            (0..count).try_for_each(|_| {
                last = last.wrapping_add(least).wrapping_add(bits.next(u32::from(width))?);
                found.add(last)
            })
        })?;
        found.end = data.len().checked_sub(blocks.rest.len())?;
        Some(found)
    }

    fn add(&mut self, length: i32) -> Option<()> {
        let length = u64::try_from(length).ok()?;
        self.sum = self.sum.checked_add(length)?;
        self.longest = self.longest.max(length);
        Some(())
    }
}

/// Numbers of a few bits each, the lowest bits first.
struct Bits<'a> {
    packed: &'a [u8],
    held: u64,
    count: u32,
}

impl Bits<'_> {
    fn next(&mut self, width: u32) -> Option<i32> {
        if width > 32 {
            return None;
        }
        while self.count < width {
            let (first, rest) = self.packed.split_first()?;
            self.packed = rest;
            self.held |= u64::from(*first).checked_shl(self.count)?;
            self.count = self.count.checked_add(8)?;
        }
        let mask = 1_u64.checked_shl(width)?.checked_sub(1)?;
        let found = self.held & mask;
        self.held = self.held.checked_shr(width)?;
        self.count = self.count.checked_sub(width)?;
        #[expect(clippy::cast_possible_wrap, reason = "the sum wraps, as the format has it")]
        u32::try_from(found).ok().map(|found| found as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lengths in blocks of 128, of four times 32.
    fn of(count: u8, first: u8, rest: &[u8]) -> Vec<u8> {
        [&[0x80, 0x01, 0x04, count, first], rest].concat()
    }

    #[test]
    fn lengths_that_are_written_as_differences_are_added_up() {
        let one = Lengths::read(&of(1, 14, &[9, 9]), 10).unwrap();
        assert_eq!((one.sum, one.longest, one.end), (7, 7, 5));
        // Each is three longer than the one before.
        let rising = Lengths::read(&of(4, 2, &[6, 0, 0, 0, 0, 99]), 10).unwrap();
        assert_eq!((rising.sum, rising.longest, rising.end), (1 + 4 + 7 + 10, 10, 10));
        // 0, 0, 1, 1 and 2, in bits of one.
        let packed = of(5, 0, &[0, 1, 0, 0, 0, 0b1010, 0, 0, 0, 7]);
        let packed = Lengths::read(&packed, 10).unwrap();
        assert_eq!((packed.sum, packed.longest, packed.end), (4, 2, 14));
    }

    #[test]
    fn lengths_that_are_negative_or_cut_or_too_many_are_none() {
        assert!(Lengths::read(&of(2, 2, &[3, 0, 0, 0, 0]), 10).is_none(), "one less two is no length");
        assert!(Lengths::read(&of(10, 0, &[0, 1, 0, 0, 0, 0b1010]), 10).is_none());
        assert!(Lengths::read(&of(5, 0, &[0, 33, 0, 0, 0]), 10).is_none());
        assert!(Lengths::read(&of(4, 2, &[6, 0, 0, 0, 0]), 3).is_none());
        assert!(Lengths::read(&[0x80, 0x01, 0x00, 1, 0], 10).is_none());
        assert!(Lengths::read(&[0x00, 0x01, 0x01, 0], 10).is_none());
    }
}
