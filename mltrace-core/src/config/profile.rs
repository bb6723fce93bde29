//! What the settings say of profiles.

use serde::Deserialize;

use crate::model::Pattern;

/// The default limits for reading a table.
const PROFILE_SECONDS: u64 = 60;
const PROFILE_BYTES: u64 = 4 << 30;

/// Which tables have profiles, and how far they are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileSettings {
    /// The artifacts that have profiles whenever a run reads or writes them.
    pub patterns: Vec<Pattern>,
    /// For so many seconds at most a table is read.
    pub seconds: u64,
    /// So many bytes of a table are read at most.
    pub bytes: u64,
}

/// What a settings file may say of profiles.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ProfileFile {
    artifacts: Vec<String>,
    seconds: Option<u64>,
    bytes: Option<u64>,
}

impl Default for ProfileSettings {
    fn default() -> Self {
        ProfileFile::default().settings()
    }
}

impl ProfileFile {
    pub(super) fn settings(&self) -> ProfileSettings {
        ProfileSettings {
            patterns: self.artifacts.iter().map(|pattern| Pattern::of(pattern)).collect(),
            seconds: self.seconds.unwrap_or(PROFILE_SECONDS),
            bytes: self.bytes.unwrap_or(PROFILE_BYTES),
        }
    }

    /// Returns which artifacts have profiles, if any have.
    pub(super) fn in_words(&self) -> Option<String> {
        (!self.artifacts.is_empty()).then(|| self.artifacts.join(", "))
    }
}
