//! What questions cost: trace, review, impact, and how a trace grows with its answer.

use std::fmt::Write;
use std::hint::black_box;

use mltrace_core::query::{ImpactOf, Reader, TraceOptions};
use mltrace_core::store::{self, Mode, Store};
use rusqlite::Connection;

use crate::measure::{Pair, by_turns, typical};
use crate::table::{Report, in_words};
use crate::world::{Step, World, address, chain, components, days, fan, ladder, name, predictions, scattered, unknown};

const WALK: &str = "hand-written walk over the same rows";

pub(crate) fn measure(report: &mut Report) {
    for (what, steps, top) in [
        ("trace of a chain of 1,000 runs", chain(1_000), 1_000),
        ("trace of a ladder of 100 diamonds", ladder(100), 200),
    ] {
        let world = World::with_store(&steps);
        let pair = trace(&world, steps.len(), &name(top), 20);
        report.pair(what, WALK, pair, 1.0);
    }
    growth(report, "depth", chain, |depth| depth);
    growth(report, "fan-in", fan, |width| width);
}

/// Compares questions in the process that records with an expert's walk, the store known to both.
pub(crate) fn in_process(report: &mut Report) {
    type Shape = (&'static str, fn(u32) -> Vec<Step>, fn(u32) -> String, u32, f64);
    let shapes: [Shape; 5] = [
        ("10 runs", chain, name, 10, 3.0),
        ("1,000 runs", chain, name, 1_000, 1.5),
        ("1,000 runs among those of nine others", scattered, name, 1_000, 1.5),
        ("1,000 runs of unknown contents", unknown, address, 1_000, 1.5),
        ("1,000 runs of as many components", components, name, 1_000, 1.5),
    ];
    let folders = tempfile::tempdir().expect("a temporary folder");
    crate::recording::stand_in(folders.path());
    for (what, steps, name, runs, mark) in shapes {
        let world = World::with_store(&steps(runs));
        let top = name(runs);
        let bare = Connection::open(world.home.store.file().expect("it is a file")).expect("the store opens");
        let mut store = store::open(&world.home, Mode::Read).expect("the store opens");
        let pair = by_turns(
            30,
            if runs > 10 { 3 } else { 100 },
            || trace_once(store.as_mut(), &world, runs.try_into().expect("few"), &top),
            || assert_eq!(mltrace_minimum::expert_walk(&bare, &top).runs, runs as usize),
        );
        report.pair(&format!("trace of {what}, the store open"), "an expert's walk over the same rows", pair, mark);
    }
    in_this_project(report);
}

/// Asks as a pipeline does: of the project that this process records in, through the library.
fn in_this_project(report: &mut Report) {
    const RUNS: u32 = 10;
    let runs: usize = RUNS.try_into().expect("few");
    let world = World::with_store(&chain(RUNS));
    crate::recording::stand_in(world.folder());
    mltrace::start("other").finish();
    let top = name(RUNS);
    let bare = Connection::open(world.home.store.file().expect("it is a file")).expect("the store opens");
    let pair = by_turns(
        30,
        30,
        || assert_eq!(mltrace::trace(&top).expect("it was written").runs.len(), runs),
        || assert_eq!(mltrace_minimum::expert_walk(&bare, &top).runs, runs),
    );
    report.pair("`mltrace::trace` of 10 runs", "an expert's walk over the same rows", pair, 3.0);
}

/// Compares the trace of an artifact with a walk.
pub(crate) fn trace(world: &World, runs: usize, top: &str, turns: usize) -> Pair {
    let mut store = store::open(&world.home, Mode::Read).expect("the store opens");
    let bare = Connection::open(world.home.store.file().expect("it is a file")).expect("the store opens");
    by_turns(
        turns,
        5,
        || trace_once(store.as_mut(), world, runs, top),
        || drop(black_box(mltrace_minimum::walk(&bare, &[top]))),
    )
}

pub(crate) fn trace_once(store: &mut dyn Store, world: &World, runs: usize, top: &str) {
    let mut reader = Reader::new(store, &world.home, world.folder());
    let trace = reader.trace(top, &TraceOptions::default()).expect("the artifact was written");
    assert_eq!(trace.runs.len(), runs);
    black_box(trace);
}

pub(crate) fn review(report: &mut Report) {
    const DAYS: u32 = 1_000;
    let world = World::with_store(&days(DAYS));
    let flagged = predictions(DAYS, 100);
    world.flag(&flagged);
    let mut store = store::open(&world.home, Mode::Read).expect("the store opens");
    let bare = Connection::open(world.home.store.file().expect("it is a file")).expect("the store opens");
    let names: Vec<&str> = flagged.iter().map(String::as_str).collect();
    let pair = by_turns(
        20,
        5,
        || {
            let mut reader = Reader::new(store.as_mut(), &world.home, world.folder());
            let review = reader.review(Some(10)).expect("something is flagged");
            assert_eq!(review.flagged.len(), flagged.len());
            black_box(review);
        },
        || drop(black_box(mltrace_minimum::walk_with_facts(&bare, &names))),
    );
    let least = "one walk from all that is flagged, and a pass over the facts";
    report.pair("review, 100 flagged of 100,000 runs", least, pair, 2.0);

    let impact = typical(5, || {
        let mut reader = Reader::new(store.as_mut(), &world.home, world.folder());
        black_box(reader.impact(&ImpactOf::Component { name: "step", commit: None }).expect("the component ran"));
    });
    report.add(format!("Impact of a component of 100,000 runs: {}.", in_words(impact)));
}

/// Says what a trace costs for each run in its answer, as the answer grows.
fn growth(report: &mut Report, what: &str, steps: fn(u32) -> Vec<Step>, top: fn(u32) -> u32) {
    let mut text = format!("| {what} | trace | a run | walk |\n|---:|---:|---:|---:|");
    for size in [1, 10, 100, 1_000, 10_000, 100_000] {
        let steps = steps(size);
        let world = World::with_store(&steps);
        let turns = if size < 10_000 { 9 } else { 3 };
        let pair = trace(&world, steps.len(), &name(top(size)), turns);
        let a_run = pair.ours / f64::from(u32::try_from(steps.len()).expect("so many runs"));
        let (ours, walk) = (in_words(pair.ours), in_words(pair.minimum));
        write!(text, "\n| {size} | {ours} | {} | {walk} |", in_words(a_run)).expect("text");
    }
    report.add(text);
}
