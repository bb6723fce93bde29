//! All mistakes are told at once, and nothing follows from them.

use std::path::{Path, PathBuf};

#[mltrace::register(
    componnent = "cleaning",
    inputs = [raw_pth],
    outputs = [claen],
    params = [mnth],
    owner = shreya,
    stale_after = "30"
)]
/// The function is still there.
fn clean(raw_path: &Path, month: &str) -> PathBuf {
    let clean = raw_path.join(month);
    clean
}

fn caller() -> PathBuf {
    clean(Path::new("raw.csv"), "2020-01")
}

fn main() {
    caller();
}
