//! The folder that a process writes its journal in, wherever the process goes meanwhile.

use std::io;
use std::path::{Path, PathBuf};

use crate::folder::{self, Folder};

/// A folder of journals.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Held open for a process that changes its root: then the path means something else.
    held: Option<Folder>,
    /// The root that the path begins at.
    root: Option<(u64, u64)>,
}

impl Place {
    /// Takes the folder that was opened at `path`.
    pub(super) fn new(path: &Path, folder: &Folder) -> Self {
        Self { path: path.to_owned(), held: folder.again().ok(), root: folder::root_number() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns whether the path means what it did when the folder was opened.
    pub(super) fn is_at_its_path(&self) -> bool {
        folder::root_number() == self.root
    }

    /// Opens the folder.
    pub(super) fn folder(&self) -> io::Result<Folder> {
        if self.is_at_its_path() {
            return Folder::inside(&self.path);
        }
        match &self.held {
            Some(held) if held.is_there() => held.again(),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "this process has gone to another root")),
        }
    }
}
