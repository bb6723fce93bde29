//! A span, and the resource that it is from, as far as a run is made from them.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a span has that is a run: the names that it read, and those that it wrote.
pub(super) const INPUTS: &str = "mltrace.inputs";
pub(super) const OUTPUTS: &str = "mltrace.outputs";

/// The commit that the code of a span or of a resource is from.
const COMMIT: &str = "vcs.ref.head.revision";

/// A span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// The trace, in 16 bytes that are not all zero.
    pub trace: Vec<u8>,
    /// The span, in 8 bytes that are not all zero.
    pub id: Vec<u8>,
    /// The span around it.
    pub parent: Option<Vec<u8>>,
    /// Its name.
    pub name: String,
    /// When it began, in nanoseconds since 1970.
    pub start: u64,
    /// When it ended; 0 when that is not known.
    pub end: u64,
    /// Its attributes; of several with one key the last.
    pub attributes: BTreeMap<String, Value>,
    /// Whether it failed.
    pub has_failed: bool,
    /// What its status says of that.
    pub message: String,
    /// The last exception that it met.
    pub exception: Option<String>,
}

impl Span {
    /// Returns the span that the fields make up.
    ///
    /// # Errors
    /// When it is none: what is wrong with it.
    pub(super) fn checked(mut self) -> Result<Self, String> {
        let is_id = |id: &[u8], length: usize| id.len() == length && id.iter().any(|byte| *byte != 0);
        if !is_id(&self.trace, 16) {
            return Err("its trace id is not 16 bytes that are not all zero".to_owned());
        }
        if !is_id(&self.id, 8) {
            return Err("its span id is not 8 bytes that are not all zero".to_owned());
        }
        if self.start == 0 {
            return Err("it has no start".to_owned());
        }
        self.parent = self.parent.filter(|parent| is_id(parent, 8));
        Ok(self)
    }

    /// Takes what an event says that is an exception.
    pub(super) fn meet(&mut self, name: &str, mut attributes: BTreeMap<String, Value>) {
        if name == "exception" {
            let said = ["exception.message", "exception.type"].map(|key| text(attributes.remove(key)));
            self.exception = said.into_iter().flatten().next().or(self.exception.take());
        }
    }

    /// Takes the names that it read.
    pub fn take_inputs(&mut self) -> Vec<String> {
        names(self.attributes.remove(INPUTS))
    }

    /// Takes the names that it wrote.
    pub fn take_outputs(&mut self) -> Vec<String> {
        names(self.attributes.remove(OUTPUTS))
    }

    /// Takes the component that it names.
    pub fn take_component(&mut self) -> Option<String> {
        text(self.attributes.remove("mltrace.component"))
    }

    /// Takes the commit that it names.
    pub fn take_commit(&mut self) -> Option<String> {
        text(self.attributes.remove(COMMIT))
    }
}

/// What spans are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// The service, where somebody named it.
    pub service: Option<String>,
    /// The host.
    pub host: Option<String>,
    /// The user whose process it is.
    pub user: Option<String>,
    /// The commit that its code is from.
    pub commit: Option<String>,
}

impl Resource {
    /// Returns the resource with these attributes.
    pub(super) fn of(mut attributes: BTreeMap<String, Value>) -> Self {
        let mut take = |key: &str| text(attributes.remove(key));
        Self {
            // What the libraries say where nobody named the service: alone, or with the name of a program behind it.
            service: take("service.name").filter(|name| name.split(':').next() != Some("unknown_service")),
            host: take("host.name"),
            user: take("process.owner"),
            commit: take(COMMIT),
        }
    }
}

fn text(value: Option<Value>) -> Option<String> {
    if let Some(Value::String(text)) = value { Some(text).filter(|text| !text.is_empty()) } else { None }
}

/// Returns the names that are listed, each once: a list may come as one text.
fn names(value: Option<Value>) -> Vec<String> {
    let listed = match value {
        Some(Value::Array(values)) => values,
        Some(value) => vec![value],
        None => Vec::new(),
    };
    let mut met = std::collections::BTreeSet::new();
    listed.into_iter().filter_map(|value| text(Some(value))).filter(|name| met.insert(name.clone())).collect()
}

/// Returns the value of a number; JSON has none for what is no number, or endless.
pub(super) fn real(number: f64) -> Value {
    serde_json::Number::from_f64(number).map_or_else(|| Value::String(number.to_string()), Value::Number)
}

/// Returns bytes as texts of JSON hold them.
pub(super) fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| usize::try_from(bits & 63).ok().and_then(|place| DIGITS.get(place)).copied();
    let mut text = String::with_capacity(bytes.len().div_ceil(3).saturating_mul(4));
    for three in bytes.chunks(3) {
        let byte = |place: usize| three.get(place).copied().map_or(0, u32::from);
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digits = [18, 12, 6, 0].map(|shift| digit(bits >> shift));
        let given = digits.into_iter().flatten().take(three.len().saturating_add(1));
        text.extend(given.chain([b'='; 2]).take(4).map(char::from));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_in_base64() {
        for (bytes, expected) in [
            (&b""[..], ""),
            (b"f", "Zg=="),
            (b"fo", "Zm8="),
            (b"foo", "Zm9v"),
            (b"foob", "Zm9vYg=="),
            (b"\xff\xfe\xfd", "//79"),
        ] {
            assert_eq!(base64(bytes), expected);
        }
    }
}
