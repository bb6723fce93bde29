//! What is done with invented bytes, one body a target: the bounded run of the tests and libFuzzer share them.
//!
//! A body panics when the product does what it must not: panic, hang, lose what was whole, or fail without a word.

#![allow(unreachable_pub, reason = "the fuzzer's programs reach them, the tests are one program")]

pub mod arguments;

pub mod import;

pub mod journal;

pub mod names;

pub mod store;

mod place;
