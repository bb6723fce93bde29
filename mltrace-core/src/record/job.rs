//! What there is to do beside the caller: hashing large files, asking git, reading source files.

use std::path::PathBuf;

use crate::model::{Due, Git};

/// Something to do beside the caller.
#[derive(Debug)]
pub(super) enum Job {
    /// Hash what a run read or wrote.
    Hash(Due),
    /// Find out the git state of a folder.
    Git { key: String, folder: PathBuf },
    /// Find out what takes long to know of a large work tree.
    GitRest { state: Git, folder: PathBuf },
    /// Look whether the work tree still holds a function's source.
    Code { key: String, file: &'static str, source: &'static str, manifest_folder: &'static str },
}
