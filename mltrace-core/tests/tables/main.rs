//! Profiles of Parquet tables: what the crate `parquet` writes is read as the same table in another form, and a file that
//! lies is not believed.

#![allow(clippy::disallowed_methods, reason = "what tries the project makes the files that it needs")]

mod hostile;
mod kinds;
mod others;
mod same;
mod written;
