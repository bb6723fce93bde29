//! What changed at a run: compared with earlier runs of its component, whatever the verdicts on its outputs are.

use std::collections::{BTreeMap, BTreeSet};

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
/// From this factor on a change counts.
const COUNTS: f64 = 1.5;
/// How much less often a culprit shows no change at all than any other run does.
const NO_CHANGE: f64 = (1.0 - AT_CULPRITS) / (1.0 - RARE);
/// How far all changes of a run together can raise the suspicion: they often have one cause.
const MOST: f64 = 30.0;

/// Something that a run has, and that another run of its component may have otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// The commit of its code.
    Commit,
    /// Whether the work tree differed from the commit.
    WorkTree,
    /// The hash of its source text.
    Source,
    /// The host.
    Host,
    /// A parameter.
    Parameter(String),
    /// The version of an input that no recorded run wrote; others are up to the run that wrote them.
    Input(String),
}

/// What is compared of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// What it has, as text.
    pub aspects: BTreeMap<Aspect, String>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<f64>,
    /// What it wrote, as the text of versions; empty unless the content of all of it is known.
    pub outputs: BTreeMap<String, String>,
    /// What is wrong with it by itself, in words.
    pub faults: Vec<Fault>,
}

/// What is wrong with a run without looking at any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What, in words.
    pub message: String,
    /// Whether it is rare in runs that do no harm.
    pub is_rare: bool,
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// What was found.
    pub finding: Finding,
    /// How much more often it is found at a culprit than at another run of this component; 1 when it says nothing.
    pub factor: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// Another value than that of the run before.
    Changed {
        /// Of what.
        aspect: Aspect,
        /// The run's value.
        now: Option<String>,
        /// The value of the run before.
        before: Option<String>,
        /// How often it had changed in the runs before.
        times: usize,
        /// Of how many.
        of: usize,
    },
    /// A duration out of line with those of the runs before.
    Duration {
        /// The run's, in milliseconds.
        now: f64,
        /// What was usual before.
        usual: Usual,
    },
    /// Something wrong by itself.
    Fault(String),
    /// The same bytes as the run before wrote: what it did came to nothing new.
    SameOutputs,
    /// No change at all, where there was a run to compare with.
    NoChange,
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

    /// Returns how much more often a run with this evidence is to blame than one of which nothing is known: the product
    /// of the factors, within bounds.
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.pieces.iter().map(|piece| piece.factor).product::<f64>().min(MOST)
    }
}

/// Returns what changed at a run since `earlier` runs of its component, the latest of them first.
#[must_use]
pub fn evidence(run: &Facts, earlier: &[&Facts]) -> Findings {
    let mut pieces: Vec<Evidence> = run
        .faults
        .iter()
        .map(|fault| Evidence {
            finding: Finding::Fault(fault.message.clone()),
            factor: factor(if fault.is_rare { RARE } else { COMMON }, 0, 0),
        })
        .collect();
    if let Some(before) = earlier.first() {
        pieces.extend(changes(run, before).into_iter().map(|aspect| changed(run, before, earlier, aspect)));
    }
    pieces.extend(unusual_duration(run, earlier));
    if let Some(before) = earlier.first() {
        if pieces.iter().all(|piece| piece.factor <= 1.0) {
            pieces.push(Evidence { finding: Finding::NoChange, factor: NO_CHANGE });
        }
        if !run.outputs.is_empty() && run.outputs == before.outputs {
            pieces.push(Evidence { finding: Finding::SameOutputs, factor: SAME });
        }
    }
    // Sorting keeps the order of equal ones.
    pieces.sort_by(|a, b| b.factor.total_cmp(&a.factor));
    Findings { pieces }
}

fn changed(run: &Facts, before: &Facts, earlier: &[&Facts], aspect: Aspect) -> Evidence {
    let pairs = earlier.iter().zip(earlier.iter().skip(1));
    let of = pairs.len();
    let times = pairs.filter(|(later, earlier)| changes(later, earlier).contains(&aspect)).count();
    // A commit changes with every step of the repository, and a host with every turn of a scheduler.
    let is_common = matches!(aspect, Aspect::Commit | Aspect::Host);
    let factor = factor(if is_common { COMMON } else { RARE }, times, of);
    let now = run.aspects.get(&aspect).cloned();
    let before = before.aspects.get(&aspect).cloned();
    Evidence { finding: Finding::Changed { aspect, now, before, times, of }, factor }
}

/// Returns in what two runs differ.
fn changes(later: &Facts, earlier: &Facts) -> BTreeSet<Aspect> {
    let all: BTreeSet<&Aspect> = later.aspects.keys().chain(earlier.aspects.keys()).collect();
    let differs = |aspect: &&Aspect| {
        let (now, before) = (later.aspects.get(*aspect), earlier.aspects.get(*aspect));
        match aspect {
            // A parameter may come or go; of anything else that one run lacks, nothing is known.
            Aspect::Parameter(_) => now != before,
            // A work tree that is clean again is no change for the worse.
            Aspect::WorkTree => now.is_some() && before.is_none(),
            _ => now.is_some() && before.is_some() && now != before,
        }
    };
    all.into_iter().filter(differs).cloned().collect()
}

fn unusual_duration(run: &Facts, earlier: &[&Facts]) -> Option<Evidence> {
    let known: Vec<f64> = earlier.iter().filter_map(|facts| facts.duration_ms).collect();
    let (now, usual) = (run.duration_ms?, Usual::of(&known)?);
    let finding = Finding::Duration { now, usual };
    usual.is_outside(now).then(|| Evidence { finding, factor: factor(COMMON, 0, 0) })
}

/// Returns how much more often something is found at a culprit than at another run, when `times` of `of` earlier runs
/// of the component showed it.
#[expect(clippy::cast_precision_loss, reason = "a handful of runs")]
fn factor(belief: f64, times: usize, of: usize) -> f64 {
    let elsewhere = (belief * BELIEF + times as f64) / (BELIEF + of as f64);
    let factor = AT_CULPRITS / elsewhere;
    if factor < COUNTS { 1.0 } else { factor }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(told: &str) -> Facts {
        let mut facts = Facts::default();
        for (name, value) in told.split_whitespace().filter_map(|word| word.split_once('=')) {
            match name {
                "commit" => drop(facts.aspects.insert(Aspect::Commit, value.to_owned())),
                "ms" => facts.duration_ms = value.parse().ok(),
                _ => drop(facts.aspects.insert(Aspect::Parameter(name.to_owned()), value.to_owned())),
            }
        }
        facts
    }

    fn found(run: &str, earlier: &[&str]) -> Findings {
        let earlier: Vec<Facts> = earlier.iter().map(|told| facts(told)).collect();
        evidence(&facts(run), &earlier.iter().collect::<Vec<_>>())
    }

    #[test]
    fn a_change_is_worth_more_the_rarer_it_is() {
        let rare = found("unit=mg", &["unit=g", "unit=g", "unit=g"]);
        let usual = found("month=5", &["month=4", "month=3", "month=2", "month=1"]);
        assert_eq!(rare.pieces.len(), 1);
        assert!(rare.weight() > 12.0, "{rare:?}");
        assert!((usual.pieces[0].factor - 1.0).abs() < 1e-9, "{usual:?}");
        assert!(usual.weight() < 1.0, "a habit is no evidence");
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
            found.pieces.iter().any(|piece| matches!(piece.finding, Finding::Duration { .. }))
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
        assert!(evidence(&run, &[&before]).weight() > 10.0);
        for facts in [&mut run, &mut before] {
            facts.outputs.insert("clean.csv".to_owned(), "b3:00".to_owned());
        }
        assert!(evidence(&run, &[&before]).weight() < 2.0, "the change came to nothing");
    }

    #[test]
    fn many_changes_together_are_bounded() {
        let found = found("a=1 b=1 c=1 d=1", &["a=0 b=0 c=0 d=0"]);
        assert!((found.weight() - MOST).abs() < 1e-9);
    }
}
