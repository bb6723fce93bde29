//! OpenLineage events become runs, the same ones in whatever order they come.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod bounds;
mod captures;
mod cases;
mod edges;
mod export;
mod journals;
mod orders;
mod project;
