//! The body of an export: its spans, each found before anything of it is parsed.

use memchr::memmem;

use super::raw::{Encoding, Fault, Raw};
use super::span::{INPUTS, OUTPUTS, Resource, Span};
use super::{json, proto};

/// Calls `take` with each span of a body, until it returns `false`.
///
/// # Errors
/// When the body is no export of spans.
pub fn each<'b>(body: &'b [u8], encoding: Encoding, take: &mut dyn FnMut(Raw<'b>) -> bool) -> Result<(), Fault> {
    match encoding {
        Encoding::Protobuf => proto::each(body, take),
        Encoding::Json => json::each(body, take),
    }
}

impl<'b> Raw<'b> {
    /// Returns how long its text is.
    #[must_use]
    pub fn length(&self) -> usize {
        self.span.len()
    }

    /// Returns the bytes that say what it is from: spans of one resource have the same.
    #[must_use]
    pub fn origin(&self) -> &'b [u8] {
        self.resource
    }

    /// Returns whether it may be a run, without parsing it: it names an attribute that only a run has.
    #[must_use]
    pub fn may_be_run(&self) -> bool {
        let names = |key: &str| memmem::find(self.span, key.as_bytes()).is_some();
        let may_be_escaped = || self.encoding == Encoding::Json && memmem::find(self.span, b"\\u").is_some();
        names(INPUTS) || names(OUTPUTS) || may_be_escaped()
    }

    /// Returns the span if it is a run.
    ///
    /// # Errors
    /// When it is malformed, or holds more than a run may.
    pub fn span(&self) -> Result<Option<Span>, String> {
        let span = match self.encoding {
            Encoding::Protobuf => proto::span(self.span),
            Encoding::Json => json::span(self.span),
        }?;
        let is_run = [INPUTS, OUTPUTS].iter().any(|key| span.attributes.contains_key(*key));
        if is_run { span.checked().map(Some) } else { Ok(None) }
    }

    /// Returns what it is from; of what cannot be read nothing is known.
    #[must_use]
    pub fn resource(&self) -> Resource {
        let attributes = match self.encoding {
            Encoding::Protobuf => proto::resource(self.resource),
            Encoding::Json => json::resource(self.resource),
        };
        attributes.map(Resource::of).unwrap_or_default()
    }
}
