//! The levels of a page: of each value, or of what is in its place, whether a row begins with it, and how much of it there is.

use super::page::{Layout, RawPage};

/// Levels are written in this way by all writers since 2013, and in another one by some before.
pub(super) const RUNS: i64 = 3;

/// Numbers that are written as runs: of one number, or of packed ones in groups of eight.
struct Runs<'p> {
    bytes: &'p [u8],
    width: u32,
    run: Run<'p>,
}

enum Run<'p> {
    Same { level: u32, left: u64 },
    Packed { bytes: &'p [u8], bit: u64, left: u64 },
}

impl<'p> Runs<'p> {
    fn new(bytes: &'p [u8], most: i16) -> Self {
        let width = i16::BITS.saturating_sub(most.leading_zeros());
        Self { bytes, width, run: Run::Same { level: 0, left: 0 } }
    }

    fn next_run(&mut self) -> Option<()> {
        let mut head = 0_u64;
        for shift in (0..u32::BITS).step_by(7) {
            let (byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            head |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let count = head >> 1;
        self.run = if head & 1 == 0 {
            let size = usize::try_from(self.width.div_ceil(8)).ok()?;
            let (level, rest) = self.bytes.split_at_checked(size)?;
            self.bytes = rest;
            let level = level.iter().rev().fold(0_u32, |level, byte| level.wrapping_shl(8) | u32::from(*byte));
            Run::Same { level, left: count }
        } else {
            // The last group may lack the bytes of what is behind the last value.
            let size = usize::try_from(count.checked_mul(self.width.into())?).ok()?.min(self.bytes.len());
            let (bytes, rest) = self.bytes.split_at_checked(size)?;
            self.bytes = rest;
            Run::Packed { bytes, bit: 0, left: count.checked_mul(8)? }
        };
        Some(())
    }

    fn next(&mut self) -> Option<u32> {
        loop {
            match &mut self.run {
                Run::Same { level, left } if *left > 0 => {
                    *left = left.saturating_sub(1);
                    return Some(*level);
                }
                Run::Packed { bytes, bit, left } if *left > 0 => {
                    *left = left.saturating_sub(1);
                    let mut level = 0_u32;
                    for at in 0..self.width {
                        let byte = bytes.get(usize::try_from(*bit / 8).ok()?)?;
                        level |= u32::from((byte >> (*bit % 8)) & 1).wrapping_shl(at);
                        *bit = bit.saturating_add(1);
                    }
                    return Some(level);
                }
                _ => self.next_run()?,
            }
        }
    }
}

/// The levels of a column of lists, and from which one on a row has a list.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    pub(super) repeated: i16,
    pub(super) defined: i16,
    pub(super) present: i16,
}

/// Reports each row that begins in a page whether it has a list, until it is told to stop; `None` when that cannot be read.
pub(super) fn rows(page: &RawPage, levels: Levels, mut each: impl FnMut(bool) -> bool) -> Option<()> {
    let bytes = page.bytes.as_slice();
    let (rep, def) = match page.layout {
        Layout::Dictionary => return Some(()),
        Layout::First { defined: way, repeated: other } => {
            if way != RUNS || other != RUNS {
                return None;
            }
            let (rep, rest) = section(bytes)?;
            (rep, section(rest)?.0)
        }
        Layout::Second { defined, repeated, .. } => {
            let (rep, rest) = bytes.split_at_checked(repeated)?;
            (rep, rest.split_at_checked(defined)?.0)
        }
    };
    let (mut rep, mut def) = (Runs::new(rep, levels.repeated), Runs::new(def, levels.defined));
    let present = u32::try_from(levels.present).ok()?;
    for _ in 0..page.values {
        let (rep, def) = (rep.next()?, def.next()?);
        if rep == 0 && !each(def >= present) {
            break;
        }
    }
    Some(())
}

/// Returns what stands behind its length, and the rest.
fn section(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}
