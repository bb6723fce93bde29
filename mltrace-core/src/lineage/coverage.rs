//! Which outputs each run is upstream of, and the groups of runs that no judged output tells apart.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::hash::Hash;
use std::ops::Range;

use foldhash::HashMap;

/// An output that somebody judged: the run that wrote it, and whether it is bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Judged<N> {
    /// The run that wrote it; `None` when no recorded run did.
    pub run: Option<N>,
    /// Whether it was flagged; otherwise it is ok.
    pub is_flagged: bool,
}

/// A set of outputs, each by its number. It holds the words between the first and the last output that it has, and no others:
/// most runs are upstream of few outputs, or of many in a row, and there may be as many runs as outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Outputs {
    /// The number of the first word; 0 when there is none.
    start: usize,
    /// Neither the first nor the last one is empty.
    words: Vec<u64>,
}

impl Outputs {
    /// Returns the set of these words, the first of which has this number.
    fn of_words(start: usize, mut words: Vec<u64>) -> Self {
        let is_full = |word: &u64| *word != 0;
        let Some(first) = words.iter().position(is_full) else { return Self::default() };
        let last = words.iter().rposition(is_full).unwrap_or(first);
        words.truncate(last + 1);
        words.drain(..first);
        Self { start: start + first, words }
    }

    fn all(count: usize) -> Self {
        let mut words = vec![u64::MAX; count / 64];
        words.extend((count % 64 > 0).then(|| (1 << (count % 64)) - 1));
        Self { start: 0, words }
    }

    /// Returns the set of these outputs.
    #[must_use]
    pub fn of(numbers: impl IntoIterator<Item = usize> + Clone) -> Self {
        let words = || numbers.clone().into_iter().map(|number| number / 64);
        let Some((start, last)) = words().min().zip(words().max()) else { return Self::default() };
        let mut all = vec![0; last + 1 - start];
        for number in numbers {
            all.get_mut(number / 64 - start).into_iter().for_each(|word| *word |= 1 << (number % 64));
        }
        Self { start, words: all }
    }

    /// Returns how many bytes of memory it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(self.words.as_slice())
    }

    fn end(&self) -> usize {
        self.start + self.words.len()
    }

    fn word(&self, number: usize) -> u64 {
        number.checked_sub(self.start).and_then(|place| self.words.get(place)).copied().unwrap_or(0)
    }

    /// Returns the words that have these numbers.
    fn words(&self, numbers: Range<usize>) -> impl Iterator<Item = u64> + '_ {
        numbers.map(|number| self.word(number))
    }

    /// Adds the outputs of `other`; returns whether any was new.
    pub(super) fn add(&mut self, other: &Self) -> bool {
        if other.words.is_empty() {
            return false;
        }
        if self.words.is_empty() {
            self.clone_from(other);
            return true;
        }
        let (start, end) = (self.start.min(other.start), self.end().max(other.end()));
        if (start, end) != (self.start, self.end()) {
            self.words = self.words(start..end).collect();
            self.start = start;
        }
        let mut is_new = false;
        for (mine, theirs) in self.words.iter_mut().skip(other.start - start).zip(&other.words) {
            is_new |= *theirs & !*mine != 0;
            *mine |= *theirs;
        }
        is_new
    }

    /// Returns whether the output is in the set.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        self.word(number / 64) >> (number % 64) & 1 == 1
    }

    /// Returns how many outputs the set holds.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.words.iter().map(|word| word.count_ones()).sum()
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
        (self.start..).zip(self.words.iter().copied()).flat_map(of_word)
    }

    /// Returns the numbers of the words that both sets hold.
    fn shared(&self, other: &Self) -> Range<usize> {
        self.start.max(other.start)..self.end().min(other.end())
    }

    /// Returns whether any of these outputs is in `other`.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let shared = self.shared(other);
        self.words(shared.clone()).zip(other.words(shared)).any(|(mine, theirs)| mine & theirs != 0)
    }

    /// Returns whether all of these outputs are in `other`.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        let mine = self.start..self.end();
        self.words.iter().zip(other.words(mine)).all(|(mine, theirs)| mine & !theirs == 0)
    }

    /// Returns the outputs in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let shared = self.shared(other);
        let both = self.words(shared.clone()).zip(other.words(shared.clone()));
        Self::of_words(shared.start, both.map(|(mine, theirs)| mine & theirs).collect())
    }

    /// Returns the outputs in this set and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let mine = self.words.iter().zip(other.words(self.start..self.end()));
        Self::of_words(self.start, mine.map(|(mine, theirs)| mine & !theirs).collect())
    }

    /// Returns the outputs in either set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let mut either = self.clone();
        let _ = either.add(other);
        either
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
    let Ok(reached) = reach_within(outputs, edges, |_| Ok::<_, Infallible>(()));
    reached
}

/// Returns the same; before the sets are made, `room` is asked for the bytes that they may take.
///
/// # Errors
/// What `room` returns.
pub fn reach_within<N: Copy + Eq + Hash, E>(
    outputs: &[Option<N>],
    edges: &[(N, N)],
    room: impl FnOnce(usize) -> Result<(), E>,
) -> Result<Vec<(N, u32, Outputs)>, E> {
    let writers: Vec<N> = outputs.iter().flatten().copied().collect();
    let near_first = super::depths(&writers, edges, None);
    let place: HashMap<N, usize> = near_first.iter().zip(0..).map(|((run, _), place)| (*run, place)).collect();
    let mut upstream: Vec<Vec<usize>> = vec![Vec::new(); near_first.len()];
    for (from, to) in edges {
        // An edge that starts nowhere near the outputs does not matter.
        if let (Some(from), Some(to)) = (place.get(from), place.get(to)) {
            upstream[*from].push(*to);
        }
    }
    let mut own: Vec<Vec<usize>> = vec![Vec::new(); near_first.len()];
    for (number, run) in outputs.iter().enumerate() {
        if let Some(place) = run.and_then(|run| place.get(&run)) {
            own[*place].push(number);
        }
    }
    let own: Vec<Outputs> = own.iter().map(|numbers| Outputs::of(numbers.iter().copied())).collect();
    let mut ranges: Vec<Range<usize>> = own.iter().map(|outputs| outputs.start..outputs.end()).collect();
    spread(&upstream, &mut ranges, |mine, theirs| {
        let both = match (mine.len(), theirs.len()) {
            (_, 0) => mine.clone(),
            (0, _) => theirs.clone(),
            _ => mine.start.min(theirs.start)..mine.end.max(theirs.end),
        };
        std::mem::replace(mine, both.clone()) != both
    });
    room(ranges.iter().map(|words| size_of::<Outputs>() + words.len() * size_of::<u64>()).sum())?;
    let mut found = own;
    spread(&upstream, &mut found, Outputs::add);
    Ok(near_first.into_iter().zip(found).map(|((run, depth), outputs)| (run, depth, outputs)).collect())
}

/// Adds what each run has to what the runs upstream of it have, until nothing is new: `add` returns whether anything was.
fn spread<S: Clone>(upstream: &[Vec<usize>], found: &mut [S], add: impl Fn(&mut S, &S) -> bool) {
    let mut waits_for = vec![0_usize; found.len()];
    upstream.iter().flatten().for_each(|up| waits_for[*up] += 1);
    // Runs whose readers are all done go first, so that each is met once; those on a cycle until nothing is new.
    let mut queue: VecDeque<usize> = (0..found.len()).filter(|run| waits_for[*run] == 0).collect();
    let mut has_news = vec![true; found.len()];
    let mut left = 0..found.len();
    while let Some(run) = queue.pop_front().or_else(|| left.find(|run| has_news[*run])) {
        has_news[run] = false;
        let mine = found[run].clone();
        for up in &upstream[run] {
            has_news[*up] |= add(&mut found[*up], &mine);
            waits_for[*up] = waits_for[*up].saturating_sub(1);
            if waits_for[*up] == 0 && has_news[*up] {
                queue.push_back(*up);
            }
        }
    }
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
    let numbered = judged.iter().enumerate();
    Outputs::of(numbered.filter(|(_, output)| output.is_flagged).map(|(number, _)| number))
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
