//! Parses the spans that OpenTelemetry exports, in protobuf or in JSON: bytes in, spans out, one at a time.

mod body;

mod budget;

mod json;

mod proto;

mod raw;

mod span;

mod wire;

pub use body::each;
pub use raw::{Encoding, Fault, Raw};
pub use span::{Resource, Span};
