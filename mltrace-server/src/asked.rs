//! What a request says, read into what is meant; and what is wrong with it, in words for who wrote the request.

use std::borrow::Cow;

use axum::extract::RawForm;
use axum::extract::rejection::RawFormRejection;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use mltrace_core::escape;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::failure::{ALL, Failure};

/// Reads the parameters of an address.
pub(crate) fn pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| wrong(&error.path().to_string(), &error.inner().to_string()))
}

/// What the name of a field ends with whose value is percent-encoded once more.
pub(crate) const CODED: &str = "*";

/// Reads the address of a page: parameters, or the fields of a form that leads there.
pub(crate) fn fields<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    pairs(decoded(text, |typed| typed).as_bytes())
}

/// Reads the fields of a form that is sent.
pub(crate) fn form<T: DeserializeOwned>(form: Result<RawForm, RawFormRejection>) -> Result<T, Failure> {
    let RawForm(text) = form.map_err(|error| body(error.into_response().status()))?;
    // Browsers send the end of a line as two characters, whatever was typed or stood in the page.
    pairs(decoded(&text, |typed| typed.replace("\r\n", "\n").into()).as_bytes())
}

/// Returns the pairs with each value that is coded as it is meant, and each that is not as `typed` makes it.
fn decoded(text: &[u8], typed: impl Fn(Cow<'_, str>) -> Cow<'_, str>) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(text) {
        match name.strip_suffix(CODED) {
            Some(name) => {
                let meant = form_urlencoded::parse(value.as_bytes()).next();
                pairs.append_pair(name, &meant.map(|(meant, _)| meant).unwrap_or_default())
            }
            None => pairs.append_pair(&name, &typed(value)),
        };
    }
    pairs.finish()
}

/// Returns whether a browser could send another text than this from a field.
pub(crate) fn is_to_be_coded(value: &str) -> bool {
    value.chars().any(escape::is_hidden)
}

/// Returns a value percent-encoded where it must be, to be read by the one who edits it.
pub(crate) fn coded(value: &str) -> String {
    let mut coded = String::with_capacity(value.len());
    for letter in value.chars() {
        // The signs of pairs, and of the code itself, are no others' either.
        if escape::is_hidden(letter) || matches!(letter, '%' | '+' | '&' | '=') {
            coded.extend(form_urlencoded::byte_serialize(letter.encode_utf8(&mut [0; 4]).as_bytes()));
        } else {
            coded.push(letter);
        }
    }
    coded
}

/// Reads a body of one JSON object.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    if body.trim_ascii_start().first() == Some(&b'[') {
        // What reads an object takes a list for its fields in order, and an empty one for all that may be left out.
        return Err(wrong(".", "invalid type: sequence, expected a map"));
    }
    let mut text = serde_json::Deserializer::from_slice(body);
    let no_json = |error: &serde_json::Error| Failure::usage(format!("the body is no JSON object: {error}"));
    let told = serde_path_to_error::deserialize(&mut text).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner());
        if !inner.is_data() {
            return no_json(inner);
        }
        // The field says where it is; lines and columns are of no use in a body of one line.
        let message = inner.to_string();
        wrong(&path, message.rsplit_once(" at line ").map_or(message.as_str(), |(said, _)| said))
    })?;
    text.end().map_err(|error| no_json(&error))?;
    Ok(told)
}

/// Returns why a body could not be taken in.
pub(crate) fn body(status: StatusCode) -> Failure {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(status, "the body is too long")
            .hint("send at most 256 KiB, and of lines to import at most 16 MiB at a time"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Failure::new(status, "a form must be sent as `application/x-www-form-urlencoded`").hint(ALL)
        }
        _ => Failure::new(status, "the body broke off").hint("send it again"),
    }
}

/// Returns what is wrong with the field at `path`, of which the reader says `message`.
fn wrong(path: &str, message: &str) -> Failure {
    let (said, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let among = expected.strip_prefix("one of ").unwrap_or(expected);
    let named = |kind: &str| said.strip_prefix(kind).map(str::trim);
    if let Some(name) = named("missing field") {
        return Failure::usage(format!("{name} is missing"));
    }
    if let Some(name) = named("duplicate field") {
        return Failure::usage(format!("{name} is said twice")).hint("say it once");
    }
    if let Some(name) = named("unknown field") {
        let failure = Failure::usage(format!("{name} is not known here"));
        return if among.is_empty() { failure } else { failure.hint(format!("what is known: {among}")) };
    }
    if let Some(value) = named("unknown variant") {
        return Failure::usage(format!("`{path}` cannot be {value}")).hint(format!("it may be {among}"));
    }
    if let Some(kind) = named("invalid type:") {
        let kind = kind.split(' ').next().unwrap_or_default();
        let kind = match kind {
            "sequence" => "list",
            "map" => "object",
            "string" => "text",
            "integer" | "floating" => "number",
            other => other,
        };
        let expected = match expected.strip_prefix("a ").unwrap_or(expected) {
            "sequence" => "a list",
            "string" => "a text",
            other if other.starts_with("map") || other.starts_with("struct") => "an object",
            _ => expected,
        };
        let what = if path == "." { "the body".to_owned() } else { format!("`{path}`") };
        return Failure::usage(format!("{what} is of the wrong type: {kind}, where {expected} is expected"));
    }
    Failure::usage(format!("`{path}` is wrong: {message}"))
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Run,
        Artifact,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Asked {
        kind: Kind,
        #[serde(default)]
        names: Vec<String>,
    }

    fn told(failure: Failure) -> String {
        format!("{} | {}", failure.told.message, failure.told.hint.unwrap_or_default())
    }

    #[test]
    fn parameters_are_told_what_is_wrong_with_them() {
        let said = |text: &str| told(pairs::<Asked>(text.as_bytes()).unwrap_err());
        assert_eq!(said(""), format!("`kind` is missing | {ALL}"));
        assert_eq!(said("kind=step"), "`kind` cannot be `step` | it may be `run` or `artifact`");
        assert_eq!(said("kind=run&kind=run"), "`kind` is said twice | say it once");
        assert_eq!(said("sort=up"), "`sort` is not known here | what is known: `kind` or `names`");
        assert!(matches!(pairs::<Asked>(b"kind=artifact").unwrap().kind, Kind::Artifact));
    }

    #[test]
    fn bodies_are_told_what_is_wrong_with_them() {
        let said = |text: &str| told(json::<Asked>(text.as_bytes()).unwrap_err());
        let wrong_type = "`names` is of the wrong type: text, where a list is expected";
        assert_eq!(said(r#"{"kind": "run", "names": "a"}"#), format!("{wrong_type} | {ALL}"));
        assert_eq!(
            said("true"),
            format!("the body is of the wrong type: boolean, where an object is expected | {ALL}")
        );
        assert_eq!(said(r#"{"kind": "run", "names": [1]}"#).split(':').next(), Some("`names[0]` is of the wrong type"));
        assert_eq!(said(" []"), format!("the body is of the wrong type: list, where an object is expected | {ALL}"));
        assert_eq!(said(r#"["run", []]"#), said("[]"));
        assert!(said(r#"{"kind": "run"} x"#).starts_with("the body is no JSON object: trailing characters"));
        assert!(said("{").starts_with("the body is no JSON object: EOF"));
    }

    /// Returns what a browser sends from a field of a page: ends of lines become two characters, in an attribute a
    /// carriage return was a line feed before and NUL another sign, and a field of one line has none.
    fn sent(value: &str, is_typed: bool) -> String {
        let read = value.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{fffd}");
        if is_typed { read.replace('\n', "") } else { read.replace('\n', "\r\n") }
    }

    proptest::proptest! {
        #[test]
        fn a_coded_value_survives_every_field_of_a_browser(value in "\\PC*|[\\x00-\\x20%+&=*\u{202e}\u{2066}\u{200b}a\u{e4}]{0,12}") {
            #[derive(Deserialize)]
            struct One { name: String }

            let coded = coded(&value);
            proptest::prop_assert!(!is_to_be_coded(&coded), "{coded:?}");
            for is_typed in [false, true] {
                let text = form_urlencoded::Serializer::new(String::new()).append_pair("name*", &sent(&coded, is_typed)).finish();
                proptest::prop_assert_eq!(&fields::<One>(text.as_bytes()).unwrap().name, &value);
                let form: One = form(Ok(RawForm(text.into()))).unwrap();
                proptest::prop_assert_eq!(&form.name, &value);
            }
        }
    }

    #[test]
    fn typed_lines_end_as_they_were_typed() {
        #[derive(Deserialize)]
        struct One {
            text: String,
        }

        let one: One = form(Ok(RawForm("text=a%0D%0Ab".into()))).unwrap();
        assert_eq!(one.text, "a\nb");
        assert_eq!(fields::<One>(b"text=a%0D%0Ab").unwrap().text, "a\r\nb", "a link is not typed");
        assert_eq!(
            told(fields::<One>(b"text=a&text*=b").map(|one| one.text).unwrap_err()),
            "`text` is said twice | say it once"
        );
    }
}
