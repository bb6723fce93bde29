//! The answers of triage, held against small models over generated pipelines.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod agree;

mod story;

mod clocks;

mod diff;

mod impact;
mod judged;

mod last_good;
mod measured;
mod monitored;

mod forget;

mod entries;
mod inside;

mod nested;

mod aliases;
mod baseline;

mod between;
mod blame;
mod bounds;
mod causes;
mod compare;
mod gate;
mod golden;
mod tables;
mod tempo;

mod project;

mod renamed;
mod report;

mod review;

mod search;
mod shared;

mod stale;

mod verify;
