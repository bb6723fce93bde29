//! The runs that a run is compared with, and what is known of them, each looked up once an answer.

use foldhash::{HashMap, HashSet};

use super::command::split_commands;
use super::difference::{Difference, Since};
use super::measures::{aspects_of, aspects_of_observations, aspects_of_tables};
use super::view::{limit_us, milliseconds};
use super::{QueryError, Reader};
use crate::lineage::{self, Aspect, Aspects, Earlier, Facts, InputReading};
use crate::model::{RunId, Timestamp, VersionId};
use crate::store::{ComponentKey, Extent, FactsCut, FactsRow, Look, RunKey, TableRow, Told};

/// How many earlier runs of its component those that a run can be compared with are chosen from.
pub(super) const EARLIER: usize = 128;

/// How many bytes of each sort of facts are held of all runs together, and how many of one at least and at most.
const HELD: u64 = 32 << 20;
const LEAST: u64 = 4 << 10;
const MOST: u64 = 64 << 10;

/// What is said of a run that read nothing stale.
pub(super) const FRESH: &str = "fresh";

/// What is known of runs and of what came before them.
#[derive(Default)]
pub(super) struct Past {
    facts: HashMap<RunKey, Dated>,
    earlier: HashMap<RunKey, Before>,
}

/// The earlier runs that a run is compared with.
#[derive(Default)]
struct Before {
    alike: Vec<RunKey>,
    further: Vec<RunKey>,
    all: Vec<RunKey>,
    /// Whether all of them say how often something changes.
    are_few: bool,
}

/// A run with its place in time.
pub(super) struct Dated {
    pub(super) id: RunId,
    pub(super) component_key: ComponentKey,
    pub(super) component: String,
    pub(super) began: Timestamp,
    pub(super) facts: Facts,
}

impl Past {
    /// Looks up what is not known of these runs yet.
    pub(super) fn learn(&mut self, store: &mut dyn Look, runs: &[RunKey]) -> Result<(), QueryError> {
        let new: Vec<RunKey> = runs.iter().copied().filter(|run| !self.facts.contains_key(run)).collect();
        if !new.is_empty() {
            let mut tables = store.tables(&new)?;
            let mut facts = store.facts(&new, Told::First(most_of(self.facts.len().saturating_add(new.len()))))?;
            split_commands(store, &mut facts)?;
            self.facts.extend(facts.into_iter().map(|row| {
                let tables = tables.remove(&row.key).unwrap_or_default();
                dated(row, tables)
            }));
        }
        Ok(())
    }

    /// Looks up what is not known yet of the runs before these.
    pub(super) fn look_back(&mut self, store: &mut dyn Look, runs: &[RunKey]) -> Result<(), QueryError> {
        let new: Vec<RunKey> = runs.iter().copied().filter(|run| !self.earlier.contains_key(run)).collect();
        let pairs = store.earlier(&new, EARLIER)?;
        // What came before one run mostly came before the next as well.
        let all: HashSet<RunKey> = pairs.iter().map(|(_, earlier)| *earlier).chain(new.iter().copied()).collect();
        self.learn(store, &all.into_iter().collect::<Vec<_>>())?;
        let mut candidates: HashMap<RunKey, Vec<RunKey>> = new.into_iter().map(|run| (run, Vec::new())).collect();
        for (run, earlier) in pairs {
            candidates.entry(run).or_default().push(earlier);
        }
        for (run, candidates) in candidates {
            let known: Vec<(RunKey, &Facts)> =
                candidates.into_iter().filter_map(|key| Some((key, &self.facts.get(&key)?.facts))).collect();
            let facts: Vec<&Facts> = known.iter().map(|(_, facts)| *facts).collect();
            let Some(of) = self.facts.get(&run) else { continue };
            let lineage::Places { alike, further, are_few } = lineage::compared(&of.facts, &facts);
            let those = |places: Vec<usize>| places.into_iter().filter_map(|place| Some(known.get(place)?.0)).collect();
            let all = known.iter().map(|(key, _)| *key).collect();
            let before = Before { alike: those(alike), further: those(further), all, are_few };
            self.earlier.insert(run, before);
        }
        Ok(())
    }

    /// Returns whether there are runs of which some of what they are compared by is unknown.
    pub(super) fn is_cut(&self) -> bool {
        self.facts.values().any(|run| run.facts.aspects.is_cut())
    }

    /// Returns what is known of all earlier runs of its component that those a run is compared with were chosen from, the
    /// latest first.
    pub(super) fn all_before(&self, run: RunKey) -> Vec<&Facts> {
        let all = self.all_known_before(run);
        all.iter().filter_map(|run| Some(&self.facts.get(run)?.facts)).collect()
    }

    /// Returns what is known of a run.
    pub(super) fn run(&self, run: RunKey) -> Option<&Dated> {
        self.facts.get(&run)
    }

    /// Returns the earlier runs that do for other data what a run does that was looked back from, the latest first.
    pub(super) fn before(&self, run: RunKey) -> &[RunKey] {
        self.earlier.get(&run).map(|before| before.alike.as_slice()).unwrap_or_default()
    }

    /// Returns all earlier runs that a run that was looked back from is compared with, those further back as well, the latest
    /// first.
    pub(super) fn line(&self, run: RunKey) -> impl Iterator<Item = RunKey> {
        let before = self.earlier.get(&run);
        before.into_iter().flat_map(|before| before.alike.iter().chain(&before.further)).copied()
    }

    /// Returns all earlier runs of its component that those were chosen from, the latest first.
    pub(super) fn all_known_before(&self, run: RunKey) -> &[RunKey] {
        self.earlier.get(&run).map(|before| before.all.as_slice()).unwrap_or_default()
    }

    /// Returns what is known of the earlier runs that it is compared with.
    pub(super) fn earlier(&self, run: RunKey) -> Earlier<'_> {
        let Some(before) = self.earlier.get(&run) else { return Earlier::default() };
        let facts = |runs: &[RunKey]| runs.iter().filter_map(|run| Some(&self.facts.get(run)?.facts)).collect();
        Earlier::new(facts(&before.alike), facts(&before.further), before.are_few.then(|| facts(&before.all)))
    }
}

/// Returns how many bytes of each sort of facts are looked up of each of so many runs that are compared.
pub(super) fn most_of(runs: usize) -> u64 {
    HELD.checked_div(runs as u64).unwrap_or(MOST).clamp(LEAST, MOST)
}

impl Reader<'_> {
    /// Returns what a run that was looked back from has otherwise than the last one before it that it can be compared with;
    /// `None` for the first of its kind. What was read under one name in other versions counts, no matter who wrote them.
    pub(super) fn changes(&mut self, key: RunKey, past: &Past) -> Result<Option<Since>, QueryError> {
        match past.before(key).first().copied() {
            Some(before) => self.changes_since(key, before, past),
            None => Ok(None),
        }
    }

    /// Returns what a run has otherwise than another one; both are known.
    pub(super) fn changes_since(
        &mut self,
        key: RunKey,
        before: RunKey,
        past: &Past,
    ) -> Result<Option<Since>, QueryError> {
        let (Some(now), Some(then)) = (past.run(key), past.run(before)) else { return Ok(None) };
        let mut views = self.views(&[before, key], Extent::Edges)?.into_iter();
        let (earlier, later) = (views.next(), views.next());
        let sides = [then, now].map(|run| own(&run.facts.aspects));
        let mut differences: Vec<Difference> = Vec::new();
        let mut tell = |field: String, [a, b]: [Option<serde_json::Value>; 2]| {
            let component = later.as_ref().map(|run| run.component.clone());
            let runs = [Some(then.id), Some(now.id)];
            differences.push(Difference { component, field, a, b, runs, source_diff: None });
        };
        for change in lineage::changes(&sides[0], &sides[1]) {
            tell(change.aspect.field(), change.values);
        }
        let read = |run: &super::Run| -> Vec<InputReading> {
            let reading = |input: &super::Input| InputReading {
                name: input.name.to_string(),
                argument: input.argument.clone(),
                version: input.version.to_string(),
            };
            run.inputs.iter().map(reading).collect()
        };
        if let (Some(earlier), Some(later)) = (&earlier, &later) {
            for change in lineage::other_inputs(&read(earlier), &read(later)) {
                tell(change.aspect.field(), change.values);
            }
        }
        self.compare_sources(&mut differences)?;
        Ok(Some(Since { run: then.id, differences, consequences: 0, is_cut: past.is_cut() }))
    }
}

/// Returns what a run has of its own, which its inputs are not.
fn own(aspects: &Aspects) -> Aspects {
    let mut own = aspects.clone();
    own.retain(|aspect, _| !matches!(aspect, Aspect::Input(_)));
    own
}

fn dated(row: FactsRow, tables: Vec<TableRow>) -> (RunKey, Dated) {
    let key = row.key;
    let (id, began) = (row.id, row.started_at.unwrap_or(Timestamp::MIN));
    let duration_ms = row.duration_us.map(milliseconds);
    let mut aspects = Aspects::new();
    let mut tell = |aspect: Aspect, value: Option<serde_json::Value>| {
        aspects.extend(value.map(|value| (aspect, value)));
    };
    let is_in_work_tree = row.code.as_ref().and_then(|code| code.is_in_work_tree);
    tell(Aspect::Source, row.code.map(|code| code.hash.into()));
    tell(Aspect::Branch, row.branch.map(Into::into));
    tell(Aspect::Commit, row.commit.map(Into::into));
    tell(Aspect::WorkTree, row.dirty.map(Into::into));
    tell(Aspect::InWorkTree, is_in_work_tree.map(Into::into));
    let is_old = row.oldest_input_us.is_some_and(|age_us| age_us > limit_us(row.stale_after_s));
    let stale = match (row.is_superseded, is_old) {
        (true, _) => "superseded",
        (false, true) => "age",
        (false, false) => FRESH,
    };
    tell(Aspect::Stale, Some(stale.into()));
    tell(Aspect::Host, row.host.map(Into::into));
    tell(Aspect::Status, Some(row.status.as_str().into()));
    tell(Aspect::User, row.user.map(Into::into));
    tell(Aspect::Duration, duration_ms.map(Into::into));
    for (name, value) in row.params {
        tell(Aspect::Parameter(name), Some(value));
    }
    for version in row.unwritten.into_iter().filter(|version| version.version != VersionId::None) {
        let name = version.name.as_str().to_owned();
        tell(Aspect::Input(name), Some(version.version.to_string().into()));
    }
    aspects.extend(aspects_of(&row.measures));
    aspects.extend(aspects_of_tables(tables));
    aspects.extend(aspects_of_observations(&row.observations));
    cut(&mut aspects, row.cut);
    let mut facts = Facts::new(row.names, aspects);
    facts.duration_ms = duration_ms;
    (key, Dated { id, component_key: row.component_key, component: row.component, began, facts })
}

/// Cuts what a run has where what was loaded of it ends.
pub(super) fn cut(aspects: &mut Aspects, cut: FactsCut) {
    let FactsCut { params, metrics, checks, observations, inputs } = cut;
    let observed = |name| Aspect::Observed { name, figure: String::new() };
    let firsts = [
        params.map(Aspect::Parameter),
        metrics.map(Aspect::Metric),
        checks.map(Aspect::Check),
        observations.map(observed),
        inputs.map(Aspect::Input),
    ];
    firsts.into_iter().flatten().for_each(|first| aspects.cut_from(first));
}
