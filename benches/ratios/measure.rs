//! Times two things by turns, so that what else the machine does falls on both.

use std::time::Instant;

/// What mltrace took and what the minimum took, in nanoseconds, and how they compare.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) ours: f64,
    pub(crate) minimum: f64,
    /// The median of the ratios of turns.
    pub(crate) ratio: f64,
}

/// Lets both do something so many times in each of so many turns.
pub(crate) fn by_turns(turns: usize, times: u32, mut ours: impl FnMut(), mut minimum: impl FnMut()) -> Pair {
    by_turns_timed(turns, || timed(times, &mut ours), || timed(times, &mut minimum))
}

/// As [`by_turns`], of two that time themselves, in nanoseconds.
pub(crate) fn by_turns_timed(turns: usize, mut ours: impl FnMut() -> f64, mut minimum: impl FnMut() -> f64) -> Pair {
    // The first of each fills caches.
    ours();
    minimum();
    let turns: Vec<(f64, f64)> = (0..turns).map(|_| (ours(), minimum())).collect();
    Pair {
        ours: median(turns.iter().map(|(ours, _)| *ours)),
        minimum: median(turns.iter().map(|(_, minimum)| *minimum)),
        ratio: median(turns.iter().map(|(ours, minimum)| ours / minimum)),
    }
}

/// Returns how many nanoseconds one of so many times takes.
pub(crate) fn timed(times: u32, what: &mut impl FnMut()) -> f64 {
    let begun = Instant::now();
    for _ in 0..times {
        what();
    }
    nanos(begun) / f64::from(times)
}

/// Returns the typical time of one of so many, each timed by itself, in nanoseconds.
pub(crate) fn typical(times: usize, mut what: impl FnMut()) -> f64 {
    median((0..times).map(|_| timed(1, &mut what)))
}

/// Returns the nanoseconds since then.
pub(crate) fn nanos(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e9
}

pub(crate) fn median(figures: impl Iterator<Item = f64>) -> f64 {
    percentile(figures, 50)
}

/// Returns the figure that so many of a hundred stay below.
pub(crate) fn percentile(figures: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() * percent / 100]
}
