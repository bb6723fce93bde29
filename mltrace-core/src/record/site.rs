//! What the attribute knows of a function when it is compiled: one literal per function.

use std::borrow::Cow;

use crate::model::ArtifactKind;
use crate::values::Given;
use crate::wait::Slot;

/// A registered function.
#[derive(Debug)]
pub struct Site {
    /// Its component.
    pub component: &'static str,
    /// The file, as the compiler knew it.
    pub file: &'static str,
    /// The line of the function.
    pub line: u32,
    /// The function's source text.
    pub source: &'static str,
    /// The folder of the package's manifest when it was compiled.
    pub manifest_folder: &'static str,
    /// Whom to ask.
    pub owner: Option<&'static str>,
    /// What it does.
    pub description: Option<&'static str>,
    /// Words to find it by.
    pub tags: &'static [&'static str],
    /// After how many seconds an input counts as old.
    pub stale_after_s: Option<i64>,
    /// The kinds that were declared, by argument.
    pub kinds: &'static [(&'static str, ArtifactKind)],
    /// The arguments that are identifiers and no files.
    pub ids: &'static [&'static str],
    /// The arguments that are tables whose profiles are reported.
    pub profiles: &'static [&'static str],
    /// What is worked out once per process.
    pub state: SiteState,
}

/// What is worked out once per process for a [`Site`].
#[derive(Debug, Default)]
pub struct SiteState {
    pub(super) code_key: Slot<String>,
}

impl SiteState {
    /// Returns the state of a function that was not called yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { code_key: Slot::new() }
    }
}

impl Site {
    /// Returns an artifact that `argument` names as this function knows it.
    pub(super) fn own(&self, argument: &'static str, given: Given) -> Given {
        let given = Given { argument: Some(Cow::Borrowed(argument)), ..given };
        if self.ids.contains(&argument) { given.as_id() } else { given }
    }

    /// Returns the declared kind of the artifact that `argument` names.
    #[must_use]
    pub fn kind_of(&self, argument: &str) -> Option<ArtifactKind> {
        self.kinds.iter().find(|(name, _)| *name == argument).map(|(_, kind)| *kind)
    }
}
