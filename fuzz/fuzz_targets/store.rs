//! libFuzzer for the target `store`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mltrace_fuzz::targets::store::check(bytes));
