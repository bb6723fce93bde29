//! A value where the attribute wants `name = value`.

#[mltrace::register("cleaning")]
fn text() {}

#[mltrace::register(["raw.csv"])]
fn list() {}

fn main() {}
