//! The rooms behind `mltrace`, from a registered function to an answer about lineage.
//!
//! One way for the data: `capture` and `record` append to a `journal`; `ingest` folds journals and
//! imports into a `store` and binds every read to the write it saw; `query` loads a part of the graph
//! and asks `lineage` about it. `ARCHITECTURE.md` tells which room may use which.
//!
//! This crate is exempt from semantic versioning: depend on `mltrace`.

pub mod model;

pub mod config;

pub mod escape;

mod folder;

pub mod fork;

mod thread;

pub mod capture;

pub mod journal;

pub mod record;

pub mod ingest;

pub mod store;

pub mod lineage;

pub mod query;
