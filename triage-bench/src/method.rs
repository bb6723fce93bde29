//! The ways of ranking that are compared, and where each puts a culprit.

use mltrace_core::lineage::{
    Aspect, Counts, Earlier, Facts, Observed, PASSED, Scale, evidence, flagged, groups, rank, worth_suspecting,
};

use crate::trial::Trial;

/// What a run is upstream of: flagged and ok outputs, and those of either that it is not upstream of.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    ef: f64,
    ep: f64,
    nf: f64,
    np: f64,
}

/// A way of ranking.
#[derive(Debug)]
pub struct Method {
    /// What it is called in the tables.
    pub name: &'static str,
    /// The score of a run; `None` for the product's own ranking.
    score: Option<fn(&Seen) -> f64>,
}

/// All of them, the product's own last.
pub const METHODS: [Method; 6] = [
    Method { name: "counting", score: Some(|seen| seen.ef) },
    Method { name: "Tarantula", score: Some(tarantula) },
    Method { name: "Ochiai", score: Some(|seen| seen.ef / ((seen.ef + seen.nf) * (seen.ef + seen.ep)).sqrt()) },
    Method { name: "D²", score: Some(|seen| seen.ef * seen.ef / (seen.ep + seen.nf).max(1e-9)) },
    Method { name: "Beta-Bayes", score: Some(beta_bayes) },
    Method { name: "mltrace", score: None },
];

/// The number of the product's own ranking.
pub const OURS: usize = METHODS.len() - 1;

fn tarantula(seen: &Seen) -> f64 {
    let bad = seen.ef / (seen.ef + seen.nf);
    let good = seen.ep / (seen.ep + seen.np).max(1.0);
    bad / (bad + good)
}

/// Two unknown rates without an order: Beta(2, 1) downstream of a culprit, Beta(1, 9) elsewhere.
fn beta_bayes(seen: &Seen) -> f64 {
    beta_bayes_of([seen.ef, seen.ep, seen.nf, seen.np])
}

/// Returns that score of flagged and ok outputs downstream, and of flagged and ok outputs elsewhere.
#[must_use]
pub fn beta_bayes_of([ef, ep, nf, np]: [f64; 4]) -> f64 {
    ln_beta(ef + 2.0, ep + 1.0) + ln_beta(nf + 1.0, np + 9.0)
}

fn ln_beta(a: f64, b: f64) -> f64 {
    ln_factorial(a - 1.0) + ln_factorial(b - 1.0) - ln_factorial(a + b - 1.0)
}

fn ln_factorial(number: f64) -> f64 {
    std::iter::successors(Some(2.0), |next| Some(next + 1.0)).take_while(|next| *next <= number).map(f64::ln).sum()
}

/// A place in a ranking.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    before: usize,
    sharing: usize,
}

impl Place {
    /// Returns the chance to be among the first `top` when ties are broken at random.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    pub fn within(self, top: usize) -> f64 {
        (top.saturating_sub(self.before) as f64 / self.sharing as f64).min(1.0)
    }
}

/// A score, then what orders runs of equal score.
type Score = (f64, f64);

impl Method {
    /// Returns where the culprit's whole group comes among whole groups, and the culprit among runs; of two culprits,
    /// where the first of them comes.
    #[must_use]
    pub fn places(&self, trial: &Trial) -> (Place, Place) {
        let scores = self.scores(trial);
        let mut whole: Vec<Option<Score>> = vec![None; trial.pipeline.component.len()];
        for (score, group) in scores.iter().zip(&trial.whole_group) {
            if let (Some(score), Some(group)) = (score, group) {
                let best = whole[*group].get_or_insert(*score);
                if *score > *best {
                    *best = *score;
                }
            }
        }
        let groups: Vec<usize> = trial.culprits.iter().filter_map(|culprit| trial.whole_group[*culprit]).collect();
        (place(&whole, &groups), place(&scores, &trial.culprits))
    }

    /// Returns the score of each run that is upstream of a flagged output.
    fn scores(&self, trial: &Trial) -> Vec<Option<Score>> {
        let mut scores = vec![None; trial.pipeline.component.len()];
        let found = groups(&trial.judged, &trial.pipeline.edges);
        let bad = flagged(&trial.judged);
        let judged = u32::try_from(trial.judged.len()).unwrap_or(u32::MAX);
        let all = Counts { flagged: bad.count(), ok: judged.saturating_sub(bad.count()) };
        if let Some(score) = self.score {
            for group in &found {
                let (ef, ep) = (f64::from(group.flagged), f64::from(group.ok));
                let seen = Seen { ef, ep, nf: f64::from(all.flagged) - ef, np: f64::from(all.ok) - ep };
                group.runs.iter().for_each(|run| scores[*run] = Some((score(&seen), 0.0)));
            }
            return scores;
        }
        let weights = [false, true].map(|failed| [weight(false, failed), weight(true, failed)]);
        let is_failed = |run: usize| trial.failed.get(run).is_some_and(|failed| *failed);
        let of_run = |run: usize, changed: bool| weights[usize::from(is_failed(run))][usize::from(changed)];
        let weight = |run: usize| trial.changed.get(run).map_or(1.0, |changed| of_run(run, *changed));
        let observed = Observed::of(&trial.judged.iter().map(|output| output.run).collect::<Vec<_>>());
        for suspect in rank(worth_suspecting(found, &bad, |_| false), &mut Scale::new(observed.all(&bad)), weight) {
            suspect.group.runs.iter().for_each(|run| scores[*run] = Some((suspect.score, weight(*run))));
        }
        scores
    }
}

/// Returns what the product makes of a run with one earlier run to compare with, from which a parameter differs or not, and
/// of which a check passed that failed here or not.
fn weight(is_changed: bool, is_failed: bool) -> f64 {
    let facts = |value: &str, outcome: &str| {
        let unit = (Aspect::Parameter("unit".to_owned()), value.into());
        Facts::new(Vec::new(), [unit, (Aspect::Check("whole".to_owned()), outcome.into())].into())
    };
    let outcome = if is_failed { "failed" } else { PASSED };
    let before = facts(if is_changed { "g" } else { "mg" }, PASSED);
    evidence(&facts("mg", outcome), &Earlier::alike_to(vec![&before]), &Default::default()).weight()
}

fn place(scores: &[Option<Score>], wanted: &[usize]) -> Place {
    let best = wanted.iter().filter_map(|wanted| scores[*wanted]).reduce(|a, b| if b > a { b } else { a });
    let Some(mine) = best else { return Place { before: usize::MAX, sharing: 1 } };
    let count = |is: fn(&Score, &Score) -> bool| scores.iter().flatten().filter(|score| is(score, &mine)).count();
    Place { before: count(|score, mine| score > mine), sharing: count(|score, mine| score == mine) }
}
