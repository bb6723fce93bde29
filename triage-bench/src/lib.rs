//! Made-up pipelines with injected faults, and how often each way of ranking the suspects finds them.

pub mod lasting;
pub mod lines;
pub mod method;
pub mod naming;
pub mod pipeline;
pub mod random;
pub mod table;
pub mod trial;
pub mod uuids;
