//! Compares recording, ingest and trace with the bare minimum that each could cost: `cargo bench --bench ratios`.
#![expect(clippy::print_stdout, reason = "the ratios are the answer")]
#![allow(missing_docs, reason = "criterion's and the attribute's own items")]

mod bare;
mod world;

use std::fs;
use std::hint::black_box;
use std::path::Path;

use bare::Appender;
use criterion::{BatchSize, Criterion, Throughput};
use mltrace_core::query::{Reader, TraceOptions};
use mltrace_core::store::{self, Mode};
use world::{Step, World, chain, ladder, name};

const EMPTY_RUN: &str = "start and end of an empty function";
const INGEST: &str = "ingest of 10,000 runs";
const CHAIN: &str = "trace of a chain of 1,000 runs";
const LADDER: &str = "trace of a ladder of 100 diamonds";

fn main() {
    let figures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ratios");
    let mut criterion = Criterion::default().sample_size(20).output_directory(&figures).configure_from_args();
    ingest(&mut criterion);
    trace(&mut criterion, CHAIN, &chain(1000), 1000);
    trace(&mut criterion, LADDER, &ladder(100), 200);
    // Last, because a backlog is folded beside whatever comes after it.
    empty_run(&mut criterion);
    criterion.final_summary();
    print_ratios(&figures);
}

fn ingest(criterion: &mut Criterion) {
    let steps = chain(10_000);
    let mut group = criterion.benchmark_group(INGEST);
    group.sample_size(10).throughput(Throughput::Elements(10_000));
    group.bench_function("mltrace", |bencher| {
        bencher.iter_batched_ref(|| World::with_journal(&steps), |world| world.fold(), BatchSize::PerIteration);
    });
    let rows = bare::rows(&World::with_store(&steps).home.store.clone());
    group.bench_function("bare", |bencher| {
        let make = || {
            let folder = tempfile::tempdir().expect("a temporary folder");
            (bare::empty_store(&folder.path().join("bare.db")), folder)
        };
        bencher.iter_batched_ref(make, |(store, _)| bare::insert(store, &rows), BatchSize::PerIteration);
    });
    group.finish();
}

fn trace(criterion: &mut Criterion, title: &str, steps: &[Step], top: u32) {
    let world = World::with_store(steps);
    let mut group = criterion.benchmark_group(title);
    let mut store = store::open(&world.home, Mode::Read).expect("the store opens");
    let options = TraceOptions::default();
    group.bench_function("mltrace", |bencher| {
        let mut reader = Reader::new(store.as_mut(), &world.home, world.folder());
        bencher.iter(|| {
            let trace = reader.trace(&name(top), &options).expect("the artifact was written");
            assert_eq!(trace.runs.len(), steps.len());
            trace
        });
    });
    let bare = rusqlite::Connection::open(&world.home.store).expect("the store opens");
    group.bench_function("bare", |bencher| bencher.iter(|| black_box(bare::walk(&bare, &name(top)))));
    group.finish();
}

#[mltrace::register]
fn empty() {}

#[expect(clippy::disallowed_methods, reason = "the project of this process is the one it stands in")]
fn empty_run(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::env::set_current_dir(&folder).expect("the folder is there");
    empty();
    let before = journal_bytes(folder.path());
    for _ in 0..1000 {
        empty();
    }
    let bytes_of_a_record = (journal_bytes(folder.path()) - before) / 2000;

    let mut group = criterion.benchmark_group(EMPTY_RUN);
    group.bench_function("bare", |bencher| {
        let mut appender = Appender::new(&folder.path().join("bare.log"), bytes_of_a_record);
        bencher.iter(|| {
            appender.append();
            appender.append();
        });
    });
    group.bench_function("mltrace", |bencher| bencher.iter(empty));
    group.finish();
}

fn journal_bytes(folder: &Path) -> usize {
    let logs = fs::read_dir(folder.join(".mltrace/journal")).expect("a journal").flatten();
    let logs = logs.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "log"));
    let bytes: u64 = logs.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum();
    usize::try_from(bytes).expect("a small journal")
}

fn print_ratios(figures: &Path) {
    println!("\n{:<36} {:>11} {:>11} {:>6}", "", "mltrace", "bare", "ratio");
    for title in [EMPTY_RUN, INGEST, CHAIN, LADDER] {
        let figure = |side: &str| typical_ns(&figures.join(title.replace('/', "_")).join(side));
        // Nothing was measured when a filter left it out.
        if let (Some(ours), Some(bare)) = (figure("mltrace"), figure("bare")) {
            println!("{title:<36} {:>11} {:>11} {:>6.1}", in_words(ours), in_words(bare), ours / bare);
        }
    }
}

fn typical_ns(figure: &Path) -> Option<f64> {
    let text = fs::read(figure.join("new/estimates.json")).ok()?;
    let estimates: serde_json::Value = serde_json::from_slice(&text).ok()?;
    // As criterion prints it: the slope over growing batches, or the mean where every batch is one.
    ["slope", "mean"].iter().find_map(|estimate| estimates[estimate]["point_estimate"].as_f64())
}

fn in_words(ns: f64) -> String {
    if ns < 1e6 { format!("{:.1} µs", ns / 1e3) } else { format!("{:.1} ms", ns / 1e6) }
}
