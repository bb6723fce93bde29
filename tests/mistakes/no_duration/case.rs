//! Durations without a unit, with an unknown one, and without a number.

#[mltrace::register(stale_after = 30)]
fn number() {}

#[mltrace::register(stale_after = "30")]
fn no_unit() {}

#[mltrace::register(stale_after = "30 moons")]
fn unknown_unit() {}

#[mltrace::register(stale_after = "a while")]
fn no_number() {}

#[mltrace::register(stale_after = "0 days")]
fn always() {}

fn main() {}
