//! How far a fact can be relied on, and why no further.
//!
//! The model: `docs/design/triage.md`.

use serde::{Deserialize, Serialize};

use super::blame::Scale;
use super::coverage::{Observed, Outputs, Worth};

/// How many times likelier than chance a fact is that is called strong, after the price for all that was looked at: of
/// answers over verdicts at random no more than one in so many has such a fact.
pub(super) const STRONG: f64 = 20.0;
/// How many times likelier than chance a fact is that is called fair.
pub(super) const FAIR: f64 = 2.0;

/// How far a statement can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// As likely by chance.
    Weak,
    /// Likelier than chance.
    Fair,
    /// Hardly by chance.
    Strong,
}

impl Strength {
    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Fair => "fair",
            Self::Strong => "strong",
        }
    }
}

/// Why a fact is no more than weak, or no more than fair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Weakness {
    /// It says when a run began: a number that rises or falls from run to run, or a value that each run has for itself.
    Time,
    /// Comparable runs before had it, too, or such changes are a habit.
    Habit,
    /// There are few verdicts for all that was compared.
    Few,
    /// All that was bad with it was so within one day, and all else of that day is as likely.
    Day,
}

impl Strength {
    /// Returns how far a fact can be relied on that is so many times likelier than chance, as a power of ten.
    pub(super) fn of(odds: f64, may_be_strong: bool) -> Self {
        match odds {
            odds if odds >= STRONG.log10() && may_be_strong => Self::Strong,
            odds if odds >= FAIR.log10() => Self::Fair,
            _ => Self::Weak,
        }
    }
}

impl Weakness {
    /// Returns why a fact that is so new and so much likelier than chance, as powers of ten, is no stronger, if it is not.
    pub(super) fn of(strength: Strength, (new, odds): (f64, f64), is_of_time: bool) -> Option<Self> {
        match strength {
            Strength::Weak if is_of_time => Some(Self::Time),
            Strength::Weak if new < 0.0 => Some(Self::Habit),
            Strength::Weak => Some(Self::Few),
            Strength::Fair if odds < STRONG.log10() => None,
            Strength::Fair if is_of_time => Some(Self::Time),
            Strength::Fair => Some(Self::Day),
            Strength::Strong => None,
        }
    }
}

/// Returns how much likelier than chance it is that a fact of a component covers these outputs, as a power of ten, where each
/// run of the component, with whether it has the fact, is one observation. What a run has was there for all outputs that it
/// is upstream of: by chance its runs would be dealt the verdicts, and not their outputs.
pub(super) fn score_of_runs<'o>(
    runs: impl Iterator<Item = (&'o Outputs, bool)>,
    covered: &Outputs,
    flagged: &Outputs,
    observed: &Observed,
) -> f64 {
    let (mut with, mut without, mut met) = (Worth::NONE, Worth::NONE, covered.clone());
    for (outputs, has_fact) in runs {
        if has_fact {
            with = with.plus(observed.worth(outputs, flagged).as_one());
        } else {
            let others = outputs.without(covered);
            without = without.plus(observed.worth(&others, flagged).as_one());
            met.add(&others);
        }
    }
    // Several runs that are upstream of the same outputs are no more than these.
    let with = with.at_most(observed.worth(covered, flagged));
    let without = without.at_most(observed.worth(&met.without(covered), flagged));
    let elsewhere = observed.all(flagged).minus(observed.worth(&met, flagged));
    Scale::of_contrast(with.plus(without).plus(elsewhere)).blame(with).score
}
