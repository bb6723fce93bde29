//! One name where the attribute wants a list.

use std::path::Path;

#[mltrace::register(inputs = raw, tags = "etl")]
fn clean(raw: &Path) {
    let _ = raw;
}

fn main() {}
