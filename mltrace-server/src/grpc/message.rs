//! The messages of `proto/mltrace/v1/mltrace.proto`, by the numbers of their fields.

use prost::Message;

/// An import line.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RecordRequest {
    #[prost(string, tag = "1")]
    pub(super) line: String,
}

/// What became of the lines so far.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RecordReply {
    #[prost(uint64, tag = "1")]
    pub(super) through: u64,
    #[prost(message, repeated, tag = "2")]
    pub(super) refused: Vec<Refused>,
    #[prost(bool, tag = "3")]
    pub(super) is_journaled: bool,
}

/// A line that was refused.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Refused {
    #[prost(uint64, tag = "1")]
    pub(super) number: u64,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

/// Which trace is meant.
#[derive(Clone, PartialEq, Message)]
pub(super) struct TraceRequest {
    #[prost(string, tag = "1")]
    pub(super) artifact: String,
    #[prost(uint32, optional, tag = "2")]
    pub(super) depth: Option<u32>,
    #[prost(string, tag = "3")]
    pub(super) as_of: String,
}

/// How many suspects are meant.
#[derive(Clone, PartialEq, Message)]
pub(super) struct ReviewRequest {
    #[prost(uint32, optional, tag = "1")]
    pub(super) limit: Option<u32>,
}

/// An answer, in promised JSON.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Answer {
    #[prost(string, tag = "1")]
    pub(super) json: String,
}

/// Everything that is new.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct WatchRequest {}

/// The newest runs changed.
#[derive(Clone, Copy, PartialEq, Message)]
pub(super) struct News {
    #[prost(uint64, tag = "1")]
    pub(super) count: u64,
}
