//! Which run of one trace plays the part of which run of another.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hash;

use foldhash::HashMap;

use super::aspects::Aspect;
use super::mask::mask;
use super::side::{ComparedRun, Side, Source};
use crate::model::RunId;

/// Two runs that play the same part, by their places on each side; `None`: no run plays it there.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// The pairs, and where each run of a side is among them.
pub(super) struct Aligned {
    pub(super) pairs: Vec<Pair>,
    pub(super) of_a: HashMap<RunId, usize>,
    pub(super) of_b: HashMap<RunId, usize>,
}

/// Pairs the runs of two traces, each with one of the same component at most.
///
/// What says most comes first: being the same run; having written what is compared; being read in the same place by
/// runs that are a pair already; the same names of outputs; the same inputs and parameters; at last their order.
pub(super) fn align(a: &Side, b: &Side) -> Aligned {
    let mut matching =
        Matching { a: &a.steps, b: &b.steps, of_a: vec![None; a.steps.len()], of_b: vec![None; b.steps.len()] };
    matching.by(|step| Some(step.id));
    let places_a: HashMap<RunId, usize> = a.steps.iter().map(|step| step.id).zip(0..).collect();
    let places_b: HashMap<RunId, usize> = b.steps.iter().map(|step| step.id).zip(0..).collect();
    let place =
        |places: &HashMap<RunId, usize>, source: &Source| source.writer.and_then(|run| places.get(&run).copied());
    let mut waiting: VecDeque<(usize, usize)> =
        place(&places_a, &a.asked).zip(place(&places_b, &b.asked)).into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some((left, right)) = waiting.pop_front() {
        if !seen.insert((left, right)) || !matching.join(left, right) {
            continue;
        }
        let (Some(left), Some(right)) = (a.steps.get(left), b.steps.get(right)) else { continue };
        for (left, right) in by_name_and_argument(&left.inputs, &right.inputs) {
            let (Some(left), Some(right)) = (left, right) else { continue };
            waiting.extend(place(&places_a, left).zip(place(&places_b, right)));
        }
    }
    let names = |step: &ComparedRun| step.outputs.iter().cloned().collect::<BTreeSet<_>>();
    matching.by(|step| Some(names(step)).filter(|names| !names.is_empty()));
    let inputs = |step: &ComparedRun| step.inputs.iter().map(|input| input.name.clone()).collect::<BTreeSet<_>>();
    let params = |step: &ComparedRun| {
        let params = step.aspects.iter().filter(|(aspect, _)| matches!(aspect, Aspect::Parameter(_)));
        params.map(|(aspect, value)| format!("{}={value}", aspect.field())).collect::<Vec<_>>()
    };
    matching.by(|step| Some((inputs(step), params(step))));
    matching.by(|step| Some(inputs(step)));
    matching.by(|_| Some(()));
    matching.finish()
}

/// Returns the inputs of two runs in pairs: of the same name, then of the same argument, then of names that differ only in
/// what distinguishes one round from the next; what is left stands alone.
pub(super) fn by_name_and_argument<'s>(
    a: &'s [Source],
    b: &'s [Source],
) -> Vec<(Option<&'s Source>, Option<&'s Source>)> {
    let mut left: Vec<Option<&Source>> = a.iter().map(Some).collect();
    let mut right: Vec<Option<&Source>> = b.iter().map(Some).collect();
    let mut found = Vec::new();
    type Key<'k> = Option<Cow<'k, str>>;
    let by_name: fn(&Source) -> Key<'_> = |source| Some(source.name.as_str().into());
    let by_argument: fn(&Source) -> Key<'_> = |source| source.argument.as_deref().map(Into::into);
    let by_mask: fn(&Source) -> Key<'_> = |source| Some(mask(source.name.as_str()).into());
    for key in [by_name, by_argument, by_mask] {
        let mut places: HashMap<Cow<'_, str>, VecDeque<usize>> = HashMap::default();
        for (place, source) in right.iter().enumerate() {
            if let Some(key) = source.and_then(key) {
                places.entry(key).or_default().push_back(place);
            }
        }
        for source in &mut left {
            let partner = source.and_then(key).and_then(|key| places.get_mut(&key)?.pop_front());
            if let Some(partner) = partner.and_then(|place| right.get_mut(place)) {
                found.push((source.take(), partner.take()));
            }
        }
    }
    found.extend(left.into_iter().filter(Option::is_some).map(|source| (source, None)));
    found.extend(right.into_iter().filter(Option::is_some).map(|source| (None, source)));
    found
}

/// Pairs as they are found.
struct Matching<'s> {
    a: &'s [ComparedRun],
    b: &'s [ComparedRun],
    of_a: Vec<Option<usize>>,
    of_b: Vec<Option<usize>>,
}

impl Matching<'_> {
    /// Makes a pair of two runs of one component that are free; returns whether they are a pair now.
    fn join(&mut self, left: usize, right: usize) -> bool {
        let is_one = |(a, b): (&ComparedRun, &ComparedRun)| a.component == b.component;
        if !self.a.get(left).zip(self.b.get(right)).is_some_and(is_one) {
            return false;
        }
        match (self.of_a.get_mut(left), self.of_b.get_mut(right)) {
            (Some(of_a @ None), Some(of_b @ None)) => {
                (*of_a, *of_b) = (Some(right), Some(left));
                true
            }
            (Some(of_a), _) => *of_a == Some(right),
            _ => false,
        }
    }

    /// Makes pairs of the free runs of one component that have the same key, in their order.
    fn by<K: Hash + Eq + Ord>(&mut self, key: impl Fn(&ComparedRun) -> Option<K>) {
        let queue = |steps: &[ComparedRun], taken: &[Option<usize>]| {
            let mut free: Vec<(usize, &ComparedRun)> =
                steps.iter().enumerate().filter(|(place, _)| taken.get(*place) == Some(&None)).collect();
            free.sort_by_key(|(_, step)| (step.depth, step.started_at, step.id));
            let mut queues: BTreeMap<(String, K), VecDeque<usize>> = BTreeMap::new();
            for (place, step) in free {
                if let Some(key) = key(step) {
                    queues.entry((step.component.clone(), key)).or_default().push_back(place);
                }
            }
            queues
        };
        let mut right = queue(self.b, &self.of_b);
        for (key, left) in queue(self.a, &self.of_a) {
            for (left, right) in left.into_iter().zip(right.remove(&key).unwrap_or_default()) {
                self.join(left, right);
            }
        }
    }

    fn finish(self) -> Aligned {
        let mut pairs: Vec<Pair> =
            self.of_a.iter().enumerate().map(|(place, partner)| (Some(place), *partner)).collect();
        let alone = self.of_b.iter().enumerate().filter(|(_, partner)| partner.is_none());
        pairs.extend(alone.map(|(place, _)| (None, Some(place))));
        let mut of_a = HashMap::default();
        let mut of_b = HashMap::default();
        for (number, (left, right)) in pairs.iter().enumerate() {
            of_a.extend(left.and_then(|place| self.a.get(place)).map(|step| (step.id, number)));
            of_b.extend(right.and_then(|place| self.b.get(place)).map(|step| (step.id, number)));
        }
        Aligned { pairs, of_a, of_b }
    }
}
