//! What recording costs a pipeline that has the processor busy: the processor's time of the whole process, with that of
//! the threads beside it.

use std::fs;
use std::hint::black_box;
use std::thread;

use crate::measure::{by_turns_timed, timed};
use crate::pace::processor;
use crate::recording::stand_in;
use crate::table::Report;

/// How long a step works, in nanoseconds.
const STEP: f64 = 1.4e6;
/// So many steps does each thread in a turn.
const STEPS: u32 = 300;

#[mltrace::register(component = "step", inputs = [raw, settings], outputs = [made])]
fn step<'a>(raw: &str, settings: &str, made: &'a str, work: u32) -> &'a str {
    let _ = (raw, settings);
    compute(work);
    made
}

/// Works without a call to the system.
fn compute(times: u32) {
    let bytes = [7; 1 << 10];
    for _ in 0..times {
        black_box(blake3::hash(black_box(&bytes)));
    }
}

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    fs::create_dir("data").expect("room for a folder");
    ["data/raw.csv", "data/settings.toml"].iter().for_each(|name| fs::write(name, [7; 4 << 10]).expect("room"));
    let once = (0..9).map(|_| timed(100, &mut || compute(10)) / 10.0).fold(f64::MAX, f64::min);
    let work = (STEP / once) as u32;
    let mut turn = 0_u32;
    for threads in [1_u32, 2] {
        let recorded = || {
            turn += 1;
            let each = |thread: u32| {
                for number in 0..STEPS {
                    let made = format!("data/made-{turn}-{thread}-{number}.csv");
                    step("data/raw.csv", "data/settings.toml", &made, work);
                }
            };
            processor(|| on(threads, &each))
        };
        let bare = || processor(|| on(threads, &|_| (0..STEPS).for_each(|_| compute(work))));
        let pair = by_turns_timed(9, recorded, bare);
        let what = format!("processor's time of a pipeline of {threads} threads, steps of 1.4 ms with 3 files");
        report.pair(&what, "the same, not recorded", pair, 1.08);
    }
}

fn on(threads: u32, work: &(impl Fn(u32) + Sync)) {
    thread::scope(|scope| (0..threads).for_each(|thread| drop(scope.spawn(move || work(thread)))));
}
