//! What it costs to observe a value in a hot path.

use std::hint::black_box;

use crate::measure::{percentile, timed};
use crate::recording::{stand_in, wait_for_fold};
use crate::table::{Report, in_words};

/// So many values are observed at a time: a single call is shorter than a look at the clock.
const CALLS: u32 = 100;
const TURNS: usize = 20_000;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    for (what, took) in [("number", serve_numbers()), ("text", serve_texts())] {
        for (percent, most) in [(50, 100.0), (99, 1000.0)] {
            let told = percentile(took.iter().copied(), percent);
            let what = format!("observing a {what}: p{percent}, by hundreds of calls");
            report.figures(&what, &in_words(told), "", &in_words(most), told / most, 1.0);
        }
    }
    wait_for_fold();
}

#[mltrace::register]
fn serve_numbers() -> Vec<f64> {
    let mut state = 88_172_645_463_325_252_u64;
    let mut call = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        mltrace::observe!("prediction", black_box((state % 1_000_000) as f64 / 1000.0));
    };
    (0..TURNS).map(|_| timed(CALLS, &mut call)).collect()
}

#[mltrace::register]
fn serve_texts() -> Vec<f64> {
    let mut count = 0_usize;
    let mut call = || {
        count += 1;
        mltrace::observe!("zone", black_box(["JFK", "EWR", "LGA"][count % 3]));
    };
    (0..TURNS).map(|_| timed(CALLS, &mut call)).collect()
}
