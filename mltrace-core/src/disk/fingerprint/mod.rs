//! What a local file or folder holds, identified by a hash of its content.

mod stat;

mod skip;

mod hashing;

mod held;

mod file;

mod folder;

mod whole;

pub use folder::{Entries, of_files};
pub use hashing::Hashing;
pub use skip::Skip;
pub use stat::{FileKind, Stat, stat};
pub use whole::{Fingerprint, fingerprint};

#[cfg(test)]
mod tests;
