//! The embedded store: one SQLite file.

mod open;

mod lock;

mod map;

mod find;

mod detail;

mod history;
mod triage;

mod write;

mod edge;

pub(super) use open::SqliteStore;
