//! The files of a store, which SQLite opens by their paths: looked at before, and with no link on the way.

use std::ffi::OsStr;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::folder::{Folder, Kind, Taken};

/// What SQLite opens beside a store file.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// A store file that may be opened, or made.
#[derive(Debug)]
pub(super) struct StoreFile {
    /// Its path, without links.
    pub(super) path: PathBuf,
    pub(super) exists: bool,
    /// Whether it can be reached under another name too: what is written to it is written there.
    pub(super) is_shared: bool,
    folder: Folder,
}

impl StoreFile {
    /// Looks at `store` and what lies beside it, where `ours` is the folder of the project's own files: only files of their own may be opened.
    ///
    /// SQLite refuses links itself, anywhere on the path. What leads to the folder is the user's, so it gets a path in
    /// which those are resolved.
    pub(super) fn find(store: &Path, ours: &Path) -> io::Result<Self> {
        let folder = Folder::around(store, ours)?;
        let name = store.file_name().unwrap_or_default();
        let around = store.parent().filter(|around| !around.as_os_str().is_empty());
        let path = std::fs::canonicalize(around.unwrap_or(Path::new(".")))?.join(name);
        let mut found = Self { path, exists: false, is_shared: false, folder };
        for suffix in BESIDE {
            let mut name = name.to_owned();
            name.push(suffix);
            let Some(entry) = found.folder.entry(&name)? else { continue };
            let reason = match entry.kind {
                Kind::File if suffix.is_empty() => {
                    (found.exists, found.is_shared) = (true, entry.links > 1);
                    continue;
                }
                Kind::File if entry.links <= 1 && suffix == "-journal" && found.is_of_several(&name)? => {
                    "belongs to several databases, as none of mltrace's does"
                }
                Kind::File if entry.links <= 1 => continue,
                Kind::File => "has another name elsewhere",
                Kind::Folder => "is a folder",
                Kind::Link => "is a link, and links are not followed",
                Kind::Other => "is no file",
            };
            let what = if suffix.is_empty() { "it".to_owned() } else { format!("`{}`", name.display()) };
            return Err(io::Error::other(format!("{what} {reason}")));
        }
        Ok(found)
    }

    /// Returns whether a rollback journal names a journal of several databases: SQLite would open what that names, and may
    /// delete it, wherever it is (<https://www.sqlite.org/fileformat.html>, section 3).
    fn is_of_several(&self, journal: &OsStr) -> io::Result<bool> {
        const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
        let mut file = match self.folder.read(journal) {
            // Anyone who wrote it is done.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        let Some(last) = file.metadata()?.len().checked_sub(MAGIC.len() as u64) else { return Ok(false) };
        let mut magic = [0; MAGIC.len()];
        file.seek(SeekFrom::Start(last))?;
        file.read_exact(&mut magic)?;
        // The journal's own beginning is the same, and is all that one of eight bytes has.
        Ok(magic == MAGIC && last > 0)
    }

    /// Makes the file, for its owner only, unless another process has.
    pub(super) fn make(&self) -> io::Result<()> {
        match self.folder.make(self.path.file_name().unwrap_or_default()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        }
    }

    /// Takes the rights of the folder's owner for what SQLite opens.
    pub(super) fn take_identity(&self) -> io::Result<Taken> {
        self.folder.take_identity()
    }

    /// Makes an empty file beside the store, in the place of what lies there.
    pub(super) fn make_beside(&self, suffix: &str) -> io::Result<PathBuf> {
        let path = beside(&self.path, suffix);
        for leftover in [path.clone(), beside(&path, "-journal")] {
            match self.folder.remove(leftover.file_name().unwrap_or_default()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.folder.make(path.file_name().unwrap_or_default())?;
        Ok(path)
    }

    /// Gives a file beside the store another name, in the place of what has it, and makes sure that it stays so.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.folder.rename(from.file_name().unwrap_or_default(), to.file_name().unwrap_or_default())?;
        self.folder.sync()
    }

    /// Returns what the store, its write-ahead log and its shared memory are now; `None` for what is not there, or cannot
    /// be reported.
    pub(super) fn identities(&self) -> [Option<(u64, u64)>; 3] {
        ["", "-wal", "-shm"].map(|suffix| {
            let path = beside(&self.path, suffix);
            self.folder.entry(path.file_name().unwrap_or_default()).ok().flatten()?.identity
        })
    }

    /// Returns whether there is nothing in the write-ahead log.
    pub(super) fn is_wal_empty(&self) -> bool {
        let log = beside(&self.path, "-wal");
        let entry = self.folder.entry(log.file_name().unwrap_or_default());
        entry.is_ok_and(|entry| entry.is_none_or(|entry| entry.length == 0))
    }
}

/// Opens a database that no link leads to.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NOFOLLOW | OpenFlags::SQLITE_OPEN_NO_MUTEX)
}

/// Opens a database that nobody writes, which makes no file beside it.
pub(super) fn connect_immutable(path: &Path) -> rusqlite::Result<Connection> {
    let address = format!("file:{}?immutable=1", percent_encoded(path));
    connect(Path::new(&address), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
}

pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns `path` for a `file:` address, where `?`, `#` and `%` have a meaning.
fn percent_encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}
