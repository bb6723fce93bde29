//! A check is a call, not the name of a function or of what it is to look at.

use std::path::Path;

#[mltrace::register(inputs = [raw], before = [raw, warn(not_empty)])]
fn clean(raw: &Path) -> Result<(), String> {
    Ok(())
}

fn main() {}
