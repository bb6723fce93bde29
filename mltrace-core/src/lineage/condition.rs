//! What some runs of a component share, and how new that is at one of them.

use std::cmp::Ordering;

use foldhash::HashSet;
use serde_json::Value;

use super::aspects::{Aspect, Aspects};
use super::change::number;
use super::earlier::{Earlier, Values, had};
use super::evidence::{MOST, NO_CHANGE, Novelty};
use super::facts::Facts;
use super::reads::{had_place, replaced};
use super::tally::Test;
use super::turns::take_turns;

/// From how many runs on numbers that only rise, or only fall, are distinguished from those that do so by chance.
const ORDERED: usize = 6;

/// How new something is at a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct New {
    /// How much more often a culprit shows it than another run.
    pub factor: f64,
    /// Whether it is a range of numbers that rise, or fall, from run to run, as the number of a run does and a time: all
    /// that began after some moment is in such a range, whatever was wrong with it.
    pub is_of_time: bool,
}

impl Default for New {
    fn default() -> Self {
        Self { factor: 1.0, is_of_time: false }
    }
}

/// What some runs of a component share: one aspect, or two at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The component.
    pub component: String,
    /// The aspects, and what their values are like.
    pub tests: Vec<(Aspect, Test)>,
}

impl Condition {
    /// Returns whether a run of the component with these aspects is like that; a parameter or an input that is known not to be
    /// there may be among them as none.
    #[must_use]
    pub fn holds(&self, aspects: &Aspects) -> bool {
        self.tests.iter().all(|(aspect, test)| match aspects.get(aspect) {
            Some(value) => test.holds(value),
            None => matches!(aspect, Aspect::Parameter(_)) && aspects.knows(aspect) && test.holds(&Value::Null),
        })
    }

    /// Returns whether a run of the component is like that.
    #[must_use]
    pub fn is_of(&self, run: &Facts) -> bool {
        let is_like = |(aspect, test): &(Aspect, Test)| {
            had(aspect, run).is_some_and(|value| test.holds(value.unwrap_or(&Value::Null)))
        };
        self.tests.iter().all(is_like)
    }

    /// Returns how new this is at a run, after earlier ones.
    #[must_use]
    pub fn novelty(&self, run: &Facts, earlier: &Earlier<'_>) -> New {
        let weigh = |(aspect, test): &(Aspect, Test)| {
            let Values { line, all } = earlier.values(aspect);
            if let Test::Is(_) = test {
                let [line, all]: [Vec<Option<&Value>>; 2] =
                    [line, all].map(|values| values.into_iter().map(some).collect());
                let is_of_time = is_of_each(some(had(aspect, run)?), &line);
                let factor = Novelty::of(aspect, some(had(aspect, run)?), &Values { line, all })?.factor;
                return Some(New { factor, is_of_time });
            }
            let of_kind = if line.len() < ORDERED { &all } else { &line };
            if goes_one_way([had(aspect, run)?].iter().chain(of_kind)) {
                return Some(New { factor: NO_CHANGE, is_of_time: true });
            }
            let held = |values: Vec<Option<&Value>>| -> Vec<Option<Value>> {
                values.into_iter().map(|value| Some(Value::Bool(test.holds(value?)))).collect()
            };
            let (line, all) = (held(line), held(all));
            let [line, all] = [&line, &all].map(|values| values.iter().map(Option::as_ref).collect());
            let factor = Novelty::of(aspect, Some(&Value::Bool(true)), &Values { line, all })?.factor;
            Some(New { factor, is_of_time: false })
        };
        // Two at once are at least as new as the newer of them.
        let newer = |one: New, other: New| if other.factor > one.factor { other } else { one };
        let New { factor, is_of_time } = self.tests.iter().filter_map(weigh).reduce(newer).unwrap_or_default();
        New { factor: factor.min(MOST), is_of_time }
    }

    /// Returns whether it shows what came of a run, and not what the run was given.
    #[must_use]
    pub fn is_effect(&self) -> bool {
        self.tests.iter().any(|(aspect, _)| aspect.is_effect())
    }

    /// Returns whether it is that a run of the component is there at all.
    #[must_use]
    pub fn is_of_component(&self) -> bool {
        matches!(self.tests.as_slice(), [(Aspect::Component, _)])
    }

    /// Returns whether it is what a run read.
    #[must_use]
    pub fn is_of_reads(&self) -> bool {
        self.tests.iter().any(|(aspect, _)| matches!(aspect, Aspect::Reads(_) | Aspect::Input(_)))
    }

    /// Returns whether it is something that a run was given, and not where it ran or what its repository was like.
    pub(super) fn is_own(&self) -> bool {
        let is_own = |aspect: &Aspect| {
            matches!(aspect, Aspect::Source | Aspect::Parameter(_) | Aspect::Input(_) | Aspect::Reads(_))
        };
        self.tests.iter().any(|(aspect, _)| is_own(aspect))
    }

    /// Returns whether it is of the repository, which several components have in common.
    pub(super) fn is_of_repository(&self) -> bool {
        let is_shared = |aspect: &Aspect| matches!(aspect, Aspect::WorkTree | Aspect::Commit | Aspect::Branch);
        self.tests.iter().all(|(aspect, _)| is_shared(aspect))
    }

    /// Returns whether it is how long a run took.
    pub(super) fn is_duration(&self) -> bool {
        matches!(self.tests.as_slice(), [(Aspect::Duration, _)])
    }

    /// Returns whether it is that there is none of something.
    pub(super) fn is_of_none(&self) -> bool {
        self.tests.iter().any(|(_, test)| *test == Test::Is(Value::Null))
    }

    /// Returns what was read before in the place of what a run reads.
    #[must_use]
    pub fn replaced(&self, run: &Facts, earlier: &Earlier<'_>) -> Option<String> {
        let [(Aspect::Reads(place), Test::Is(Value::Bool(true)))] = self.tests.as_slice() else { return None };
        let is_without = |other: &&&Facts| had_place(place, other) == Some(None);
        earlier.line().iter().find(is_without).and_then(|other| replaced(place, run, other))
    }

    /// Returns the last other value before, and where others took turns each of them, the last first: none of these was the one
    /// before. Nothing where there is none or it is not known, and for two aspects at once.
    #[must_use]
    pub fn before<'f>(&self, earlier: &Earlier<'f>) -> Vec<&'f Value> {
        let [(aspect, test)] = self.tests.as_slice() else { return Vec::new() };
        let line = Some(earlier.line()).filter(|_| earlier.know(aspect)).unwrap_or_default();
        let had = line.iter().filter_map(|run| run.aspects.get(aspect));
        let mut others: Vec<&Value> = had.filter(|value| !test.holds(value)).collect();
        // A number that varies is told as a range, and any one of those before stands for them.
        if !matches!(test, Test::Is(_)) || !take_turns(others.iter().copied()) {
            others.truncate(1);
        }
        let mut met = HashSet::default();
        others.retain(|value| met.insert(*value));
        others
    }

    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        // Of one observation one figure says enough: when it moves, most of them do.
        let one = |aspect: &Aspect| match aspect {
            Aspect::Observed { name, .. } => Aspect::Observed { name: name.clone(), figure: String::new() },
            // Of what is read in one place instead of another, either mentions both.
            Aspect::Reads(_) => Aspect::Reads(String::new()),
            other => other.clone(),
        };
        let aspects = |condition: &Self| condition.tests.iter().map(|(aspect, _)| one(aspect)).collect::<Vec<_>>();
        self.component == other.component && aspects(self) == aspects(other)
    }
}

/// Returns whether these are numbers that mostly change from one to the next, and always in one direction.
fn goes_one_way<'v>(values: impl Iterator<Item = &'v Option<&'v Value>>) -> bool {
    let numbers: Option<Vec<f64>> = values.map(|value| number((*value)?)).collect();
    let numbers = numbers.filter(|numbers| numbers.len() >= ORDERED).unwrap_or_default();
    let steps: Vec<Ordering> = numbers.windows(2).map(|pair| pair[0].total_cmp(&pair[1])).collect();
    let count = |direction: Ordering| steps.iter().filter(|step| **step == direction).count();
    let (rises, falls) = (count(Ordering::Greater), count(Ordering::Less));
    rises.min(falls) == 0 && rises.max(falls).saturating_mul(2) > steps.len()
}

/// Returns whether each run has hardly ever what another had: as a date or the number of a run, it stands for the run.
fn is_of_each(now: Option<&Value>, earlier: &[Option<&Value>]) -> bool {
    let differ: HashSet<Option<&Value>> = earlier.iter().copied().collect();
    let is_many = earlier.len() >= ORDERED && differ.len().saturating_mul(5) >= earlier.len().saturating_mul(4);
    is_many && !differ.contains(&now)
}

/// None is the value of a parameter that is not there.
fn some(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}
