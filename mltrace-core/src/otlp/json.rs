//! Spans as JSON writes them: names in camel case, ids in hexadecimal digits, long numbers as texts or as numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::budget::Budget;
use super::raw::{Encoding, Fault, Raw};
use super::span::{Span, real};
use crate::model::{MOST_WEIGHT, is_too_heavy};

type Attributes = BTreeMap<String, Value>;

/// What a status says that is an error.
const ERROR: [&str; 2] = ["2", "\"STATUS_CODE_ERROR\""];

#[derive(Deserialize)]
struct Body<'b> {
    #[serde(borrow, rename = "resourceSpans")]
    of_resources: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct OfResource<'b> {
    #[serde(borrow)]
    resource: Option<&'b RawValue>,
    #[serde(borrow, rename = "scopeSpans")]
    of_scopes: Option<&'b RawValue>,
}

#[derive(Deserialize)]
struct OfScope<'b> {
    #[serde(borrow)]
    spans: Option<&'b RawValue>,
}

/// Calls `take` with each span of an `ExportTraceServiceRequest`, until it returns `false`.
pub(super) fn each<'b>(body: &'b [u8], take: &mut dyn FnMut(Raw<'b>) -> bool) -> Result<(), Fault> {
    let wrong =
        |error: serde_json::Error| Fault(format!("the body is not an ExportTraceServiceRequest in JSON: {error}"));
    let Body { of_resources } = object(body).map_err(wrong)?;
    let mut goes_on = true;
    let read = items(of_resources, &mut |of_resource| {
        let OfResource { resource, of_scopes } = object(of_resource.get().as_bytes())?;
        let resource = resource.map(RawValue::get).unwrap_or_default().as_bytes();
        items(of_scopes, &mut |of_scope| {
            let OfScope { spans } = object(of_scope.get().as_bytes())?;
            items(spans, &mut |span| {
                let span = Raw { encoding: Encoding::Json, resource, span: span.get().as_bytes() };
                goes_on = goes_on && take(span);
                Ok(())
            })
        })
    });
    read.map_err(wrong)
}

/// Parses an object: a list of its fields would do, too, which nobody means.
fn object<'b, T: Deserialize<'b>>(text: &'b [u8]) -> serde_json::Result<T> {
    if text.trim_ascii_start().first() == Some(&b'[') {
        return Err(serde_json::Error::custom("a list is where an object should be"));
    }
    serde_json::from_slice(text)
}

type TakeItem<'t, 'b> = &'t mut dyn FnMut(&'b RawValue) -> serde_json::Result<()>;

/// Calls `take` with each item of a list, which may be left out: a list of many costs no more memory than its text.
fn items<'b>(list: Option<&'b RawValue>, take: TakeItem<'_, 'b>) -> serde_json::Result<()> {
    struct Items<'t, 'b>(TakeItem<'t, 'b>);

    impl<'b> Visitor<'b> for Items<'_, 'b> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'b>>(self, mut items: A) -> Result<(), A::Error> {
            while let Some(item) = items.next_element()? {
                (self.0)(item).map_err(A::Error::custom)?;
            }
            Ok(())
        }
    }

    let Some(list) = list.filter(|list| list.get() != "null") else { return Ok(()) };
    serde_json::Deserializer::from_str(list.get()).deserialize_seq(Items(take))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SpanOfJson<'s> {
    #[serde(borrow)]
    trace_id: Option<Text<'s>>,
    #[serde(borrow)]
    span_id: Option<Text<'s>>,
    #[serde(borrow)]
    parent_span_id: Option<Text<'s>>,
    #[serde(borrow)]
    name: Option<Text<'s>>,
    start_time_unix_nano: Option<Number>,
    end_time_unix_nano: Option<Number>,
    #[serde(borrow)]
    attributes: Option<Vec<Pair<'s>>>,
    #[serde(borrow)]
    events: Option<Vec<Event<'s>>>,
    #[serde(borrow)]
    status: Option<Status<'s>>,
}

#[derive(Deserialize)]
struct Event<'s> {
    #[serde(borrow)]
    name: Option<Text<'s>>,
    #[serde(borrow)]
    attributes: Option<Vec<Pair<'s>>>,
}

#[derive(Deserialize)]
struct Status<'s> {
    #[serde(borrow)]
    message: Option<Text<'s>>,
    #[serde(borrow)]
    code: Option<&'s RawValue>,
}

#[derive(Deserialize)]
struct Of<'s> {
    #[serde(borrow)]
    attributes: Option<Vec<Pair<'s>>>,
}

#[derive(Deserialize)]
struct Pair<'s> {
    #[serde(borrow)]
    key: Option<Text<'s>>,
    #[serde(borrow)]
    value: Option<Any<'s>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Any<'s> {
    #[serde(borrow)]
    string_value: Option<Text<'s>>,
    bool_value: Option<bool>,
    int_value: Option<Number>,
    double_value: Option<Number>,
    #[serde(borrow)]
    array_value: Option<Listed<Any<'s>>>,
    #[serde(borrow)]
    kvlist_value: Option<Listed<Pair<'s>>>,
    #[serde(borrow)]
    bytes_value: Option<Text<'s>>,
}

#[derive(Deserialize)]
struct Listed<T> {
    values: Option<Vec<T>>,
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

/// A number, or its text.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    fn whole(self) -> u64 {
        match self {
            Self::Whole(number) => u64::try_from(number).unwrap_or_default(),
            Self::Real(_) => 0,
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Whole(number) => {
                i64::try_from(number).map_or_else(|_| Value::String(number.to_string()), Value::from)
            }
            Self::Real(number) => real(number),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;

        impl Visitor<'_> for Numbers {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or its text")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number::Whole(number.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number::Whole(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number::Real(number))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                let whole = text.parse().map(Number::Whole);
                whole
                    .or_else(|_| text.parse().map(Number::Real))
                    .map_err(|_| E::custom(format!("`{text}` is no number")))
            }
        }

        deserializer.deserialize_any(Numbers)
    }
}

/// Returns the span that a text is.
pub(super) fn span(text: &[u8]) -> Result<Span, String> {
    if is_too_heavy(text) {
        return Err(format!("it holds too many values: an object counts four times, and the limit is {MOST_WEIGHT}"));
    }
    let told: SpanOfJson<'_> = object(text).map_err(|error| error.to_string())?;
    let mut budget = Budget::new();
    let status = told.status;
    let mut span = Span {
        trace: told.trace_id.map(|id| digits("traceId", &id.0)).transpose()?.unwrap_or_default(),
        id: told.span_id.map(|id| digits("spanId", &id.0)).transpose()?.unwrap_or_default(),
        parent: told.parent_span_id.map(|id| digits("parentSpanId", &id.0)).transpose()?,
        name: text_of(told.name),
        start: told.start_time_unix_nano.map_or(0, Number::whole),
        end: told.end_time_unix_nano.map_or(0, Number::whole),
        attributes: attributes(told.attributes, 0, &mut budget)?,
        has_failed: status.as_ref().and_then(|status| status.code).is_some_and(|code| ERROR.contains(&code.get())),
        message: status.map(|status| text_of(status.message)).unwrap_or_default(),
        exception: None,
    };
    for event in told.events.unwrap_or_default() {
        let attributes = attributes(event.attributes, 0, &mut budget)?;
        span.meet(&text_of(event.name), attributes);
    }
    Ok(span)
}

/// Returns the attributes of a resource.
pub(super) fn resource(text: &[u8]) -> Result<Attributes, String> {
    if text.is_empty() || is_too_heavy(text) {
        return Ok(Attributes::new());
    }
    let of: Of<'_> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    attributes(of.attributes, 0, &mut Budget::new())
}

fn text_of(text: Option<Text<'_>>) -> String {
    text.map(|text| text.0.into_owned()).unwrap_or_default()
}

fn attributes(pairs: Option<Vec<Pair<'_>>>, depth: usize, budget: &mut Budget) -> Result<Attributes, String> {
    let of = |pair: Pair<'_>| {
        let value = pair.value.map_or(Ok(Value::Null), |value| any(value, depth, budget))?;
        Ok((text_of(pair.key), value))
    };
    pairs.unwrap_or_default().into_iter().map(of).collect()
}

/// Returns the value that an `AnyValue` holds.
fn any(value: Any<'_>, depth: usize, budget: &mut Budget) -> Result<Value, String> {
    budget.take(depth, value.kvlist_value.is_some())?;
    let below = depth.saturating_add(1);
    if let Some(Listed { values }) = value.array_value {
        return values.unwrap_or_default().into_iter().map(|item| any(item, below, budget)).collect();
    }
    if let Some(Listed { values }) = value.kvlist_value {
        return Ok(attributes(values, below, budget)?.into_iter().collect());
    }
    let text = value.string_value.or(value.bytes_value).map(|text| Value::String(text.0.into_owned()));
    let number = || value.int_value.map(Number::value).or_else(|| value.double_value.map(Number::real));
    Ok(text.or_else(|| value.bool_value.map(Value::Bool)).or_else(number).unwrap_or_default())
}

impl Number {
    /// Returns the value of a number that is real, however it is written.
    #[expect(clippy::cast_precision_loss, reason = "it is meant as one that is near")]
    fn real(self) -> Value {
        match self {
            Self::Whole(number) => real(number as f64),
            Self::Real(number) => real(number),
        }
    }
}

/// Returns the bytes of an id in hexadecimal digits.
fn digits(what: &str, text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("`{what}` is not written in hexadecimal digits");
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    });
    pairs.collect::<Option<_>>().ok_or_else(wrong)
}
