//! A word, a number or a call where the attribute wants a text.

#[mltrace::register(component = cleaning, owner = 7, tags = ["etl", daily])]
fn clean() {}

fn main() {}
