//! The values of a list of JSON, one after another: a list of many costs no more memory than its text.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Calls `take` with each value of the list that a text is, until it returns `false`; that is an error, too.
pub(crate) fn each<'t>(text: &'t [u8], take: impl FnMut(&'t RawValue) -> bool) -> serde_json::Result<()> {
    let mut text = serde_json::Deserializer::from_slice(text);
    text.deserialize_seq(Each(take))?;
    text.end()
}

struct Each<F>(F);

impl<'t, F: FnMut(&'t RawValue) -> bool> Visitor<'t> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut values: A) -> Result<(), A::Error> {
        while let Some(value) = values.next_element()? {
            if !(self.0)(value) {
                return Err(A::Error::custom("the list ends before its time"));
            }
        }
        Ok(())
    }
}
