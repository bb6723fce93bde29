//! The server as a client meets it, without a network: access, answers, recording, pages.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod changes;
mod client;

mod access;

mod pages;

mod questions;

mod measures;

mod metrics;

mod marquez;

mod profiles;

mod recording;

mod aliases;
mod subjects;
mod tasks;

mod gate;

mod limits;

mod doors;

mod events;

mod spans;

mod grpc;

mod names;

mod speed;

mod traces;

mod disk;
