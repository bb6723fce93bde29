//! The embedded store: one SQLite file.

mod schema;

mod select;

mod migrate;

mod explain;

mod open;

mod folders;
mod own;
mod projects;

mod file;

#[cfg(feature = "git")]
pub(crate) mod foreign;

mod guarded;

mod held;

mod bound;

mod shape;

mod lock;

mod map;

mod find;

mod look;

mod count;

mod detail;

mod facts;

mod keys;

mod near;

mod nested;

mod places;

mod last;

mod listed;

mod known;

mod redone;

mod saw;

mod check;

mod candidates;

mod history;

mod hosts;
mod triage;

mod walk;

mod versions;

mod labels;

mod across;
mod aliases;

mod measures;

mod observations;

mod profiles;

mod events;

mod subjects;

mod tasks;

mod runs;

mod write;

mod writer;

mod unread;

mod fresh;

mod forget;

mod statement;

mod text;

mod edge;

pub(crate) use held::is_inherited;
pub use open::SqliteStore;
pub use schema::Schema;
