//! How cost grows with the size of the store.

use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Instant;

use mltrace_core::store::{self, Mode};

use crate::asking::trace_once;
use crate::measure::{Pair, median, nanos, timed};
use crate::table::{Report, in_words};
use crate::world::{Step, World, chain, more_addresses, name, requests};

const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// How many runs of a store are a chain to trace.
const CHAIN: u32 = 1_000;
/// So many runs are folded at a time: few enough to change the smallest store little, and not for the fold's own sake.
const RUNS: u32 = 5_000;
/// How often everything is measured.
const TURNS: u32 = 7;
/// What a run takes on disk in raw rows, in a benchmark of other tools that keep the same facts.
const RAW_BYTES: f64 = 333.0;

/// Returns runs by their numbers.
type Steps = fn(Range<u32>) -> Vec<Step>;

pub(crate) fn measure(report: &mut Report) {
    let (bytes, traces, serial) = {
        let mut stores = SIZES.map(|size| Grown::new(size, more_addresses));
        let bytes = stores.each_ref().map(|store| store.bytes() / f64::from(store.size));
        let traces = traces(&mut stores);
        (bytes, traces, ingests(&mut stores))
    };
    let random = ingests(&mut SIZES.map(|size| Grown::new(size, requests)));

    let mut text = "| runs in the store | bytes a run | trace of a chain of 1,000 | ingest of a run, names in order \
                    | names by chance |\n|---:|---:|---:|---:|---:|"
        .to_owned();
    for (place, size) in SIZES.iter().enumerate() {
        let [trace, serial, random] = [&traces, &serial, &random].map(|figures| in_words(figures[place]));
        write!(text, "\n| {size} | {:.0} | {trace} | {serial} | {random} |", bytes[place]).expect("text");
    }
    report.add(text);
    let pair = |what: &str, [ours, minimum]: [f64; 2], beside: &str, mark: f64, report: &mut Report| {
        report.pair(what, beside, Pair { ours, minimum, ratio: ours / minimum }, mark);
    };
    let [small, middle, _, large] = [0, 1, 2, 3];
    let of = |figures: &[f64; 4], beside: usize| [figures[large], figures[beside]];
    pair("ingest of a run at 1,000,000 runs, names in order", of(&serial, small), "at 1,000 runs", 1.3, report);
    pair("the same, names by chance", of(&random, small), "at 1,000 runs", 1.3, report);
    pair("trace of 1,000 runs at 1,000,000 runs", of(&traces, middle), "at 10,000 runs", 1.2, report);
    let told = format!("{:.0} B", bytes[large]);
    report.figures("bytes a run at 1,000,000 runs", &told, "raw rows", "333 B", bytes[large] / RAW_BYTES, 1.5);
}

/// A store of so many runs, and a copy of it as it was made.
struct Grown {
    size: u32,
    world: World,
    kept: PathBuf,
    steps: Steps,
    /// The number of the next new run.
    next: u32,
}

impl Grown {
    fn new(size: u32, steps: Steps) -> Self {
        let mut world = World::with_store(&steps(0..size - CHAIN));
        world.journal(&chain(CHAIN));
        world.fold();
        let grown = Self { size, kept: world.folder().join("kept.db"), world, steps, next: size };
        grown.checkpoint();
        fs::copy(grown.world.home.store.file().expect("it is a file"), &grown.kept).expect("room for a copy");
        grown
    }

    /// Brings everything into the store's file.
    fn checkpoint(&self) {
        let store =
            rusqlite::Connection::open(self.world.home.store.file().expect("it is a file")).expect("the store opens");
        store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("nobody else has it open");
    }

    /// Returns how large the store is as it was made.
    fn bytes(&self) -> f64 {
        // Exact for any store that fits a disk.
        fs::metadata(&self.kept).expect("the copy is a file").len() as f64
    }

    /// Folds runs that nobody knows yet, into the store as it was made; returns what one of them takes.
    fn ingest(&mut self) -> f64 {
        // What a few turns add to the largest store is less than what its copy would do to the machine.
        if self.size < SIZES[3] {
            fs::copy(&self.kept, self.world.home.store.file().expect("it is a file")).expect("room for a copy");
            // Else the fold would wait for it.
            let copy = fs::File::options()
                .write(true)
                .open(self.world.home.store.file().expect("it is a file"))
                .expect("the store is a file");
            copy.sync_all().expect("a disk");
        }
        self.world.journal(&(self.steps)(self.next..self.next + RUNS));
        self.next += RUNS;
        let begun = Instant::now();
        self.world.fold();
        let taken = nanos(begun) / f64::from(RUNS);
        self.checkpoint();
        taken
    }
}

/// Traces in each store by turns; returns what a trace takes.
fn traces(stores: &mut [Grown; 4]) -> [f64; 4] {
    let mut opened = stores.each_ref().map(|grown| {
        let store = store::open(&grown.world.home, Mode::Read).expect("the store opens");
        (store, &grown.world)
    });
    by_size(|place| {
        let (store, world) = &mut opened[place];
        let runs = usize::try_from(CHAIN).expect("a short chain");
        timed(5, &mut || trace_once(store.as_mut(), world, runs, &name(CHAIN)))
    })
}

fn ingests(stores: &mut [Grown; 4]) -> [f64; 4] {
    by_size(|place| stores[place].ingest())
}

/// Measures each size by turns, and returns the median of each.
fn by_size(mut measure: impl FnMut(usize) -> f64) -> [f64; 4] {
    let mut taken: [Vec<f64>; 4] = Default::default();
    for turn in 0..=TURNS {
        for (place, taken) in taken.iter_mut().enumerate() {
            let figure = measure(place);
            // The first turn fills caches.
            taken.extend((turn > 0).then_some(figure));
        }
    }
    taken.map(|taken| median(taken.into_iter()))
}
