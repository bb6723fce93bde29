//! Counts instructions, which are the same however busy the machine is, against bounds:
//! `cargo bench --package mltrace-minimum`. It needs valgrind and `gungraun-runner` of the version that `Cargo.lock` names.
#![allow(missing_docs, reason = "gungraun's and the attribute's own items")]
#![allow(clippy::disallowed_methods, reason = "gungraun ends the process, and its project is the one it stands in")]

#[path = "../ratios/world.rs"]
#[allow(dead_code, reason = "the ratios use more of it")]
mod world;

use std::hint::black_box;

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use mltrace_core::query::{Reader, TraceOptions};
use mltrace_core::store::{self, Mode, Store};
use tempfile::TempDir;
use world::{Step, World, chain, days, ladder, name, predictions};

/// A bound lies a tenth above what was counted when it was set: compilers and C libraries differ by less.
fn at_most(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    LibraryBenchmarkConfig::default().tool(callgrind).to_owned()
}

#[mltrace::register(component = "predict", inputs = [model, features], outputs = [prediction])]
fn predict<'a>(model: &str, features: &str, prediction: &'a str) -> &'a str {
    let _ = (model, features);
    prediction
}

/// A model predicts from features that nobody saw before.
fn call(features: &str, prediction: &str) {
    black_box(predict(black_box("models://shop/1"), black_box(features), black_box(prediction)));
}

/// Stands in a project of its own, where one run is recorded already.
fn recording() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::env::set_current_dir(&folder).expect("the folder is there");
    call("features://shop/1", "predictions://shop/1");
    folder
}

#[library_benchmark(setup = recording, config = at_most(49_580))]
fn a_recorded_call(folder: TempDir) -> TempDir {
    call("features://shop/2", "predictions://shop/2");
    folder
}

#[mltrace::register(component = "clean", inputs = [raw, settings], outputs = [cleaned])]
fn clean<'a>(raw: &str, settings: &str, cleaned: &'a str) -> &'a str {
    let _ = (raw, settings);
    cleaned
}

fn clean_files() {
    black_box(clean(black_box("data/raw.csv"), black_box("data/settings.toml"), black_box("data/clean.csv")));
}

/// Stands in a project of its own, where a call with three files is recorded already; they are there and known, or missing.
fn with_files(are_there: bool) -> TempDir {
    let folder = recording();
    if are_there {
        std::fs::create_dir("data").expect("room for a folder");
        for name in ["data/raw.csv", "data/settings.toml", "data/clean.csv"] {
            std::fs::write(name, [7; 4 << 10]).expect("room for a file");
        }
        // What changed just now is not believed to stand as it did.
        std::thread::sleep(std::time::Duration::from_millis(2_100));
    }
    clean_files();
    folder
}

#[library_benchmark]
#[bench::missing(args = (false), setup = with_files, config = at_most(74_200))]
#[bench::known(args = (true), setup = with_files, config = at_most(101_000))]
fn a_call_with_files(folder: TempDir) -> TempDir {
    clean_files();
    folder
}

fn disabled() {
    call("features://shop/1", "predictions://shop/1");
}

#[library_benchmark(setup = disabled, config = at_most(69).env("MLTRACE_DISABLED", "1").to_owned())]
fn a_call_that_is_not_recorded(_: ()) {
    call("features://shop/2", "predictions://shop/2");
}

/// Returns a project whose journal holds these steps, and whose store is made and empty.
fn to_fold(steps: &[Step]) -> World {
    let world = World::with_journal(steps);
    drop(store::open(&world.home, Mode::Write).expect("the store is made"));
    world
}

#[library_benchmark(config = at_most(203_100_000))]
#[bench::thousand(args = (&chain(1_000)), setup = to_fold)]
fn folding(world: World) -> World {
    world.fold();
    world
}

/// A store that was asked once.
struct Asked {
    world: World,
    store: Box<dyn Store>,
    top: String,
}

impl Asked {
    fn new(world: World, top: String) -> Self {
        let store = store::open(&world.home, Mode::Read).expect("the store opens");
        let mut asked = Self { world, store, top };
        asked.trace();
        asked
    }

    fn trace(&mut self) {
        let mut reader = Reader::new(self.store.as_mut(), &self.world.home, self.world.folder());
        black_box(reader.trace(&self.top, &TraceOptions::default()).expect("the artifact was written"));
    }

    fn review(&mut self) {
        let mut reader = Reader::new(self.store.as_mut(), &self.world.home, self.world.folder());
        black_box(reader.review(Some(10)).expect("something is flagged"));
    }
}

fn asked(steps: &[Step], top: u32) -> Asked {
    Asked::new(World::with_store(steps), name(top))
}

#[library_benchmark]
#[bench::chain(args = (&chain(1_000), 1_000), setup = asked, config = at_most(40_450_000))]
#[bench::ladder(args = (&ladder(100), 200), setup = asked, config = at_most(10_260_000))]
fn tracing(mut asked: Asked) -> Asked {
    asked.trace();
    asked
}

fn flagged(count: u32) -> Asked {
    let world = World::with_store(&days(count));
    let names = predictions(count, 100);
    world.flag(&names);
    let mut asked = Asked::new(world, names[0].clone());
    asked.review();
    asked
}

#[library_benchmark]
#[bench::hundred(args = (10), setup = flagged, config = at_most(30_450_000))]
fn reviewing(mut asked: Asked) -> Asked {
    asked.review();
    asked
}

library_benchmark_group!(
    name = counts,
    benchmarks = [a_recorded_call, a_call_with_files, a_call_that_is_not_recorded, folding, tracing, reviewing]
);

main!(library_benchmark_groups = counts);
