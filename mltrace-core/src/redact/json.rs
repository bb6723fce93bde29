//! Reads JSON as others do, and notices what they pass over; writes it as it was, but for what has become another value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::tree::{Fields, Json};
use crate::model::behind_string;

/// Returns the value that a text is, and whether a field stands twice in an object of it: the value has the last one, and
/// the text keeps them all. Returns `None` where it is no JSON.
pub(super) fn read(text: &str) -> Option<(Json, bool)> {
    let mut has_twice = false;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Any(&mut has_twice).deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some((value, has_twice))
}

struct Any<'t>(&'t mut bool);

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Json, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, given: bool) -> Result<Json, E> {
        Ok(Json::Bool(given))
    }

    fn visit_i64<E: Error>(self, given: i64) -> Result<Json, E> {
        Ok(Json::Number(given.into()))
    }

    fn visit_u64<E: Error>(self, given: u64) -> Result<Json, E> {
        Ok(Json::Number(given.into()))
    }

    fn visit_f64<E: Error>(self, given: f64) -> Result<Json, E> {
        Ok(Number::from_f64(given).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E: Error>(self, given: &str) -> Result<Json, E> {
        Ok(given.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut given: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = given.next_element_seed(Any(self.0))? {
            items.push(item);
        }
        items.shrink_to_fit();
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut given: A) -> Result<Json, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = given.next_key::<String>()? {
            fields.push((name, given.next_value_seed(Any(self.0))?));
        }
        let (fields, has_twice) = Fields::of(fields);
        *self.0 |= has_twice;
        Ok(Json::Object(fields))
    }
}

/// Returns a text of JSON with the values that it has now: what is the same is written as it was, and a number keeps its
/// digits. Returns `None` where an object has fewer fields now, because several had one name.
pub(super) fn rewritten(text: &str, now: &Json) -> Option<String> {
    let mut writer = Rewriter { text, at: 0, written: String::with_capacity(text.len()) };
    writer.space();
    writer.value(now)?;
    writer.space();
    Some(writer.written)
}

/// Goes through a text that is known to be JSON, in which no value is nested deeper than a parser allows.
struct Rewriter<'t> {
    text: &'t str,
    at: usize,
    written: String,
}

impl<'t> Rewriter<'t> {
    fn value(&mut self, now: &Json) -> Option<()> {
        match (self.byte()?, now) {
            (b'{', Json::Object(fields)) => self.object(fields),
            (b'[', Json::Array(items)) => self.array(items),
            (b'"', Json::String(words)) => {
                let raw = self.take_string()?;
                let is_same = serde_json::from_str::<String>(raw).is_ok_and(|text| text == *words);
                if is_same {
                    self.written.push_str(raw);
                } else {
                    self.write(now);
                }
                Some(())
            }
            (b'-' | b'0'..=b'9', Json::Number(_)) | (b't' | b'f', Json::Bool(_)) | (b'n', Json::Null) => {
                let raw = self.take_word()?;
                self.written.push_str(raw);
                Some(())
            }
            _ => {
                self.pass()?;
                self.write(now);
                Some(())
            }
        }
    }

    fn object(&mut self, fields: &Fields) -> Option<()> {
        self.sign()?;
        let mut count = 0_usize;
        while self.byte()? != b'}' {
            if count > 0 {
                self.sign()?;
            }
            let raw = self.take_string()?;
            let name: String = serde_json::from_str(raw).ok()?;
            let cleaned = super::text(&name);
            let (name, now) = fields.at(count).filter(|(name, _)| *name == cleaned)?;
            match cleaned {
                Cow::Borrowed(_) => self.written.push_str(raw),
                Cow::Owned(_) => self.write(&name.into()),
            }
            self.space();
            self.sign()?;
            self.value(now)?;
            self.space();
            count = count.saturating_add(1);
        }
        self.sign()?;
        (fields.at(count).is_none()).then_some(())
    }

    fn array(&mut self, items: &[Json]) -> Option<()> {
        self.sign()?;
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.sign()?;
            }
            self.value(item)?;
            self.space();
        }
        self.sign()
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Writes the sign that comes next, and the space behind it.
    fn sign(&mut self) -> Option<()> {
        let sign = self.take(self.at.saturating_add(1))?;
        self.written.push_str(sign);
        self.space();
        Some(())
    }

    fn space(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.len().saturating_sub(rest.trim_ascii_start().len());
        let space = self.take(self.at.saturating_add(length)).unwrap_or_default();
        self.written.push_str(space);
    }

    fn write(&mut self, value: &Json) {
        self.written.push_str(&value.to_string());
    }

    fn take(&mut self, end: usize) -> Option<&'t str> {
        let taken = self.text.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    fn take_string(&mut self) -> Option<&'t str> {
        self.take(behind_string(self.text.as_bytes(), self.at.saturating_add(1)))
    }

    fn take_word(&mut self) -> Option<&'t str> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let is_end = |byte: &u8| matches!(byte, b',' | b']' | b'}') || byte.is_ascii_whitespace();
        let length = rest.iter().position(is_end).unwrap_or(rest.len());
        self.take(self.at.saturating_add(length))
    }

    /// Goes behind a value and leaves it out.
    fn pass(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.byte()? {
                b'"' => _ = self.take_string()?,
                b'{' | b'[' => {
                    depth = depth.saturating_add(1);
                    self.at = self.at.saturating_add(1);
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at = self.at.saturating_add(1);
                }
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => self.at = self.at.saturating_add(1),
                _ => _ = self.take_word()?,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{REDACTED, param};

    #[test]
    fn what_holds_no_secret_stays_as_it_was_written_beside_one_that_does() {
        let check = |before: &str, after: &str| {
            assert_eq!(param("config", before.into()), after.replace('#', REDACTED), "{before}");
        };
        check(
            r#"{ "n": 123456789012345678901234567890,"a":[0.1000000000000000055 , 1.50, -0], "password":"x" }"#,
            r##"{ "n": 123456789012345678901234567890,"a":[0.1000000000000000055 , 1.50, -0], "password":"#" }"##,
        );
        check(
            "[ {} ,[], {\"token\": {\"a\": [\"]\", 1.0]}, \"b\":\t\"\\u0041\" , \"c\": null}, true ]\n",
            "[ {} ,[], {\"token\": \"#\", \"b\":\t\"\\u0041\" , \"c\": null}, true ]\n",
        );
        // Of two fields of one name the last counts, and nothing of the first is left.
        check(r#"{"password": 1, "a": 1.50, "a": 2}"#, r##"{"password":"#","a":2}"##);
        let token = format!("ghp_{}", "a1B2".repeat(9));
        check(&format!(r#"{{ "{token}": 1.0 }}"#), r##"{ "#": 1.0 }"##);
        check(&format!(r#"{{"{token}": 1.0, "x {token}": 2.50}}"#), r##"{"#": 1.0, "x #": 2.50}"##);
    }
}
