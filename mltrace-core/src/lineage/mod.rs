//! Pure algorithms over a graph in memory; nothing here reads or writes.

mod coverage;

mod trace;

mod impact;

mod diff;

mod align;

pub use coverage::{Group, Judged, groups};
pub use diff::{Cause, Side, Source, Step, diff, is_unusual};
pub use impact::{ImpactState, Written, states};
pub use trace::depths;
