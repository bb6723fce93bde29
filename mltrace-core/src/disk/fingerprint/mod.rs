//! What a local file or folder holds, told by a hash of its content.

mod stat;

mod skip;

mod held;

mod file;

mod folder;

mod whole;

pub use skip::Skip;
pub use stat::{FileKind, Stat, stat};
pub use whole::{Fingerprint, Hashing, fingerprint};

#[cfg(test)]
mod tests;
