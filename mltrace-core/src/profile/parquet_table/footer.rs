//! Looks through the footer of a Parquet table before it is read: what it claims has to be there, and not too deep.
//!
//! The crate makes room for as many fields as a footer claims, and calls itself for each level of them: a claim that is
//! made up would end the process.

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

use super::fault::broken;
use super::file::{LARGEST_PIECE, Source};
use super::number::{number, signed};

/// The end of a file: the length of the footer, and four letters.
const END: u64 = 8;
const MAGIC: &[u8] = b"PAR1";
/// No list of a footer is longer: columns, groups of rows, remarks.
const LONGEST_LIST: u64 = 1 << 16;
/// Nothing in a footer is nested deeper.
const DEEPEST: usize = 64;
/// The field of the footer that lists the columns, and the field of each that says how many are below it.
const SCHEMA: i64 = 2;
const CHILDREN: i64 = 5;

/// Returns the footer of a file, once it was looked through.
pub(super) fn read(source: &Source) -> Result<Bytes> {
    let start = source.len().checked_sub(END).ok_or_else(|| broken("it is too short"))?;
    let end = source.get_bytes(start, 8)?;
    let (length, magic) = end.split_at_checked(4).ok_or_else(|| broken("it is too short"))?;
    if magic != MAGIC {
        return Err(broken("it does not end as Parquet does"));
    }
    let length = length.try_into().map(u32::from_le_bytes).map_err(|_| broken("it is too short"))?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > LARGEST_PIECE {
        return Err(broken("its footer is too large"));
    }
    let start = u64::try_from(length).ok().and_then(|length| start.checked_sub(length));
    let footer = source.get_bytes(start.ok_or_else(|| broken("its footer is cut"))?, length)?;
    match is_sound(&footer) {
        Some(()) => Ok(footer),
        None => Err(broken("its footer is broken")),
    }
}

/// Returns that a footer holds what it claims to hold.
fn is_sound(footer: &[u8]) -> Option<()> {
    let mut walk = Walk { rest: footer, children: Vec::new() };
    walk.object(&mut Vec::new())?;
    is_tree(&walk.children).then_some(())
}

/// Returns whether these counts of children, each node before what is below it, make one tree that is not too deep.
fn is_tree(children: &[u64]) -> bool {
    let mut open: Vec<u64> = vec![1];
    for count in children {
        while open.last() == Some(&0) {
            open.pop();
        }
        let Some(left) = open.last_mut() else { return false };
        *left = left.saturating_sub(1);
        if *count > 0 {
            open.push(*count);
        }
        if open.len() > DEEPEST {
            return false;
        }
    }
    open.iter().all(|left| *left == 0)
}

/// Walks through what is written in Thrift's compact protocol.
struct Walk<'a> {
    rest: &'a [u8],
    /// How many columns are below each one of the schema.
    children: Vec<u64>,
}

/// The types of the protocol.
const TRUE: u8 = 1;
const FALSE: u8 = 2;
const BYTE: u8 = 3;
const INTEGERS: std::ops::RangeInclusive<u8> = 4..=6;
const DOUBLE: u8 = 7;
const BINARY: u8 = 8;
const LISTS: std::ops::RangeInclusive<u8> = 9..=10;
const MAP: u8 = 11;
const OBJECT: u8 = 12;

impl Walk<'_> {
    /// Walks through an object that lies in the fields of `path`.
    fn object(&mut self, path: &mut Vec<i64>) -> Option<()> {
        if path.len() >= DEEPEST {
            return None;
        }
        let is_of_schema = path.as_slice() == [SCHEMA];
        let (mut id, mut children) = (0_i64, 0);
        loop {
            let head = self.byte()?;
            if head == 0 {
                break;
            }
            let (step, kind) = (head >> 4, head & 0x0F);
            id = match step {
                0 => signed(number(&mut self.rest)?),
                step => id.checked_add(i64::from(step))?,
            };
            if is_of_schema && id == CHILDREN && INTEGERS.contains(&kind) {
                children = u64::try_from(signed(number(&mut self.rest)?)).ok()?;
                continue;
            }
            path.push(id);
            self.value(kind, path)?;
            path.pop();
        }
        if is_of_schema {
            self.children.push(children);
        }
        Some(())
    }

    fn value(&mut self, kind: u8, path: &mut Vec<i64>) -> Option<()> {
        match kind {
            TRUE | FALSE => Some(()),
            BYTE => self.skip(1),
            kind if INTEGERS.contains(&kind) => number(&mut self.rest).map(drop),
            DOUBLE => self.skip(8),
            BINARY => {
                let length = number(&mut self.rest)?;
                self.skip(length)
            }
            kind if LISTS.contains(&kind) => {
                let head = self.byte()?;
                let count = if head >> 4 == 15 { number(&mut self.rest)? } else { u64::from(head >> 4) };
                if count > LONGEST_LIST {
                    return None;
                }
                (0..count).try_for_each(|_| self.element(head & 0x0F, path))
            }
            MAP => {
                let count = number(&mut self.rest)?;
                let kinds = if count > 0 { self.byte()? } else { 0 };
                if count > LONGEST_LIST {
                    return None;
                }
                (0..count).try_for_each(|_| {
                    self.element(kinds >> 4, path)?;
                    self.element(kinds & 0x0F, path)
                })
            }
            OBJECT => self.object(path),
            _ => None,
        }
    }

    /// Walks through an element, in which `true` and `false` take a byte, unlike in a field.
    fn element(&mut self, kind: u8, path: &mut Vec<i64>) -> Option<()> {
        match kind {
            TRUE | FALSE => self.skip(1),
            kind if LISTS.contains(&kind) || kind == MAP => {
                // A list in a list leads nowhere that the footer has, and deeper.
                path.push(0);
                let found = if path.len() < DEEPEST { self.value(kind, path) } else { None };
                path.pop();
                found
            }
            kind => self.value(kind, path),
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn skip(&mut self, count: u64) -> Option<()> {
        self.rest = self.rest.get(usize::try_from(count).ok()?..)?;
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_of_columns_is_one_that_is_whole_and_not_too_deep() {
        for (children, wanted) in [
            (vec![2, 0, 0], true),
            (vec![0], true),
            (vec![2, 1, 0, 0], true),
            (vec![2, 0], false),
            (vec![1, 0, 0], false),
            (vec![1 << 31, 0], false),
            (vec![], false),
            ([vec![1; 62], vec![0]].concat(), true),
            ([vec![1; 64], vec![0]].concat(), false),
        ] {
            assert_eq!(is_tree(&children), wanted, "{children:?}");
        }
    }

    #[test]
    fn what_a_footer_claims_has_to_be_there() {
        // A field of id 2 that is a list of one object, which is called `a` and has no fields below it.
        let sound = [0x29, 0x1C, 0x48, 0x01, b'a', 0x00, 0x00];
        assert!(is_sound(&sound).is_some());
        for broken in [
            &sound[..6],
            &[0x29, 0xFC, 0xFF, 0xFF, 0xFF, 0x7F, 0x00],
            &[0x29, 0x1C, 0x48, 0xFF, 0xFF, 0x03, b'a', 0x00, 0x00],
            &[0x29, 0x1C, 0x55, 0x0A, 0x00, 0x00],
            &[0x1C; 100],
        ] {
            assert!(is_sound(broken).is_none(), "{broken:?}");
        }
        // Five columns are claimed, and none is there.
        assert!(is_sound(&[0x29, 0x1C, 0x55, 0x0A, 0x00, 0x00]).is_none());
        assert!(is_sound(&[[0x19, 0x19].repeat(500), vec![0]].concat()).is_none(), "lists in lists");
    }
}
