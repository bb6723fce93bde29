//! Lineage and tracing for machine-learning pipelines.
//!
//! Put [`#[register]`](register) on the functions of a pipeline and run it as before. Every run is recorded: what it
//! read and wrote, its git commit, source text, parameters, duration and status. Then ask how any output came to be,
//! with the `mltrace` command or with [`trace`].
//!
//! ```no_run
//! use std::path::{Path, PathBuf};
//!
//! #[mltrace::register(component = "cleaning", inputs = [raw], outputs = [clean])]
//! fn clean(raw: &Path) -> std::io::Result<PathBuf> {
//!     let clean = raw.with_file_name("clean.csv");
//!     std::fs::copy(raw, &clean)?;
//!     Ok(clean)
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! clean(Path::new("data/raw.csv"))?;
//! for at in mltrace::trace("data/clean.csv")?.runs {
//!     println!("{} {}", at.depth, at.run.component);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A registered function returns, fails and panics exactly as without the attribute, whatever happens to the store.
//!
//! # Features
//! - `store` (default): the embedded SQLite store, background folding and the queries of this crate. Without it runs are
//!   journalled only, and any `mltrace` command folds them.
//! - `git` (default): the git state of the code that runs.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files that they need"))]
// This code runs inside somebody's function, which must not notice it.
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

mod process;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

use __private as private;

mod macros;

mod check;

mod observe;

mod explicit;

mod loaded;

mod task;

pub mod fs;

#[cfg(feature = "rayon")]
pub mod rayon;

#[cfg(feature = "tokio")]
pub mod tokio;

#[cfg(feature = "store")]
mod queries;

#[cfg(feature = "store")]
mod measures;

pub use check::{CheckFailed, Checked, Stopped};
pub use explicit::{Current, Run, current, no_run, start};
pub use loaded::{Loaded, loaded};
#[cfg(feature = "store")]
pub use measures::{
    checks, compare, failed_checks, gate, metrics, observations, profile, removed, retract, subject, tasks,
};
pub use mltrace_core::model::ArtifactKind as Kind;
#[cfg(feature = "store")]
pub use mltrace_core::model::Verdict;
#[cfg(feature = "store")]
pub use mltrace_core::query::{MeasureFilter, RunFilter, TaskOptions, TraceOptions};
pub use mltrace_core::values::{Artifact, artifact};
pub use mltrace_macros::register;
pub use observe::Observable;
pub(crate) use process::recorder;
#[cfg(feature = "store")]
pub use queries::{
    Error, alias, aliases, answer, blame, component, components, diff, health, history, impact, inspect, judge,
    last_good, point_alias, recent, remove_alias, report, review, roll_back_alias, run, stale, tags, timing, trace,
    trace_with, verify,
};
pub use task::{Task, task};

#[cfg(feature = "tokio")]
pub use self::tokio::{spawn, spawn_blocking};

/// The README's examples, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
