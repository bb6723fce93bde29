//! Pure algorithms over a graph in memory; nothing here reads or writes.

mod coverage;

mod trace;

mod impact;

pub use coverage::{Group, Judged, groups};
pub use impact::{ImpactState, Written, states};
pub use trace::depths;
