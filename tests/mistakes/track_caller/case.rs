//! A function that asks for its caller.

#[mltrace::register]
#[track_caller]
fn clean() {
    let _ = std::panic::Location::caller();
}

fn main() {}
