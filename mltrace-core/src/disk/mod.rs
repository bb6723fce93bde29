//! What lies on the disk: fingerprints of files and folders with their cache, how they stand, on which file system.

pub mod fingerprint;

mod cache;

mod link;

pub mod state;

pub mod local;

pub use cache::Cache;
pub use fingerprint::{Entries, FileKind, Fingerprint, Hashing, Skip, Stat};
