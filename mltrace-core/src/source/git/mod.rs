//! The state of the git repository that the code comes from; nothing in the repository is executed or changed.

#[cfg(feature = "git")]
mod read;

#[cfg(not(feature = "git"))]
mod absent;

#[cfg(not(feature = "git"))]
pub use absent::{find, head, is_large, rest};
#[cfg(feature = "git")]
pub use read::{find, head, is_large, repository, rest};
