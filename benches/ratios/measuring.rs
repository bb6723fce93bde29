//! What a metric and a check cost their caller beside a parameter.

use std::hint::black_box;

use crate::measure::{Pair, by_turns_timed, median, typical};
use crate::recording::{stand_in, wait_for_fold};
use crate::table::Report;

/// So many calls make a turn.
const CALLS: usize = 1_000;
const TURNS: usize = 41;

#[mltrace::register]
fn nothing(value: f64) {
    black_box(value);
}

#[mltrace::register]
fn with_parameters(value: f64) {
    for name in NAMES {
        mltrace::param!(name, black_box(value));
    }
}

#[mltrace::register]
fn with_metrics(value: f64) {
    for name in NAMES {
        mltrace::metric!(name, black_box(value));
    }
}

#[mltrace::register]
fn with_checks(value: f64) {
    for name in NAMES {
        mltrace::check!(name = name, black_box(value) < 1.0);
    }
}

/// Several in a call, so that what one takes shows beside the call itself.
const NAMES: [&str; 4] = ["rmse", "mae", "auc", "r2"];

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    stand_in(folder.path());
    let turn = |call: fn(f64)| {
        let took = typical(CALLS, || call(black_box(0.64)));
        wait_for_fold();
        took
    };
    for (what, call) in [("a metric", with_metrics as fn(f64)), ("a check that passes", with_checks)] {
        // The call itself is in both, so it is measured beside both and taken off.
        let bare = median((0..TURNS).map(|_| turn(nothing)));
        let count = f64::from(u32::try_from(NAMES.len()).expect("they are few"));
        let alone = |took: f64| (took - bare) / count;
        let Pair { ours, minimum, .. } = by_turns_timed(TURNS, || turn(call), || turn(with_parameters));
        let pair = Pair { ours: alone(ours), minimum: alone(minimum), ratio: alone(ours) / alone(minimum) };
        report.pair(&format!("{what} in a call"), "a parameter in a call", pair, 1.2);
    }
}
