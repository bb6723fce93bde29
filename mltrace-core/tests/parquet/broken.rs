//! Files that are cut, changed, or claim what is not there: they are not read, and nothing panics.

use std::sync::Mutex;

use mltrace_core::profile::{Limits, profile};

use crate::{ALL, kept};

/// So many times each file is changed.
const ROUNDS: usize = 300;

/// What panicked, also where it was kept.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Reads each of the files; returns how many are read.
fn read_all(files: impl Iterator<Item = Vec<u8>>) -> usize {
    std::panic::set_hook(Box::new(|found| PANICS.lock().unwrap().push(found.to_string())));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let limits = Limits { time: std::time::Duration::from_millis(50), ..Limits::default() };
    let mut read = 0;
    for file in files {
        std::fs::write(&path, file).unwrap();
        read += usize::from(profile(&path, &limits).is_some());
    }
    let _ = std::panic::take_hook();
    read
}

/// Returns numbers that look like chance, and are the same in each run.
fn chance() -> impl FnMut(usize) -> usize {
    let mut state = 88_172_645_463_325_252_u64;
    move |below| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    }
}

#[test]
fn no_file_makes_anything_panic() {
    let mut below = chance();
    for name in ALL.into_iter().chain(["plain.parquet"]) {
        let whole = std::fs::read(kept(name)).unwrap();
        let cut = (0..whole.len()).step_by(whole.len() / 100).map(|length| whole[..length].to_vec());
        assert_eq!(read_all(cut), 0, "{name}: what is cut is not read");
        let changed = (0..ROUNDS).map(|_| {
            let mut file = whole.clone();
            for _ in 0..=below(3) {
                let at = below(file.len());
                file[at] = match below(3) {
                    0 => 0xFF,
                    1 => file[at] ^ (1 << below(8)),
                    _ => u8::try_from(below(256)).unwrap(),
                };
            }
            file
        });
        let changed: Vec<_> = changed.collect();
        read_all(changed.into_iter());
    }
    assert_eq!(*PANICS.lock().unwrap(), Vec::<String>::new());
}
