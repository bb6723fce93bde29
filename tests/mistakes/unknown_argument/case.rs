//! An argument that the attribute does not take.

#[mltrace::register(input = ["raw.csv"])]
fn misspelt() {}

#[mltrace::register(colour = "red")]
fn foreign() {}

fn main() {}
