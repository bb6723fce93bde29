//! The answers of triage, held against small models over generated pipelines.

mod story;

mod diff;

mod impact;

mod bounds;

mod report;

mod review;

mod search;

mod stale;

mod verify;
