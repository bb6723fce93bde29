//! What a folder of ten thousand files costs that twelve runs wrote, beside as many inputs that nobody joins to a folder.

use std::time::Instant;

use mltrace_core::store::{self, Mode};

use crate::asking::trace_once;
use crate::measure::{by_turns, by_turns_timed, nanos};
use crate::table::Report;
use crate::world::{Step, World, folder, inputs, name};

/// So many files, and runs that wrote them.
const FILES: u32 = 10_000;
const RUNS: u32 = 12;

pub(crate) fn measure(report: &mut Report) {
    let (folder, inputs) = (folder(FILES, RUNS), inputs(FILES, RUNS));
    let runs = usize::try_from(RUNS).expect("few") + 1;
    let fold = |steps: &[Step]| {
        let mut world = World::new();
        world.fold();
        world.journal(steps);
        let begun = Instant::now();
        world.fold();
        nanos(begun)
    };
    let pair = by_turns_timed(7, || fold(&folder), || fold(&inputs));
    let beside = "the same files as inputs of their own";
    report.pair("journal to store: a folder of 10,000 files by 12 runs, read", beside, pair, 2.0);
    let [mut one, mut other] = [World::with_store(&folder), World::with_store(&inputs)].map(|world| {
        let store = store::open(&world.home, Mode::Read).expect("the store opens");
        (world, store)
    });
    let top = name(FILES);
    let pair = by_turns(
        9,
        3,
        || trace_once(one.1.as_mut(), &one.0, runs, &top),
        || trace_once(other.1.as_mut(), &other.0, runs, &top),
    );
    report.pair("trace of what was made from that folder", beside, pair, 2.0);
}
