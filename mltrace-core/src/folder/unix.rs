//! The calls to the system that go by one name from an open folder.
//!
//! One name and `O_NOFOLLOW` suffice on every Unix: there is nothing between the handle and the file that could lead
//! elsewhere.

#![expect(clippy::disallowed_methods, reason = "the one way to our files")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::entry::{Entry, Kind};
pub(crate) use super::owned::Owned;
use super::owned::identity;

/// An open folder.
#[derive(Debug)]
pub(super) struct Handle {
    folder: Owned<OwnedFd>,
    user: u32,
    group: u32,
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Read,
    New,
    Append,
    Update,
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// To open a pipe takes someone at its other end, and a terminal may become this process' own.
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

impl Handle {
    /// Opens a folder that is no link.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let opened = rustix::fs::openat(CWD, path, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        Self::new(opened.map_err(|error| explain(error, CWD, path.as_os_str()))?)
    }

    /// Opens a folder wherever links lead.
    pub(super) fn follow(path: &Path) -> io::Result<Self> {
        Self::new(rustix::fs::openat(CWD, path, FOLDER, Mode::empty())?)
    }

    pub(super) fn folder(&self, name: &OsStr) -> io::Result<Self> {
        let opened = rustix::fs::openat(&self.folder, name, FOLDER | OFlags::NOFOLLOW, Mode::empty());
        Self::new(opened.map_err(|error| explain(error, &self.folder, name))?)
    }

    fn new(folder: OwnedFd) -> io::Result<Self> {
        let stat = rustix::fs::fstat(&folder)?;
        Ok(Self { folder: Owned::new(folder)?, user: stat.st_uid, group: stat.st_gid })
    }

    /// Returns another handle on the same folder, which stays open while the program closes what it likes.
    pub(super) fn again(&self) -> io::Result<Self> {
        Ok(Self { folder: self.folder.again()?, user: self.user, group: self.group })
    }

    /// Returns whether it is still what was opened, and was not deleted.
    pub(super) fn is_there(&self) -> bool {
        self.folder.is_ours() && rustix::fs::fstat(&self.folder).is_ok_and(|stat| stat.st_nlink > 0)
    }

    /// Returns whose it is: user and group.
    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        Some((self.user, self.group))
    }

    /// Returns whether a folder in another one belongs to the same person, or to this user.
    pub(super) fn is_trusted_in(&self, around: &Self) -> bool {
        self.user == around.user || self.user == rustix::process::geteuid().as_raw()
    }

    pub(super) fn make_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.folder, name, Mode::RWXU)?)
    }

    pub(super) fn file(&self, name: &OsStr, how: How) -> io::Result<File> {
        let flags = match how {
            How::Read => OFlags::RDONLY,
            How::New => OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL,
            How::Append => OFlags::WRONLY | OFlags::APPEND,
            How::Update => OFlags::RDWR,
        };
        let opened = rustix::fs::openat(&self.folder, name, flags | FILE, Mode::RUSR | Mode::WUSR);
        let file = opened.map_err(|error| explain(error, &self.folder, name))?;
        if how != How::New {
            let stat = rustix::fs::fstat(&file)?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
                return Err(io::Error::other("it is no file"));
            }
            if how != How::Read {
                self.check_to_write(&stat)?;
            }
        }
        Ok(File::from(file))
    }

    /// What is written to a file with another name elsewhere is written there.
    fn check_to_write(&self, stat: &Stat) -> io::Result<()> {
        if stat.st_nlink > 1 {
            return Err(io::Error::other("it has another name elsewhere"));
        }
        if stat.st_uid != self.user && stat.st_uid != rustix::process::geteuid().as_raw() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
        }
        Ok(())
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.folder, from, &self.folder, to)?)
    }

    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, name, AtFlags::empty())?)
    }

    pub(super) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.folder, name, AtFlags::REMOVEDIR)?)
    }

    pub(super) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    pub(super) fn entry(&self, name: &OsStr) -> io::Result<Entry> {
        let stat = rustix::fs::statat(&self.folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::File,
            FileType::Directory => Kind::Folder,
            FileType::Symlink => Kind::Link,
            _ => Kind::Other,
        };
        #[allow(clippy::useless_conversion, reason = "systems differ in how wide they count links")]
        let links = u64::from(stat.st_nlink);
        let identity = Some(identity(&stat));
        Ok(Entry { kind, length: u64::try_from(stat.st_size).unwrap_or(0), links, identity })
    }

    pub(super) fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::fstatvfs(&self.folder).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.folder)?)
    }
}

/// Opens a file to be read, wherever links lead.
pub(super) fn read_of_user(path: &Path) -> io::Result<File> {
    let file = rustix::fs::open(path, FILE.difference(OFlags::NOFOLLOW), Mode::empty())?;
    let file = File::from(file);
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is no file")) }
}

/// Systems say in different words that something is a link: it is looked at.
fn explain(error: Errno, folder: impl std::os::fd::AsFd, name: &OsStr) -> io::Error {
    let may_be_a_link = matches!(error, Errno::LOOP | Errno::MLINK | Errno::NOTDIR);
    let is_link = || {
        let stat = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW);
        stat.is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
    };
    if may_be_a_link && is_link() { io::Error::other("it is a link, and links are not followed") } else { error.into() }
}
