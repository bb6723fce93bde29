//! How a run stands, and how a read was bound to the write it saw.

use serde::{Deserialize, Serialize};

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Started, not ended, and its process may be alive.
    Running,
    /// Returned without an error.
    Completed,
    /// Returned an error or panicked.
    Failed,
    /// Its future was dropped before it finished.
    Cancelled,
    /// No end was recorded and its process is gone.
    Died,
    /// A newer version of mltrace recorded how it ended, in a way that this one does not know.
    Unknown,
}

impl Status {
    /// All statuses, in the order of their codes in a store.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Completed, Self::Failed, Self::Cancelled, Self::Died, Self::Unknown];

    /// Returns the word for this status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Died => "died",
            Self::Unknown => "unknown",
        }
    }
}

/// How a read was bound to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The version with the bytes that were read.
    Content,
    /// The version that the caller declared.
    Declaration,
    /// Another artifact's version with the same bytes.
    Copy,
    /// The version last written before the read; the content is not known.
    Time,
    /// No recorded run wrote what was read.
    UnknownWriter,
    /// A folder around what was read, or what lies in it; no recorded run wrote it under its own name.
    Inside,
}

impl Bound {
    /// All ways to bind, in the order of their codes in a store.
    pub const ALL: [Self; 6] =
        [Self::Content, Self::Declaration, Self::Copy, Self::Time, Self::UnknownWriter, Self::Inside];

    /// Returns the word for this way.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Declaration => "declaration",
            Self::Copy => "copy",
            Self::Time => "time",
            Self::UnknownWriter => "unknown_writer",
            Self::Inside => "inside",
        }
    }
}

/// What became of an output that its run did not write, or about which nobody knows whether it did: it makes no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// It was to be a file, and was not there when the run ended.
    Missing,
    /// It stood at the end exactly as it had stood at the start.
    Unchanged,
    /// The run was to write it, and nobody saw the run's end.
    Maybe,
    /// A newer version of mltrace recorded what became of it, in a way that this one does not know.
    #[serde(other)]
    Unknown,
}

impl Mark {
    /// All marks, in the order of their codes in a store.
    pub const ALL: [Self; 4] = [Self::Missing, Self::Unchanged, Self::Maybe, Self::Unknown];

    /// Returns in words what became of the output.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Missing => "missing at the end of the run",
            Self::Unchanged => "left as it was",
            Self::Maybe => "maybe written",
            Self::Unknown => "known to a newer version of mltrace alone",
        }
    }
}
