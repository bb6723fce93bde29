//! Invents pipelines: few names, few contents and few moments, so that everything collides with everything.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::option::{of, weighted};
use proptest::prelude::*;
use proptest::sample::select;

use super::facts::{ComponentFacts, Edge, Facts, FolderFacts, LabelFacts, MetricFacts, Outcome, RunFacts};

/// 2026-01-01T00:00:00Z, in microseconds.
pub(crate) const MORNING: i64 = 1_767_225_600_000_000;
/// The last moment of the calendar.
const END: i64 = 253_402_300_799_999_999;
pub(crate) const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Some lie in others. The last one looks like a version of the first, but is a name of its own.
const NAMES: &[&str] = &[
    "s3://lake/raw",
    "out/model.pkl",
    "rows.csv",
    "prediction-7",
    "out",
    "s3://lake/raw/day-1",
    "out/parts/1.csv",
    "out/parts",
    "s3://lake/raw@v:1",
];
/// A link, and where it leads.
const LINK: (&str, &str) = ("last.pkl", "out/model.pkl");
const COMPONENTS: &[&str] = &["ingest", "clean", "train"];

/// What a read or a write is about, before it belongs to a run.
#[derive(Clone, Debug)]
struct EdgePlan {
    name: &'static str,
    state: State,
    /// Its own time, in seconds after the run's start.
    after: Option<i64>,
    tells_size: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Opaque,
    Content(char),
    /// A content of two bytes.
    Short,
    Declared(u8),
    Stat,
}

#[derive(Clone, Debug)]
struct RunPlan {
    component: &'static str,
    /// Half of the runs fall into few moments, some lie a month back.
    start: i64,
    length: i64,
    outcome: Outcome,
    reads: Vec<EdgePlan>,
    writes: Vec<EdgePlan>,
    param: Option<i64>,
    commit: Option<char>,
    host: Option<&'static str>,
    /// Inside which of the runs before it.
    parent: Option<usize>,
    /// Ids do not follow the clock.
    rank: u8,
}

impl State {
    fn version(self) -> Option<String> {
        match self {
            Self::Opaque => None,
            Self::Content(letter) => Some(format!("b3:{}", letter.to_string().repeat(64))),
            Self::Short => Some(format!("b3:{}", "e".repeat(64))),
            Self::Declared(number) => Some(format!("v:{number}")),
            Self::Stat => Some("stat:9000-1767-4".to_owned()),
        }
    }

    fn size(self) -> Option<u64> {
        match self {
            Self::Opaque | Self::Declared(_) => None,
            Self::Content(_) => Some(1000),
            Self::Short => Some(2),
            Self::Stat => Some(9000),
        }
    }
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        4 => Just(State::Opaque),
        6 => select(vec!['a', 'b', 'c']).prop_map(State::Content),
        1 => Just(State::Short),
        2 => (1..3_u8).prop_map(State::Declared),
        1 => Just(State::Stat),
    ]
}

fn edge() -> impl Strategy<Value = EdgePlan> {
    let name = prop_oneof![8 => select(&NAMES[..4]), 4 => select(&NAMES[4..8]), 1 => Just(NAMES[8]), 1 => Just(LINK.0)];
    (name, state(), weighted(0.4, 0..8_i64), prop::bool::weighted(0.8))
        .prop_map(|(name, state, after, tells_size)| EdgePlan { name, state, after, tells_size })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        8 => Just(Outcome::Completed),
        2 => Just(Outcome::Running),
        1 => Just(Outcome::Failed),
        1 => Just(Outcome::Cancelled),
        1 => Just(Outcome::Died),
    ]
}

fn run() -> impl Strategy<Value = RunPlan> {
    let start = prop_oneof![6 => 0..24_i64, 4 => 0..6_i64, 1 => Just(-30 * 86_400), 1 => Just(-30 * 86_400 - 5)];
    let parts = (
        select(COMPONENTS),
        start,
        0..8_i64,
        outcome(),
        vec(edge(), 0..4),
        vec(edge(), 0..4),
        of(0..2_i64),
        (
            weighted(0.7, select(vec!['1', '1', '1', '2'])),
            weighted(0.7, select(vec!["tower", "node-7"])),
            weighted(0.4, 0..8_usize),
        ),
        any::<u8>(),
    );
    parts.prop_map(|(component, start, length, outcome, reads, writes, param, (commit, host, parent), rank)| RunPlan {
        component,
        start,
        length,
        outcome,
        reads,
        writes,
        param,
        commit,
        host,
        parent,
        rank,
    })
}

impl RunPlan {
    /// Its reads and writes, numbered as they happen: a run that reports what it does reports it in this order.
    fn edges(&self) -> (Vec<Edge>, Vec<Edge>) {
        let offset = |plan: &EdgePlan| plan.after.map(|after| after.min(self.length));
        let reads = self.reads.iter().map(|plan| (offset(plan).unwrap_or(0), false, plan));
        // What is reported at the end comes last.
        let writes = self.writes.iter().map(|plan| (offset(plan).unwrap_or(i64::MAX), true, plan));
        let mut all: Vec<_> = reads.chain(writes).collect();
        // At one moment either may come first.
        all.sort_by_key(|(at, is_write, _)| (*at, *is_write == self.rank.is_multiple_of(2)));
        let (mut reads, mut writes) = (Vec::new(), Vec::new());
        // What is written through a link is written where it leads, and what is read is read there if its bytes say nothing.
        let leads = |(_, is_write, plan): &(i64, bool, &EdgePlan)| {
            plan.name == LINK.0 && (*is_write || matches!(plan.state, State::Short | State::Stat))
        };
        let named = all.iter().flat_map(|told| {
            let real = leads(told).then_some((told.1, told.2, LINK.1));
            std::iter::once((told.1, told.2, told.2.name)).chain(real)
        });
        for (n, (is_write, plan, name)) in (0..).zip(named) {
            let edge = Edge {
                n,
                name: name.to_owned(),
                at: offset(plan).map(|offset| MORNING + (self.start + offset) * SECOND),
                version: plan.state.version(),
                size: plan.state.size().filter(|_| plan.tells_size),
            };
            if is_write { writes.push(edge) } else { reads.push(edge) }
        }
        (reads, writes)
    }

    fn id(&self, number: usize) -> String {
        format!("0190f3a0-{:04x}-7000-8000-{number:012x}", self.rank)
    }

    fn facts(&self, number: usize, all: &[Self]) -> RunFacts {
        let (reads, writes) = self.edges();
        let started_at = MORNING + self.start * SECOND;
        let ends = !matches!(self.outcome, Outcome::Running | Outcome::Died);
        RunFacts {
            id: self.id(number),
            parent: self.parent.filter(|parent| *parent < number).map(|parent| all[parent].id(parent)),
            component: self.component.to_owned(),
            started_at,
            ended_at: ends.then_some(started_at + self.length * SECOND),
            outcome: self.outcome,
            reads,
            writes,
            params: self.param.map(|value| ("month".to_owned(), value)).into_iter().collect(),
            commit: self.commit.map(|digit| digit.to_string().repeat(40)),
            host: self.host.map(str::to_owned),
            metrics: Vec::new(),
            subjects: BTreeSet::new(),
            is_next_door: false,
        }
    }
}

/// Returns moments of the morning, and now and then one that only a clock shows which is far ahead.
fn said_at() -> impl Strategy<Value = i64> {
    prop_oneof![
        6 => (0..4_i64).prop_map(|after| MORNING + after * SECOND),
        1 => (0..3_i64).prop_map(|before| END - before),
        1 => Just(END - 4000 * 365 * DAY),
    ]
}

fn labels() -> impl Strategy<Value = Vec<(&'static str, State, &'static str, i64)>> {
    vec((select(NAMES), state(), select(vec!["flagged", "ok", "none"]), said_at()), 0..4)
}

fn components() -> impl Strategy<Value = Vec<(&'static str, i64, bool)>> {
    vec((select(COMPONENTS), select(vec![0, 3, 10, 30 * 86_400]), prop::bool::weighted(0.2)), 0..3)
}

/// Returns what lies in folders of some contents.
fn folders() -> impl Strategy<Value = Vec<FolderFacts>> {
    let entry = (select(vec!["model.pkl", "parts/1.csv", "1.csv", "day-1"]), select(vec!['a', 'b', 'c']));
    let folder = (vec(entry, 0..4), prop::bool::weighted(0.7), prop::bool::weighted(0.5));
    let content = |letter: char| State::Content(letter).version().unwrap_or_default();
    vec(folder, 3).prop_map(move |folders| {
        let mut told = Vec::new();
        for ((entries, is_whole, is_told), letter) in folders.into_iter().zip(['a', 'b', 'c']) {
            let entries = entries.into_iter().map(|(path, letter)| (path.to_owned(), content(letter))).collect();
            if is_told {
                told.push(FolderFacts { content: content(letter), entries, is_whole });
            }
        }
        told
    })
}

/// Returns everything that happens in one pipeline.
pub(crate) fn history() -> impl Strategy<Value = Facts> {
    (vec(run(), 1..10), labels(), components(), folders()).prop_map(|(runs, labels, components, folders)| {
        let runs: Vec<RunFacts> = runs.iter().enumerate().map(|(number, plan)| plan.facts(number, &runs)).collect();
        let labels = labels.into_iter().enumerate().map(|(number, (name, state, verdict, at))| LabelFacts {
            // Of two at one moment the larger id counts: one that comes after all that are made now.
            // Who judges after the last moment gets the next id, which is nobody's here.
            id: format!("{}90f3b0-0000-7000-8000-{:012x}", if at > MORNING + DAY { "ff" } else { "01" }, number << 8),
            name: name.to_owned(),
            version: state.version().unwrap_or_else(|| format!("w:{}", runs[0].id)),
            verdict,
            at,
        });
        let labels = labels.collect();
        let said = components.into_iter().zip(0..).map(|((name, stale_after_s, is_ahead), number)| ComponentFacts {
            name: name.to_owned(),
            at: if is_ahead { END - 1000 + number } else { MORNING - DAY + number },
            stale_after_s,
        });
        let components = said.collect();
        Facts { runs, components, labels, folders, short: Vec::new() }
    })
}

/// What some runs of a pipeline measured, and whose data they took in.
#[derive(Clone, Debug)]
pub(crate) struct Measures {
    metrics: Vec<MetricPlan>,
    /// By which run, and whether it is the run around that one which says so.
    subjects: Vec<(usize, &'static str, bool)>,
}

/// A metric before it belongs to a run.
#[derive(Clone, Debug)]
struct MetricPlan {
    run: usize,
    name: &'static str,
    value: u8,
    /// Of which of the run's reads and writes it is.
    about: Option<usize>,
    step: Option<i64>,
}

/// Drawn after all else, so that the pipelines that once failed stay what they were.
pub(crate) fn measures() -> impl Strategy<Value = Measures> {
    let metric =
        (0..9_usize, select(&["rmse", "rows"][..]), 0..4_u8, weighted(0.5, 0..8_usize), weighted(0.3, 0..2_i64));
    let metric = metric.prop_map(|(run, name, value, about, step)| MetricPlan { run, name, value, about, step });
    // A run around others takes data in, and those inside it write: that is how a pipeline says whose data it reads.
    let subject = (0..9_usize, select(&["ada", "bob"][..]), prop::bool::weighted(0.5));
    (vec(metric, 0..12), vec(subject, 0..4)).prop_map(|(metrics, subjects)| Measures { metrics, subjects })
}

impl Measures {
    /// Returns the pipeline with what its runs measured and took in. No two metrics are of one moment.
    pub(crate) fn of(&self, mut facts: Facts) -> Facts {
        let count = facts.runs.len();
        for (plan, number) in self.metrics.iter().zip(0..) {
            let run = &mut facts.runs[plan.run % count];
            let names: Vec<&String> = run.reads.iter().chain(&run.writes).map(|edge| &edge.name).collect();
            let about = plan.about.and_then(|place| names.get(place).map(|name| (*name).clone()));
            let (name, value, step, at) = (plan.name, plan.value, plan.step, run.started_at + number);
            run.metrics.push(MetricFacts { name, value, about, step, at });
        }
        for (run, subject, is_outer) in &self.subjects {
            let run = &facts.runs[run % count];
            let outer = run.parent.as_ref().filter(|_| *is_outer);
            let taking = outer.unwrap_or(&run.id).clone();
            facts.runs.iter_mut().filter(|run| run.id == taking).for_each(|run| _ = run.subjects.insert(subject));
        }
        facts
    }
}

/// How the facts of one pipeline reach a store.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Sorts what is delivered; used over and over.
    pub(crate) keys: Vec<u16>,
    /// What is delivered at once.
    pub(crate) batch: usize,
    /// Every so manieth is delivered twice.
    pub(crate) twice: usize,
}

impl Route {
    /// Returns `items` in the order in which they are delivered.
    pub(crate) fn shuffled<T: Clone>(&self, items: &[T]) -> Vec<T> {
        let mut keyed: Vec<(u16, usize)> = (0..items.len()).map(|place| (self.key(place), place)).collect();
        keyed.sort_unstable();
        let mut sent = Vec::new();
        for (place, (_, item)) in keyed.into_iter().enumerate() {
            sent.push(items[item].clone());
            if place % self.twice == 0 {
                sent.push(items[keyed_place(place, item, items.len())].clone());
            }
        }
        sent
    }

    /// Returns the key of a place.
    pub(crate) fn key(&self, place: usize) -> u16 {
        self.keys[place % self.keys.len()]
    }
}

/// What is sent again is at times the same thing at once, at times another one early.
fn keyed_place(place: usize, item: usize, length: usize) -> usize {
    if place.is_multiple_of(2) { item } else { (item + place) % length }
}

pub(crate) fn route() -> impl Strategy<Value = Route> {
    (vec(any::<u16>(), 8..40), 1..6_usize, 2..9_usize).prop_map(|(keys, batch, twice)| Route { keys, batch, twice })
}
