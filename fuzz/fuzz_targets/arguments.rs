//! libFuzzer for the target `arguments`, against the command that `cargo build --release` made.

#![no_main]

use std::path::Path;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let exe = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/mltrace");
    mltrace_fuzz::targets::arguments::check(&exe, bytes);
});
