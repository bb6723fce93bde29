//! What some runs of a component share, and how new that is at one of them.

use serde_json::Value;

use super::change::{Aspect, Aspects};
use super::evidence::{MOST, Novelty};
use super::tally::Test;

/// What some runs of a component share: one aspect, or two at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// The component.
    pub component: String,
    /// The aspects, and what their values are like.
    pub tests: Vec<(Aspect, Test)>,
}

impl Condition {
    /// Returns whether a run of the component with these aspects is like that.
    #[must_use]
    pub fn holds(&self, aspects: &Aspects) -> bool {
        self.tests.iter().all(|(aspect, test)| match aspects.get(aspect) {
            Some(value) => test.holds(value),
            None => matches!(aspect, Aspect::Parameter(_)) && test.holds(&Value::Null),
        })
    }

    /// Returns how new this is at a run, after `earlier` comparable ones, the latest first: how much more often a culprit
    /// shows it than another run.
    #[must_use]
    pub fn novelty<'a>(&self, run: &'a Aspects, earlier: &[&'a Aspects]) -> f64 {
        let weigh = |(aspect, test): &(Aspect, Test)| {
            let factor =
                |now: Option<&Value>, before: &[Option<&Value>]| Some(Novelty::of(aspect, now, before)?.factor);
            if let Test::Is(_) = test {
                // None is the value of a parameter that is not there.
                let had = |aspects: &'a Aspects| aspects.get(aspect).filter(|value| !value.is_null());
                let before: Vec<Option<&Value>> = earlier.iter().copied().map(had).collect();
                return factor(had(run), &before);
            }
            let holds = |aspects: &&Aspects| aspects.get(aspect).map(|value| Value::Bool(test.holds(value)));
            let held: Vec<Option<Value>> = earlier.iter().map(holds).collect();
            factor(Some(&Value::Bool(true)), &held.iter().map(Option::as_ref).collect::<Vec<_>>())
        };
        // Two at once are at least as new as the newer of them.
        self.tests.iter().filter_map(weigh).reduce(f64::max).unwrap_or(1.0).min(MOST)
    }

    /// Returns whether it shows what came of a run, and not what the run was given.
    #[must_use]
    pub fn is_effect(&self) -> bool {
        self.tests.iter().any(|(aspect, _)| aspect.is_effect())
    }

    /// Returns the last other value before; `None` where there is none, and for two aspects at once.
    #[must_use]
    pub fn before<'a>(&self, earlier: &[&'a Aspects]) -> Option<&'a Value> {
        let [(aspect, test)] = self.tests.as_slice() else { return None };
        earlier.iter().filter_map(|aspects| aspects.get(aspect)).find(|value| !test.holds(value))
    }

    pub(super) fn is_of_the_same(&self, other: &Self) -> bool {
        // Of one observation one figure tells enough: when it moves, most of them do.
        let one = |aspect: &Aspect| match aspect {
            Aspect::Observed { name, .. } => Aspect::Observed { name: name.clone(), figure: String::new() },
            other => other.clone(),
        };
        let aspects = |condition: &Self| condition.tests.iter().map(|(aspect, _)| one(aspect)).collect::<Vec<_>>();
        self.component == other.component && aspects(self) == aspects(other)
    }
}
