//! A person's verdict on a version.

use serde::{Deserialize, Serialize};

/// What a person said of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is bad.
    Flagged,
    /// Somebody looked at it and found it fine.
    Ok,
    /// An earlier verdict was taken back.
    None,
}

impl Verdict {
    /// All verdicts, in the order of their codes in a store.
    pub const ALL: [Self; 3] = [Self::Flagged, Self::Ok, Self::None];
}
