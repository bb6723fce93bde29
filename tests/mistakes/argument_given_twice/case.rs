//! One argument twice.

#[mltrace::register(owner = "shreya", owner = "min")]
fn clean() {}

fn main() {}
