//! What the settings say of profiles.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{ExpectedTable, Pattern};

/// The default limits for reading a table.
const PROFILE_SECONDS: u64 = 60;
const PROFILE_BYTES: u64 = 4 << 30;

/// Which tables have profiles, and how far they are read.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileSettings {
    /// The artifacts that have profiles whenever a run reads or writes them.
    pub patterns: Vec<Pattern>,
    /// What is expected of tables, whenever a run reads or writes one.
    pub expected: Vec<(Pattern, ExpectedTable)>,
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
    expect: BTreeMap<String, ExpectedTable>,
    seconds: Option<u64>,
    bytes: Option<u64>,
}

impl ProfileSettings {
    /// Returns whether an artifact of this name has a profile whoever reads or writes it.
    #[must_use]
    pub fn is_asked_for(&self, name: &str) -> bool {
        let expected = self.expected.iter().map(|(pattern, _)| pattern);
        self.patterns.iter().chain(expected).any(|pattern| pattern.fits(name))
    }
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
            expected: self.expect.iter().map(|(name, table)| (Pattern::of(name), table.clone())).collect(),
            seconds: self.seconds.unwrap_or(PROFILE_SECONDS),
            bytes: self.bytes.unwrap_or(PROFILE_BYTES),
        }
    }

    /// Returns which artifacts have profiles, if any have.
    pub(super) fn in_words(&self) -> Option<String> {
        (!self.artifacts.is_empty()).then(|| self.artifacts.join(", "))
    }
}
