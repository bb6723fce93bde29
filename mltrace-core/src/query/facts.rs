//! What the runs upstream of what is flagged share, looked up in the store.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use serde_json::Value;

use super::answer::{Fact, Rest, Review};
use super::held::Beside;
use super::past::{EARLIER, FRESH, Past};
use super::said::plain;
use super::{QueryError, Reader};
use crate::lineage::{
    self, Aspect, Condition, Counts, Ends, Facts, Known, New, Observed, Outputs, PASSED, Shared, Strength, Table, Test,
};
use crate::model::{RunId, Status, Timestamp};
use crate::store::{ProjectKey, RunKey};

/// Of how many components parameters are missed where they are not.
const COMPONENTS: usize = 128;
/// How many parameters of a component are.
const MISSED: usize = 64;
/// With fewer runs than this before those that are upstream of flags, ranges may end at what came after them, too.
const BEFORE: usize = 8;
/// How many facts there are.
const FACTS: usize = 20;

/// What is asked of the verdicts.
pub(super) struct Verdicts<'c> {
    pub(super) all: Counts,
    pub(super) flagged: &'c Outputs,
    /// What each of them is worth.
    pub(super) observed: &'c Observed,
    /// What each run is upstream of.
    pub(super) reached: &'c [(RunKey, u32, Outputs)],
}

/// What the runs upstream of flagged outputs share.
pub(super) struct Shares {
    pub(super) facts: Vec<Fact>,
    /// What the facts that a sentence names leave unexplained.
    pub(super) rest: Option<Rest>,
    /// Of each fact that the first line names its rank, and the runs upstream of judged outputs that have it.
    pub(super) causes: Vec<(u32, Vec<RunKey>)>,
}

impl Reader<'_> {
    /// Returns the facts, the likeliest cause first.
    pub(super) fn facts(
        &mut self,
        project: ProjectKey,
        verdicts: &Verdicts<'_>,
        past: &mut Past,
    ) -> Result<Shares, QueryError> {
        let runs: Vec<RunKey> = verdicts.reached.iter().map(|(run, ..)| *run).collect();
        past.learn(&mut *self.store, &runs)?;
        let (mut known, keys) = known(verdicts.reached, past);
        self.add_dropped((&mut known, &keys), verdicts.flagged, past)?;
        let (read, judged): (Vec<&Facts>, _) =
            (keys.iter().filter_map(|key| Some(&past.run(*key)?.facts)).collect(), verdicts.all);
        lineage::add_places(&mut known, &read);
        lineage::add_components(&mut known, judged.flagged.saturating_add(judged.ok));
        let ends = self.ends((&known, &keys), verdicts.flagged, past)?;
        let oldest = oldest((&known, &keys), verdicts.flagged, past);
        let table = Table::of(&known, verdicts.flagged, verdicts.observed, &ends);
        let found = table.best(FACTS, self.room(), |some| {
            let mut runs: Vec<RunKey> = some.iter().filter_map(|(_, place)| keys.get(*place)).copied().collect();
            runs.sort_unstable();
            runs.dedup();
            past.look_back(&mut *self.store, &runs)?;
            let novelty = |(condition, place): &(&Condition, usize)| {
                let Some((key, run)) = keys.get(*place).and_then(|key| Some((*key, past.run(*key)?))) else {
                    return New::default();
                };
                if condition.is_of_component() {
                    return new_component(key, oldest, past);
                }
                condition.novelty(&run.facts, &past.earlier(key))
            };
            Ok::<_, QueryError>(some.iter().map(novelty).collect())
        })?;
        let (mut facts, mut told, mut beside) = (Vec::with_capacity(found.len()), Vec::new(), Beside::default());
        let mut with_fact: HashMap<u32, Vec<RunKey>> = HashMap::default();
        for (fact, rank) in found.iter().zip(1_u32..) {
            let of_component = known.iter().zip(&keys).filter(|(run, _)| run.component == fact.condition.component);
            let with: Vec<RunKey> =
                of_component.filter(|(run, _)| fact.condition.holds(&run.aspects)).map(|(_, key)| *key).collect();
            let Some(first) = keys.get(fact.first) else { continue };
            let known = (&mut *past, &mut beside);
            if let Some(known) = self.fact(project, verdicts.all, (fact, rank), (*first, with.clone()), known)? {
                with_fact.insert(rank, with);
                facts.push(known);
                told.push((fact, rank));
            }
        }
        for (fact, (of, _)) in facts.iter_mut().zip(&told) {
            let other = told.iter().find(|(other, _)| other.explains(of, verdicts.flagged));
            fact.explained_by = other.map(|(_, rank)| *rank);
        }
        let bad: Vec<Outputs> = told.iter().map(|(fact, _)| fact.bad(verdicts.flagged)).collect();
        let rest = rest(&facts, &bad, verdicts);
        let said = first_line(&facts, verdicts.all.ok > 0).into_iter();
        let causes = said.filter_map(|fact| with_fact.remove_entry(&fact.rank)).collect();
        Ok(Shares { facts, rest, causes })
    }

    /// Adds as none the parameters and inputs that runs do not have, but most of those had that the first run of their component upstream
    /// of a flag can be compared with. No ok changes which parameters these are.
    fn add_dropped(
        &mut self,
        (known, keys): (&mut [Known], &[RunKey]),
        flagged: &Outputs,
        past: &mut Past,
    ) -> Result<(), QueryError> {
        let mut first: Vec<RunKey> = Vec::new();
        let mut components: HashMap<String, RunKey> = HashMap::default();
        for (run, key) in known.iter().zip(keys).filter(|(run, _)| run.outputs.meets(flagged)) {
            if first.len() < COMPONENTS && !components.contains_key(&run.component) {
                components.insert(run.component.clone(), *key);
                first.push(*key);
            }
        }
        past.look_back(&mut *self.store, &first)?;
        let usual_of: HashMap<String, Vec<Aspect>> =
            components.into_iter().map(|(component, run)| (component, usual(past.earlier(run).line()))).collect();
        for (run, key) in known.iter_mut().zip(keys) {
            let Some(facts) = past.run(*key).map(|run| &run.facts) else { continue };
            for aspect in usual_of.get(&run.component).into_iter().flatten() {
                if lineage::is_without(aspect, facts) {
                    run.aspects.insert(aspect.clone(), Value::Null);
                }
            }
        }
        Ok(())
    }

    /// Returns where ranges may end: at what the runs had that come before the first and the last run of each component
    /// upstream of a flag, and after the last where few come before. No ok changes which runs these are.
    fn ends(
        &mut self,
        (known, keys): (&[Known], &[RunKey]),
        flagged: &Outputs,
        past: &mut Past,
    ) -> Result<Ends, QueryError> {
        let key = |place: usize| keys.get(place).copied();
        let mut around: Vec<[RunKey; 2]> = lineage::first_and_last(known, flagged)
            .into_iter()
            .filter_map(|[first, last]| Some([key(first)?, key(last)?]))
            .collect();
        around.truncate(COMPONENTS);
        past.look_back(&mut *self.store, &around.concat())?;
        let mut ends = Ends::default();
        for [first, last] in around {
            let mut runs: BTreeSet<RunKey> = [first, last].iter().flat_map(|run| past.before(*run)).copied().collect();
            let Some((component, began)) = past.run(last).map(|run| (run.component_key, run.began)) else { continue };
            if runs.len() < BEFORE {
                let after = self.store.next(component, began, BEFORE)?;
                past.learn(&mut *self.store, &after)?;
                runs.extend(after);
            }
            let had = runs.iter().filter_map(|run| past.run(*run)).map(|run| &run.facts.aspects);
            past.run(last).into_iter().for_each(|run| ends.add(&run.component, had.clone()));
        }
        Ok(ends)
    }

    fn fact(
        &mut self,
        project: ProjectKey,
        all: Counts,
        (fact, rank): (&Shared, u32),
        (first, with): (RunKey, Vec<RunKey>),
        (past, beside): (&mut Past, &mut Beside),
    ) -> Result<Option<Fact>, QueryError> {
        let condition = &fact.condition;
        // What nobody relies on is not looked for in all that is known.
        let looks_further = fact.strength > Strength::Weak;
        let held = self.held(project, condition, (first, with, looks_further), (&mut *past, beside))?;
        let (Some((since, _)), Some((until, _))) = (held.runs().next(), held.runs().next_back()) else {
            return Ok(None);
        };
        let earlier = past.earlier(first);
        let replaced = past.run(first).and_then(|run| condition.replaced(&run.facts, &earlier));
        let mut before: Vec<Value> = condition.before(&earlier).into_iter().cloned().collect();
        if let Some(replaced) = replaced {
            before = vec![replaced.into()];
        }
        let before_one_of = if before.len() > 1 { std::mem::take(&mut before) } else { Vec::new() };
        Ok(Some(Fact {
            rank,
            component: condition.component.clone(),
            aspect: condition.tests.iter().map(|(aspect, _)| aspect.field()).collect::<Vec<_>>().join(" and "),
            value: value(condition),
            before: before.pop(),
            before_one_of,
            flagged: fact.counts.flagged,
            flagged_of: all.flagged,
            ok: fact.counts.ok,
            ok_of: all.ok,
            adds: fact.adds,
            since,
            until,
            spans: held.spans(),
            is_over: held.is_over,
            has_more: held.has_more,
            runs: held.runs().map(|(_, id)| id).collect(),
            strength: fact.strength,
            weakness: fact.weakness,
            odds: (fact.strength > Strength::Weak).then(|| 10_f64.powf(fact.odds)),
            explained_by: None,
            is_new: fact.is_new(),
            score: fact.score,
        }))
    }
}

/// Returns what is known of some runs, in the order in which they began, and which these are.
fn known(reached: &[(RunKey, u32, Outputs)], past: &Past) -> (Vec<Known>, Vec<RunKey>) {
    let mut known: Vec<((Timestamp, RunId), RunKey, Known)> = Vec::with_capacity(reached.len());
    for (run, depth, outputs) in reached {
        let Some(dated) = past.run(*run) else { continue };
        let mut aspects = dated.facts.aspects.clone();
        aspects.retain(is_telling);
        let (component, began) = (dated.component.clone(), dated.began);
        let of = Known { component, began, depth: *depth, outputs: outputs.clone(), aspects };
        known.push(((began, dated.id), *run, of));
    }
    known.sort_by_key(|(place, ..)| *place);
    known.into_iter().map(|(_, run, known)| (known, run)).unzip()
}

/// Returns when the first run began of those that are known of components upstream of a flag, as far back as these are looked
/// back from.
fn oldest((known, keys): (&[Known], &[RunKey]), flagged: &Outputs, past: &Past) -> Option<Timestamp> {
    let first = lineage::first_and_last(known, flagged).into_iter().map(|[first, _]| first);
    let before = first.filter_map(|first| past.all_known_before(*keys.get(first)?).last());
    before.filter_map(|run| Some(past.run(*run)?.began)).min()
}

/// Returns how new the component of a run is: when others ran long before the first of its runs, it was added.
fn new_component(run: RunKey, oldest: Option<Timestamp>, past: &Past) -> New {
    let before = past.all_known_before(run);
    let first = past.run(before.last().copied().unwrap_or(run)).map(|run| run.began);
    let is_added = before.len() < EARLIER && first.zip(oldest).is_some_and(|(first, oldest)| oldest < first);
    match lineage::arrived(before.len()) {
        factor if is_added && factor > 1.0 => New { factor, ..New::default() },
        _ => New::default(),
    }
}

/// Returns the parameters and inputs that at least half of some runs have.
fn usual(runs: &[&Facts]) -> Vec<Aspect> {
    let mut counts: BTreeMap<&Aspect, usize> = BTreeMap::new();
    let all = runs.iter().flat_map(|run| run.aspects.keys());
    for aspect in all.filter(|aspect| matches!(aspect, Aspect::Parameter(_) | Aspect::Input(_))) {
        let count = counts.entry(aspect).or_default();
        *count = count.saturating_add(1);
    }
    let usual = counts.into_iter().filter(|(_, count)| count.saturating_mul(2) >= runs.len());
    usual.map(|(aspect, _)| aspect.clone()).take(MISSED).collect()
}

/// Returns whether an aspect says anything: that a run completed, that it read nothing stale, or that its work tree was as it
/// should be, does not.
fn is_telling(aspect: &Aspect, value: &mut Value) -> bool {
    match aspect {
        Aspect::Status => *value != Status::Completed.as_str(),
        Aspect::WorkTree => *value != false,
        Aspect::InWorkTree => *value != true,
        Aspect::Stale => *value != FRESH,
        Aspect::Check(_) => *value != PASSED,
        _ => true,
    }
}

impl Review {
    /// Returns the facts that are worth reporting, at most so many: the first, those that are hardly by chance or likelier
    /// than chance and that no other one explains, what the first line names, and the best one for what these leave unexplained,
    /// which is never left out. Where several components ran in the same place or from the same source, the first of them
    /// stands for all.
    #[must_use]
    pub fn telling(&self, most: usize) -> Vec<&Fact> {
        let (best, said) = (self.best_of_rest(), self.first_line());
        let is_best = |fact: &Fact| best.is_some_and(|best| best.rank == fact.rank);
        let is_again =
            |place: usize, fact: &Fact| self.facts.iter().take(place).any(|before| before.is_the_same_elsewhere(fact));
        let is_said = |fact: &Fact| is_best(fact) || said.iter().any(|said| said.rank == fact.rank);
        let is_told = |(place, fact): &(usize, &Fact)| {
            *place == 0 || is_said(fact) || fact.is_relied_on() && !is_again(*place, fact)
        };
        let all = self.facts.iter().enumerate().filter(is_told).map(|(_, fact)| fact);
        let mut told: Vec<&Fact> = all.take(most).collect();
        if let Some(best) = best.filter(|_| !told.iter().any(|fact| is_best(fact))) {
            told.truncate(most.saturating_sub(1));
            told.push(best);
        }
        told
    }

    /// Returns the fact that best tells those flagged ones from all others that the sentence leaves unexplained.
    pub(super) fn best_of_rest(&self) -> Option<&Fact> {
        let rank = self.rest.as_ref()?.best?;
        self.facts.iter().find(|fact| fact.rank == rank)
    }

    /// Returns the facts that a sentence names: the first that can be relied on, and beside it the first such one that other
    /// bad ones share, as where two things are wrong at once.
    pub fn named(&self) -> impl Iterator<Item = &Fact> {
        named(&self.facts)
    }

    /// Returns the facts that the first line names: those, or else the weak one that it goes by. The suspects that have them come
    /// first.
    #[must_use]
    pub fn first_line(&self) -> Vec<&Fact> {
        first_line(&self.facts, !self.ok.is_empty())
    }
}

fn first_line(facts: &[Fact], is_any_ok: bool) -> Vec<&Fact> {
    let sure: Vec<&Fact> = named(facts).collect();
    if !sure.is_empty() {
        return sure;
    }
    // How long runs took differs by itself, and among few runs it tells any of them apart.
    let mut new = facts.iter().filter(|fact| fact.is_new && fact.aspect != Aspect::Duration.field());
    // While nothing is ok, all that is upstream of the bad ones is as likely: then the likeliest is worth reporting if it is new.
    let weak = if is_any_ok { new.find(|fact| fact.tells_apart()) } else { facts.first().filter(|fact| fact.is_new) };
    weak.into_iter().collect()
}

fn named(facts: &[Fact]) -> impl Iterator<Item = &Fact> {
    let mut telling = facts.iter().filter(|fact| fact.is_relied_on());
    telling.next().into_iter().chain(telling.find(|fact| fact.adds > 1))
}

/// Returns how many flagged outputs have none of the facts that a sentence names, and which fact tells these best from all
/// others: by the share of these that have it, less the share of the others. `bad` has the flagged outputs of each fact.
fn rest(facts: &[Fact], bad: &[Outputs], verdicts: &Verdicts<'_>) -> Option<Rest> {
    let all = verdicts.all;
    let is_told = |fact: &&Fact| all.ok == 0 || fact.strength > Strength::Weak;
    let said: Vec<u32> = first_line(facts, all.ok > 0).into_iter().filter(is_told).map(|fact| fact.rank).collect();
    let outputs = facts.iter().zip(bad).filter(|(fact, _)| said.contains(&fact.rank)).map(|(_, outputs)| outputs);
    let explained = outputs.fold(None, |all: Option<Outputs>, some| Some(all.map_or(some.clone(), |all| all.or(some))));
    let left = verdicts.flagged.without(&explained?);
    let flagged = left.count();
    if flagged == 0 {
        return None;
    }
    let others = all.flagged.saturating_sub(flagged).saturating_add(all.ok).max(1);
    let mut best: Option<(f64, u32)> = None;
    for (fact, outputs) in facts.iter().zip(bad) {
        let these = outputs.and(&left).count();
        let elsewhere = fact.flagged.saturating_sub(these).saturating_add(fact.ok);
        let share = f64::from(these) / f64::from(flagged) - f64::from(elsewhere) / f64::from(others);
        // Of equal ones the likelier cause is the first.
        if share > best.map_or(0.0, |(most, _)| most) {
            best = Some((share, fact.rank));
        }
    }
    Some(Rest { flagged, best: best.map(|(_, rank)| rank) })
}

/// Returns the bound of a range as people write it: a whole number without a fraction.
fn bound(limit: &Value) -> String {
    lineage::number(limit).map_or_else(|| plain(limit), |number| number.to_string())
}

fn value(condition: &Condition) -> Value {
    let text = |test: &Test| match test {
        Test::Is(value) => plain(value),
        Test::AtMost(limit) => format!("<= {}", bound(limit)),
        Test::AtLeast(limit) => format!(">= {}", bound(limit)),
    };
    match condition.tests.as_slice() {
        [(_, Test::Is(value))] => value.clone(),
        tests => Value::String(tests.iter().map(|(_, test)| text(test)).collect::<Vec<_>>().join(" and ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_first_line_goes_by_how_long_few_runs_took() {
        let fact = |rank: u32, aspect: &str| -> Fact {
            let (when, runs) = (Timestamp(0), Vec::<RunId>::new());
            let told = json!({
                "rank": rank, "component": "clean", "aspect": aspect, "value": "<= 10", "flagged": 2, "flagged_of": 2, "ok": 0,
                "ok_of": 14, "since": when, "until": when, "runs": runs, "strength": "weak", "weakness": "few",
                "is_new": true, "score": 0.6,
            });
            serde_json::from_value(told).unwrap()
        };
        let ok = json!([{ "name": "a.csv", "version": "v:1", "reason": null, "by": null, "at": Timestamp(0) }]);
        assert!(first_line(&[fact(1, "duration")], true).is_empty());
        let facts = vec![Fact { ok: 1, ..fact(1, "param:unit") }, fact(2, "duration"), fact(3, "param:rows")];
        let review = Review { facts, ok: serde_json::from_value(ok).unwrap(), ..Review::default() };
        let listed: Vec<u32> = review.telling(10).iter().map(|fact| fact.rank).collect();
        assert_eq!(listed, [1, 3], "the first, and what the first line names");
    }
}
