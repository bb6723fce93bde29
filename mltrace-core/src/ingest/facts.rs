//! How much a line of an import tells, counted before it is taken into memory: there a fact is many times as large.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most inputs, outputs, parameters and notes of one line that somebody else may send: about 75 MiB of memory, and
/// some seconds of the store.
pub const MOST_FACTS: usize = 50_000;

/// The fields that hold them.
const FIELDS: [&str; 4] = ["inputs", "outputs", "params", "notes"];

/// Returns how many facts a field of a line holds.
pub(super) fn of_field(name: &str, value: &RawValue) -> usize {
    if !FIELDS.contains(&name) {
        return 0;
    }
    let mut value = serde_json::Deserializer::from_str(value.get());
    // What is of another type is refused later, in better words.
    value.deserialize_any(Count).unwrap_or(0)
}

/// Refuses a line that tells more than one may.
pub(super) fn check(count: usize, most: Option<usize>) -> Result<(), String> {
    match most.filter(|most| count > *most) {
        Some(most) => Err(format!("it has {count} inputs, outputs, parameters and notes; the limit is {most}")),
        None => Ok(()),
    }
}

struct Count;

impl<'de> Visitor<'de> for Count {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
        let mut count = 0_usize;
        while list.next_element::<IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<usize, A::Error> {
        let mut count = 0_usize;
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            count = count.saturating_add(1);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_counted_in_the_fields_that_hold_them() {
        let count = |name: &str, text: &str| of_field(name, serde_json::from_str(text).unwrap());
        assert_eq!(count("inputs", r#"["a", {"name": "b"}, "c"]"#), 3);
        assert_eq!(count("params", r#"{"a": [1, 2], "b": {}}"#), 2);
        assert_eq!([count("inputs", "3"), count("notes", "null"), count("tags", r#"["a"]"#)], [0, 0, 0]);
        assert!(check(7, Some(7)).is_ok() && check(8, Some(7)).is_err() && check(8, None).is_ok());
    }
}
