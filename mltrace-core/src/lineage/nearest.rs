//! What lies upstream of many runs at once, the nearest first.

use std::collections::VecDeque;
use std::hash::Hash;

use foldhash::{HashMap, HashSet};

/// Returns for each run with something upstream of it what that is, with its distance, the nearest first: at most `most`
/// of it for each run. What lies at a run itself is at distance 0.
///
/// Each edge is followed at most `most` times, for all runs together: what a run passes on is what reached it first.
#[must_use]
pub fn nearest<N, T>(found: &[(N, T)], edges: &[(N, N)], most: usize) -> HashMap<N, Vec<(u32, T)>>
where
    N: Copy + Eq + Hash,
    T: Copy + Eq,
{
    let mut below: HashMap<N, Vec<N>> = HashMap::default();
    for (from, to) in edges {
        below.entry(*to).or_default().push(*from);
    }
    let mut reached: HashMap<N, Vec<(u32, T)>> = HashMap::default();
    let mut queue: VecDeque<(N, u32, T)> = found.iter().map(|(run, what)| (*run, 0, *what)).collect();
    while let Some((run, distance, what)) = queue.pop_front() {
        let known = reached.entry(run).or_default();
        if known.len() >= most || known.iter().any(|(_, other)| *other == what) {
            continue;
        }
        known.push((distance, what));
        let next = below.get(&run).into_iter().flatten();
        queue.extend(next.map(|next| (*next, distance.saturating_add(1), what)));
    }
    reached
}

/// Returns for each of some runs those upstream of it, the nearest first, at most `most` of them.
#[must_use]
pub fn above<N: Copy + Eq + Hash>(runs: &[N], edges: &[(N, N)], most: usize) -> Vec<Vec<N>> {
    let mut upstream: HashMap<N, Vec<N>> = HashMap::default();
    for (from, to) in edges.iter().filter(|_| !runs.is_empty()) {
        upstream.entry(*from).or_default().push(*to);
    }
    let of_run = |run: &N| {
        let (mut met, mut found) = (HashSet::from_iter([*run]), Vec::new());
        let mut queue = VecDeque::from([*run]);
        while let Some(run) = queue.pop_front().filter(|_| found.len() < most) {
            for next in upstream.get(&run).into_iter().flatten() {
                if found.len() < most && met.insert(*next) {
                    found.push(*next);
                    queue.push_back(*next);
                }
            }
        }
        found
    };
    runs.iter().map(of_run).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::depths;
    use super::*;

    #[test]
    fn each_run_is_given_the_nearest_first() {
        let edges = [("p", "train"), ("train", "clean"), ("clean", "raw"), ("q", "clean")];
        let found = nearest(&[("raw", 1), ("train", 2), ("clean", 3)], &edges, 2);
        assert_eq!(found["p"], [(1, 2), (2, 3)], "the third is too many");
        assert_eq!(found["q"], [(1, 3), (2, 1)]);
        assert_eq!(found["raw"], [(0, 1)]);
    }

    #[test]
    fn what_is_above_a_run_is_found_nearest_first_and_no_more_than_so_many() {
        let edges = [("p", "train"), ("train", "clean"), ("clean", "raw"), ("raw", "train"), ("q", "clean")];
        let found = above(&["p", "q", "x"], &edges, 3);
        assert_eq!(found, [vec!["train", "clean", "raw"], vec!["clean", "raw", "train"], vec![]]);
        assert_eq!(above(&["p"], &edges, 1), [vec!["train"]]);
    }

    proptest! {
        #[test]
        fn it_agrees_with_walking_up_from_each_run_alone(
            edges in prop::collection::vec((0..12_u8, 0..12_u8), 0..30),
            found in prop::collection::vec((0..12_u8, 0..6_u8), 0..10),
            most in 1..5_usize,
        ) {
            let all = nearest(&found, &edges, most);
            for run in 0..12 {
                let mut expected: Vec<u32> = (0..6)
                    .filter_map(|what| {
                        let depth = |(run, depth): &(u8, u32)| found.contains(&(*run, what)).then_some(*depth);
                        depths(&[run], &edges, None).iter().filter_map(depth).min()
                    })
                    .collect();
                expected.sort_unstable();
                expected.truncate(most);
                let told = all.get(&run).map(Vec::as_slice).unwrap_or_default();
                let distances: Vec<u32> = told.iter().map(|(distance, _)| *distance).collect();
                prop_assert_eq!(distances, expected);
            }
        }
    }
}
