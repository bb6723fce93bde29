//! Made-up pipelines with injected faults, and how often each way of ranking the suspects finds them.

pub mod lines;
pub mod method;
pub mod pipeline;
pub mod random;
pub mod table;
pub mod trial;
