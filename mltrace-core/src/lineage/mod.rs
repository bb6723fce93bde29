//! Pure algorithms over a graph in memory; nothing here reads or writes.

mod trace;

mod impact;

mod diff;

mod align;

mod coverage;

mod blame;

mod evidence;

mod usual;

mod explain;

mod next;

mod layout;

pub use blame::{Blame, Counts, Scale, Suspect, rank, worth_suspecting};
pub use coverage::{Group, Judged, Outputs, flagged, groups, reach};
pub use diff::{Cause, Side, Source, Step, diff};
pub use evidence::{Aspect, Evidence, Facts, Fault, Finding, Findings, evidence};
pub use explain::explain;
pub use impact::{ImpactState, Written, states};
pub use layout::{Layout, layout};
pub use next::{Belief, Look, look_next};
pub use trace::depths;
pub use usual::Usual;
