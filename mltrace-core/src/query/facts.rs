//! What the runs upstream of what is flagged share, looked up in the store.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashMap;
use serde_json::Value;

use super::answer::{Fact, Review};
use super::past::{FRESH, Past};
use super::{QueryError, Reader};
use crate::lineage::{
    self, Aspect, Condition, Counts, Ends, Facts, Known, New, Observed, Outputs, PASSED, Shared, Strength, Table, Test,
};
use crate::model::{Outcome, RunId, Status, Timestamp, VersionId};
use crate::store::{ComponentKey, ProjectKey, RunKey, RunSelection};
use crate::words;

/// Of how many components parameters are missed where they are not.
const COMPONENTS: usize = 128;
/// How many parameters of a component are.
const MISSED: usize = 64;
/// With fewer runs than this before those that are upstream of flags, ranges may end at what came after them, too.
const BEFORE: usize = 8;
/// How many facts there are.
const FACTS: usize = 20;
/// How many runs are looked through for others with a value, between those that the verdicts are about and after them.
const BETWEEN: usize = 256;

/// How many digits of a commit or a hash are shown.
const DIGITS: usize = 8;

/// How many of the runs after those that are known are looked at first: most often one of them has another value.
const AFTER: usize = 8;

/// Runs beside those that the verdicts are about, each looked for once: of many facts they are the same.
#[derive(Default)]
struct Beside {
    between: HashMap<(ComponentKey, Option<Timestamp>, Timestamp), Vec<RunKey>>,
    after: HashMap<(ComponentKey, Timestamp), Vec<RunKey>>,
}

/// What is asked of the verdicts.
pub(super) struct Verdicts<'c> {
    pub(super) all: Counts,
    pub(super) flagged: &'c Outputs,
    /// What each of them is worth.
    pub(super) observed: &'c Observed,
    /// What each run is upstream of.
    pub(super) reached: &'c [(RunKey, u32, Outputs)],
}

impl Reader<'_> {
    /// Returns the facts, the likeliest cause first.
    pub(super) fn facts(
        &mut self,
        project: ProjectKey,
        verdicts: &Verdicts<'_>,
        past: &mut Past,
    ) -> Result<Vec<Fact>, QueryError> {
        let runs: Vec<RunKey> = verdicts.reached.iter().map(|(run, ..)| *run).collect();
        past.learn(&mut *self.store, &runs)?;
        let mut keys = Vec::with_capacity(runs.len());
        let mut known: Vec<((Timestamp, RunId), RunKey, Known)> = Vec::with_capacity(runs.len());
        for (run, depth, outputs) in verdicts.reached {
            let Some(dated) = past.run(*run) else { continue };
            let mut aspects = dated.facts.aspects.clone();
            aspects.retain(is_telling);
            let of = Known {
                component: dated.component.clone(),
                began: dated.began,
                depth: *depth,
                outputs: outputs.clone(),
                aspects,
            };
            known.push(((dated.began, dated.id), *run, of));
        }
        known.sort_by_key(|(place, ..)| *place);
        let mut known: Vec<Known> = known
            .into_iter()
            .map(|(_, run, known)| {
                keys.push(run);
                known
            })
            .collect();
        self.add_dropped((&mut known, &keys), verdicts.flagged, past)?;
        let ends = self.ends((&known, &keys), verdicts.flagged, past)?;
        let table = Table::of(&known, verdicts.flagged, verdicts.observed, &ends);
        let found = table.best(FACTS, |some| {
            let mut runs: Vec<RunKey> = some.iter().filter_map(|(_, place)| keys.get(*place)).copied().collect();
            runs.sort_unstable();
            runs.dedup();
            past.look_back(&mut *self.store, &runs)?;
            let novelty = |(condition, place): &(&Condition, usize)| {
                let Some((key, run)) = keys.get(*place).and_then(|key| Some((*key, past.run(*key)?))) else {
                    return New::default();
                };
                condition.novelty(&run.facts, &past.earlier(key))
            };
            Ok::<_, QueryError>(some.iter().map(novelty).collect())
        })?;
        let (mut facts, mut beside) = (Vec::with_capacity(found.len()), Beside::default());
        for (fact, rank) in found.iter().zip(1_u32..) {
            let of_component = known.iter().zip(&keys).filter(|(run, _)| run.component == fact.condition.component);
            let with: Vec<RunKey> =
                of_component.filter(|(run, _)| fact.condition.holds(&run.aspects)).map(|(_, key)| *key).collect();
            let Some(first) = keys.get(fact.first) else { continue };
            let known = (&mut *past, &mut beside);
            facts.extend(self.fact(project, verdicts.all, (fact, rank), (*first, with), known)?);
        }
        Ok(facts)
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
        let with = self.all_with(project, condition, (first, with), (&mut *past, beside))?;
        let runs: BTreeMap<(Timestamp, RunId), RunKey> =
            with.into_iter().filter_map(|key| past.run(key).map(|run| ((run.began, run.id), key))).collect();
        let (Some((since, _)), Some((until, _))) = (runs.keys().next(), runs.keys().next_back()) else {
            return Ok(None);
        };
        Ok(Some(Fact {
            rank,
            component: condition.component.clone(),
            aspect: condition.tests.iter().map(|(aspect, _)| aspect.field()).collect::<Vec<_>>().join(" and "),
            value: value(condition),
            before: condition.before(&past.earlier(first)).cloned(),
            flagged: fact.counts.flagged,
            flagged_of: all.flagged,
            ok: fact.counts.ok,
            ok_of: all.ok,
            since: *since,
            until: *until,
            runs: runs.keys().map(|(_, id)| *id).collect(),
            strength: fact.strength,
            is_new: fact.is_new(),
            score: fact.score,
        }))
    }

    /// Returns the runs with something, those of which nobody judged an output as well: between those that are known, and
    /// beside them as long as comparable runs have it.
    fn all_with(
        &mut self,
        project: ProjectKey,
        condition: &Condition,
        (first, with): (RunKey, Vec<RunKey>),
        (past, beside): (&mut Past, &mut Beside),
    ) -> Result<BTreeSet<RunKey>, QueryError> {
        let holds = |facts: &Facts| condition.is_of(facts);
        let began = |run: &RunKey| past.run(*run).map(|run| run.began);
        let (since, until) = (with.iter().filter_map(began).min(), with.iter().filter_map(began).max());
        let mut all: BTreeSet<RunKey> = with.into_iter().collect();
        let before: Vec<RunKey> = past.before(first).to_vec();
        let is_one = |run: &&RunKey| past.run(**run).is_some_and(|run| holds(&run.facts));
        all.extend(before.iter().take_while(is_one));
        let (Some(component), Some(until)) = (past.run(first).map(|run| run.component_key), until) else {
            return Ok(all);
        };
        let of = (component, since, until);
        let between = match beside.between.entry(of) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let (limit, until) = (Some(BETWEEN), Some(until));
                let selection =
                    RunSelection { component: Some(component), since, until, limit, ..RunSelection::default() };
                let between = self.store.select(project, &selection)?;
                past.learn(&mut *self.store, &between)?;
                new.insert(between)
            }
        };
        all.extend(between.iter().filter(|run| past.run(**run).is_some_and(|run| holds(&run.facts))));
        let mut after: &[RunKey] = match beside.after.entry((component, until)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.store.next(component, until, BETWEEN)?),
        };
        let mut at_once = AFTER;
        while !after.is_empty() {
            let (some, others) = after.split_at(after.len().min(at_once));
            (after, at_once) = (others, at_once.saturating_mul(2));
            past.learn(&mut *self.store, some)?;
            let Some(shape) = past.run(first) else { break };
            for run in some {
                let Some(other) = past.run(*run) else { continue };
                match holds(&other.facts) {
                    true => drop(all.insert(*run)),
                    false if lineage::are_alike(&shape.facts, &other.facts) => return Ok(all),
                    false => {}
                }
            }
        }
        Ok(all)
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

impl Fact {
    /// Returns in words what the runs of the component did.
    #[must_use]
    pub fn says(&self) -> String {
        let value = plain(&self.value);
        let (aspects, values) = (self.aspect.split(" and "), value.split(" and "));
        let former = self.before.as_ref().map(|before| short(&self.aspect, &plain(before)));
        let one = |(aspect, value): (&str, &str)| {
            let value = words::beside(&short(aspect, value), former.as_deref());
            let value = value.as_str();
            match aspect.split_once(':') {
                Some(("param", name)) if value == "null" && (self.is_of_two() || self.value.is_null()) => {
                    format!("ran without {name}")
                }
                Some(("param", name)) if value.starts_with(['<', '>']) => format!("ran with {name} {value}"),
                Some(("param", name)) => format!("ran with {name} = {value}"),
                Some(("input", name)) if value == "null" && (self.is_of_two() || self.value.is_null()) => {
                    format!("did not read {name}")
                }
                Some(("input", name)) => format!("read {name} in version {value}"),
                Some(("check", name)) if value == Outcome::Failed.as_str() => format!("failed its check {name}"),
                Some(("check", name)) => format!("had its check {name} {value}"),
                Some(("metric", name)) if value.starts_with(['<', '>']) => format!("measured {name} {value}"),
                Some(("metric", name)) => format!("measured {name} = {value}"),
                Some(("profile", figure)) if value.starts_with(['<', '>']) => format!("saw {figure} {value}"),
                Some(("profile", figure)) => format!("saw {figure} = {value}"),
                _ => match aspect {
                    "git.commit" => format!("ran at commit {value}"),
                    "git.branch" => format!("ran on branch {value}"),
                    "git.dirty" if value == "true" => "ran in a work tree that differed from its commit".to_owned(),
                    "git.dirty" => "ran in a work tree as it was committed".to_owned(),
                    "code.is_in_work_tree" => "ran with a source text that its work tree did not hold".to_owned(),
                    "stale" if value == "age" => "read what was old".to_owned(),
                    "stale" => "read what another run had written over".to_owned(),
                    "code" => format!("ran with the source text {value}"),
                    "host" => format!("ran on {value}"),
                    "user" => format!("was run by {value}"),
                    "status" => format!("ended as {value}"),
                    "duration" => format!("took {value}"),
                    other => format!("had {other} = {value}"),
                },
            }
        };
        // A name or a value may hold the word that joins two.
        let before = former
            .as_ref()
            .map(|before| format!(" (before: {})", words::beside(before, Some(&short(&self.aspect, &value)))));
        let joined = match self.before {
            Some(_) => one((&self.aspect, &value)),
            None if self.is_of_two() => aspects.zip(values).map(one).collect::<Vec<_>>().join(" and "),
            None => one((&self.aspect, &value)),
        };
        joined + &before.unwrap_or_default()
    }

    /// Returns in words how many of the judged versions have such a run upstream.
    #[must_use]
    pub fn counts(&self) -> String {
        format!("{} of {} bad, {} of {} ok", self.flagged, self.flagged_of, self.ok, self.ok_of)
    }

    fn is_of_two(&self) -> bool {
        let parts = |text: &str| text.split(" and ").count();
        parts(&self.aspect) == 2 && parts(&plain(&self.value)) == 2
    }
}

impl Review {
    /// Returns the facts that are worth telling people, at most so many: those that are hardly by chance or likelier than
    /// chance, and of none such the first.
    #[must_use]
    pub fn telling(&self, most: usize) -> &[Fact] {
        let count = self.facts.iter().take_while(|fact| fact.strength > Strength::Weak).count();
        self.facts.get(..count.max(1).min(most)).unwrap_or(&self.facts)
    }
}

/// Returns a value as people read it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns a hash or a version in short.
fn short(aspect: &str, value: &str) -> String {
    match value.parse::<VersionId>() {
        Ok(version) if aspect.starts_with("input:") => version.short(DIGITS),
        _ if aspect == "duration" => duration(value),
        _ if ["git.commit", "code"].contains(&aspect) => value.chars().take(DIGITS).collect(),
        _ => value.to_owned(),
    }
}

/// Returns a duration, or a range of durations, as people read it.
fn duration(value: &str) -> String {
    let (bound, number) = match value.split_once(' ') {
        Some(("<=", number)) => (" or less", number),
        Some((">=", number)) => (" or more", number),
        _ => ("", value),
    };
    number.parse().map_or_else(|_| value.to_owned(), |number| words::span(number) + bound)
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
    use super::*;

    #[test]
    fn a_duration_is_told_as_people_read_it() {
        let told = |value: Value, before: Option<Value>| {
            let aspect = "duration".to_owned();
            Fact { aspect, value, before, ..fact() }.says()
        };
        assert_eq!(told(">= 72000.0".into(), Some(61_000.0.into())), "took 1 min 12 s or more (before: 1 min 1 s)");
        assert_eq!(told("<= 900.0".into(), None), "took 900 ms or less");
        assert_eq!(told(5000.0.into(), None), "took 5.0 s");
        let two = Fact { aspect: "git.branch and duration".to_owned(), value: "main and >= 72000.0".into(), ..fact() };
        assert_eq!(two.says(), "ran on branch main and took 1 min 12 s or more");
    }

    #[test]
    fn a_long_value_is_told_where_it_differs_from_the_one_before() {
        let sql = |fare: u32| {
            Value::from(format!("select {} fare * {fare} from rides {}", "a, ".repeat(400), "x ".repeat(400)))
        };
        let (aspect, value, before) = ("param:sql".to_owned(), sql(1), Some(sql(100)));
        let told = Fact { aspect, value, before, ..fact() }.says();
        assert!(told.contains("fare * 1 from") && told.contains("fare * 100 from") && told.len() < 200, "{told}");
    }

    fn fact() -> Fact {
        let at = Timestamp(0);
        Fact {
            rank: 1,
            component: "clean".to_owned(),
            aspect: String::new(),
            value: Value::Null,
            before: None,
            flagged: 1,
            flagged_of: 1,
            ok: 0,
            ok_of: 1,
            since: at,
            until: at,
            runs: Vec::new(),
            strength: Strength::Weak,
            is_new: false,
            score: 0.0,
        }
    }
}
