//! What it costs to fingerprint a large file.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;

use mltrace_core::disk::fingerprint::{fingerprint, stat};
use mltrace_core::disk::{Cache, Hashing, Skip};

use crate::measure::by_turns;
use crate::table::Report;

/// The file's size.
const BYTES: usize = 1 << 30;

pub(crate) fn measure(report: &mut Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("large.bin");
    let mut file = File::create(&path).expect("room for a file");
    let block: Vec<u8> = (0..1 << 20_u32).map(|place: u32| place.wrapping_mul(0x9E37_79B9).to_le_bytes()[3]).collect();
    for _ in 0..BYTES / block.len() {
        file.write_all(&block).expect("room for a GiB");
    }
    drop(file);

    let skip = Skip::default();
    let hashing = Hashing { limit: u64::MAX, skip: &skip, cache: None, progress: None, cancel: None };
    let pair = by_turns(
        5,
        1,
        || {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let empty = Cache::new(folder.path());
            let cold = Hashing { cache: Some(&empty), ..hashing };
            black_box(fingerprint(&path, &cold).expect("the file can be read"));
        },
        || {
            black_box(mltrace_minimum::hash(&path));
        },
    );
    report.pair("fingerprint of a file of 1 GiB", "BLAKE3 over read(2)", pair, 1.1);

    let cache = Cache::new(folder.path());
    let warm = Hashing { cache: Some(&cache), ..hashing };
    let stat = stat(&path).expect("the file can be looked at").expect("the file is there");
    while cache.get(&path, &stat).is_none() {
        // Nothing is kept of a file that has only just changed.
        black_box(fingerprint(&path, &warm).expect("the file can be read"));
    }
    let pair = by_turns(
        50,
        1_000,
        || drop(black_box(fingerprint(&path, &warm).expect("the file can be read"))),
        || {
            black_box(std::fs::metadata(&path).expect("the file is there"));
        },
    );
    report.pair("the same, known from before", "one stat", pair, 3.0);
}
