//! The earlier runs of a component as one run is compared with them, and what they had.

use std::cell::OnceCell;

use serde_json::Value;

use super::alike::comparable;
use super::aspects::Aspect;
use super::facts::Facts;
use super::mask::mask;
use super::reads::{had_place, is_there};

/// From how many runs on those that do the same for other data say by themselves how often something changes.
const FEW: usize = 8;

/// Which earlier runs a run is compared with, each by its place, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Those that do for other data what the run does.
    pub alike: Vec<usize>,
    /// Where these are few, those that the first of them is compared with in turn: a change that lasts is none since the
    /// last run, and was one at the first that had it.
    pub further: Vec<usize>,
    /// Whether they are few, so that all runs of the component say how often something changes.
    pub are_few: bool,
}

/// Returns which of the earlier runs of its component, the latest first, a run is compared with.
#[must_use]
pub fn compared(run: &Facts, earlier: &[&Facts]) -> Places {
    line(run, earlier, FEW)
}

/// Returns the same, where those further back follow as long as these are fewer than so many.
fn line(run: &Facts, earlier: &[&Facts], few: usize) -> Places {
    let alike = comparable(run, earlier);
    let are_few = alike.len() < FEW && alike.len() < earlier.len();
    let (mut further, mut last) = (Vec::new(), alike.last().copied());
    while let Some(place) = last.filter(|_| alike.len() + further.len() < few) {
        let start = place.saturating_add(1);
        let (Some(of), Some(rest)) = (earlier.get(place), earlier.get(start..)) else { break };
        let more = comparable(of, rest);
        further.extend(more.iter().map(|place| start.saturating_add(*place)));
        last = further.last().copied().filter(|_| !more.is_empty());
    }
    Places { alike, further, are_few }
}

/// Earlier runs of a component, the latest first.
#[derive(Clone, Debug, Default)]
pub struct Earlier<'f> {
    line: Vec<&'f Facts>,
    alike: usize,
    all: Option<Vec<&'f Facts>>,
}

/// What earlier runs had in one aspect, as far as it is known, the latest first; `None`: they had none.
#[derive(Default)]
pub(super) struct Values<'v> {
    /// Those that the run is compared with.
    pub(super) line: Vec<Option<&'v Value>>,
    /// Those that say how often it changes.
    pub(super) all: Vec<Option<&'v Value>>,
}

impl<'f> Earlier<'f> {
    /// Returns the runs that are compared with: those that do the same for other data, those further back, and, where these
    /// are few, all of the component.
    #[must_use]
    pub fn new(alike: Vec<&'f Facts>, further: Vec<&'f Facts>, all: Option<Vec<&'f Facts>>) -> Self {
        let (count, mut line) = (alike.len(), alike);
        line.extend(further);
        Self { line, alike: count, all }
    }

    /// Returns runs that all do the same for other data.
    #[must_use]
    pub fn alike_to(runs: Vec<&'f Facts>) -> Self {
        Self::new(runs, Vec::new(), None)
    }

    /// Returns those of the earlier runs of its component, the latest first, that a run is compared with.
    #[must_use]
    pub fn of(run: &Facts, earlier: &[&'f Facts]) -> Self {
        Self::at(compared(run, earlier), earlier)
    }

    /// Returns those, and all further back: where a change made the runs after it a kind of their own, and there are many of
    /// them by now, it is found before the first of these.
    #[must_use]
    pub fn whole(run: &Facts, earlier: &[&'f Facts]) -> Self {
        Self::at(line(run, earlier, usize::MAX), earlier)
    }

    fn at(Places { alike, further, are_few }: Places, earlier: &[&'f Facts]) -> Self {
        let those = |places: Vec<usize>| places.into_iter().filter_map(|place| earlier.get(place).copied()).collect();
        Self::new(those(alike), those(further), are_few.then(|| earlier.to_vec()))
    }

    /// Returns those that do the same for other data.
    #[must_use]
    pub fn alike(&self) -> &[&'f Facts] {
        self.line.get(..self.alike).unwrap_or_default()
    }

    /// Returns all that the run is compared with.
    #[must_use]
    pub fn line(&self) -> &[&'f Facts] {
        &self.line
    }

    /// Returns the inputs, of those that no recorded run wrote, that the last run that did not read alike had and this one has
    /// not.
    pub(super) fn dropped(&self, run: &Facts) -> Vec<&'f Aspect> {
        let other = self.line.iter().find(|other| !other.reads_alike(run));
        let inputs = other.into_iter().flat_map(|other| other.aspects.keys());
        let is_dropped = |aspect: &&Aspect| match aspect {
            Aspect::Input(_) => is_without(aspect, run),
            _ => false,
        };
        inputs.filter(is_dropped).collect()
    }

    /// Returns whether it is known of all runs what they had in an aspect: where one of them may have had anything, nobody can
    /// say since when it is as it is.
    pub(super) fn know(&self, aspect: &Aspect) -> bool {
        let all = self.all.iter().flatten().chain(&self.line);
        all.into_iter().all(|run| run.aspects.knows(aspect))
    }

    /// Returns what the runs had in an aspect; nothing where it is not known of one of them.
    pub(super) fn values(&self, aspect: &Aspect) -> Values<'f> {
        if !self.know(aspect) {
            return Values::default();
        }
        let masked = OnceCell::new();
        let known = |runs: &[&'f Facts]| runs.iter().filter_map(|run| known(aspect, run, &masked)).collect();
        // Where a run happens to be is its own: each of several pipelines of a component may have its host and its branch.
        let is_given = matches!(aspect, Aspect::Parameter(_) | Aspect::Input(_) | Aspect::Reads(_));
        let line: Vec<Option<&Value>> = known(if is_given { self.line() } else { self.alike() });
        let all = self.all.as_ref().filter(|_| is_given).map_or_else(|| line.clone(), |all| known(all));
        Values { line, all }
    }
}

/// A parameter that is not there is known not to be, and so is an input that is called the same in every round. What is called
/// otherwise in each comes and goes with every round; of anything else nothing is known.
fn known<'v>(aspect: &Aspect, run: &'v Facts, masked: &OnceCell<String>) -> Option<Option<&'v Value>> {
    match (run.aspects.get(aspect), aspect) {
        (_, Aspect::Reads(place)) => had_place(place, run),
        (_, Aspect::Component) => Some(Some(is_there())),
        (Some(value), _) => Some(Some(value)),
        (None, _) if !run.aspects.knows(aspect) => None,
        (None, Aspect::Parameter(_)) => Some(None),
        (None, Aspect::Input(name)) => {
            let is_of_every_round = masked.get_or_init(|| mask(name)) == name;
            (is_of_every_round && run.names.binary_search(name).is_err()).then_some(None)
        }
        (None, _) => None,
    }
}

/// Returns whether a run is known to have none in an aspect.
#[must_use]
pub fn is_without(aspect: &Aspect, run: &Facts) -> bool {
    had(aspect, run) == Some(None)
}

/// Returns what a run has in an aspect, `None` in it where it has none; `None` where it is not known.
pub(super) fn had<'v>(aspect: &Aspect, run: &'v Facts) -> Option<Option<&'v Value>> {
    known(aspect, run, &OnceCell::new())
}
