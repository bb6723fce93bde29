//! One trial: a pipeline, faults at some of its runs, and what people then say of its outputs.

use std::collections::BTreeMap;

use mltrace_core::lineage::{Judged, groups};

use crate::pipeline::{Pipeline, Run, Shape};
use crate::random::Random;

/// How hard a trial is.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The share of a culprit's outputs that show the fault.
    pub shown: f64,
    /// The share of verdicts that are wrong.
    pub noise: f64,
    /// The share of outputs that somebody judges.
    pub judged: f64,
    /// The share of culprits, and of other runs, at which a change is seen; `None` when nobody looks for changes.
    pub changes: Option<(f64, f64)>,
    /// The share of culprits, and of other runs, at which a check fails; `None` when nothing is checked.
    pub checks: Option<(f64, f64)>,
}

/// What a method gets to see, and the culprits that it should name.
#[derive(Debug)]
pub struct Trial {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The judged outputs.
    pub judged: Vec<Judged<Run>>,
    /// Whether a change is seen at each run; empty when nobody looks.
    pub changed: Vec<bool>,
    /// Whether a check failed at each run; empty when nothing is checked.
    pub failed: Vec<bool>,
    /// The whole group of each run: runs that no output at all tells apart; `None` for runs upstream of no output.
    pub whole_group: Vec<Option<usize>>,
    /// The culprits.
    pub culprits: Vec<Run>,
}

/// How many culprits are drawn before a trial is given up.
const DRAWS: usize = 200;

impl Trial {
    /// Returns a trial in which people flagged at least two outputs of each culprit.
    ///
    /// Every other culprit is drawn as a component first and then one of its runs, so that rare steps (a weekly
    /// training) are to blame often enough; the others are any run. Runs upstream of one output only are never drawn: one verdict says nothing of
    /// the way to it.
    pub fn draw(shape: &Shape, setting: &Setting, random: &mut Random) -> Option<Self> {
        let pipeline = (shape.build)(random);
        let all: Vec<_> = pipeline.outputs.iter().map(|run| Judged { run: Some(*run), is_flagged: true }).collect();
        let mut whole_group = vec![None; pipeline.component.len()];
        let mut reached: Vec<Vec<usize>> = vec![Vec::new(); pipeline.component.len()];
        let mut by_component: BTreeMap<usize, Vec<Run>> = BTreeMap::new();
        for (number, group) in groups(&all, &pipeline.edges).into_iter().enumerate() {
            for run in group.runs {
                whole_group[run] = Some(number);
                reached[run] = (0..pipeline.outputs.len()).filter(|number| group.outputs.contains(*number)).collect();
                if reached[run].len() > 1 {
                    by_component.entry(pipeline.component[run]).or_default().push(run);
                }
            }
        }
        let by_component: Vec<Vec<Run>> = by_component.into_values().collect();
        let runs = by_component.concat();
        let draw = |random: &mut Random| {
            let is_by_component = random.happens(0.5);
            let component = by_component.get(random.below(by_component.len()));
            random.pick(component.filter(|_| is_by_component).unwrap_or(&runs))
        };
        for _ in 0..DRAWS {
            let culprits: Vec<Run> = (0..shape.faults).filter_map(|_| draw(random)).collect();
            let (judged, seen) = judge(&pipeline, &reached, &culprits, setting, random);
            let is_told_apart = culprits.len() < 2 || whole_group[culprits[0]] != whole_group[culprits[1]];
            if seen.iter().all(|seen| *seen >= 2) && is_told_apart {
                let changed = at_runs(&pipeline, &culprits, setting.changes, random);
                let failed = at_runs(&pipeline, &culprits, setting.checks, random);
                return Some(Self { pipeline, judged, changed, failed, whole_group, culprits });
            }
        }
        None
    }

    /// Returns how many runs the first culprit's whole group has.
    #[must_use]
    pub fn size_of_group(&self) -> usize {
        let mine = self.culprits.first().and_then(|culprit| self.whole_group[*culprit]);
        self.whole_group.iter().filter(|group| group.is_some() && **group == mine).count()
    }
}

/// Returns the verdicts, and how many outputs of each culprit were flagged because they show its fault.
fn judge(
    pipeline: &Pipeline,
    reached: &[Vec<usize>],
    culprits: &[Run],
    setting: &Setting,
    random: &mut Random,
) -> (Vec<Judged<Run>>, Vec<usize>) {
    let mut shows: Vec<Vec<usize>> = vec![Vec::new(); pipeline.outputs.len()];
    for (number, culprit) in culprits.iter().enumerate() {
        for output in &reached[*culprit] {
            if random.happens(setting.shown) {
                shows[*output].push(number);
            }
        }
    }
    let mut seen = vec![0; culprits.len()];
    let mut judged = Vec::new();
    for (output, shown) in shows.iter().enumerate() {
        if !random.happens(setting.judged) {
            continue;
        }
        let is_wrong = random.happens(setting.noise);
        let is_flagged = shown.is_empty() == is_wrong;
        if is_flagged {
            shown.iter().for_each(|culprit| seen[*culprit] += 1);
        }
        judged.push(Judged { run: Some(pipeline.outputs[output]), is_flagged });
    }
    (judged, seen)
}

/// Returns at which runs something is seen, by its shares at culprits and elsewhere.
fn at_runs(pipeline: &Pipeline, culprits: &[Run], shares: Option<(f64, f64)>, random: &mut Random) -> Vec<bool> {
    let Some((at_culprits, elsewhere)) = shares else { return Vec::new() };
    let share = |run: &Run| if culprits.contains(run) { at_culprits } else { elsewhere };
    (0..pipeline.component.len()).map(|run| random.happens(share(&run))).collect()
}
