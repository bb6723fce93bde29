//! What belongs to the store and its journals: never hashed and never opened.
//!
//! Closing any handle on a file drops the locks that this process holds on it, so that merely reading the store's file
//! could lose a commit.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{FileKind, Stat};
use crate::folder::FOLDER;

/// The files and folders of a store and its journals, by device and number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skip {
    found: Vec<Identity>,
    /// The folder that links may not lead out of.
    within: Option<PathBuf>,
}

/// What distinguishes files whatever they are called.
#[cfg(unix)]
type Identity = (u64, u64);
#[cfg(not(unix))]
type Identity = std::path::PathBuf;

/// The names of our own files and folders, where they may lie among other people's.
const OURS: &[&str] = &["journal", "fingerprints", "write.lock", "reserve", "damaged"];

impl Skip {
    /// Returns what belongs to the store that is the file `store`, if it is one, and whose journals lie in `folder`, as far
    /// as it exists now.
    #[must_use]
    pub fn of(store: Option<&Path>, folder: &Path) -> Self {
        let mut skip = Self::default();
        let mut add = |path: &Path| skip.found.extend(identity(path));
        let store_name = store.and_then(Path::file_name).unwrap_or(OsStr::new("mltrace.db"));
        let mut own_folder = store_name.to_owned();
        own_folder.push(".d");
        if folder.file_name().is_some_and(|name| name == FOLDER || name == own_folder) {
            add(folder);
        }
        for beside in ["", "-wal", "-shm", "-journal"] {
            let mut name = store_name.to_owned();
            name.push(beside);
            store.iter().for_each(|store| add(&store.with_file_name(&name)));
        }
        OURS.iter().for_each(|name| add(&folder.join(name)));
        skip
    }

    /// Returns this, where links that lead out of `folder` are not followed either: anyone who asks may not know what lies there.
    #[must_use]
    pub fn within(self, folder: &Path) -> Self {
        Self { within: Some(folder.canonicalize().unwrap_or_else(|_| folder.to_owned())), ..self }
    }

    /// Returns whether a path leads where nothing may be looked at, by links.
    #[must_use]
    pub fn leads_out(&self, path: &Path) -> bool {
        let Some(within) = &self.within else { return false };
        path.canonicalize().is_ok_and(|there| !there.starts_with(within))
    }

    /// Returns whether `path`, of which the file system says `stat`, belongs to a store: this one, or any that lies in
    /// a folder of the usual name.
    #[must_use]
    pub fn holds(&self, path: &Path, stat: &Stat) -> bool {
        let is_usual = || stat.kind == FileKind::Folder && path.file_name().is_some_and(|name| name == FOLDER);
        self.is_found(path, stat) || is_usual()
    }

    #[cfg(unix)]
    fn is_found(&self, _path: &Path, stat: &Stat) -> bool {
        self.found.contains(&(stat.device, stat.inode))
    }

    #[cfg(not(unix))]
    fn is_found(&self, path: &Path, _stat: &Stat) -> bool {
        identity(path).is_some_and(|path| self.found.contains(&path))
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    let stat = Stat::of(&std::fs::metadata(path).ok()?);
    Some((stat.device, stat.inode))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    std::fs::canonicalize(path).ok()
}
