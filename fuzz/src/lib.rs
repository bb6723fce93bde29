//! The targets of the fuzzer; the tests of the command share them.

pub mod targets;
