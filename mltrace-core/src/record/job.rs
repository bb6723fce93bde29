//! What there is to do beside the caller: hashing large files, asking git, reading source files.

use std::path::PathBuf;

use crate::model::{ArtifactName, Due, Git, RunId, VersionId};

/// Something to do beside the caller.
#[derive(Debug)]
pub(super) enum Job {
    /// Hash what a run read or wrote.
    Hash {
        due: Due,
        /// Under which name it is to have a profile then.
        profiled: Option<ArtifactName>,
    },
    /// Read a table for its profile.
    Profile(Table),
    /// Find out the git state of a folder.
    Git { key: String, folder: PathBuf },
    /// Find out what takes long to know of a large work tree.
    GitRest { state: Git, folder: PathBuf },
    /// Look whether the work tree still holds a function's source.
    Code { key: String, file: &'static str, source: &'static str, manifest_folder: &'static str },
}

/// A table that is to be read.
#[derive(Debug)]
pub(super) struct Table {
    /// The run that read or wrote it, and under which name.
    pub(super) run: RunId,
    pub(super) name: ArtifactName,
    pub(super) path: PathBuf,
    /// What it holds, and how it stood then.
    pub(super) version: VersionId,
    pub(super) state: String,
}
