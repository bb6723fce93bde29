//! The smallest sets of suspects that together explain every flag: minimal hitting sets, searched within bounds.

use super::blame::{Scale, Suspect};
use super::coverage::{Observed, Outputs};

/// How many of the likeliest suspects are combined.
const CONSIDERED: usize = 60;

/// Returns sets of suspects, each by its place in `suspects`, such that each flagged output that has a suspect upstream
/// has one of the set upstream, and none of the set can be left out. At most three suspects make a set; the likeliest
/// set comes first.
///
/// A set is as likely as the verdicts are when all of it is to blame, with the evidence for each; every further fault
/// has to be worth ten times the number of suspects that it could have been.
#[must_use]
pub fn explain<N>(
    suspects: &[Suspect<N>],
    flagged: &Outputs,
    (observed, scale): (&Observed, &mut Scale),
    limit: usize,
) -> Vec<Vec<usize>> {
    let flags: Vec<Outputs> = suspects.iter().map(|suspect| suspect.group.outputs.and(flagged)).collect();
    let Some(all) = flags.iter().cloned().reduce(|all, more| all.or(&more)) else { return Vec::new() };
    let flags = flags.get(..CONSIDERED).unwrap_or(&flags);
    let mut sets: Vec<Vec<usize>> = Vec::new();
    // A set that has one on its way that explains everything alone is not minimal; sets come in the order of their size.
    let mut open: Vec<(Vec<usize>, Outputs)> = vec![(Vec::new(), all.without(&all))];
    for _ in 0..3 {
        let mut wider = Vec::new();
        for (set, explained) in &open {
            let after = set.last().map_or(0, |last| last + 1);
            for (place, more) in flags.iter().enumerate().skip(after) {
                if more.is_within(explained) {
                    continue;
                }
                let both = explained.or(more);
                let set: Vec<usize> = set.iter().copied().chain([place]).collect();
                if !all.is_within(&both) {
                    wider.push((set, both));
                } else if !sets.iter().any(|smaller| smaller.iter().all(|place| set.contains(place))) {
                    sets.push(set);
                }
            }
        }
        open = wider;
    }
    let fault = (suspects.len().max(1) as f64 * 10.0).log10();
    let mut likely: Vec<(f64, Vec<usize>)> = sets
        .into_iter()
        .filter_map(|set| {
            let outputs = set.iter().map(|place| suspects[*place].group.outputs.clone()).reduce(|a, b| a.or(&b))?;
            let evidence: f64 = set.iter().map(|place| suspects[*place].evidence - fault).sum();
            Some((scale.blame(observed.worth(&outputs, flagged)).score + evidence, set))
        })
        .collect();
    likely.sort_by(|(a, set_a), (b, set_b)| b.total_cmp(a).then_with(|| set_a.cmp(set_b)));
    likely.into_iter().take(limit).map(|(_, set)| set).collect()
}
