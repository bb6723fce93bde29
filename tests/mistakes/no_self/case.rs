//! `self` in a function that takes none.

#[mltrace::register(inputs = [self], outputs = [self])]
fn clean() {}

fn main() {}
