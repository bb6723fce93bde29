//! How cost grows with the size of the store.

use std::fmt::Write;
use std::fs;
use std::time::Instant;

use mltrace_core::store::{self, Mode};

use crate::asking::trace_once;
use crate::measure::{Pair, median, nanos, typical};
use crate::table::{Report, in_words};
use crate::world::{Step, World, addresses, chain, name};

const SIZES: [u32; 4] = [1_000, 10_000, 100_000, 1_000_000];
/// So many runs are folded at a time.
const RUNS: u32 = 500;
/// What a run takes on disk in raw rows, in a benchmark of other tools that keep the same facts.
const RAW_BYTES: f64 = 333.0;

struct Figures {
    bytes: f64,
    ingest: f64,
    trace: f64,
}

pub(crate) fn measure(report: &mut Report) {
    let mut worlds: Vec<World> = SIZES.iter().map(|size| World::with_store(&addresses(*size))).collect();
    let bytes: Vec<f64> = worlds.iter().zip(SIZES).map(|(world, size)| bytes(world) / f64::from(size)).collect();
    let traces: Vec<f64> = worlds.iter_mut().map(trace).collect();
    let ingests = ingest(&mut worlds);

    let mut text =
        "| runs in the store | bytes a run | ingest of a run | trace of a chain of 1,000 |\n|---:|---:|---:|---:|"
            .to_owned();
    let all: Vec<Figures> = bytes
        .into_iter()
        .zip(ingests)
        .zip(traces)
        .map(|((bytes, ingest), trace)| Figures { bytes, ingest, trace })
        .collect();
    for (size, Figures { bytes, ingest, trace }) in SIZES.iter().zip(&all) {
        write!(text, "\n| {size} | {bytes:.0} | {} | {} |", in_words(*ingest), in_words(*trace)).expect("text");
    }
    report.add(text);
    let [small, middle, .., large] = &all[..] else { return };
    let pair = |ours: f64, minimum: f64| Pair { ours, minimum, ratio: ours / minimum };
    report.pair("ingest of a run at 1,000,000 runs", "at 1,000 runs", pair(large.ingest, small.ingest), 1.3);
    report.pair("trace of 1,000 runs at 1,000,000 runs", "at 10,000 runs", pair(large.trace, middle.trace), 1.2);
    let told = format!("{:.0} B", large.bytes);
    report.figures("bytes a run at 1,000,000 runs", &told, "raw rows", "333 B", large.bytes / RAW_BYTES, 1.5);
}

/// Returns how large the store is once everything is in its file.
fn bytes(world: &World) -> f64 {
    let store = rusqlite::Connection::open(&world.home.store).expect("the store opens");
    store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).expect("nobody else has it open");
    drop(store);
    let length = fs::metadata(&world.home.store).expect("the store is a file").len();
    // Exact for any store that fits a disk.
    length as f64
}

fn trace(world: &mut World) -> f64 {
    world.journal(&chain(1_000));
    world.fold();
    let mut store = store::open(&world.home, Mode::Read).expect("the store opens");
    typical(25, || trace_once(store.as_mut(), world, 1_000, &name(1_000)))
}

/// Folds more runs into each store by turns; returns what one of them takes.
fn ingest(worlds: &mut [World]) -> Vec<f64> {
    let more: Vec<Step> = addresses(RUNS);
    let mut taken = vec![Vec::new(); worlds.len()];
    for _ in 0..9 {
        for (world, taken) in worlds.iter_mut().zip(&mut taken) {
            world.journal(&more);
            let begun = Instant::now();
            world.fold();
            taken.push(nanos(begun) / f64::from(RUNS));
        }
    }
    taken.into_iter().map(|taken| median(taken.into_iter())).collect()
}
