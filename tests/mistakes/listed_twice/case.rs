//! One artifact twice in a list.

use std::path::Path;

#[mltrace::register(inputs = [raw, raw], outputs = [return, return], params = [raw.len(), raw.len()])]
fn clean(raw: &str) -> &Path {
    Path::new(raw)
}

fn main() {}
