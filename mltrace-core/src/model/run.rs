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
}

impl Bound {
    /// All ways to bind, in the order of their codes in a store.
    pub const ALL: [Self; 5] = [Self::Content, Self::Declaration, Self::Copy, Self::Time, Self::UnknownWriter];

    /// Returns the word for this way.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Declaration => "declaration",
            Self::Copy => "copy",
            Self::Time => "time",
            Self::UnknownWriter => "unknown_writer",
        }
    }
}
