//! A parameter's value as it was given: what a number would not give back as it was written stays text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Values nested deeper than this are refused, as everywhere where JSON is parsed.
const DEEPEST: usize = 127;

/// Returns the value that a text means: a number or a truth value if it is written as they are written, else the text.
///
/// `0.1` and `true` are values; `3.10`, `1234e56` and `12345678901234567890123` would come back as other texts.
#[must_use]
pub fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) if value.to_string().as_str() == text => value,
        _ => Value::String(text.to_owned()),
    }
}

/// Returns the value that JSON holds; a number in it that would be written otherwise becomes its text.
///
/// # Errors
/// When it is nested too deeply, or is no JSON.
pub fn of_json(json: &RawValue) -> Result<Value, serde_json::Error> {
    of_nested(json, DEEPEST)
}

fn of_nested(json: &RawValue, deepest: usize) -> Result<Value, serde_json::Error> {
    let Some(below) = deepest.checked_sub(1) else {
        return Err(serde::de::Error::custom("recursion limit exceeded"));
    };
    let text = json.get();
    match text.bytes().next() {
        Some(b'-' | b'0'..=b'9') => Ok(typed(text)),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text)?;
            items.into_iter().map(|item| of_nested(item, below)).collect()
        }
        Some(b'{') => {
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text)?;
            fields.into_iter().map(|(name, field)| Ok((name, of_nested(field, below)?))).collect()
        }
        _ => serde_json::from_str(text),
    }
}

/// Returns a value as people read it: a text without its quotes.
#[must_use]
pub fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Returns whether two values are written alike: one entry point knows that `1` is a number, another has only its text.
#[must_use]
pub fn is_same(a: &Value, b: &Value) -> bool {
    a == b || (a.is_string() != b.is_string() && text(a) == text(b))
}

/// Returns the number that a value is, also one that is kept as text because it was written in another way.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    let written = |text: &str| match serde_json::from_str::<Value>(text) {
        Ok(Value::Number(number)) if number.to_string() != text => number.as_f64(),
        _ => None,
    };
    value.as_f64().or_else(|| value.as_str().and_then(written))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_as_it_was_given() {
        for given in [
            "3.10",
            "3.1",
            "1234e56",
            "1e5",
            "1E-3",
            "007",
            "-0",
            "0",
            "-1",
            "2.50",
            "1e400",
            "1e-400",
            "0.1",
            "0.1000000000000000055",
            "12345678901234567890123",
            "18446744073709551615",
            "18446744073709551616",
            "true",
            "True",
            "null",
            "NaN",
            "inf",
            "+1",
            ".5",
            "5.",
            "0x10",
            "1_000",
            " 1",
            "1 ",
            "",
            "\"1\"",
            "[1]",
            "{}",
            "1.0",
            "100000000000000000000.0",
        ] {
            assert_eq!(text(&typed(given)), given);
            if let Ok(json) = serde_json::from_str::<&RawValue>(given)
                && json.get() == given
                && given.starts_with(|first: char| first.is_ascii_digit() || first == '-')
            {
                assert_eq!(text(&of_json(json).unwrap()), given);
            }
        }
    }

    #[test]
    fn what_is_nested_keeps_its_text_too() {
        let json: &RawValue = serde_json::from_str(r#"{"b": [3.10, 1, {"c": 1e3}], "a": null, "t": "3.10"}"#).unwrap();
        assert_eq!(of_json(json).unwrap().to_string(), r#"{"a":null,"b":["3.10",1,{"c":"1e3"}],"t":"3.10"}"#);
        let deep = "[".repeat(DEEPEST + 1) + &"]".repeat(DEEPEST + 1);
        assert!(serde_json::from_str(&deep).map_or_else(|_| true, |json: &RawValue| of_json(json).is_err()));
    }

    #[test]
    fn values_are_compared_by_their_texts() {
        let [number_1, text_1] = [Value::from(1), Value::from("1")];
        assert!(is_same(&number_1, &text_1) && is_same(&typed("true"), &Value::from("true")));
        assert!(!is_same(&typed("3.1"), &typed("3.10")) && !is_same(&typed("1"), &typed("1.0")));
    }

    #[test]
    fn what_is_kept_as_text_can_be_compared_as_a_number() {
        assert_eq!([typed("1e-3"), typed("0.5")].map(|value| number(&value)), [Some(0.001), Some(0.5)]);
        // An identifier that a caller gave as text is none.
        assert_eq!([Value::from("20240101"), Value::from("007"), typed("x")].map(|value| number(&value)), [None; 3]);
    }
}
