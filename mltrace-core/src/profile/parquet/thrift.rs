//! Reads Thrift's compact protocol, in which a Parquet file describes itself.
//!
//! Nothing is allocated for what a length or a count says before that many bytes were there.

use std::io::{Read, copy, sink};

/// What a field or an element of a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `true` or `false`: a field's value stands in its header.
    Flag(bool),
    Byte,
    /// A number of any size.
    Int,
    Double,
    /// Bytes, or text.
    Binary,
    List,
    Struct,
}

/// No description is nested more deeply.
const DEEPEST: u8 = 16;

impl Kind {
    fn of(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Flag(true),
            2 => Self::Flag(false),
            3 => Self::Byte,
            4..=6 => Self::Int,
            7 => Self::Double,
            8 => Self::Binary,
            9 | 10 => Self::List,
            12 => Self::Struct,
            // Parquet has no map.
            _ => return None,
        })
    }
}

/// Reads one value after another; `None` where the bytes are none.
pub(super) struct Thrift<R> {
    from: R,
}

impl<R: Read> Thrift<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from }
    }

    fn byte(&mut self) -> Option<u8> {
        let mut one = [0];
        self.from.read_exact(&mut one).ok()?;
        let [byte] = one;
        Some(byte)
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Reads a number.
    pub(super) fn int(&mut self) -> Option<i64> {
        let value = self.unsigned()?;
        Some((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    /// Reads a count or a size, which is never negative.
    pub(super) fn count(&mut self) -> Option<u64> {
        u64::try_from(self.int()?).ok()
    }

    /// Goes on to the next field of a struct: which it is and what it holds; `None` in it after the last one. `last` is the
    /// number of the field before, 0 at first.
    pub(super) fn field(&mut self, last: &mut i16) -> Option<Option<(i16, Kind)>> {
        let head = self.byte()?;
        if head == 0 {
            return Some(None);
        }
        let kind = Kind::of(head & 0xf)?;
        *last = match head >> 4 {
            0 => i16::try_from(self.int()?).ok()?,
            step => last.checked_add(i16::from(step))?,
        };
        Some(Some((*last, kind)))
    }

    /// Begins a list of what is to be in it, and returns how many there are said to be.
    pub(super) fn list(&mut self, of: Kind) -> Option<u64> {
        let (kind, count) = self.any_list()?;
        // What is in an empty list is said by nobody.
        (count == 0 || kind == Some(of)).then_some(count)
    }

    fn any_list(&mut self) -> Option<(Option<Kind>, u64)> {
        let head = self.byte()?;
        let count = match head >> 4 {
            15 => self.unsigned()?,
            few => u64::from(few),
        };
        Some((Kind::of(head & 0xf), count))
    }

    /// Reads text, of which so many bytes are kept at most.
    pub(super) fn text(&mut self, most: u64) -> Option<String> {
        let length = self.unsigned()?;
        let mut kept = Vec::new();
        let read = (&mut self.from).take(length.min(most)).read_to_end(&mut kept).ok()?;
        self.leap(length.checked_sub(u64::try_from(read).ok()?)?)?;
        Some(String::from_utf8_lossy(&kept).into_owned())
    }

    fn leap(&mut self, length: u64) -> Option<()> {
        let read = copy(&mut (&mut self.from).take(length), &mut sink()).ok()?;
        (read == length).then_some(())
    }

    /// Goes past a value that nobody asked for.
    pub(super) fn skip(&mut self, kind: Kind) -> Option<()> {
        self.skip_within(kind, DEEPEST)
    }

    fn skip_within(&mut self, kind: Kind, depth: u8) -> Option<()> {
        match kind {
            Kind::Flag(_) => {}
            Kind::Byte => self.leap(1)?,
            Kind::Int => self.unsigned().map(drop)?,
            Kind::Double => self.leap(8)?,
            Kind::Binary => {
                let length = self.unsigned()?;
                self.leap(length)?;
            }
            Kind::List => {
                let depth = depth.checked_sub(1)?;
                let (kind, count) = self.any_list()?;
                for _ in 0..count {
                    match kind? {
                        // In a list it is a byte.
                        Kind::Flag(_) => self.leap(1)?,
                        kind => self.skip_within(kind, depth)?,
                    }
                }
            }
            Kind::Struct => {
                let depth = depth.checked_sub(1)?;
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip_within(kind, depth)?;
                }
            }
        }
        Some(())
    }
}
