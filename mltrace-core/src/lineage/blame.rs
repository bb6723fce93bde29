//! How likely each group of runs is to blame: what the verdicts say, weighed with the evidence of change.
//!
//! The model, its parameters and where they come from: `docs/design/triage.md`.

use foldhash::HashMap;

use super::coverage::{Group, Outputs, Worth};

/// How many rates between 0 and 1 are tried for each of the two that nobody knows.
const STEPS: u32 = 50;
/// Before any verdict, the rate of bad outputs elsewhere is believed in with this power of the rate of good ones.
const ELSEWHERE_POWER: f64 = 19.0;

/// How many judged outputs are flagged and how many ok: of all, or of those downstream of some runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counts {
    /// How many are flagged.
    pub flagged: u32,
    /// How many are ok.
    pub ok: u32,
}

impl From<Counts> for Worth {
    fn from(counts: Counts) -> Self {
        Self { flagged: counts.flagged.into(), ok: counts.ok.into() }
    }
}

/// What the verdicts say of a culprit with that many judged outputs downstream of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blame {
    /// How many times likelier the verdicts are with this culprit than by chance, as a power of ten.
    pub score: f64,
    /// The rate of bad outputs to be expected downstream of it.
    pub shown: f64,
    /// The rate of bad outputs to be expected elsewhere.
    pub elsewhere: f64,
}

/// Weighs verdicts. It holds the rates that are tried, and what was found before.
pub struct Scale {
    all: Worth,
    rates: Vec<f64>,
    /// The logarithms of the belief in each rate downstream of a culprit, before any verdict.
    shown: Vec<f64>,
    /// The same elsewhere, and everywhere when there is no culprit.
    elsewhere: Vec<f64>,
    found: HashMap<[u64; 2], Blame>,
}

impl Scale {
    /// Returns a scale for that many verdicts in all.
    #[must_use]
    pub fn new(all: impl Into<Worth>) -> Self {
        Self::believing(all.into(), ELSEWHERE_POWER)
    }

    /// Returns a scale on which a culprit is weighed against outputs that are bad at any one rate: what weighs something
    /// there has different rates downstream and elsewhere.
    #[must_use]
    pub fn of_contrast(all: impl Into<Worth>) -> Self {
        Self::believing(all.into(), 0.0)
    }

    fn believing(all: Worth, power: f64) -> Self {
        let rates: Vec<f64> = (0..STEPS).map(|step| (f64::from(step) + 0.5) / f64::from(STEPS)).collect();
        let shown = vec![0.0; rates.len()];
        let elsewhere = rates.iter().map(|rate| power * (1.0 - rate).ln()).collect();
        Self { all, shown: believed(shown), elsewhere: believed(elsewhere), rates, found: HashMap::default() }
    }

    /// Returns what the verdicts say of a culprit with `counts` downstream of it.
    ///
    /// The rate of bad outputs downstream of it is never below the one elsewhere: a culprit does not make things better.
    pub fn blame(&mut self, counts: impl Into<Worth>) -> Blame {
        let counts = counts.into();
        let key = [counts.flagged, counts.ok].map(f64::to_bits);
        if let Some(known) = self.found.get(&key) {
            return *known;
        }
        let rest =
            Worth { flagged: (self.all.flagged - counts.flagged).max(0.0), ok: (self.all.ok - counts.ok).max(0.0) };
        let shown = self.with(&self.shown, counts);
        let elsewhere = self.with(&self.elsewhere, rest);
        let up_to = sums(elsewhere.iter());
        let mut from = sums(shown.iter().rev());
        from.reverse();
        let shown: Vec<f64> = shown.iter().zip(&up_to).map(|(belief, below)| belief + below).collect();
        let elsewhere: Vec<f64> = elsewhere.iter().zip(&from).map(|(belief, above)| belief + above).collect();
        let chance = sum(&self.with(&self.elsewhere, self.all));
        let blame = Blame {
            score: (sum(&shown) - chance) / std::f64::consts::LN_10,
            shown: self.mean(&shown),
            elsewhere: self.mean(&elsewhere),
        };
        self.found.insert(key, blame);
        blame
    }

    /// Returns the rate of bad outputs to be expected when no recorded run is to blame.
    #[must_use]
    pub fn rate_by_chance(&self) -> f64 {
        self.mean(&self.with(&self.elsewhere, self.all))
    }

    /// Adds what the verdicts say of each rate to the belief in it.
    fn with(&self, beliefs: &[f64], counts: Worth) -> Vec<f64> {
        let (bad, good) = (counts.flagged, counts.ok);
        let likely = self.rates.iter().map(|rate| bad * rate.ln() + good * (1.0 - rate).ln());
        beliefs.iter().zip(likely).map(|(belief, likely)| belief + likely).collect()
    }

    fn mean(&self, beliefs: &[f64]) -> f64 {
        let sum = sum(beliefs);
        self.rates.iter().zip(beliefs).map(|(rate, belief)| rate * (belief - sum).exp()).sum()
    }
}

/// Returns the logarithms of beliefs that add up to 1.
fn believed(beliefs: Vec<f64>) -> Vec<f64> {
    let sum = sum(&beliefs);
    beliefs.into_iter().map(|belief| belief - sum).collect()
}

/// Returns the logarithm of the sum of what these are the logarithms of.
fn sum(logarithms: &[f64]) -> f64 {
    sums(logarithms.iter()).last().copied().unwrap_or(f64::NEG_INFINITY)
}

/// Returns the same for the first one, the first two, and so on.
fn sums<'l>(logarithms: impl Iterator<Item = &'l f64>) -> Vec<f64> {
    let add = |sum: &mut f64, next: &f64| {
        let (low, high) = if *sum < *next { (*sum, *next) } else { (*next, *sum) };
        *sum = if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() };
        Some(*sum)
    };
    logarithms.scan(f64::NEG_INFINITY, add).collect()
}

/// A group with what speaks for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect<N> {
    /// The group; its runs with the most evidence of change first, of equal ones the nearest.
    pub group: Group<N>,
    /// What the verdicts say.
    pub blame: Blame,
    /// How many times likelier its first run is to blame for its evidence of change, as a power of ten.
    pub evidence: f64,
    /// The sum of both.
    pub score: f64,
}

/// Returns the groups that are worth suspecting, the likeliest first. `weight` says how many times likelier a run is to
/// blame for its evidence of change.
#[must_use]
pub fn rank<N: Copy + Ord>(groups: Vec<Group<N>>, scale: &mut Scale, weight: impl Fn(N) -> f64) -> Vec<Suspect<N>> {
    let suspect = |mut group: Group<N>| {
        // Sorting keeps the nearer of equal ones first.
        group.runs.sort_by(|a, b| weight(*b).total_cmp(&weight(*a)));
        let blame = scale.blame(group.worth);
        // The strongest counts, not the sum: a group does not become suspicious by its size.
        let evidence = group.runs.first().map_or(1.0, |run| weight(*run)).log10();
        Suspect { score: blame.score + evidence, blame, evidence, group }
    };
    let mut suspects: Vec<Suspect<N>> = groups.into_iter().map(suspect).collect();
    suspects.sort_by(|a, b| {
        let near = |suspect: &Suspect<N>| (suspect.group.depth, suspect.group.runs.first().copied());
        // What is worth the same is so in whatever order its parts were summed up.
        let rounded = |suspect: &Suspect<N>| (suspect.score * 1e9).round();
        rounded(b).total_cmp(&rounded(a)).then_with(|| near(a).cmp(&near(b)))
    });
    suspects
}

/// Returns the groups that are worth suspecting: those upstream of flagged outputs of at least two runs, and of those
/// upstream of such of one run alone only where no other group explains these, or where `is_known` for something else.
#[must_use]
pub fn worth_suspecting<N>(
    groups: Vec<Group<N>>,
    flagged: &Outputs,
    is_known: impl Fn(&Group<N>) -> bool,
) -> Vec<Group<N>> {
    let shared = groups.iter().filter(|group| group.bad > 1);
    let explained = shared.map(|group| group.outputs.and(flagged)).reduce(|all, more| all.or(&more));
    let is_explained =
        |group: &Group<N>| explained.as_ref().is_some_and(|explained| group.outputs.and(flagged).is_within(explained));
    groups.into_iter().filter(|group| group.bad > 1 || is_known(group) || !is_explained(group)).collect()
}
