//! Spans as protobuf writes them, by the numbers of `opentelemetry/proto/trace/v1/trace.proto`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::budget::Budget;
use super::raw::{Encoding, Fault, Raw};
use super::span::Span;
use super::wire::{Field, Fields, Malformed};

/// What a status says that is an error.
const ERROR: u64 = 2;

type Attributes = BTreeMap<String, Value>;

/// Calls `take` with each span of an `ExportTraceServiceRequest`, until it returns `false`.
pub(super) fn each<'b>(body: &'b [u8], take: &mut dyn FnMut(Raw<'b>) -> bool) -> Result<(), Fault> {
    let malformed = |_: Malformed| Fault("the body is not an ExportTraceServiceRequest in protobuf".to_owned());
    for of_resource in messages(body, 1) {
        let of_resource = of_resource.map_err(malformed)?;
        // It may stand behind its spans.
        let resource = messages(of_resource, 1).last().transpose().map_err(malformed)?.unwrap_or_default();
        for of_scope in messages(of_resource, 2) {
            for span in messages(of_scope.map_err(malformed)?, 2) {
                let span = span.map_err(malformed)?;
                if !take(Raw { encoding: Encoding::Protobuf, resource, span }) {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Returns the messages in the fields of this number.
fn messages(message: &[u8], number: u64) -> impl Iterator<Item = Result<&[u8], Malformed>> {
    Fields(message).filter_map(move |field| match field {
        Ok((known, Field::Bytes(bytes))) => (known == number).then_some(Ok(bytes)),
        Ok(_) => None,
        Err(malformed) => Some(Err(malformed)),
    })
}

fn broken(_: Malformed) -> String {
    "it breaks off".to_owned()
}

/// Returns the span that a message is.
pub(super) fn span(message: &[u8]) -> Result<Span, String> {
    let (mut span, mut budget) = (Span::default(), Budget::new());
    for field in Fields(message) {
        let (number, field) = field.map_err(broken)?;
        match number {
            1 => span.trace = field.bytes().to_vec(),
            2 => span.id = field.bytes().to_vec(),
            4 => span.parent = Some(field.bytes().to_vec()),
            5 => span.name = field.text(),
            7 => span.start = field.number(),
            8 => span.end = field.number(),
            9 => attribute(field.bytes(), 0, &mut span.attributes, &mut budget)?,
            11 => event(field.bytes(), &mut span, &mut budget)?,
            15 => status(field.bytes(), &mut span)?,
            _ => {}
        }
    }
    Ok(span)
}

/// Returns the attributes of a resource.
pub(super) fn resource(message: &[u8]) -> Result<Attributes, String> {
    let (mut attributes, mut budget) = (Attributes::new(), Budget::new());
    for pair in messages(message, 1) {
        attribute(pair.map_err(broken)?, 0, &mut attributes, &mut budget)?;
    }
    Ok(attributes)
}

fn status(message: &[u8], span: &mut Span) -> Result<(), String> {
    for field in Fields(message) {
        match field.map_err(broken)? {
            (2, field) => span.message = field.text(),
            (3, field) => span.has_failed = field.number() == ERROR,
            _ => {}
        }
    }
    Ok(())
}

fn event(message: &[u8], span: &mut Span, budget: &mut Budget) -> Result<(), String> {
    let (mut name, mut attributes) = (String::new(), Attributes::new());
    for field in Fields(message) {
        match field.map_err(broken)? {
            (2, field) => name = field.text(),
            (3, field) => attribute(field.bytes(), 0, &mut attributes, budget)?,
            _ => {}
        }
    }
    span.meet(&name, attributes);
    Ok(())
}

fn attribute(message: &[u8], depth: usize, into: &mut Attributes, budget: &mut Budget) -> Result<(), String> {
    let (mut key, mut value) = (String::new(), Value::Null);
    for field in Fields(message) {
        match field.map_err(broken)? {
            (1, field) => key = field.text(),
            (2, field) => value = any(field.bytes(), depth, budget)?,
            _ => {}
        }
    }
    into.insert(key, value);
    Ok(())
}

/// Returns the value that an `AnyValue` holds.
fn any(message: &[u8], depth: usize, budget: &mut Budget) -> Result<Value, String> {
    budget.take(depth, false)?;
    let below = depth.saturating_add(1);
    let mut value = Value::Null;
    for field in Fields(message) {
        let (number, field) = field.map_err(broken)?;
        value = match number {
            1 => Value::String(field.text()),
            2 => Value::Bool(field.number() != 0),
            3 => Value::from(field.number().cast_signed()),
            4 => super::span::real(f64::from_bits(field.number())),
            5 => {
                let items = messages(field.bytes(), 1).map(|item| any(item.map_err(broken)?, below, budget));
                items.collect::<Result<_, _>>()?
            }
            6 => {
                budget.take(below, true)?;
                let mut pairs = Attributes::new();
                for pair in messages(field.bytes(), 1) {
                    attribute(pair.map_err(broken)?, below, &mut pairs, budget)?;
                }
                pairs.into_iter().collect()
            }
            7 => Value::String(super::span::base64(field.bytes())),
            _ => continue,
        };
    }
    Ok(value)
}
