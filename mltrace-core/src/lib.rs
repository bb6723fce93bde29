//! The rooms behind `mltrace`, from a registered function to an answer about lineage.
//!
//! One way for the data: `record` takes what `values` say and appends it to a `journal`; `ingest` folds journals and
//! imports into a `store` and binds every read to the write it saw; `query` loads a part of the graph
//! and asks `lineage` about it. `ARCHITECTURE.md` says which room may use which.
//!
//! This crate is exempt from semantic versioning: depend on `mltrace`.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files that they need"))]
// Most of this runs inside somebody's function, or on a thread beside it, and must not be noticed there.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::arithmetic_side_effects,
        clippy::string_slice
    )
)]

pub mod model;

pub mod config;

pub mod escape;

pub mod words;

mod folder;

mod tracked;

pub mod fork;

pub mod wait;

pub mod thread;

pub mod kept;

pub mod redact;

pub mod values;

pub mod naming;

pub mod openlineage;

pub mod otlp;

pub mod disk;

pub mod host;

pub mod profile;

pub mod source;

pub mod journal;

pub mod record;

pub mod ingest;

pub mod store;

pub mod upkeep;

#[cfg(all(feature = "store", feature = "git"))]
pub mod dvc;

#[cfg(all(feature = "store", feature = "git"))]
pub mod mlflow;

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "no recorder asks: a graph's own indexes")]
pub mod lineage;

pub mod query;

pub mod desk;

#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "no recorder asks: a graph's own indexes")]
pub mod draw;
