//! How much of runs a question loads: no more than its answer shows.

use serde::{Deserialize, Serialize};

/// What is loaded of runs beside their own rows, what they read and what they wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Nothing.
    Edges,
    /// Nothing, and of the edges of runs that have a great many only the first.
    FewEdges,
    /// The source text.
    Source,
    /// The remarks, without what they read and wrote.
    Notes,
    /// What a list shows of a run: of its parameters, notes, metrics, checks, observations, tags and edges the first ones, and
    /// how many there are beside.
    Listed,
    /// What runs are compared by, as [`Told::First`] has it.
    Compared(u64),
    /// All of them, without the source text.
    Whole,
    /// All of them, and the source text.
    Full,
}

impl Extent {
    /// Returns whether the source text is loaded.
    #[must_use]
    pub fn has_source(self) -> bool {
        matches!(self, Self::Source | Self::Full)
    }
}

/// Which parameters, metrics and checks of runs are looked up.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// All of them.
    All,
    /// Those of these names.
    Named(&'a [&'a str]),
    /// Of each sort the first ones by name, in so many bytes a run, and observations as well; of a long value of a parameter
    /// its beginning, its length and its hash, so that the same values stay the same, and others others.
    First(u64),
}

impl Told<'_> {
    /// None of them.
    pub const NONE: Self = Self::Named(&[]);
}

/// What a list leaves out of a run that has a lot of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LeftOut {
    /// So many parameters.
    pub params: u64,
    /// So many remarks.
    pub notes: u64,
    /// So many metrics.
    pub metrics: u64,
    /// So many checks.
    pub checks: u64,
    /// So many observations.
    pub observations: u64,
    /// So many inputs.
    #[serde(default)]
    pub inputs: u64,
    /// So many outputs.
    #[serde(default)]
    pub outputs: u64,
    /// So many tags, of the component, of what the run says of it, and of its commit.
    #[serde(default)]
    pub tags: u64,
    /// Whether there are more: no sort is counted further than to [`LeftOut::COUNTED`].
    pub is_at_least: bool,
}

impl LeftOut {
    /// How far each sort is counted.
    pub const COUNTED: u64 = 1000;

    /// Returns in words that so many of a sort are left out, if any.
    #[must_use]
    pub fn says(&self, count: u64) -> Option<String> {
        let at_least = if self.is_at_least && count >= Self::COUNTED { "at least " } else { "" };
        (count > 0).then(|| format!("{at_least}{count} more"))
    }
}

/// Of each sort of facts the first name that was left out, if one was: those before it are all there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactsCut {
    /// Of the parameters.
    pub params: Option<String>,
    /// Of the metrics.
    pub metrics: Option<String>,
    /// Of the checks.
    pub checks: Option<String>,
    /// Of the observations.
    pub observations: Option<String>,
    /// Of the names of what it read, and of the versions of those.
    pub inputs: Option<String>,
}
