//! Ids of runs and of recording processes: UUIDs, version 7 when made here, any UUID when imported.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::unique;

/// The id of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub Uuid);

/// The id of a process that records, which is also the name of its journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProcessId(pub Uuid);

/// The text was no UUID.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a UUID")]
pub struct ParseIdError(pub String);

impl RunId {
    /// Returns a new id; ids made in one process sort in the order in which they were made.
    #[must_use]
    pub fn new() -> Self {
        Self(unique::uuid())
    }

    /// Returns the last eight digits, which tell runs of the same minute apart.
    #[must_use]
    pub fn short(self) -> String {
        let text = self.0.simple().to_string();
        text.get(24..).unwrap_or_default().to_owned()
    }
}

impl ProcessId {
    /// Returns a new id.
    #[must_use]
    pub fn new() -> Self {
        Self(unique::uuid())
    }
}

impl Default for RunId {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for ProcessId {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl std::fmt::Display for ProcessId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl std::str::FromStr for RunId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError(text.to_owned()))
    }
}

impl std::str::FromStr for ProcessId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self).map_err(|_| ParseIdError(text.to_owned()))
    }
}
