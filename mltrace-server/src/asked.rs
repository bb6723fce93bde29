//! What a request says, read into what is meant; and what is wrong with it, in words for who wrote the request.

use axum::extract::RawForm;
use axum::extract::rejection::RawFormRejection;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::failure::{ALL, Failure};

/// Reads the parameters of an address.
pub(crate) fn pairs<T: DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| wrong(&error.path().to_string(), &error.inner().to_string()))
}

/// Reads the fields of a form.
pub(crate) fn form<T: DeserializeOwned>(form: Result<RawForm, RawFormRejection>) -> Result<T, Failure> {
    let RawForm(text) = form.map_err(|error| body(error.into_response().status()))?;
    pairs(&text)
}

/// Reads a body of one JSON object.
pub(crate) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
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
        assert!(said(r#"{"kind": "run"} x"#).starts_with("the body is no JSON object: trailing characters"));
        assert!(said("{").starts_with("the body is no JSON object: EOF"));
    }
}
