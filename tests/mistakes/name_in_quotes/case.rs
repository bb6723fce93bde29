//! The name of a parameter or variable in quotes, which would be the name of an artifact.

use std::path::Path;

use mltrace::register;

#[register(inputs = ["raw", "table"], outputs = ["clean", "report"], params = ["raw"], id = ["table"])]
fn clean(raw: &Path, table: &str) {
    let clean = raw.with_extension(table);
    std::fs::write(clean, "").unwrap();
}

fn main() {}
