//! A function that may run while compiling.

#[mltrace::register]
const fn size() -> usize {
    3
}

const SIZE: usize = size();

fn main() {}
