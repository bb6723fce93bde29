//! How an export is written, what is wrong with one, and a span of it before it is parsed.

use std::fmt;

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// In protobuf.
    Protobuf,
    /// In JSON.
    Json,
}

/// A body that can never be understood, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub(super) String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A span of a body, of which nothing is parsed yet.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'b> {
    pub(super) encoding: Encoding,
    pub(super) resource: &'b [u8],
    pub(super) span: &'b [u8],
}
