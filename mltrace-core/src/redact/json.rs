//! Reads JSON as others do, and notices what they pass over.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Returns the value that a text is, and whether a field stands twice in an object of it: the value has the last one, and
/// the text keeps them all. Returns `None` where it is no JSON.
pub(super) fn read(text: &str) -> Option<(Value, bool)> {
    let mut has_twice = false;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Any(&mut has_twice).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some((value, has_twice))
}

struct Any<'t>(&'t mut bool);

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, given: bool) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_i64<E: Error>(self, given: i64) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_f64<E: Error>(self, given: f64) -> Result<Value, E> {
        Ok(Number::from_f64(given).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, given: &str) -> Result<Value, E> {
        Ok(given.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut given: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = given.next_element_seed(Any(self.0))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = given.next_key::<String>()? {
            *self.0 |= fields.insert(name, given.next_value_seed(Any(self.0))?).is_some();
        }
        Ok(Value::Object(fields))
    }
}
