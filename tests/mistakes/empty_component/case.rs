//! A component without a name.

#[mltrace::register(component = " ")]
fn clean() {}

fn main() {}
