//! How much a line of an import says, counted before it is taken into memory: there a fact is many times as large.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::{MOST_FACTS, MOST_TAGS};

/// The most values of one such line, whatever holds them and however deep: in memory each may take some hundred bytes.
const MOST_VALUES: usize = 8 * MOST_FACTS;

/// As how many values an object in a parameter counts, which is kept as it is: it takes 600 bytes, however little it holds.
const OBJECT: usize = 4;

/// The fields that hold facts.
const FIELDS: [&str; 9] =
    ["inputs", "outputs", "params", "notes", "metrics", "checks", "observations", "subjects", "entries"];

/// How much a line holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// Inputs, outputs, parameters, notes, metrics and checks.
    pub(super) facts: usize,
    tags: usize,
    /// Values of any kind.
    values: usize,
}

impl Held {
    /// Adds what a field of a line holds.
    pub(super) fn add(self, name: &str, value: &RawValue) -> Self {
        // What is of another type is refused later, in better words.
        let count = |depth| Count(depth).deserialize(&mut serde_json::Deserializer::from_str(value.get())).unwrap_or(0);
        let own = |is_counted: bool| if is_counted { count(Depth::First) } else { 0 };
        Self {
            facts: self.facts.saturating_add(own(FIELDS.contains(&name))),
            tags: self.tags.saturating_add(own(name == "tags")),
            values: self.values.saturating_add(count(if name == "params" { Depth::Kept } else { Depth::All })),
        }
    }

    /// Refuses a line that holds more than one may.
    pub(super) fn check(self, most: Option<usize>) -> Result<(), String> {
        let Some(most) = most else { return Ok(()) };
        let Self { facts, tags, values } = self;
        if facts > most {
            return Err(format!(
                "it has {facts} inputs, outputs, parameters, notes, metrics and checks; the limit is {most}"
            ));
        }
        if tags > MOST_TAGS {
            return Err(format!("it has {tags} tags; the limit is {MOST_TAGS}"));
        }
        if values > MOST_VALUES {
            return Err(format!(
                "it holds {values} values, where an object in a parameter counts as {OBJECT}; the limit is {MOST_VALUES}"
            ));
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// What stands in the list or object itself.
    First,
    /// That and what stands in it, to the innermost.
    All,
    /// The same, where an object counts as several.
    Kept,
}

/// Counts values without taking them into memory.
#[derive(Clone, Copy)]
struct Count(Depth);

impl<'de> DeserializeSeed<'de> for Count {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<usize, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_str<E>(self, _: &str) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_unit<E>(self) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
        let mut count = 0_usize;
        loop {
            let inside = match self.0 {
                Depth::First => list.next_element::<IgnoredAny>()?.map(|_| 0),
                Depth::All | Depth::Kept => list.next_element_seed(self)?,
            };
            let Some(inside) = inside else { return Ok(count) };
            count = count.saturating_add(inside).saturating_add(1);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<usize, A::Error> {
        let mut count = if self.0 == Depth::Kept { OBJECT.saturating_sub(1) } else { 0 };
        while object.next_key::<IgnoredAny>()?.is_some() {
            let inside = match self.0 {
                Depth::First => object.next_value::<IgnoredAny>().map(|_| 0)?,
                Depth::All | Depth::Kept => object.next_value_seed(self)?,
            };
            count = count.saturating_add(inside).saturating_add(1);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_counted_in_the_fields_that_hold_them_and_values_everywhere() {
        let held = |name: &str, text: &str| {
            let held = Held::default().add(name, serde_json::from_str(text).unwrap());
            (held.facts, held.values)
        };
        assert_eq!(held("inputs", r#"["a", {"name": "b"}, "c"]"#), (3, 4));
        assert_eq!(held("params", r#"{"a": [1, 2], "b": {}}"#), (2, 4 + 2 * 3));
        assert_eq!([held("inputs", "3"), held("notes", "null"), held("tags", r#"["a"]"#)], [(0, 0), (0, 0), (0, 1)]);
        assert_eq!(held("unknown", r#"[{"": 1.5}, {"": [true, -1]}]"#), (0, 6));
        let of = |facts: usize, values: usize| Held { facts, values, tags: 0 };
        assert!(Held { tags: MOST_TAGS + 1, ..of(0, 0) }.check(Some(7)).is_err());
        assert!(of(7, 7).check(Some(7)).is_ok() && of(8, 8).check(Some(7)).is_err() && of(8, 8).check(None).is_ok());
        assert!(of(0, MOST_VALUES + 1).check(Some(7)).is_err());
    }
}
