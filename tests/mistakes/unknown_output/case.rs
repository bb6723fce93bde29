//! An output that nothing binds.

use std::path::{Path, PathBuf};

#[mltrace::register(outputs = [claen, retrun, model])]
fn clean(raw: &Path) -> PathBuf {
    let clean = raw.with_extension("clean");
    clean
}

fn main() {}
