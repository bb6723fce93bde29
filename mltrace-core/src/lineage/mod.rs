//! Pure algorithms over a graph in memory; nothing here reads or writes.

mod coverage;

mod trace;

pub use coverage::{Group, Judged, groups};
pub use trace::depths;
