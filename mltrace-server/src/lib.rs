//! The pages and the HTTP API of mltrace: what `mltrace serve` serves.
//!
//! Triage for people who built neither the pipeline nor the model. Pages are made on the server and work without
//! scripts; the API under `/api/v1` answers with the same JSON as the command. `docs/server.md` says how to run it.
//!
//! This crate is exempt from semantic versioning: the paths, the JSON and the flags of `mltrace serve` are promised.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make the files that they need"))]

mod serve;

mod patient;

mod app;

mod inbox;

mod bodies;

mod turns;

mod list;

mod lines;

mod room;

mod memory;

mod pieces;

mod failure;

mod asked;

mod routes;

mod safety;

mod moment;

#[cfg(feature = "grpc")]
mod grpc;

mod live;

mod exposition;

mod metrics;

mod marquez;

mod assets;

mod api;

mod pages;

pub use app::App;
pub use exposition::Exposition;
pub use routes::{Route, service};
pub use safety::{AllowedHost, Guard, MissingToken, Token, WrongHost, WrongToken};
pub use serve::{ServeError, Server};
