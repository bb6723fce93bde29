//! Values without their secrets: parameters, the words of a command line, and the events of other tools.

use std::borrow::Cow;

use serde_json::Value;

use super::line::Line;
use super::name::{Holds, Words, holds};
use super::scan::{self, put};
use super::tree::{Fields, Json};
use super::word::named;
use super::{REDACTED, assign, json, pair, text};
use crate::model::bytes_beside_texts;

/// Values nested deeper than this are not kept: walking them could exhaust the caller's stack.
const DEEPEST: usize = 128;

/// A text in JSON may be JSON again, this often: where each is looked into, a text made for it takes too long.
const MOST_TEXTS: usize = 4;

/// How many bytes such a text may take once it is parsed, beside the texts in it: of a larger one the words are looked
/// through, as of any text.
const MOST_BYTES: usize = 32 << 20;

/// Returns the value of a parameter as it may be recorded.
///
/// The value of a secret name is replaced as a whole, at any depth; in all other text known shapes of secrets are.
#[must_use]
pub fn param(name: &str, value: Value) -> Value {
    let mut value = Json::of(value, DEEPEST);
    if is_of(holds(name), &value) {
        return REDACTED.into();
    }
    walk(&mut value, Depth { values: DEEPEST, texts: MOST_TEXTS });
    value.into()
}

/// Takes the secrets out of a text of JSON as out of a parameter; one without any stays byte for byte what it was. Returns
/// whether it is JSON.
pub(super) fn document(text: &mut String) -> bool {
    read_json(text, Depth { values: DEEPEST, texts: MOST_TEXTS.saturating_add(1) }).is_some()
}

/// Returns the words of a command line as they may be recorded.
///
/// Each word is looked at on its own, before any quoting: what follows an option of a secret goes as a whole, whatever it
/// is made of, and so does what `NAME=` is given. Words that are shell text are read as such.
#[must_use]
pub fn arguments<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut line = Line::default();
    words.into_iter().map(|word| argument(&mut line, word).into_owned()).collect()
}

/// Returns the next word of a command line as it may be recorded.
fn argument<'w>(line: &mut Line, word: &'w str) -> Cow<'w, str> {
    match line.take(word).or_else(|| named(word)) {
        // What stands before the secret may itself be one: the user of an address.
        Some(at) => format!("{}{REDACTED}", scan::shell(word.get(..at).unwrap_or_default())).into(),
        None if word.starts_with(['{', '[']) => {
            // Names and values of JSON say more than a shell's text would.
            let mut text = word.to_owned();
            if document(&mut text) { text.into() } else { scan::shell(word) }
        }
        None => scan::shell(word),
    }
}

/// How many more values may lie in each other, and how many texts of JSON.
#[derive(Clone, Copy)]
struct Depth {
    values: usize,
    texts: usize,
}

/// Takes the secrets out of a value, and returns whether there were any.
fn walk(value: &mut Json, depth: Depth) -> bool {
    let Some(values) = depth.values.checked_sub(1) else {
        *value = REDACTED.into();
        return true;
    };
    let below = Depth { values, ..depth };
    match value {
        Json::String(words) => {
            let is_other = words.trim_start().starts_with(['{', '[']) && read_json(words, below).unwrap_or(false);
            put(words, text) || is_other
        }
        Json::Array(items) => walk_list(items, below),
        Json::Object(fields) => walk_object(fields, below),
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// Takes the secrets out of a text that is JSON as a whole, and returns whether there may have been any; `None` where it is
/// no such text.
fn read_json(words: &mut String, depth: Depth) -> Option<bool> {
    let texts = depth.texts.checked_sub(1)?;
    // All of an event is within the limits of one already.
    if texts < MOST_TEXTS && bytes_beside_texts(words, MOST_BYTES) == MOST_BYTES {
        return None;
    }
    let (mut value, has_twice) = json::read(words)?;
    // Of a field that stands twice a secret may be hidden behind the last.
    let is_other = walk(&mut value, Depth { texts, ..depth }) || has_twice;
    if is_other {
        *words = json::rewritten(words, &value).unwrap_or_else(|| value.to_string());
    }
    Some(is_other)
}

/// A list among whose texts is an option may be a command line; in one that is a pair, as `["password", "…"]` is, or that
/// holds more than texts, a name may stand before its value.
fn walk_list(items: &mut [Json], depth: Depth) -> bool {
    let is_pair = items.len() == 2;
    let is_named = is_pair || !items.iter().all(|item| item.as_str().is_some());
    let is_command = items.iter().any(|item| item.as_str().is_some_and(|text| text.starts_with('-')));
    let mut line = is_command.then(Line::default);
    let (mut is_other, mut before) = (false, Holds::Nothing);
    for item in items {
        let is_text = !item.is_plain();
        // A pair may be of a column and its type.
        let is_type = item.as_str().is_some_and(assign::is_type);
        let is_value = is_text && !is_type && is_of(before, item);
        let name = item.as_str().filter(|name| is_named && (is_pair || !name.contains(char::is_whitespace)));
        before = name.filter(|_| !is_value).map_or(Holds::Nothing, holds);
        let cleaned = line.as_mut().and_then(|line| in_command(line, item));
        is_other |= if is_value {
            *item = REDACTED.into();
            true
        } else if let Some(cleaned) = cleaned {
            let is_changed = cleaned != *item;
            *item = cleaned;
            is_changed
        } else {
            walk(item, depth)
        };
    }
    is_other
}

/// Returns the next item of a command line as it may be recorded; `None` of what is no secret by its place in it.
fn in_command(line: &mut Line, item: &Json) -> Option<Json> {
    let is_secret = match item {
        Json::String(word) => {
            return match argument(line, word) {
                Cow::Owned(cleaned) => Some(Json::String(cleaned)),
                Cow::Borrowed(_) => None,
            };
        }
        Json::Array(_) | Json::Object(_) => {
            let is_secret = line.awaits_secret();
            line.take("");
            is_secret
        }
        other => line.take(&other.to_string()).is_some(),
    };
    is_secret.then(|| REDACTED.into())
}

fn walk_object(fields: &mut Fields, depth: Depth) -> bool {
    let pair = pair::clean(fields);
    let beside = Beside::of(fields);
    let secrets: Vec<bool> = fields.iter().map(|(field, value)| beside.is_secret(field, value)).collect();
    let mut is_other = pair.unwrap_or(false);
    for ((field, value), is_secret) in fields.iter_mut().zip(secrets) {
        is_other |= match value {
            _ if is_secret => {
                *value = REDACTED.into();
                true
            }
            Json::String(_) if pair.is_some() && pair::is_half(field) => false,
            // Whatever its namespace, a job may be called by its name alone.
            Json::Object(job) if field == "job" => {
                let is_named = job.get_mut("name").is_some_and(|name| walk(name, depth));
                walk(value, depth) || is_named
            }
            value => walk(value, depth),
        };
    }
    if fields.iter().any(|(field, _)| matches!(text(field), Cow::Owned(_))) {
        is_other = true;
        let cleaned = fields.take().into_iter().map(|(field, value)| (text(&field).into_owned(), value));
        *fields = Fields::of(cleaned.collect()).0;
    }
    is_other
}

/// What the fields of an object say of each other.
struct Beside {
    /// What names in it say of the values beside them: `{"name": "password", "value": "…"}`.
    given: Vec<Holds>,
    /// What one side of a comparison says of the other: `{"left": "password", "right": "…"}`.
    left: Holds,
    right: Holds,
}

impl Beside {
    fn of(fields: &Fields) -> Self {
        let mut given = Vec::new();
        if fields.iter().any(|(field, _)| is_valued(field)) {
            let names = fields.iter().filter(|(field, _)| is_naming(field)).filter_map(|(_, value)| value.as_str());
            for holds in names.map(holds) {
                // There are few kinds of names, and may be many names.
                if !given.contains(&holds) {
                    given.push(holds);
                }
            }
        }
        let operand = |side: &str| fields.get(side)?.get("field")?.as_str();
        let left = operand("left").or_else(|| fields.get("left")?.as_str());
        let says = |name: Option<&str>| name.map_or(Holds::Nothing, holds);
        Self { given, left: says(left), right: says(operand("right")) }
    }

    fn is_secret(&self, field: &str, value: &Json) -> bool {
        let is_given = |value: &Json| self.given.iter().any(|holds| is_of(*holds, value));
        let operand = || value.get("value").unwrap_or(value);
        match field {
            "right" if is_of(self.left, operand()) => true,
            "left" if is_of(self.right, operand()) => true,
            // A name may look drawn by lot; beside a value it is the value's, and no secret.
            _ if field.eq_ignore_ascii_case("key") && !self.given.is_empty() => false,
            _ => is_of(holds(field), value) || (is_valued(field) && is_given(value)),
        }
    }
}

/// Returns whether an object says of a column what it is made of, of which type it is, or how its values are distributed:
/// under the name of the column, which may be `token`.
fn is_about_column(fields: &Fields) -> bool {
    const KNOWN: [&str; 14] = [
        "inputFields",
        "transformationDescription",
        "transformationType",
        "nullCount",
        "distinctCount",
        "count",
        "sum",
        "min",
        "max",
        "quantiles",
        "dtype",
        "type",
        "nullable",
        "nulls",
    ];
    let is_known = |(field, value): (&String, &Json)| {
        let is_made = field == "inputFields" && matches!(value, Json::Array(_));
        let is_word =
            matches!(value.as_str(), Some(word) if assign::is_type(word)) || field.starts_with("transformation");
        let is_figure = field == "quantiles" || value.is_plain();
        KNOWN.contains(&field.as_str()) && (is_made || is_word || is_figure)
    };
    fields.iter().len() > 0 && fields.iter().all(is_known)
}

/// Returns whether a value under this name is a secret, as a parameter's is.
pub(crate) fn is_secret(name: &str, value: &Value) -> bool {
    is_of(holds(name), &Json::of(value.clone(), DEEPEST))
}

fn is_of(holds: Holds, value: &Json) -> bool {
    match (holds, value) {
        (_, Json::Object(fields)) if is_about_column(fields) => false,
        (Holds::Secret, _) | (Holds::Maybe, Json::Array(_)) => true,
        (Holds::Cookie, Json::Array(items)) => items.iter().any(|item| is_of(holds, item)),
        (Holds::Maybe, Json::Number(given)) => given.as_u64().is_some() && holds.fits(&given.to_string()),
        (holds, Json::String(given)) => holds.fits(given),
        _ => false,
    }
}

/// Returns whether what stands in a field or a column of this name may be the name of what stands in another one: `name`,
/// `variableName`, `name (3)`.
pub(crate) fn is_naming(field: &str) -> bool {
    let known = ["name", "key", "variable", "parameter", "setting", "property", "option", "attribute", "header"];
    last_word(field).is_some_and(|last| known.iter().any(|naming| last.eq_ignore_ascii_case(naming)))
}

/// Returns whether that is the other one: `value`, `defaultValue`, `valueString`.
pub(crate) fn is_valued(field: &str) -> bool {
    let is = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
    let begins = || Words { rest: field }.next().is_some_and(|first| is(first, &["value"]));
    last_word(field)
        .is_some_and(|last| is(last, &["value", "default"]) || (is(last, &["string", "text", "str"]) && begins()))
}

fn last_word(field: &str) -> Option<&str> {
    Words { rest: field }.filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit())).last()
}

/// Returns whether a name says that the value beside it is a secret.
pub(crate) fn is_given(name: &str, value: &str) -> bool {
    holds(name).fits(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_vanish_at_any_depth_and_the_rest_stays() {
        let token = format!("ghp_{}", "a1B2".repeat(9));
        let value = json!({
            "lr": 0.1, "tokenizer": "bpe", "max_tokens": 12, "pad_token_id": 0, "cls_token": "[CLS]",
            "db": {"password": "hunter2", "hosts": ["a", format!("https://u:p@h/{token}")]},
            (token.clone()): true, "apiKey": ["x"],
        });
        let expected = json!({
            "lr": 0.1, "tokenizer": "bpe", "max_tokens": 12, "pad_token_id": 0, "cls_token": "[CLS]",
            "db": {"password": REDACTED, "hosts": ["a", "https://h/[redacted]"]},
            REDACTED: true, "apiKey": REDACTED,
        });
        assert_eq!(param("config", value), expected);
        assert_eq!(param("db_password", json!({"a": 1})), json!(REDACTED));
        assert_eq!(param("seed", json!(7)), json!(7));
    }

    #[test]
    fn a_name_with_two_meanings_keeps_numbers_and_switches() {
        for (name, value) in
            [("pass", json!("x")), ("pw", json!("a b")), ("auth", json!(["u", "p"])), ("DB_PAT", json!("q"))]
        {
            assert_eq!(param(name, value), json!(REDACTED), "{name}");
        }
        assert_eq!(param("key", json!("hunter2Xq9ZpLw77")), json!(REDACTED));
        for (name, value) in [("pass", json!(3)), ("pass", json!("3")), ("auth", json!(true)), ("key", json!("id"))] {
            assert_eq!(param(name, value.clone()), value, "{name}");
        }
    }

    #[test]
    fn a_name_beside_a_value_says_what_it_is() {
        for naming in ["name", "Key", "VARIABLE", "parameter", "Setting"] {
            for (name, value) in
                [("db_password", json!("x")), ("DB_PASS", json!("x")), ("secret", json!(["x"])), ("token", json!(7))]
            {
                let (given, kept) =
                    (json!([{naming: name, "Value": value}]), json!([{naming: name, "Value": REDACTED}]));
                assert_eq!(param("config", given), kept, "{naming} {name}");
            }
            for (name, value) in [("max_tokens", json!(512)), ("pass", json!(3)), ("zone", json!("x"))] {
                let given = json!([{naming: name, "value": value}]);
                assert_eq!(param("config", given.clone()), given);
            }
        }
        assert_eq!(
            param("config", json!(r#" [{"key": "password", "value": "x"}]"#)),
            json!(r#" [{"key": "password", "value": "[redacted]"}]"#)
        );
        let kept = json!(r#"{ "key": "zone", "value": 3.10 }"#);
        assert_eq!(param("config", kept.clone()), kept);
        let both = json!({"key": "k1", "name": "password", "value": "x"});
        assert_eq!(param("config", both)["value"], REDACTED);
    }

    #[test]
    fn a_command_in_a_list_loses_the_secrets_of_its_options() {
        let command = json!({"cmd": ["mysql", "-ppw x", "--user", "ada", "--password", "-q", "--max-tokens", "512"]});
        let expected =
            json!({"cmd": ["mysql", "-p[redacted]", "--user", "ada", "--password", REDACTED, "--max-tokens", "512"]});
        assert_eq!(param("config", command), expected);
    }

    #[test]
    fn a_value_nested_deeply_is_cut_off() {
        let deep = (0..1000).fold(json!(1), |value, _| json!([value]));
        assert!(param("deep", deep).to_string().contains(REDACTED));
    }
}
