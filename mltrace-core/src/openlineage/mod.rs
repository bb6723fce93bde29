//! Parses OpenLineage events and returns the records of their runs: a pure function of the set of events of a run.

mod event;

mod facets;

mod attempt;

mod edges;

mod measures;

mod sent;

mod run;

mod own;

mod own_records;

mod records;

mod surrogate;

pub use attempt::{Tries, later_try};
pub use event::{About, Dataset, Event, Facets, Fault, Job, Kind};
pub use own::{
    NotWritten, OF_EDGE, OF_JOB, OF_RUN, OwnCode, OwnEdge, OwnFolder, OwnGit, OwnJob, OwnNote, OwnRun, last_moment,
};
pub use records::{cut_short, declared_outputs, declared_records, run_records};
pub use run::RunRecords;
pub use sent::Sent;
pub use surrogate::paired;
