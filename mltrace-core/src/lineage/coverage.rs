//! Which runs the judged outputs have in common: groups that no verdict tells apart, most coverage first.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use super::depths;

/// An output that somebody judged: the run that wrote it, and whether it is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged<N> {
    /// The run that wrote it.
    pub run: N,
    /// Whether it was flagged; otherwise it is ok.
    pub is_flagged: bool,
}

/// Runs upstream of exactly the same judged outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group<N> {
    /// The runs, nearest to the outputs first.
    pub runs: Vec<N>,
    /// How many flagged outputs they are upstream of.
    pub flagged: u32,
    /// How many ok outputs they are upstream of.
    pub ok: u32,
}

/// Returns the groups of runs upstream of at least one flagged output: those of most flagged outputs first, of equal
/// ones those of fewer ok outputs, then the nearest.
#[must_use]
pub fn groups<N: Copy + Eq + Hash + Ord>(judged: &[Judged<N>], edges: &[(N, N)]) -> Vec<Group<N>> {
    /// The judged outputs that a run is upstream of, and its smallest distance to one.
    struct Seen {
        outputs: Vec<usize>,
        depth: u32,
    }
    let mut seen: HashMap<N, Seen> = HashMap::new();
    for (number, output) in judged.iter().enumerate() {
        for (run, depth) in depths(&[output.run], edges, None) {
            let entry = seen.entry(run).or_insert(Seen { outputs: Vec::new(), depth });
            entry.outputs.push(number);
            entry.depth = entry.depth.min(depth);
        }
    }
    let mut grouped: BTreeMap<Vec<usize>, Vec<(u32, N)>> = BTreeMap::new();
    for (run, Seen { outputs, depth }) in seen {
        grouped.entry(outputs).or_default().push((depth, run));
    }
    let count = |outputs: &[usize], is_flagged: bool| {
        let found = outputs.iter().filter(|number| judged.get(**number).is_some_and(|j| j.is_flagged == is_flagged));
        u32::try_from(found.count()).unwrap_or(u32::MAX)
    };
    let mut groups: Vec<_> = grouped
        .into_iter()
        .map(|(outputs, mut runs)| {
            runs.sort_unstable();
            let nearest = runs.first().map_or(0, |(depth, _)| *depth);
            let runs: Vec<N> = runs.into_iter().map(|(_, run)| run).collect();
            (nearest, Group { runs, flagged: count(&outputs, true), ok: count(&outputs, false) })
        })
        .filter(|(_, group)| group.flagged > 0)
        .collect();
    groups.sort_by(|(near_a, a), (near_b, b)| {
        b.flagged.cmp(&a.flagged).then(a.ok.cmp(&b.ok)).then(near_a.cmp(near_b)).then(a.runs.cmp(&b.runs))
    });
    groups.into_iter().map(|(_, group)| group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_behind_all_flags_and_no_ok_output_comes_first() {
        // raw feeds both cleans; the flagged outputs p1 and p2 come through bad, the ok output p3 through good.
        let edges = [("p1", "bad"), ("p2", "bad"), ("p3", "good"), ("bad", "raw"), ("good", "raw")];
        let flagged = |run| Judged { run, is_flagged: true };
        let judged = [flagged("p1"), flagged("p2"), Judged { run: "p3", is_flagged: false }];
        let found = groups(&judged, &edges);
        assert_eq!(found[0], Group { runs: vec!["bad"], flagged: 2, ok: 0 });
        assert_eq!(found[1], Group { runs: vec!["raw"], flagged: 2, ok: 1 });
        assert!(found.iter().all(|group| !group.runs.contains(&"good")));
    }

    #[test]
    fn runs_that_no_verdict_tells_apart_are_one_group() {
        let edges = [("p", "train"), ("train", "clean")];
        let found = groups(&[Judged { run: "p", is_flagged: true }], &edges);
        assert_eq!(found, [Group { runs: vec!["p", "train", "clean"], flagged: 1, ok: 0 }]);
    }
}
