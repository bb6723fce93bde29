//! What the runs upstream of flagged outputs share and those upstream of ok ones do not.
//!
//! The model, its parameters and where they come from: `docs/design/triage.md`.

use std::collections::BTreeMap;

use foldhash::HashMap;

use super::aspects::Aspect;
use super::blame::{Counts, Scale};
use super::condition::{Condition, New};
use super::coverage::{Observed, Outputs, Worth};
use super::ends::Ends;
use super::evidence::MOST;
use super::order::{Shared, own_first, surer_first, upstream_first};
use super::strength::{self, FAIR, STRONG, Strength, Weakness};
use super::tally::{Column, Known, Tally, family, known_to_all};

/// How many of the first facts are looked at in pairs.
const PAIRED: usize = 12;
/// How many times likelier than either of its facts a pair has to be, as a power of ten.
const PAIR: f64 = 0.3;
/// Of how many facts it is asked at once how new they are: the store is asked once for the runs before all of theirs.
const AHEAD: usize = 32;
/// What changes all the time is never strong for what happened within this time, in microseconds: all that went wrong at once
/// has such a value in common.
const AT_ONCE_US: i64 = 24 * 60 * 60 * 1_000_000;

/// What the runs upstream of judged outputs have.
pub struct Table<'k> {
    known: &'k [Known],
    flagged: &'k Outputs,
    observed: &'k Observed,
    ends: &'k Ends,
    scale: Scale,
    contrast: Scale,
    /// The runs upstream of flagged outputs, each by its place and whether a check failed there, of components with such a run.
    checked: HashMap<&'k str, Vec<(usize, bool)>>,
}

impl<'k> Table<'k> {
    /// Returns the table of what runs, in the order in which they began, have. Ranges of numbers end between those of runs
    /// upstream of flagged outputs and the next of these or of `ends`.
    #[must_use]
    pub fn of(known: &'k [Known], flagged: &'k Outputs, observed: &'k Observed, ends: &'k Ends) -> Self {
        let all = observed.all(flagged);
        let mut checked: HashMap<&str, Vec<(usize, bool)>> = HashMap::default();
        for (place, run) in known.iter().enumerate().filter(|(_, run)| run.outputs.meets(flagged)) {
            checked.entry(&run.component).or_default().push((place, run.has_failed_check()));
        }
        checked.retain(|_, runs| runs.iter().any(|(_, is_failed)| *is_failed));
        let (scale, contrast) = (Scale::new(all), Scale::of_contrast(all));
        Self { known, flagged, observed, ends, scale, contrast, checked }
    }

    /// Returns the facts shared by runs upstream of flagged outputs, the likeliest cause first, at most one of each aspect
    /// of a component. `room` is asked for the bytes that what is counted of each column takes. `weigh` says how new each of
    /// some conditions is at the run of that place: [`Condition::novelty`].
    ///
    /// # Errors
    /// What `room` and `weigh` return.
    pub fn best<E>(
        mut self,
        limit: usize,
        room: impl Fn(usize) -> Result<(), E>,
        mut weigh: impl FnMut(&[(&Condition, usize)]) -> Result<Vec<New>, E>,
    ) -> Result<Vec<Shared>, E> {
        let mut open = self.facts(room)?;
        // Sorting keeps the order of equal ones.
        open.sort_by(Shared::order);
        let wanted = limit.max(PAIRED);
        // What is new counts so much at most, and what checks say as much again.
        let most = MOST.log10() * if self.checked.is_empty() { 1.0 } else { 2.0 };
        let mut found: Vec<Shared> = Vec::new();
        'facts: for some in open.chunks(AHEAD) {
            // What is not among the first as the newest is not among them as what it is.
            let is_late = |fact: &Shared, found: &[Shared]| {
                let bar = wanted.checked_sub(1).and_then(|last| found.get(last)).map(|last| last.score);
                bar.is_some_and(|bar| fact.score + most < bar)
            };
            let some: Vec<&Shared> = some.iter().take_while(|fact| !is_late(fact, &found)).collect();
            let weights = weigh(&some.iter().map(|fact| (&fact.condition, fact.first)).collect::<Vec<_>>())?;
            if some.is_empty() {
                break;
            }
            for (fact, weight) in some.into_iter().zip(weights) {
                if is_late(fact, &found) {
                    break 'facts;
                }
                let mut fact = fact.clone();
                self.add_novelty(&mut fact, weight);
                keep(&mut found, fact);
            }
        }
        let pairs = self.pairs(&found);
        let weights = weigh(&pairs.iter().map(|(pair, _)| (&pair.condition, pair.first)).collect::<Vec<_>>())?;
        for ((mut pair, bar), weight) in pairs.into_iter().zip(weights) {
            self.add_novelty(&mut pair, weight);
            if pair.score > bar + PAIR {
                keep(&mut found, pair);
            }
        }
        upstream_first(&mut found);
        own_first(&mut found);
        surer_first(&mut found);
        self.causes_first(&mut found);
        found.truncate(limit);
        self.count_added(&mut found);
        Ok(found)
    }

    /// Counts of each fact the flagged outputs that no fact before it has: beside the first, what adds some is another cause.
    fn count_added(&self, found: &mut [Shared]) {
        let mut explained: Option<Outputs> = None;
        for fact in found {
            let bad = fact.outputs.and(self.flagged);
            fact.adds = explained.as_ref().map_or(fact.counts.flagged, |explained| bad.without(explained).count());
            explained = Some(explained.map_or_else(|| bad.clone(), |explained| explained.or(&bad)));
        }
    }

    /// Returns all facts that a run upstream of a flagged output has, without how new they are.
    fn facts<E>(&mut self, room: impl Fn(usize) -> Result<(), E>) -> Result<Vec<Shared>, E> {
        let known = self.known;
        let mut columns: HashMap<(&'k str, &'k Aspect), Column<'k>> = HashMap::default();
        for (place, run) in known.iter().enumerate() {
            let is_flagged = run.outputs.meets(self.flagged);
            for (aspect, value) in &run.aspects {
                let column = columns.entry((&run.component, aspect)).or_default();
                column.runs.push((place, value));
                column.is_flagged |= is_flagged;
            }
        }
        let is_known = known_to_all(known);
        let mut columns: Vec<_> =
            columns.into_iter().filter(|(key, column)| column.is_flagged && is_known(*key)).collect();
        columns.sort_unstable_by_key(|(key, _)| *key);
        let tally = |(component, aspect): (&str, &Aspect), column: Column<'_>| {
            column.tallies(known, self.flagged, aspect, self.ends.of(component, aspect))
        };
        let mut tallied = Vec::with_capacity(columns.len());
        for (key, column) in columns {
            let tallies = tally(key, column);
            // Once as it is counted, and once in the fact.
            room(tallies.iter().map(|(_, tally)| 2 * tally.bytes()).sum())?;
            tallied.push((key, tallies));
        }
        let mut values: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for ((component, aspect), tallies) in &tallied {
            *values.entry((component, family(aspect))).or_default() += tallies.len();
        }
        let mut facts = Vec::new();
        for ((component, aspect), tallies) in tallied {
            let of = values.get(&(component, family(aspect))).copied().unwrap_or_default();
            let price = ((values.len() * of.max(1)) as f64).log10();
            for (test, tally) in tallies {
                let condition = Condition { component: component.to_owned(), tests: vec![(aspect.clone(), test)] };
                facts.extend(self.fact(condition, &tally, price));
            }
        }
        Ok(facts)
    }

    fn fact(&mut self, condition: Condition, tally: &Tally, price: f64) -> Option<Shared> {
        let outputs = tally.outputs.as_ref()?;
        let flagged = outputs.and(self.flagged).count();
        let counts = Counts { flagged, ok: outputs.count().saturating_sub(flagged) };
        let worth = self.observed.worth(outputs, self.flagged);
        let score = self.scale.blame(worth).score - price;
        let (first, depth) = (tally.first?, tally.depth);
        let is_of_one_day = tally.bad.is_none_or(|[since, until]| until.0.saturating_sub(since.0) < AT_ONCE_US);
        let (strength, weakness) = (Strength::Weak, None);
        let (outputs, new, odds) = (outputs.clone(), 0.0, 0.0);
        Some(Shared {
            condition,
            counts,
            adds: 0,
            first,
            score,
            strength,
            odds,
            weakness,
            depth,
            price,
            worth,
            is_of_one_day,
            outputs,
            new,
        })
    }

    fn add_novelty(&mut self, fact: &mut Shared, New { factor, is_of_time }: New) {
        let new = factor.log10();
        (fact.score, fact.new) = (fact.score + new, new);
        let beside = new - fact.price;
        let odds = self.contrast.blame(fact.worth).score + beside;
        fact.score += self.check_score(&fact.condition);
        // What is weak by the outputs is not asked of the runs as well.
        let is_asked = odds >= FAIR.log10();
        let odds = if is_asked { odds.min(self.score_of_runs(fact) + beside) } else { odds };
        // What all of its runs have always had is no more than that the component is there.
        let is_of_all = is_asked && new <= 0.0 && !fact.condition.is_of_component() && self.is_of_all(&fact.condition);
        let odds = if is_of_all { f64::NEG_INFINITY } else { odds };
        let may_be_strong = !is_of_time && (new > 0.0 || !fact.is_of_one_day);
        (fact.odds, fact.strength) = (odds, Strength::of(odds, may_be_strong));
        fact.weakness = Weakness::of(fact.strength, (new, odds), is_of_time);
    }

    fn is_of_all(&self, condition: &Condition) -> bool {
        let mut runs = self.known.iter().filter(|run| run.component == condition.component);
        runs.all(|run| condition.holds(&run.aspects))
    }

    /// Returns how much likelier than chance the verdicts are by the runs of a fact's component.
    fn score_of_runs(&self, fact: &Shared) -> f64 {
        let runs = self.known.iter().filter(|run| run.component == fact.condition.component);
        let runs = runs.map(|run| (&run.outputs, fact.condition.holds(&run.aspects)));
        strength::score_of_runs(runs, &fact.outputs, self.flagged, self.observed)
    }

    /// Returns how much likelier it is by the checks of its component's runs that those with a fact are wrong, as a power of
    /// ten. It is asked of runs upstream of flagged outputs alone, which no ok changes.
    fn check_score(&self, condition: &Condition) -> f64 {
        let checked = self.checked.get(condition.component.as_str()).filter(|_| !condition.is_effect());
        let (mut with, mut all) = (Worth { flagged: 0.0, ok: 0.0 }, Worth { flagged: 0.0, ok: 0.0 });
        for (place, is_failed) in checked.into_iter().flatten() {
            let holds = self.known.get(*place).is_some_and(|run| condition.holds(&run.aspects));
            for worth in [Some(&mut all), Some(&mut with).filter(|_| holds)].into_iter().flatten() {
                *(if *is_failed { &mut worth.flagged } else { &mut worth.ok }) += 1.0;
            }
        }
        if with.flagged == 0.0 {
            return 0.0;
        }
        Scale::of_contrast(all).blame(with).score.clamp(0.0, MOST.log10())
    }

    /// Puts what explains an effect before it: a check that fails and a metric out of line show what is wrong at their run
    /// or further up, and often better than people's verdicts do.
    fn causes_first(&self, found: &mut [Shared]) {
        let mut place = 0;
        while place < found.len() {
            let cause = found.get(place).filter(|fact| fact.condition.is_effect()).and_then(|effect| {
                let mut scale = Scale::of_contrast(self.observed.all(&effect.outputs));
                let mut after = found.iter().enumerate().skip(place + 1);
                after.find(|(_, fact)| self.may_cause(fact, effect, &mut scale)).map(|(place, _)| place)
            });
            match cause {
                Some(cause) => {
                    if let Some(some) = found.get_mut(place..=cause) {
                        some.rotate_right(1);
                    }
                }
                None => place += 1,
            }
        }
    }

    /// Returns whether a fact would be likely had people flagged just what an effect covers, at its run or below it.
    fn may_cause(&self, fact: &Shared, effect: &Shared, scale: &mut Scale) -> bool {
        let is_of_one = fact.condition.component == effect.condition.component;
        let is_above = fact.depth > effect.depth && !is_of_one;
        let may_be = if fact.condition.is_effect() { is_above } else { is_above || is_of_one };
        let worth = self.observed.worth(&fact.outputs, &effect.outputs);
        // What the verdicts say little of has to explain all the more.
        let least = if fact.strength > Strength::Weak { FAIR } else { STRONG };
        may_be && scale.blame(worth).score - fact.price + fact.new >= least.log10()
    }

    /// Returns pairs of the first facts of one component, each with the score that it has to beat.
    fn pairs(&mut self, found: &[Shared]) -> Vec<(Shared, f64)> {
        let known = self.known;
        let first = found.get(..PAIRED).unwrap_or(found);
        let mut pairs = Vec::new();
        for (place, one) in first.iter().enumerate() {
            // What a run was given and what came of it are one statement, not two.
            let others =
                first.iter().skip(place + 1).filter(|other| !one.condition.is_effect() && !other.condition.is_effect());
            for other in others.filter(|other| other.condition.component == one.condition.component) {
                let tests = [one, other].into_iter().flat_map(|fact| fact.condition.tests.clone()).collect();
                let condition = Condition { component: one.condition.component.clone(), tests };
                let mut tally = Tally::default();
                let component = known.iter().enumerate().filter(|(_, run)| run.component == condition.component);
                for (place, run) in component.filter(|(_, run)| condition.holds(&run.aspects)) {
                    tally.add(place, run, self.flagged);
                }
                let is_narrower = |fact: &Shared, both: &Shared| fact.counts != both.counts;
                let price = one.price + other.price;
                let pair = self.fact(condition, &tally, price);
                let pair = pair.filter(|pair| is_narrower(one, pair) && is_narrower(other, pair));
                pairs.extend(pair.map(|pair| (pair, one.score.max(other.score))));
            }
        }
        pairs
    }
}

/// Puts a fact in its place, unless a better one mentions the same aspects.
fn keep(found: &mut Vec<Shared>, fact: Shared) {
    if let Some(place) = found.iter().position(|other| other.condition.is_of_the_same(&fact.condition)) {
        if found.get(place).is_some_and(|other| other.order(&fact).is_le()) {
            return;
        }
        found.remove(place);
    }
    let place = found.partition_point(|other| other.order(&fact).is_le());
    found.insert(place, fact);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::coverage::{Judged, flagged, reach};
    use super::super::tally::Test;
    use super::*;
    use crate::model::Timestamp;

    fn observed(judged: &[Judged<usize>]) -> Observed {
        Observed::of(&judged.iter().map(|output| output.run).collect::<Vec<_>>())
    }

    /// The facts, of which each is so new, where other runs had what those have that are upstream of no flag.
    fn best(known: &[Known], bad: &Outputs, observed: &Observed, limit: usize, weight: f64) -> Vec<Shared> {
        let mut ends = Ends::default();
        for run in known.iter().filter(|run| !run.outputs.meets(bad)) {
            ends.add(&run.component, [&run.aspects]);
        }
        let found = Table::of(known, bad, observed, &ends).best(
            limit,
            |_| Ok(()),
            |some| Ok::<_, ()>(vec![New { factor: weight, is_of_time: false }; some.len()]),
        );
        found.unwrap()
    }

    /// Runs of one component, each upstream of one output: its rows and its unit, and whether the output is flagged.
    fn table(runs: &[(i64, &str, bool)], limit: usize) -> Vec<Shared> {
        let judged: Vec<Judged<usize>> =
            runs.iter().enumerate().map(|(run, told)| Judged { run: Some(run), is_flagged: told.2 }).collect();
        let bad = flagged(&judged);
        let known: Vec<Known> = runs
            .iter()
            .enumerate()
            .map(|(run, (rows, unit, _))| Known {
                component: "clean".to_owned(),
                began: Timestamp(run as i64 * AT_ONCE_US),
                depth: 0,
                outputs: Outputs::of([run]),
                aspects: [("rows", Value::from(*rows)), ("unit", Value::from(*unit))]
                    .map(|(name, value)| (Aspect::Parameter(name.to_owned()), value))
                    .into(),
            })
            .collect();
        best(&known, &bad, &observed(&judged), limit, 1.0)
    }

    fn is(name: &str, test: Test) -> (Aspect, Test) {
        (Aspect::Parameter(name.to_owned()), test)
    }

    #[test]
    fn the_value_that_the_bad_ones_share_comes_first() {
        let runs: Vec<_> = (0..20).map(|run| (1000, if run % 4 == 0 { "mg" } else { "g" }, run % 4 == 0)).collect();
        let found = table(&runs, 10);
        assert_eq!(found[0].condition.tests, [is("unit", Test::Is("mg".into()))]);
        assert_eq!((found[0].counts, found[0].first), (Counts { flagged: 5, ok: 0 }, 0));
        assert_eq!(found[0].strength, Strength::Strong);
        assert_eq!(found.len(), 2, "one of each aspect");
    }

    #[test]
    fn numbers_are_told_as_a_range() {
        let runs: Vec<_> = (0..30).map(|run| (700 + 17 * run, "g", run < 8)).collect();
        let found = table(&runs, 10);
        assert_eq!(found[0].condition.tests, [is("rows", Test::AtMost(830.0.into()))]);
        assert_eq!(found[0].counts, Counts { flagged: 8, ok: 0 });
    }

    #[test]
    fn numbers_that_are_kept_as_text_are_numbers() {
        assert!(Test::AtMost("900".into()).holds(&"80.5".into()) && !Test::AtLeast(900.into()).holds(&"80.5".into()));
        assert!(!Test::AtMost("900".into()).holds(&"few".into()));
    }

    #[test]
    fn two_facts_are_told_together_only_where_neither_tells_as_much_alone() {
        // Bad is what is both small and in mg; of either alone most is fine.
        let runs: Vec<_> = (0..60)
            .map(|run| {
                let (rows, unit) = (if run % 2 == 0 { 1 } else { 2 }, if run % 3 == 0 { "mg" } else { "g" });
                (rows, unit, run % 6 == 0)
            })
            .collect();
        let found = table(&runs, 10);
        let both = [is("unit", Test::Is("mg".into())), is("rows", Test::Is(1.into()))];
        assert_eq!(found[0].condition.tests.len(), 2, "{found:?}");
        assert!(both.iter().all(|test| found[0].condition.tests.contains(test)));
        let alone: Vec<_> = runs.iter().map(|(rows, unit, _)| (*rows, *unit, *unit == "mg")).collect();
        assert_eq!(table(&alone, 10)[0].condition.tests, [is("unit", Test::Is("mg".into()))]);
    }

    #[test]
    fn what_shows_in_the_numbers_of_all_that_is_below_is_told_of_the_furthest_upstream() {
        let judged: Vec<Judged<usize>> = (0..24).map(|run| Judged { run: Some(run), is_flagged: run < 6 }).collect();
        let bad = flagged(&judged);
        let run = |run: usize, component: &str, depth: u32, rows: usize| Known {
            component: component.to_owned(),
            began: Timestamp(run as i64 * AT_ONCE_US),
            depth,
            outputs: Outputs::of([run]),
            aspects: [(Aspect::Parameter("rows".to_owned()), Value::from(rows))].into(),
        };
        let few = |place: usize| if place < 6 { 10 + place } else { 1000 + place };
        let known: Vec<Known> = (0..24)
            .flat_map(|place| [run(place, "ingest", 2, few(place)), run(place, "train", 0, few(place) * 2 / 3)])
            .collect();
        let found = best(&known, &bad, &observed(&judged), 5, 1.0);
        assert!(found[0].score < found[1].score, "fewer different numbers have a smaller price: {found:?}");
        assert_eq!((found[0].condition.component.as_str(), found[0].counts), ("ingest", Counts { flagged: 6, ok: 0 }));
    }

    /// Each run wrote so many files, of which all got its verdict; `days` says on which day a run began.
    fn strength_of(runs: &[(&str, bool)], files: usize, weight: f64, days: fn(usize) -> i64) -> Strength {
        let of_run = |(run, told): (usize, &(&str, bool))| vec![Judged { run: Some(run), is_flagged: told.1 }; files];
        let judged: Vec<Judged<usize>> = runs.iter().enumerate().flat_map(of_run).collect();
        let bad = flagged(&judged);
        let reached = reach(&judged.iter().map(|output| output.run).collect::<Vec<_>>(), &[]);
        let mut known: Vec<Known> = Vec::new();
        for (run, depth, outputs) in reached {
            let aspects = [(Aspect::Parameter("unit".to_owned()), Value::from(runs[run].0))].into();
            let began = Timestamp(days(run) * AT_ONCE_US);
            known.push(Known { component: "clean".to_owned(), began, depth, outputs, aspects });
        }
        let found = best(&known, &bad, &observed(&judged), 10, weight);
        let all = files as u32 * runs.iter().filter(|(_, is_bad)| *is_bad).count() as u32;
        assert_eq!(found[0].counts, Counts { flagged: all, ok: 0 }, "all outputs are shown");
        found[0].strength
    }

    #[test]
    fn the_outputs_of_one_run_are_one_observation_however_many_they_are() {
        let runs: Vec<_> = (0..9).map(|run| if run == 7 { ("mg", true) } else { ("g", false) }).collect();
        let strength = |files| strength_of(&runs, files, 2.0, |run| run as i64);
        assert_eq!([1, 2, 4, 40].map(strength), [Strength::Fair; 4]);
        let runs: Vec<_> = (0..20).map(|run| if run >= 17 { ("mg", true) } else { ("g", false) }).collect();
        assert_eq!(strength_of(&runs, 1, 2.0, |run| run as i64), Strength::Strong, "three runs are three");
    }

    #[test]
    fn what_changes_all_the_time_is_not_strong_for_one_day() {
        let runs: Vec<_> = (0..20).map(|run| if run >= 16 { ("mg", true) } else { ("g", false) }).collect();
        let strength = |weight, days| strength_of(&runs, 1, weight, days);
        assert_eq!(strength(1.0, |run| run as i64 / 16), Strength::Fair);
        assert_eq!(strength(5.0, |run| run as i64 / 16), Strength::Strong, "what is new may be");
        assert_eq!(strength(1.0, |run| run as i64), Strength::Strong, "what lasts may be");
    }

    #[test]
    fn a_fact_of_every_run_is_weak_however_many_are_bad() {
        let runs: Vec<_> = (0..40).map(|run| (1, "g", run % 2 == 0)).collect();
        assert!(table(&runs, 10).iter().all(|fact| fact.strength == Strength::Weak));
    }
}
