//! A store on disks that fail: no acknowledged run is lost, nothing is stored by half.
//!
//! The faults are made inside the process, by a file layer under SQLite (`vfs`), so every place is met. The short form is
//! part of the workspace's tests; `cargo test -p mltrace-core --test disk -- --ignored --nocapture` is the
//! long one.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]
#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "the figures are for people")]

mod vfs;

mod disk;

mod project;

mod faults;

mod power;
