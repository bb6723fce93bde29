//! Something that runs of one component have in common.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::lineage::{Aspect, Strength, Weakness};
use crate::model::{RunId, Timestamp};

/// Something that runs of one component have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fact {
    /// Its place, from 1.
    pub rank: u32,
    /// The component.
    pub component: String,
    /// What of its runs, as `diff` calls it; of two at once both, joined by ` and `.
    pub aspect: String,
    /// The value; a range of numbers as text (`<= 900`), two values at once joined by ` and `.
    pub value: Value,
    /// The value that comparable runs had before; `None` where there was none or several took turns, and of two at once.
    pub before: Option<Value>,
    /// The values that took turns before, the last first; absent where there was one or none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before_one_of: Vec<Value>,
    /// How many flagged versions have a run with this value upstream.
    pub flagged: u32,
    /// Of how many in all.
    pub flagged_of: u32,
    /// How many ok versions have a run with this value upstream.
    pub ok: u32,
    /// Of how many in all.
    pub ok_of: u32,
    /// How many of the flagged ones no fact before it has.
    #[serde(default)]
    pub adds: u32,
    /// When the first run with this value began.
    pub since: Timestamp,
    /// When the last one began.
    pub until: Timestamp,
    /// The spans of these runs, oldest first, where comparable runs between them have another value; absent where there is one,
    /// and where the value comes and goes all the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<FactSpan>,
    /// Whether a comparable run after the last one has another value.
    #[serde(default)]
    pub is_over: bool,
    /// The runs with this value, oldest first.
    pub runs: Vec<RunId>,
    /// Whether there may be more of them, before, after or between these: the value comes and goes, or these are a great many.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_more: bool,
    /// How far it can be relied on.
    pub strength: Strength,
    /// How many times likelier than chance it is, which its strength goes by; absent where it is weak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odds: Option<f64>,
    /// Why no further: `time` (it says when a run began, and no more), `habit` (comparable runs before had it, or it changes
    /// often), `few` (there are few verdicts for all that was compared), `day` (all that was bad with it was so within one day).
    /// Absent where it is strong, and where `odds` says enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weakness: Option<Weakness>,
    /// The `rank` of a fact that all flagged ones with this one have, too, and that is surer or narrower: then this one is needed
    /// for none of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explained_by: Option<u32>,
    /// Whether comparable runs before had another value, and such changes are no habit.
    #[serde(default)]
    pub is_new: bool,
    /// How many times likelier it is to be the cause than anything by chance, as a power of ten, for this answer only.
    pub score: f64,
}

impl Fact {
    /// Returns whether it can be relied on, and no other one explains it.
    #[must_use]
    pub fn is_relied_on(&self) -> bool {
        self.strength > Strength::Weak && self.explained_by.is_none()
    }

    /// Returns whether another one says the same of another component: that it ran in the same place or from the same source.
    #[must_use]
    pub fn is_the_same_elsewhere(&self, other: &Self) -> bool {
        let of_places = [Aspect::Commit, Aspect::Branch, Aspect::WorkTree, Aspect::Host, Aspect::User];
        let is_of_place = of_places.iter().any(|aspect| aspect.field() == self.aspect);
        let says = |fact: &Self| (fact.aspect.clone(), fact.value.clone(), fact.flagged, fact.ok);
        is_of_place && self.component != other.component && says(self) == says(other)
    }

    /// Returns whether all flagged versions have such a run upstream, and no ok one.
    #[must_use]
    pub fn tells_apart(&self) -> bool {
        self.flagged == self.flagged_of && self.ok == 0
    }
}

/// Runs that followed each other with a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FactSpan {
    /// When the first of them began.
    pub since: Timestamp,
    /// When the last of them began.
    pub until: Timestamp,
    /// How many there are.
    pub runs: usize,
}

/// The flagged versions that have none of the facts that a sentence names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rest {
    /// How many there are.
    pub flagged: u32,
    /// The `rank` of the fact that tells these best from all others, however weak it is; absent where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best: Option<u32>,
}
