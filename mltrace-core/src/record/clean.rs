//! Takes secrets out of what people say, and cuts it, before it is written.

use serde_json::Value;

use crate::capture::redact;
use crate::model::{Declaration, LIMIT_NAME, LIMIT_TEXT, Record, cut};

/// Cleans a record that people's own words are in; the others are made of clean parts.
pub(super) fn clean(record: &mut Record) {
    match record {
        Record::Note(note) => note.text = text(&note.text),
        Record::Label(label) => label.reason = label.reason.as_deref().map(text),
        Record::Component(fact) => {
            fact.component = component(&fact.component);
            declaration(&mut fact.declared);
            fact.untag.iter_mut().for_each(|tag| *tag = text(tag));
        }
        _ => {}
    }
}

pub(super) fn component(name: &str) -> String {
    let mut name = redact::text(name).into_owned();
    cut(&mut name, LIMIT_NAME);
    name
}

pub(super) fn text(said: &str) -> String {
    let mut said = redact::text(said).into_owned();
    cut(&mut said, LIMIT_TEXT);
    said
}

pub(super) fn param(name: &str, value: Value) -> Value {
    match redact::param(name, value) {
        Value::String(mut text) => {
            cut(&mut text, LIMIT_TEXT);
            Value::String(text)
        }
        other => other,
    }
}

pub(super) fn declaration(declared: &mut Declaration) {
    let words = [&mut declared.owner, &mut declared.description].into_iter().flatten();
    for word in words.chain(&mut declared.tags) {
        *word = text(word);
    }
}
