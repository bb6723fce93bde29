//! The same where there are no calls that go by names from an open folder: links are looked for before.

#![expect(clippy::disallowed_methods, reason = "the one way to our files")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::entry::{Entry, Kind};

/// A handle that stays open; nobody else here closes it by its number.
#[derive(Debug)]
pub(crate) struct Owned<F> {
    handle: F,
}

impl<F> Owned<F> {
    pub(crate) fn new(handle: F) -> io::Result<Self> {
        Ok(Self { handle })
    }

    pub(crate) fn to_stay(handle: F) -> io::Result<Self> {
        Self::new(handle)
    }

    pub(crate) fn is_ours(&self) -> bool {
        true
    }

    pub(crate) fn into_ours(self) -> Option<F> {
        Some(self.handle)
    }
}

impl<F> std::ops::Deref for Owned<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.handle
    }
}

/// A folder that was no link when it was looked at.
#[derive(Debug)]
pub(super) struct Handle {
    folder: PathBuf,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Read,
    New,
    Append,
    Update,
}

impl Handle {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        if fs::symlink_metadata(path)?.is_symlink() {
            return Err(is_a_link());
        }
        Self::follow(path)
    }

    pub(super) fn follow(path: &Path) -> io::Result<Self> {
        if !fs::metadata(path)?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { folder: path.to_owned() })
    }

    pub(super) fn folder(&self, name: &OsStr) -> io::Result<Self> {
        Self::open(&self.folder.join(name))
    }

    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(Self { folder: self.folder.clone() })
    }

    pub(super) fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        None
    }

    pub(super) fn is_trusted_in(&self, _around: &Self) -> bool {
        true
    }

    pub(super) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        fs::create_dir(self.folder.join(name))
    }

    pub(super) fn file(&self, name: &OsStr, how: How) -> io::Result<File> {
        let path = self.folder.join(name);
        if how == How::New {
            return OpenOptions::new().append(true).create_new(true).open(path);
        }
        match fs::symlink_metadata(&path)?.file_type() {
            kind if kind.is_symlink() => Err(is_a_link()),
            kind if !kind.is_file() => Err(io::Error::other("it is no file")),
            _ if how == How::Append => OpenOptions::new().append(true).open(path),
            _ if how == How::Update => OpenOptions::new().read(true).write(true).open(path),
            _ => File::open(path),
        }
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.folder.join(name))
    }

    pub(super) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.folder.join(name))
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        fs::read_dir(&self.folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
    }

    pub(super) fn entry(&self, name: &OsStr) -> io::Result<Entry> {
        let found = fs::symlink_metadata(self.folder.join(name))?;
        let kind = match found.file_type() {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Folder,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other,
        };
        Ok(Entry { kind, length: found.len(), links: 1, identity: None })
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        None
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens a file to be read, wherever links lead.
pub(super) fn read_of_user(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
}

fn is_a_link() -> io::Error {
    io::Error::other("it is a link, and links are not followed")
}
