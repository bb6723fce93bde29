//! libFuzzer for the target `names`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mltrace_fuzz::targets::names::check(bytes));
