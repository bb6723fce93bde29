//! A check stops a function with its own error; where there is none to be made, it may only warn.

struct Rows;

#[mltrace::register(before = [count > 0, warn(count > 1)])]
fn load(count: u32) -> Rows {
    Rows
}

#[derive(Debug)]
struct Own;

#[mltrace::register(before = [count > 0], after = [1 + 1])]
fn fails(count: u32) -> Result<u32, Own> {
    Ok(count)
}

fn main() {}
