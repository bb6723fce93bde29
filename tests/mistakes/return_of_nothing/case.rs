//! `return` among the outputs of a function that returns nothing.

#[mltrace::register(outputs = [return])]
fn clean() {}

fn main() {}
