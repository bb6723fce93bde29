//! Many trials of each shape in one setting, counted.

use crate::method::METHODS;
use crate::pipeline::{SHAPES, Shape};
use crate::random::Random;
use crate::trial::{Setting, Trial};

/// The settings that are compared, the hard one first.
pub const SETTINGS: [(&str, Setting); 8] = [
    ("hard, with evidence of change", Setting { changes: Some((0.6, 0.05)), ..HARD }),
    ("hard, without evidence", HARD),
    (
        "every output judged, every fault shows",
        Setting { shown: 1.0, noise: 0.0, judged: 1.0, changes: None, checks: None },
    ),
    ("10 % judged", Setting { judged: 0.1, ..HARD }),
    ("10 % judged, with evidence", Setting { judged: 0.1, changes: Some((0.6, 0.05)), ..HARD }),
    (
        "30 % show, 5 % noise, 50 % judged",
        Setting { shown: 0.3, noise: 0.05, judged: 0.5, changes: None, checks: None },
    ),
    ("no noise", Setting { noise: 0.0, ..HARD }),
    (
        "hard, with evidence of change, with checks",
        Setting { changes: Some((0.6, 0.05)), checks: Some((0.5, 0.01)), ..HARD },
    ),
];
const HARD: Setting = Setting { shown: 0.7, noise: 0.02, judged: 0.3, changes: None, checks: None };

/// The ranks that are counted: first, among the first three, among the first five.
pub const TOPS: [usize; 3] = [1, 3, 5];

/// How often a way of ranking found the culprit, as sums over trials.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Its whole group among the first one, three, five.
    pub group: [f64; 3],
    /// Its run among the first one, three, five.
    pub run: [f64; 3],
}

/// What came of the trials of one shape.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The shape.
    pub shape: &'static Shape,
    /// How many trials there were.
    pub trials: f64,
    /// What each way of ranking found.
    pub found: [Found; METHODS.len()],
    /// The size of the culprit's group in each trial.
    pub sizes: Vec<usize>,
}

impl Outcome {
    /// Returns the share of trials of a way of ranking, by `pick`.
    #[must_use]
    pub fn share(&self, method: usize, pick: impl Fn(&Found) -> f64) -> f64 {
        pick(&self.found[method]) / self.trials.max(1.0)
    }
}

/// Runs so many trials of each shape: those that parameters were chosen with take even seeds, the others odd ones.
#[must_use]
pub fn outcomes(setting: &Setting, trials: u64) -> Vec<Outcome> {
    SHAPES.iter().zip(0..).map(|(shape, stream)| outcome(shape, stream, setting, trials)).collect()
}

fn outcome(shape: &'static Shape, stream: u64, setting: &Setting, trials: u64) -> Outcome {
    let found = [Found::default(); METHODS.len()];
    let mut outcome = Outcome { shape, trials: 0.0, found, sizes: Vec::new() };
    for seed in (0..trials).map(|trial| 2 * trial + u64::from(!shape.is_for_tuning)) {
        let Some(trial) = Trial::draw(shape, setting, &mut Random::new(seed, stream)) else { continue };
        outcome.trials += 1.0;
        outcome.sizes.push(trial.size_of_group());
        for (method, found) in METHODS.iter().zip(&mut outcome.found) {
            let (group, run) = method.places(&trial);
            for (place, top) in TOPS.into_iter().enumerate() {
                found.group[place] += group.within(top);
                found.run[place] += run.within(top);
            }
        }
    }
    outcome
}

/// Returns all outcomes of one half as one, the shapes that parameters were chosen with or the others.
#[must_use]
pub fn half(outcomes: &[Outcome], is_for_tuning: bool) -> Option<Outcome> {
    let mut of_half = outcomes.iter().filter(|outcome| outcome.shape.is_for_tuning == is_for_tuning);
    let mut sum = of_half.next()?.clone();
    for outcome in of_half {
        sum.trials += outcome.trials;
        sum.sizes.extend(&outcome.sizes);
        for (mine, theirs) in sum.found.iter_mut().zip(&outcome.found) {
            mine.group.iter_mut().zip(theirs.group).for_each(|(mine, more)| *mine += more);
            mine.run.iter_mut().zip(theirs.run).for_each(|(mine, more)| *mine += more);
        }
    }
    sum.sizes.sort_unstable();
    Some(sum)
}

/// Returns the outcomes of a setting as tables in Markdown.
#[must_use]
pub fn markdown(title: &str, outcomes: &[Outcome]) -> String {
    let mut text = format!("## {title}\n\n");
    for (name, is_for_tuning) in [("held out", false), ("tuned on", true)] {
        let Some(sum) = half(outcomes, is_for_tuning) else { continue };
        let median = sum.sizes.get(sum.sizes.len() / 2).copied().unwrap_or_default();
        text += &format!("{name}: {} trials, the culprit's group has {median} runs (median)\n\n", sum.trials);
        text += "| ranking | group 1st | top 3 | top 5 | run 1st | top 3 | top 5 |\n|---|---|---|---|---|---|---|\n";
        for (number, method) in METHODS.iter().enumerate() {
            let share = |pick: &dyn Fn(&Found) -> f64| format!("{:.2}", sum.share(number, pick));
            let groups = (0..3).map(|top| share(&|found| found.group[top]));
            let runs = (0..3).map(|top| share(&|found| found.run[top]));
            let cells: Vec<String> = groups.chain(runs).collect();
            text += &format!("| {} | {} |\n", method.name, cells.join(" | "));
        }
        text += "\n";
    }
    text += "group 1st / top 3 by shape\n\n| shape |";
    text += &METHODS.iter().map(|method| format!(" {} |", method.name)).collect::<String>();
    text += &format!("\n|---|{}\n", "---|".repeat(METHODS.len()));
    for outcome in outcomes {
        let cell = |method| {
            let share = |top: usize| outcome.share(method, |found| found.group[top]);
            format!(" {:.2} / {:.2} |", share(0), share(1))
        };
        text += &format!("| {} |{}\n", outcome.shape.name, (0..METHODS.len()).map(cell).collect::<String>());
    }
    text + "\n"
}
