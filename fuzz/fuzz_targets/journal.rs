//! libFuzzer for the target `journal`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mltrace_fuzz::targets::journal::check(bytes));
