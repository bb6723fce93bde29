//! Parses OpenLineage events and returns the records of their runs: a pure function of the set of events of a run.

mod event;

mod facets;

mod attempt;

mod edges;

mod measures;

mod sent;

mod records;

mod surrogate;

pub use event::{About, Dataset, Event, Facets, Fault, Job, Kind};
pub use records::{RunRecords, cut_short, declared_records, run_records};
pub use sent::Sent;
pub use surrogate::paired;
