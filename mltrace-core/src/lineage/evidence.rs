//! What changed at a run: compared with earlier runs of its component, whatever the verdicts on its outputs are.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::HashSet;
use serde_json::Value;

use super::aspects::Aspect;
use super::change::number;
use super::earlier::{Earlier, Values, had};
use super::facts::Facts;
use super::usual::Usual;

/// How often a culprit shows a change: a belief, as the two below.
const AT_CULPRITS: f64 = 0.6;
/// How often any other run shows a change that is rare.
const RARE: f64 = 0.05;
/// How often any other run shows a change that has many harmless causes.
const COMMON: f64 = 0.2;
/// For how many earlier runs the two above count, beside what the earlier runs themselves did.
const BELIEF: f64 = 5.0;
/// How much less often a culprit writes just what the run before wrote than any other run does.
const SAME: f64 = 0.15;
/// What is said of a check that passed.
pub const PASSED: &str = "passed";
/// From this factor on a change counts.
const COUNTS: f64 = 1.5;
/// How much less often a culprit shows no change at all than any other run does.
pub(super) const NO_CHANGE: f64 = (1.0 - AT_CULPRITS) / (1.0 - RARE);
/// How far all changes of a run together can raise the suspicion: they often have one cause.
pub(super) const MOST: f64 = 30.0;

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What was found.
    pub finding: Finding,
    /// How much more often it is found at a culprit than at another run of this component.
    pub factor: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Another value than runs before had.
    Changed {
        /// Of what.
        aspect: Aspect,
        /// The run's value.
        now: Option<Value>,
        /// The value before.
        before: Option<Value>,
        /// For how many runs before this one it has been so already.
        ago: usize,
        /// How often it had changed in the runs before.
        times: usize,
        /// Of how many.
        of: usize,
    },
    /// A number out of line with those of the runs before: how long the run took, in milliseconds, what was measured, or a
    /// figure of a table or of what was observed.
    Unusual {
        /// What it is.
        aspect: Aspect,
        /// The run's.
        now: f64,
        /// What was usual before.
        usual: Usual,
    },
    /// Something wrong by itself.
    Fault(String),
    /// The same bytes as the run before wrote: what it did came to nothing new.
    SameOutputs,
    /// No change that counts, where there was a run to compare with.
    NoChange {
        /// Whether something changed that often does.
        is_habit: bool,
    },
}

/// All evidence at a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// The pieces, the strongest first.
    pub pieces: Vec<Evidence>,
}

impl Findings {
    /// How little and how much [`Findings::weight`] may be.
    pub const RANGE: (f64, f64) = (SAME * NO_CHANGE, MOST);

    /// Returns how much more often a run with this evidence is to blame than one about which nothing is known: the product
    /// of the factors, within bounds.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.factor).product::<f64>().min(MOST)
    }
}

/// Returns what changed at a run since earlier runs of its component, the last of which wrote this.
///
/// A change counts at the run that made it, and at those after it that still have it: a fault that lasts is one cause.
#[must_use]
pub fn evidence(run: &Facts, earlier: &Earlier<'_>, wrote: &BTreeMap<String, String>) -> Findings {
    let mut pieces: Vec<Evidence> = run
        .faults
        .iter()
        .map(|fault| Evidence {
            finding: Finding::Fault(fault.message.clone()),
            factor: AT_CULPRITS / if fault.is_rare { RARE } else { COMMON },
        })
        .collect();
    let mut is_habit = false;
    pieces.extend(compared_aspects(run, earlier).into_iter().filter_map(|aspect| {
        let novelty = Novelty::of(aspect, had(aspect, run)?, &earlier.values(aspect))?;
        is_habit |= novelty.is_changed && novelty.ago == 0;
        (novelty.factor >= COUNTS).then(|| novelty.changed(aspect, run))
    }));
    let alike = earlier.alike();
    pieces.extend(unusual_duration(run, alike));
    pieces.extend(unusual_metrics(run, earlier));
    pieces.extend(unusual_figures(run, earlier));
    if let Some(before) = alike.first() {
        // What is unknown may have changed.
        let is_known = !earlier.line().iter().chain([&run]).any(|run| run.aspects.is_cut());
        if pieces.is_empty() && is_known && before.reads_alike(run) {
            pieces.push(Evidence { finding: Finding::NoChange { is_habit }, factor: NO_CHANGE });
        }
        if !run.outputs.is_empty() && run.outputs == *wrote {
            pieces.push(Evidence { finding: Finding::SameOutputs, factor: SAME });
        }
    }
    // Sorting keeps the order of equal ones.
    pieces.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    Findings { pieces }
}

/// How a run stands and what was stale are faults by themselves; how long it took, what it measured and the numbers of tables
/// are weighed by themselves.
fn counts(aspect: &Aspect, value: &Value) -> bool {
    match aspect {
        Aspect::Status | Aspect::Stale | Aspect::Duration | Aspect::Metric(_) | Aspect::Observed { .. } => false,
        Aspect::Profile { .. } => number(value).is_none(),
        _ => true,
    }
}

/// Returns the changes that earlier runs made, that were evidence at the first of them, and that the run still has.
#[must_use]
pub fn lasting(run: &Facts, earlier: &Earlier<'_>) -> Vec<Evidence> {
    let lasts = |aspect: &Aspect| {
        let (now, mut values) = (had(aspect, run)?, earlier.values(aspect));
        let novelty = Novelty::of(aspect, now, &values)?;
        for values in [&mut values.line, &mut values.all] {
            values.drain(..values.iter().take_while(|value| **value == now).count());
        }
        let is_one = novelty.ago > 0 && Novelty::of(aspect, now, &values)?.factor >= COUNTS;
        is_one.then(|| novelty.changed(aspect, run))
    };
    let mut found: Vec<Evidence> = compared_aspects(run, earlier).into_iter().filter_map(lasts).collect();
    found.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    found
}

/// Returns in what a run is compared. Of what it lacks only a parameter and an input are known not to be there; most often all of
/// them have the same.
fn compared_aspects<'f>(run: &'f Facts, earlier: &Earlier<'f>) -> BTreeSet<&'f Aspect> {
    let own = run.aspects.iter().filter(|(aspect, value)| counts(aspect, value)).map(|(aspect, _)| aspect);
    let others = earlier.line().iter().filter(|other| !other.params().eq(run.params()));
    own.chain(others.flat_map(|other| other.params())).chain(earlier.dropped(run)).collect()
}

/// How new a value is at a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Novelty<'v> {
    /// How much more often a culprit shows it than another run of the component: below 1 for a value that was had
    /// before and did not just change, 1 where changes are a habit, nothing is known, or it is no change for the worse.
    pub(super) factor: f64,
    /// The value before; `None` for a parameter or an input that there was not.
    pub(super) before: Option<&'v Value>,
    /// Whether there was another value before.
    pub(super) is_changed: bool,
    ago: usize,
    times: usize,
    of: usize,
}

impl<'v> Novelty<'v> {
    /// Returns the piece of evidence that it is of a run.
    fn changed(&self, aspect: &Aspect, run: &Facts) -> Evidence {
        let (now, before) = (run.aspects.get(aspect).cloned(), self.before.cloned());
        let Self { ago, times, of, factor, .. } = *self;
        Evidence { finding: Finding::Changed { aspect: aspect.clone(), now, before, ago, times, of }, factor }
    }

    /// Returns how new the value `now` is after those of earlier runs, as far as they are known, the latest first.
    pub(super) fn of(aspect: &Aspect, now: Option<&Value>, values: &Values<'v>) -> Option<Self> {
        let earlier = &values.line;
        let ago = earlier.iter().take_while(|value| **value == now).count();
        let Some(before) = earlier.get(ago).copied() else {
            let factor = if earlier.is_empty() { 1.0 } else { NO_CHANGE };
            return Some(Self { factor, before: None, is_changed: false, ago, times: 0, of: 0 });
        };
        let since = values.all.iter().take_while(|value| **value == now).count();
        let past = values.all.get(since..).unwrap_or_default();
        let times = past.iter().zip(past.iter().skip(1)).filter(|(later, earlier)| later != earlier).count();
        let of = past.len().saturating_sub(1);
        let is_bettered = match aspect {
            Aspect::WorkTree => now == Some(&Value::Bool(false)),
            Aspect::InWorkTree => now == Some(&Value::Bool(true)),
            Aspect::Check(_) => now.is_some_and(|now| *now == PASSED),
            _ => false,
        };
        let factor = if is_bettered { 1.0 } else { factor(aspect, now, &values.all, (ago, times, of)) };
        Some(Self { factor, before, is_changed: true, ago, times, of })
    }
}

/// Returns how much more often a culprit than another run shows a value that was had for the last `ago` runs, when it had
/// changed `times` of `of` times before.
fn factor(aspect: &Aspect, now: Option<&Value>, earlier: &[Option<&Value>], seen: (usize, usize, usize)) -> f64 {
    let changed = since(aspect, seen.0, seen.1, seen.2);
    // A value may change all the time among a few, such as hosts: then one that was never seen before is what is rare.
    let oldest = earlier.iter().rposition(|value| *value == now);
    let first_had = oldest.map_or(0, |oldest| oldest + 1);
    let is_new = first_had <= earlier.len() / 2;
    let others: HashSet<Option<&Value>> = earlier.iter().copied().filter(|value| *value != now).collect();
    // The one that was there first arrived from nowhere.
    let (arrivals, of) = (others.len().saturating_sub(1), earlier.len().saturating_sub(1));
    let new = if is_new { since(aspect, first_had, arrivals, of) } else { 0.0 };
    match changed.max(new) {
        factor if factor >= COUNTS => factor,
        _ if is_new => 1.0,
        _ => NO_CHANGE,
    }
}

/// Returns how much more often a culprit than another run is of a component that came so many of its runs before.
#[must_use]
pub fn arrived(ago: usize) -> f64 {
    since(&Aspect::Component, ago, 0, 0)
}

/// Returns how much more often a culprit than another run has something that came `ago` runs before, when such things
/// came `times` of `of` times.
#[expect(clippy::cast_precision_loss, reason = "a hundred runs")]
fn since(aspect: &Aspect, ago: usize, times: usize, of: usize) -> f64 {
    // A commit changes with every step of the repository, and a host with every turn of a scheduler.
    let is_rare = matches!(
        aspect,
        Aspect::Source
            | Aspect::WorkTree
            | Aspect::InWorkTree
            | Aspect::Parameter(_)
            | Aspect::Input(_)
            | Aspect::Reads(_)
            | Aspect::Component
            | Aspect::Check(_)
    );
    let belief = if is_rare { RARE } else { COMMON };
    let once = (belief * BELIEF + times as f64) / (BELIEF + of as f64);
    let by_now = 1.0 - (1.0 - once).powf(ago as f64 + 1.0);
    AT_CULPRITS / by_now
}

fn unusual_duration(run: &Facts, earlier: &[&Facts]) -> Option<Evidence> {
    let known: Vec<f64> = earlier.iter().filter_map(|facts| facts.duration_ms).collect();
    let (now, usual) = (run.duration_ms?, Usual::of(&known)?);
    let finding = Finding::Unusual { aspect: Aspect::Duration, now, usual };
    usual.is_outside(now).then(|| Evidence { finding, factor: AT_CULPRITS / COMMON })
}

fn unusual_metrics(run: &Facts, earlier: &Earlier<'_>) -> Vec<Evidence> {
    let unusual = |(aspect, value): (&Aspect, &Value)| {
        let Aspect::Metric(_) = aspect else { return None };
        Some(out_of_line(aspect, value, earlier)?.1)
    };
    run.aspects.iter().filter_map(unusual).collect()
}

/// Of each table, and of each observation, the figure that is furthest out of line: they are drawn from many, and mostly have
/// one cause.
fn unusual_figures(run: &Facts, earlier: &Earlier<'_>) -> Vec<Evidence> {
    let mut found: BTreeMap<(bool, &String), (f64, Evidence)> = BTreeMap::new();
    for (aspect, value) in &run.aspects {
        let of = match aspect {
            Aspect::Profile { of, .. } => (true, of),
            Aspect::Observed { name, .. } => (false, name),
            _ => continue,
        };
        let Some((distance, evidence)) = out_of_line(aspect, value, earlier) else { continue };
        if found.get(&of).is_none_or(|(known, _)| distance > *known) {
            found.insert(of, (distance, evidence));
        }
    }
    found.into_values().map(|(_, evidence)| evidence).collect()
}

/// Returns a number of a run as evidence, and how far it lies outside of what is usual, where it does.
fn out_of_line(aspect: &Aspect, value: &Value, earlier: &Earlier<'_>) -> Option<(f64, Evidence)> {
    let alike = earlier.alike();
    if !alike.iter().all(|run| run.aspects.knows(aspect)) {
        return None;
    }
    let known: Vec<f64> = alike.iter().filter_map(|facts| number(facts.aspects.get(aspect)?)).collect();
    let (now, usual) = (number(value)?, Usual::of(&known)?);
    let finding = || Finding::Unusual { aspect: aspect.clone(), now, usual };
    let evidence = || Evidence { finding: finding(), factor: AT_CULPRITS / COMMON };
    usual.is_out_of_line(now).then(|| (usual.distance(now), evidence()))
}

impl Evidence {
    /// Returns whether it counts for anything.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.factor >= COUNTS
    }

    /// Returns whether it shows what came of a run, and not what was otherwise at it.
    #[must_use]
    pub fn is_effect(&self) -> bool {
        match &self.finding {
            Finding::Changed { aspect, .. } | Finding::Unusual { aspect, .. } => aspect.is_effect(),
            Finding::Fault(_) | Finding::SameOutputs | Finding::NoChange { .. } => false,
        }
    }
}

impl Findings {
    /// Returns how much the strongest piece of it counts.
    #[must_use]
    pub fn strongest(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.factor).fold(1.0, f64::max)
    }

    /// Lets what came of the run count only as far as nothing further up explains it, of which the strongest piece counts
    /// so much: what is wrong further up shows in all that is below.
    pub fn explain_effects(&mut self, above: f64) {
        for piece in self.pieces.iter_mut().filter(|piece| piece.is_effect()) {
            piece.factor = (piece.factor / above.max(1.0)).max(1.0);
        }
        self.pieces.retain(|piece| !piece.is_effect() || piece.factor >= COUNTS);
        self.pieces.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(told: &str) -> Facts {
        let mut facts = Facts::default();
        for (name, value) in told.split_whitespace().filter_map(|word| word.split_once('=')) {
            match name {
                "commit" => drop(facts.aspects.insert(Aspect::Commit, value.into())),
                "ms" => facts.duration_ms = value.parse().ok(),
                _ => drop(facts.aspects.insert(Aspect::Parameter(name.to_owned()), value.into())),
            }
        }
        facts
    }

    fn found(run: &str, earlier: &[&str]) -> Findings {
        let earlier: Vec<Facts> = earlier.iter().map(|told| facts(told)).collect();
        evidence(&facts(run), &Earlier::alike_to(earlier.iter().collect()), &BTreeMap::new())
    }

    #[test]
    fn a_change_is_worth_more_the_rarer_it_is() {
        let rare = found("unit=mg", &["unit=g", "unit=g", "unit=g"]);
        let usual = found("month=5", &["month=4", "month=3", "month=2", "month=1"]);
        assert_eq!(rare.pieces.len(), 1);
        assert!(rare.weight() > 12.0, "{rare:?}");
        assert_eq!(usual.pieces[0].finding, Finding::NoChange { is_habit: true }, "a habit is no evidence");
        assert!(usual.weight() < 1.0);
    }

    #[test]
    fn a_change_that_lasts_counts_at_every_run_that_still_has_it() {
        let past = ["unit=g"; 8];
        let runs = |bad: usize| [vec!["unit=mg"; bad], past.to_vec()].concat();
        let weights: Vec<f64> = (0..5).map(|before| found("unit=mg", &runs(before)).weight()).collect();
        assert!(weights.iter().all(|weight| *weight > 4.0), "{weights:?}");
        assert!(weights.is_sorted_by(|a, b| a >= b), "the longer ago, the more harmless runs have it too: {weights:?}");
        let back = found("unit=g", &runs(5));
        assert!(back.weight() > 1.0, "what was put right has changed as well: verdicts tell which is bad");
    }

    #[test]
    fn a_value_that_was_never_had_is_evidence_where_others_come_and_go() {
        let past: Vec<String> = (0..32).map(|run| format!("host=h{}", run % 3)).collect();
        let past: Vec<&str> = past.iter().map(String::as_str).collect();
        assert!(found("host=h9", &past).weight() > 4.0);
        assert!(found("host=h1", &past).weight() < 1.0);
    }

    #[test]
    fn a_commit_is_weaker_than_a_parameter() {
        let commit = found("commit=b", &["commit=a"]).weight();
        assert!((commit - 3.0).abs() < 1e-9, "{commit}");
        assert!((found("unit=mg", &["unit=g"]).weight() - 12.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_without_a_past_is_neither_suspect_nor_clear() {
        assert!((found("unit=g", &[]).weight() - 1.0).abs() < 1e-9);
        assert!(found("unit=g", &["unit=g"]).weight() < 0.5);
    }

    #[test]
    fn a_duration_is_compared_with_those_of_several() {
        let usual = ["ms=100", "ms=110", "ms=90", "ms=105"];
        let is_odd = |run: &str, usual: &[&str]| {
            let found = found(run, usual);
            found.pieces.iter().any(|piece| matches!(piece.finding, Finding::Unusual { aspect: Aspect::Duration, .. }))
        };
        assert!(!is_odd("ms=180", &usual));
        assert!(is_odd("ms=900", &usual));
        assert!(is_odd("ms=10", &usual));
        assert!(!is_odd("ms=900", &usual[..3]), "three are not enough");
    }

    #[test]
    fn a_run_that_wrote_the_same_again_is_hardly_to_blame() {
        let mut run = facts("unit=mg");
        let mut before = facts("unit=g");
        assert!(evidence(&run, &Earlier::alike_to(vec![&before]), &before.outputs).weight() > 10.0);
        for facts in [&mut run, &mut before] {
            facts.outputs.insert("clean.csv".to_owned(), "b3:00".to_owned());
        }
        assert!(
            evidence(&run, &Earlier::alike_to(vec![&before]), &before.outputs).weight() < 2.0,
            "the change came to nothing"
        );
    }

    #[test]
    fn many_changes_together_are_bounded() {
        let found = found("a=1 b=1 c=1 d=1", &["a=0 b=0 c=0 d=0"]);
        assert!((found.weight() - MOST).abs() < 1e-9);
    }

    #[test]
    fn how_often_something_changes_is_counted_over_all_runs_where_few_did_the_same() {
        let of = |region: &str| {
            let aspects = facts(&format!("region={region}")).aspects;
            Facts::new(vec![format!("zones-{region}.csv")], aspects)
        };
        let earlier = ["eu", "us", "eu"].map(of);
        let run = of("us");
        let found = evidence(&run, &Earlier::of(&run, &earlier.iter().collect::<Vec<_>>()), &BTreeMap::new());
        assert_eq!(found.pieces.len(), 1, "{found:?}");
        assert_eq!(found.pieces[0].finding, Finding::NoChange { is_habit: false });
    }
}
