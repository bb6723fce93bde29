//! Pure algorithms over a graph in memory; nothing here reads or writes.

mod trace;

mod impact;

mod held;

mod inside;

mod alike;

mod turns;

mod aspects;

mod change;

mod diff;

mod side;

mod strength;

mod align;

mod coverage;

mod blame;

mod evidence;

mod round;

mod usual;

mod condition;

mod shared;

mod tally;

mod explain;

mod next;

mod nearest;

mod seen;

mod fresher;

mod scale;

mod kinds;

mod level;

mod ramp;

mod drift;

mod trend;

mod rhythm;

mod critical;

mod former;

mod ends;

mod reads;

mod added;

mod order;

mod command;

mod mask;

mod facts;

mod earlier;

pub use added::{add_components, add_places};
pub use alike::{are_alike, comparable};
pub use aspects::{Aspect, Aspects};
pub use blame::{Blame, Counts, Scale, Suspect, rank, worth_suspecting};
pub use change::{Change, Reading as InputReading, changes, effects, number, other_inputs};
pub use command::arguments;
pub use condition::{Condition, New};
pub use coverage::{Group, Judged, Observed, Outputs, Worth, flagged, grouped, groups, reach, reach_within};
pub use critical::{Spent, critical_path};
pub use diff::{Cause, Differences, diff};
pub use drift::{Move, moves};
pub use earlier::{Earlier, Places, compared, is_without};
pub use ends::{Ends, first_and_last};
pub use evidence::{Evidence, Finding, Findings, PASSED, arrived, evidence, lasting};
pub use explain::explain;
pub use facts::{Facts, Fault};
pub use former::former;
pub use fresher::{LastRerun, Rerun, Superseding, Work, WorkCode, did_again, is_fresher};
pub use held::{Member, held_another, member, unexplained};
pub use impact::{ImpactState, Written, states};
pub use inside::{ByName, Moment, Near, Nearby};
pub use kinds::kinds;
pub use level::{FEW, Level};
pub use mask::mask;
pub use nearest::{above, nearest};
pub use next::{Belief, Look, look_next};
pub use order::Shared;
pub use rhythm::Rhythm;
pub use round::{between, rounded};
pub use seen::{After, FirstAfter, LastSeen, Offer, Reading, is_older};
pub use shared::Table;
pub use side::{ComparedRun, Side, Source};
pub use strength::{Strength, Weakness};
pub use tally::{Known, Test};
pub use trace::depths;
pub use trend::{Trend, trend};
pub use turns::take_turns;
pub use usual::Usual;
