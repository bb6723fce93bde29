//! What the settings say of profiles.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{ExpectedTable, Pattern};

/// The default limits for reading a table.
const PROFILE_SECONDS: u64 = 60;
const PROFILE_BYTES: u64 = 4 << 30;
/// So long a table is read, whatever the settings say: a clone's must not hold up for hours somebody who runs something in it.
const MOST_SECONDS: u64 = 600;

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
    /// Returns whether an artifact of this name has a profile, no matter who reads or writes it.
    #[must_use]
    pub fn is_asked_for(&self, name: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.fits(name)) || self.is_expected(name)
    }

    /// Returns whether the settings say anything of tables by name.
    #[must_use]
    pub fn names_tables(&self) -> bool {
        !self.patterns.is_empty() || !self.expected.is_empty()
    }

    /// Returns whether something is expected of an artifact of this name.
    #[must_use]
    pub fn is_expected(&self, name: &str) -> bool {
        self.expected.iter().any(|(pattern, _)| pattern.fits(name))
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
            seconds: self.seconds.unwrap_or(PROFILE_SECONDS).min(MOST_SECONDS),
            bytes: self.bytes.unwrap_or(PROFILE_BYTES),
        }
    }

    /// Returns the expectations that no column can meet, in words.
    pub(super) fn faults(&self) -> impl Iterator<Item = String> {
        self.expect.iter().flat_map(|(name, table)| {
            table.columns.iter().filter_map(move |(column, expected)| {
                let why = expected.fault()?;
                Some(format!("what is expected of the column `{column}` of `{name}` cannot be: {why}"))
            })
        })
    }

    /// Returns which artifacts have profiles, which have expectations, and the limits, as far as any of it is set.
    pub(super) fn in_words(&self) -> Option<String> {
        let listed = |of: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{of}{}", names.join(", ")));
        let parts = [
            listed("", self.artifacts.iter().map(String::as_str).collect()),
            listed("expected: ", self.expect.keys().map(String::as_str).collect()),
            self.seconds.map(|seconds| format!("{seconds} s")),
            self.bytes.map(|bytes| format!("{bytes} bytes")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}
