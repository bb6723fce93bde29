//! The fields of a message of protobuf, one after another: none of them is copied, and unknown ones cost nothing.

/// A field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field<'m> {
    /// A number, of whichever length.
    Number(u64),
    /// A text, bytes or another message.
    Bytes(&'m [u8]),
}

impl<'m> Field<'m> {
    /// Returns the bytes of a field that should have some; none of another.
    pub(super) fn bytes(self) -> &'m [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { &[] }
    }

    /// Returns the number of a field that should be one; 0 of another.
    pub(super) fn number(self) -> u64 {
        if let Self::Number(number) = self { number } else { 0 }
    }

    /// Returns the text of a field; what is no UTF-8 is replaced.
    pub(super) fn text(self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }
}

/// A message ends where a field should go on, or has a field of a sort that there is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The fields of a message, each with its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'m>(pub(super) &'m [u8]);

impl<'m> Fields<'m> {
    fn next_field(&mut self) -> Option<(u64, Field<'m>)> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(length)?)
            }
            5 => Field::Number(u32::from_le_bytes(self.take(4)?.try_into().ok()?).into()),
            _ => return None,
        };
        Some((tag >> 3, field))
    }

    fn take(&mut self, length: usize) -> Option<&'m [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Returns the next number, seven bits a byte, the lowest first.
    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl<'m> Iterator for Fields<'m> {
    type Item = Result<(u64, Field<'m>), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let next = self.next_field();
        if next.is_none() {
            self.0 = &[];
        }
        Some(next.ok_or(Malformed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_one_after_another_whatever_their_sort() {
        let message = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x19, 1, 0, 0, 0, 0, 0, 0, 0, 0x25, 2, 0, 0, 0];
        let fields: Vec<_> = Fields(&message).map(Result::unwrap).collect();
        let expected =
            [(1, Field::Number(150)), (2, Field::Bytes(b"hi")), (3, Field::Number(1)), (4, Field::Number(2))];
        assert_eq!(fields, expected);
    }

    #[test]
    fn what_breaks_off_is_malformed_once() {
        for message in
            [&[0x12, 0x05, b'h'][..], &[0x80; 12], &[0x0b], &[0x19, 1, 2], &[0x12, 0xff, 0xff, 0xff, 0xff, 0xff]]
        {
            let fields: Vec<_> = Fields(message).collect();
            assert_eq!(fields, [Err(Malformed)], "{message:?}");
        }
    }
}
