//! A fact, and in which order facts are reported.

use std::cmp::Ordering;

use super::blame::Counts;
use super::condition::Condition;
use super::coverage::{Outputs, Worth};
use super::strength::{Strength, Weakness};

/// Up to how many times likelier a fact may be, as a power of ten, that is still seen as alike.
const ALIKE: f64 = 0.3;
/// Up to how many times likelier a fact may be that yields to what a run was given: one of the repository, or a duration.
const SHARED: f64 = 1.0;

/// A fact that runs upstream of flagged outputs share.
#[derive(Clone, Debug, PartialEq)]
pub struct Shared {
    /// What it is.
    pub condition: Condition,
    /// How many judged outputs have a run with it upstream.
    pub counts: Counts,
    /// How many of the flagged ones have no run upstream with a fact that comes before it.
    pub adds: u32,
    /// The first run with it upstream of a flagged output, by its place: how new the fact is, is asked there.
    pub first: usize,
    /// How many times likelier the fact is to be the cause than anything else by chance, as a power of ten: by the
    /// verdicts and by how new it is, less the price for all that it was drawn from.
    pub score: f64,
    /// How far it can be relied on.
    pub strength: Strength,
    /// How many times likelier than chance it is by all of this, as a power of ten: the strength goes by that.
    pub odds: f64,
    /// Why it is no stronger, where there is more to say than the odds.
    pub weakness: Option<Weakness>,
    /// How far the furthest of its runs is from a judged output.
    pub(super) depth: u32,
    /// The price for all that it was drawn from, as a power of ten.
    pub(super) price: f64,
    /// What the verdicts on those outputs are worth.
    pub(super) worth: Worth,
    /// Whether all runs with it upstream of flagged outputs began within a day.
    pub(super) is_of_one_day: bool,
    /// The judged outputs that have a run with it upstream.
    pub(super) outputs: Outputs,
    /// How new it is, as a power of ten.
    pub(super) new: f64,
}

impl Shared {
    /// Returns whether comparable runs before had another value, and such changes are no habit.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.new > 0.0
    }

    /// Returns whether this one, which comes before the other, leaves no flagged output for that one to explain: all with the
    /// other have this one, too, and either it is surer and others have it beside them, or what has the other beside these is
    /// ok. What came of a run explains nothing that a run was given.
    #[must_use]
    pub fn explains(&self, other: &Self, flagged: &Outputs) -> bool {
        let [mine, theirs] = [self, other].map(|fact| fact.bad(flagged));
        let is_alike = self.condition.is_effect() <= other.condition.is_effect() && theirs.is_within(&mine);
        let has_more = mine != theirs && self.strength > other.strength;
        let is_narrower = mine == theirs && self.outputs != other.outputs && self.outputs.is_within(&other.outputs);
        is_alike && (has_more || is_narrower && self.strength >= other.strength && self.score >= other.score)
    }

    /// Returns those of some flagged outputs that have a run with it upstream.
    #[must_use]
    pub fn bad(&self, flagged: &Outputs) -> Outputs {
        self.outputs.and(flagged)
    }
}

impl Shared {
    /// Returns which comes first: of equal ones the one nearest to where the traces first part, then the
    /// earliest, and what is there before what is not.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let is_equal = (self.score - other.score).abs() < 1e-9;
        let by_score = if is_equal { Ordering::Equal } else { other.score.total_cmp(&self.score) };
        let is_lack = |fact: &Self| fact.condition.is_of_none();
        let by_place = other.depth.cmp(&self.depth).then(self.first.cmp(&other.first));
        by_score.then(by_place).then(is_lack(self).cmp(&is_lack(other)))
    }
}

/// Puts facts further upstream before those below them that cover just as much and are hardly likelier: what is wrong
/// further up often shows in the numbers of everything below it.
pub(super) fn upstream_first(found: &mut [Shared]) {
    for place in 1..found.len() {
        let fact = &found[place];
        let comes_after = |other: &&Shared| {
            let is_alike = other.counts == fact.counts && other.score - fact.score < ALIKE;
            is_alike && other.depth < fact.depth && other.condition.component != fact.condition.component
        };
        let ahead = found[..place].iter().rev().take_while(comes_after).count();
        found[place - ahead..=place].rotate_right(1);
    }
}

/// Puts what a run was given before what its repository was like, where both are upstream of the same: a commit, a branch and
/// a work tree that differs are those of all components of the repository, and one of them has what is new. It comes before
/// how long a run took as well, there or further down: fewer rows take less time, and a busy machine takes more.
pub(super) fn own_first(found: &mut [Shared]) {
    for place in 1..found.len() {
        let fact = &found[place];
        if !fact.condition.is_own() || !fact.is_new() {
            continue;
        }
        let yields = |other: &Shared| {
            let is_shared = other.outputs == fact.outputs && other.condition.is_of_repository();
            let is_below = other.depth <= fact.depth && other.outputs.is_within(&fact.outputs);
            (is_shared || is_below && other.condition.is_duration()) && other.score - fact.score < SHARED
        };
        if let Some(first) = found[..place].iter().position(yields) {
            found[first..=place].rotate_right(1);
        }
    }
}

/// Puts what is surer before what is hardly likelier and upstream of the same; an effect stays behind what explains it, and what
/// shows in a component behind what is likelier than chance further up.
pub(super) fn surer_first(found: &mut [Shared]) {
    for place in 1..found.len() {
        let fact = &found[place];
        let yields = |other: &&Shared| {
            let is_alike = other.outputs == fact.outputs && other.score - fact.score < ALIKE;
            let is_further_up = other.depth > fact.depth && other.condition.component != fact.condition.component;
            let may_yield = !is_further_up || other.strength == Strength::Weak;
            let is_cause = other.condition.is_effect() >= fact.condition.is_effect();
            is_alike && may_yield && is_cause && other.strength < fact.strength
        };
        let ahead = found[..place].iter().rev().take_while(yields).count();
        found[place - ahead..=place].rotate_right(1);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::aspects::Aspect;
    use super::super::tally::Test;
    use super::*;

    /// A fact of one aspect that covers the outputs with these numbers, with its score and how new it is.
    fn fact(aspect: Aspect, covers: &[usize], score: f64, new: f64) -> Shared {
        let outputs = Outputs::of(covers.iter().copied());
        let condition = Condition { component: "clean".to_owned(), tests: vec![(aspect, Test::Is(json!("b")))] };
        let counts = Counts { flagged: covers.len().try_into().unwrap(), ok: 0 };
        Shared {
            condition,
            counts,
            adds: 0,
            first: 0,
            score,
            strength: Strength::Fair,
            odds: 1.0,
            weakness: None,
            depth: 1,
            price: 0.0,
            worth: counts.into(),
            is_of_one_day: false,
            outputs,
            new,
        }
    }

    /// Returns the fields of the facts in the order in which they are told.
    fn told(mut facts: Vec<Shared>) -> Vec<String> {
        own_first(&mut facts);
        facts.iter().map(|fact| fact.condition.tests[0].0.field()).collect()
    }

    #[test]
    fn a_commit_and_a_work_tree_yield_to_what_a_component_was_given() {
        let shared = [Aspect::Commit, Aspect::Branch, Aspect::WorkTree];
        let owns = [Aspect::Source, Aspect::Parameter("scale".to_owned()), Aspect::Input("raw".to_owned())];
        for shared in shared {
            for own in owns.clone() {
                let both = || vec![fact(shared.clone(), &[1, 2], 1.9, 1.0), fact(own.clone(), &[1, 2], 1.0, 1.0)];
                assert_eq!(told(both()), [own.field(), shared.field()]);
            }
        }
    }

    #[test]
    fn a_commit_yields_to_nothing_that_is_old_elsewhere_or_much_less_likely() {
        let own = || Aspect::Parameter("scale".to_owned());
        let commit = || fact(Aspect::Commit, &[1, 2], 2.5, 1.0);
        for other in [fact(own(), &[1, 2], 2.0, 0.0), fact(own(), &[1, 3], 2.0, 1.0), fact(own(), &[1, 2], 1.0, 1.0)] {
            assert_eq!(told(vec![commit(), other]), ["git.commit", "param:scale"]);
        }
        // A host is no property of a repository.
        let host = fact(Aspect::Host, &[1, 2], 2.5, 1.0);
        assert_eq!(told(vec![host, fact(own(), &[1, 2], 2.0, 1.0)]), ["host", "param:scale"]);
        // What stands between is passed, too.
        let between = fact(Aspect::Host, &[4], 2.2, 1.0);
        let all = vec![commit(), between, fact(own(), &[1, 2], 2.0, 1.0)];
        assert_eq!(told(all), ["param:scale", "git.commit", "host"]);
    }

    #[test]
    fn how_long_a_run_took_yields_to_what_it_was_given() {
        let rows = |covers: &[usize], depth: u32| {
            let aspect = Aspect::Parameter("rows".to_owned());
            Shared { depth, ..fact(aspect, covers, 1.0, 1.0) }
        };
        let took = || fact(Aspect::Duration, &[1, 2], 1.6, 1.0);
        for cause in [rows(&[1, 2], 1), rows(&[1, 2, 3], 1), rows(&[1, 2], 4)] {
            assert_eq!(told(vec![took(), cause]), ["param:rows", "duration"]);
        }
        for other in [rows(&[1], 1), rows(&[1, 2], 0)] {
            assert_eq!(told(vec![took(), other]), ["duration", "param:rows"]);
        }
    }

    #[test]
    fn what_is_surer_stays_behind_what_is_likelier_than_chance_further_up() {
        let of = |component: &str, depth: u32, strength: Strength| {
            let mut fact = fact(Aspect::Parameter("rows".to_owned()), &[1, 2], 2.0, 1.0);
            component.clone_into(&mut fact.condition.component);
            Shared { depth, strength, ..fact }
        };
        let first = |upstream: Strength, component: &str| {
            let mut found = vec![of(component, 3, upstream), of("split", 1, Strength::Strong)];
            surer_first(&mut found);
            found.swap_remove(0).depth
        };
        assert_eq!(first(Strength::Fair, "ingest"), 3);
        assert_eq!(first(Strength::Weak, "ingest"), 1);
        assert_eq!(first(Strength::Fair, "split"), 1);
    }
}
