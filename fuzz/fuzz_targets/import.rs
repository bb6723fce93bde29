//! libFuzzer for the target `import`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mltrace_fuzz::targets::import::check(bytes));
