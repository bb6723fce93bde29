//! A check before the body sees no variable of it; one after it sees outputs and what was returned.

use std::path::{Path, PathBuf};

#[mltrace::register(
    inputs = [raw],
    before = [no_nulls(clean), no_nulls(return)],
    after = [no_nulls(clean), no_nulls(return)],
)]
fn clean(raw: &Path) {
    let clean: PathBuf = raw.join("clean");
    drop(clean);
}

#[mltrace::register(before = [no_nulls(raw)?, no_nulls(raw), no_nulls(raw)])]
fn other(raw: &Path) -> Result<(), String> {
    Ok(())
}

struct Step;

impl Step {
    #[mltrace::register(inputs = [self], before = [no_nulls(self)])]
    fn run(&self) {}
}

fn no_nulls(_: &Path) -> bool {
    true
}

fn main() {}
