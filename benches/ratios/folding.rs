//! What it costs to bring a journal into the store.

use std::time::Instant;

use crate::measure::{by_turns_timed, nanos};
use crate::table::{Report, in_words};
use crate::world::{World, addresses};

/// So many runs are folded at a time.
const RUNS: u32 = 10_000;

pub(crate) fn measure(report: &mut Report) {
    let steps = addresses(RUNS);
    let rows = mltrace_minimum::rows(World::with_store(&steps).home.store.file().expect("it is a file"));
    let fold = || {
        let mut world = World::new();
        // The store is there already, as the minimum's is.
        world.fold();
        world.journal(&steps);
        let begun = Instant::now();
        world.fold();
        nanos(begun) / f64::from(RUNS)
    };
    let insert = |has_foreign_keys| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut store = mltrace_minimum::empty_store(&folder.path().join("minimum.db"), has_foreign_keys);
        let begun = Instant::now();
        mltrace_minimum::insert(&mut store, &rows, 10);
        nanos(begun) / f64::from(RUNS)
    };
    let pair = by_turns_timed(9, fold, || insert(true));
    report.pair("journal to store, a run", "the same rows in batches of 1,000 runs", pair, 2.0);
    let free = by_turns_timed(9, fold, || insert(false));
    report.add(format!(
        "Without foreign keys the rows in batches take {} a run: journal to store is {:.2} times that.",
        in_words(free.minimum),
        free.ratio
    ));
}
