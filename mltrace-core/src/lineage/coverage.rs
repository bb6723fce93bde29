//! Which outputs each run is upstream of, and the groups of runs that no judged output tells apart.

use std::collections::{BTreeSet, VecDeque};
use std::hash::Hash;

use foldhash::HashMap;

/// An output that somebody judged: the run that wrote it, and whether it is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged<N> {
    /// The run that wrote it; `None` when no recorded run did.
    pub run: Option<N>,
    /// Whether it was flagged; otherwise it is ok.
    pub is_flagged: bool,
}

/// A set of outputs, each by its number.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outputs(Vec<u64>);

impl Outputs {
    /// Returns an empty set with room for the numbers below `count`.
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn all(count: usize) -> Self {
        let mut all = Self::none(count);
        (0..count).for_each(|number| all.insert(number));
        all
    }

    fn insert(&mut self, number: usize) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
    }

    /// Returns the set of one output, of so many.
    #[must_use]
    pub fn of(number: usize, count: usize) -> Self {
        let mut one = Self::none(count);
        one.insert(number);
        one
    }

    /// Adds the outputs of `other`; returns whether any was new.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        let mut is_new = false;
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            is_new |= *theirs & !*mine != 0;
            *mine |= *theirs;
        }
        is_new
    }

    /// Returns whether the output is in the set.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    /// Returns how many outputs the set holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Returns the outputs, each by its number, in order.
    fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        let of_word = |(word, mut left): (usize, u64)| {
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(word * 64 + bit as usize)
            })
        };
        (0..).zip(self.0.iter().copied()).flat_map(of_word)
    }

    /// Returns whether any of these outputs is in `other`.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// Returns whether all of these outputs are in `other`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// Returns the outputs in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine & theirs).collect())
    }

    /// Returns the outputs in this set and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine & !theirs).collect())
    }

    /// Returns the outputs in either set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(mine, theirs)| mine | theirs).collect())
    }
}

/// What the verdicts on some outputs are worth: the outputs of one run count as one together, since what made them is the
/// same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worth {
    /// What the flagged ones are worth.
    pub flagged: f64,
    /// What the ok ones are worth.
    pub ok: f64,
}

impl Worth {
    /// What no verdict is worth.
    pub(super) const NONE: Self = Self { flagged: 0.0, ok: 0.0 };

    /// Returns what both are worth.
    pub(super) fn plus(self, other: Self) -> Self {
        Self { flagged: self.flagged + other.flagged, ok: self.ok + other.ok }
    }

    /// Returns what is left without the other.
    pub(super) fn minus(self, other: Self) -> Self {
        Self { flagged: (self.flagged - other.flagged).max(0.0), ok: (self.ok - other.ok).max(0.0) }
    }

    /// Returns no more of either than the other.
    pub(super) fn at_most(self, other: Self) -> Self {
        Self { flagged: self.flagged.min(other.flagged), ok: self.ok.min(other.ok) }
    }

    /// Returns what they are worth as one observation together; nothing stays nothing.
    pub(super) fn as_one(self) -> Self {
        let all = self.flagged + self.ok;
        if all > 0.0 { Self { flagged: self.flagged / all, ok: self.ok / all } } else { self }
    }
}

/// What each judged output is worth: those of one run are one observation together, for whatever spoilt one of them was
/// there for the others.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The observation that each output is a part of, by its number.
    of: Vec<usize>,
    /// How many outputs each observation has.
    sizes: Vec<u32>,
}

impl Observed {
    /// Returns what outputs are worth that these runs wrote; one that no recorded run wrote stands for itself.
    #[must_use]
    pub fn of<N: Eq + Hash>(writers: &[Option<N>]) -> Self {
        let mut known: HashMap<&N, usize> = HashMap::default();
        let (mut of, mut sizes) = (Vec::with_capacity(writers.len()), Vec::new());
        for writer in writers {
            let next = sizes.len();
            let observation = writer.as_ref().map_or(next, |writer| *known.entry(writer).or_insert(next));
            if observation == next {
                sizes.push(0_u32);
            }
            if let Some(size) = sizes.get_mut(observation) {
                *size = size.saturating_add(1);
            }
            of.push(observation);
        }
        Self { of, sizes }
    }

    /// Returns what some outputs are worth, of which these are flagged.
    #[must_use]
    pub fn worth(&self, outputs: &Outputs, flagged: &Outputs) -> Worth {
        let sum = |outputs: &Outputs| {
            let mut parts: Vec<usize> = self.observations(outputs).collect();
            parts.sort_unstable();
            // A whole observation is one, and not three thirds.
            let share = |part: &[usize]| {
                let size = part.first().and_then(|observation| self.sizes.get(*observation));
                size.map_or(0.0, |size| part.len() as f64 / f64::from(*size))
            };
            parts.chunk_by(|one, other| one == other).map(share).sum()
        };
        Worth { flagged: sum(&outputs.and(flagged)), ok: sum(&outputs.without(flagged)) }
    }

    /// Returns how many observations some outputs are of.
    #[must_use]
    pub fn count(&self, outputs: &Outputs) -> usize {
        self.observations(outputs).collect::<BTreeSet<_>>().len()
    }

    fn observations<'o>(&'o self, outputs: &'o Outputs) -> impl Iterator<Item = usize> + 'o {
        outputs.numbers().filter_map(|number| self.of.get(number).copied())
    }

    /// Returns what all of them are worth.
    #[must_use]
    pub fn all(&self, flagged: &Outputs) -> Worth {
        self.worth(&Outputs::all(self.of.len()), flagged)
    }
}

/// Returns for each run that is upstream of one of the outputs which of them those are, and its smallest distance to
/// one, nearest first. An output is reported by the run that wrote it, which counts as upstream of it.
#[must_use]
pub fn reach<N: Copy + Eq + Hash>(outputs: &[Option<N>], edges: &[(N, N)]) -> Vec<(N, u32, Outputs)> {
    let writers: Vec<N> = outputs.iter().flatten().copied().collect();
    let near_first = super::depths(&writers, edges, None);
    let place: HashMap<N, usize> = near_first.iter().zip(0..).map(|((run, _), place)| (*run, place)).collect();
    let mut upstream: Vec<Vec<usize>> = vec![Vec::new(); near_first.len()];
    let mut waits_for = vec![0_usize; near_first.len()];
    for (from, to) in edges {
        // An edge that starts nowhere near the outputs does not matter.
        if let (Some(from), Some(to)) = (place.get(from), place.get(to)) {
            upstream[*from].push(*to);
            waits_for[*to] += 1;
        }
    }
    let mut found = vec![Outputs::none(outputs.len()); near_first.len()];
    for (number, run) in outputs.iter().enumerate() {
        if let Some(place) = run.and_then(|run| place.get(&run)) {
            found[*place].insert(number);
        }
    }
    // Runs whose readers are all done go first, so that each is met once; those on a cycle until nothing is new.
    let mut queue: VecDeque<usize> = (0..near_first.len()).filter(|run| waits_for[*run] == 0).collect();
    let mut has_news = vec![true; near_first.len()];
    let mut left = 0..near_first.len();
    while let Some(run) = queue.pop_front().or_else(|| left.find(|run| has_news[*run])) {
        has_news[run] = false;
        let mine = found[run].clone();
        for up in &upstream[run] {
            has_news[*up] |= found[*up].add(&mine);
            waits_for[*up] = waits_for[*up].saturating_sub(1);
            if waits_for[*up] == 0 && has_news[*up] {
                queue.push_back(*up);
            }
        }
    }
    near_first.into_iter().zip(found).map(|((run, depth), outputs)| (run, depth, outputs)).collect()
}

/// Runs upstream of exactly the same judged outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Group<N> {
    /// The runs, nearest to the outputs first.
    pub runs: Vec<N>,
    /// How far the nearest is from a judged output.
    pub depth: u32,
    /// Which judged outputs they are upstream of.
    pub outputs: Outputs,
    /// How many flagged outputs they are upstream of.
    pub flagged: u32,
    /// How many ok outputs they are upstream of.
    pub ok: u32,
    /// What the verdicts on these are worth.
    pub worth: Worth,
    /// How many observations the flagged ones are.
    pub bad: usize,
}

/// Returns the groups of runs upstream of at least one flagged output, the nearest first.
#[must_use]
pub fn groups<N: Copy + Eq + Hash + Ord>(judged: &[Judged<N>], edges: &[(N, N)]) -> Vec<Group<N>> {
    let writers: Vec<Option<N>> = judged.iter().map(|output| output.run).collect();
    grouped(&flagged(judged), &Observed::of(&writers), &reach(&writers, edges))
}

/// Returns the same of runs about which it is known what they are upstream of.
#[must_use]
pub fn grouped<N: Copy + Eq + Hash + Ord>(
    flagged: &Outputs,
    observed: &Observed,
    reached: &[(N, u32, Outputs)],
) -> Vec<Group<N>> {
    let mut grouped: HashMap<&Outputs, Vec<(u32, N)>> = HashMap::default();
    for (run, depth, outputs) in reached {
        grouped.entry(outputs).or_default().push((*depth, *run));
    }
    let mut groups: Vec<Group<N>> = grouped
        .into_iter()
        .filter_map(|(outputs, mut runs)| {
            runs.sort_unstable();
            let depth = runs.first()?.0;
            let wrong = outputs.and(flagged);
            let count = wrong.count();
            let ok = outputs.count().saturating_sub(count);
            let runs = runs.into_iter().map(|(_, run)| run).collect();
            (count > 0).then(|| Group {
                runs,
                depth,
                outputs: outputs.clone(),
                flagged: count,
                ok,
                worth: observed.worth(outputs, flagged),
                bad: observed.count(&wrong),
            })
        })
        .collect();
    groups.sort_unstable_by(|a, b| (a.depth, &a.runs).cmp(&(b.depth, &b.runs)));
    groups
}

/// Returns the flagged ones of the judged outputs.
#[must_use]
pub fn flagged<N>(judged: &[Judged<N>]) -> Outputs {
    let mut flagged = Outputs::none(judged.len());
    judged.iter().enumerate().filter(|(_, output)| output.is_flagged).for_each(|(number, _)| flagged.insert(number));
    flagged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(run: &'static str, is_flagged: bool) -> Judged<&'static str> {
        Judged { run: Some(run), is_flagged }
    }

    #[test]
    fn each_group_says_what_it_is_upstream_of() {
        // raw feeds both cleans; the flagged outputs p1 and p2 come through bad, the ok output p3 through good.
        let edges = [("p1", "bad"), ("p2", "bad"), ("p3", "good"), ("bad", "raw"), ("good", "raw")];
        let found = groups(&[judge("p1", true), judge("p2", true), judge("p3", false)], &edges);
        let told: Vec<_> = found.iter().map(|group| (&group.runs[..], group.flagged, group.ok)).collect();
        assert_eq!(told, [(&["p1"][..], 1, 0), (&["p2"], 1, 0), (&["bad"], 2, 0), (&["raw"], 2, 1)]);
    }

    #[test]
    fn runs_that_no_verdict_tells_apart_are_one_group() {
        let edges = [("p", "train"), ("train", "clean")];
        let found = groups(&[judge("p", true)], &edges);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].runs, ["p", "train", "clean"]);
    }

    #[test]
    fn runs_on_a_cycle_are_upstream_of_the_same_outputs() {
        // a and b read from each other while they ran; x is only behind b.
        let edges = [("p", "a"), ("a", "b"), ("b", "a"), ("b", "x"), ("q", "b")];
        for run in reach(&[Some("p"), Some("q")], &edges) {
            let expected = match run.0 {
                "p" | "q" => 1,
                _ => 2,
            };
            assert_eq!(run.2.count(), expected, "{}", run.0);
        }
    }

    #[test]
    fn reach_agrees_with_following_each_output_alone() {
        let mut random = 1_u64;
        let mut draw = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..30 {
            let edges: Vec<(u64, u64)> = (0..30).map(|_| (draw(20), draw(20))).collect();
            let outputs: Vec<Option<u64>> = (0..70).map(|_| Some(draw(20))).collect();
            for (run, _, found) in reach(&outputs, &edges) {
                for (number, output) in outputs.iter().enumerate() {
                    let alone = super::super::depths(&[output.unwrap()], &edges, None);
                    assert_eq!(found.contains(number), alone.iter().any(|(up, _)| *up == run));
                }
            }
        }
    }
}
