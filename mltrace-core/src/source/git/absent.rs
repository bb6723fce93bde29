//! No git: the feature is off.

use std::path::{Path, PathBuf};

use crate::model::Git;

/// Returns nothing: git is not built in.
#[must_use]
pub fn find(_manifest_folder: &Path, _file: &str, _root: &Path) -> Option<PathBuf> {
    None
}

/// Returns nothing: git is not built in.
#[must_use]
pub fn head(_folder: &Path) -> Option<Git> {
    None
}

/// Returns no: git is not built in.
#[must_use]
pub fn is_large(_folder: &Path) -> bool {
    false
}

/// Adds nothing: git is not built in.
pub fn rest(_folder: &Path, _git: &mut Git) {}
