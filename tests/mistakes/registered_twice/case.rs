//! Two attributes on one function.

#[mltrace::register]
#[mltrace::register(component = "other")]
fn clean() {}

fn main() {}
