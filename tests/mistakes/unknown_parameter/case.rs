//! An input and a parameter that the function does not take.

use std::path::Path;

#[mltrace::register(inputs = [raw_pth], params = [mnth, colour])]
fn clean(raw_path: &Path, month: &str) {
    let _ = (raw_path, month);
}

fn main() {}
