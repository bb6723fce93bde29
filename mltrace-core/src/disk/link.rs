//! What a link inside a folder stands for: the file or folder that it leads to, where following it comes to an end.

use std::fs;
use std::path::{Path, PathBuf};

use super::{FileKind, Skip, Stat};

/// Says of the links inside one folder what they lead to.
pub(super) struct Links {
    /// Where the folder itself lies.
    root: Option<PathBuf>,
}

impl Links {
    /// Returns who reports the links below `root`.
    pub(super) fn below(root: &Path) -> Self {
        Self { root: fs::canonicalize(root).ok() }
    }

    /// Returns what the file system says of the file or folder that the link at `path` leads to, or `None` when the link
    /// stands for itself: it leads nowhere, to a part of the store, or to what is neither a file nor a folder.
    ///
    /// Folders are followed from outside of folders that links lead to, and only to where neither this folder nor a part of
    /// it lies: so the search ends, and what a folder holds is not counted twice.
    pub(super) fn behind(&self, path: &Path, is_by_link: bool, skip: &Skip) -> Option<Stat> {
        let stat = Stat::of(&fs::metadata(path).ok()?);
        if skip.holds(path, &stat) {
            return None;
        }
        match stat.kind {
            FileKind::File => Some(stat),
            FileKind::Folder if !is_by_link => {
                let (root, real) = (self.root.as_ref()?, fs::canonicalize(path).ok()?);
                let is_usual = || skip.holds(&real, &stat);
                let is_apart = !real.starts_with(root) && !root.starts_with(&real);
                (is_apart && !is_usual()).then_some(stat)
            }
            FileKind::Folder | FileKind::Link | FileKind::Other => None,
        }
    }
}
