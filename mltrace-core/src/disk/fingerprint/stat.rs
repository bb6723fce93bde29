//! What the file system says of a file without opening it.

use std::fs::Metadata;
use std::io;
use std::path::Path;

/// What kind of thing a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that is not followed: one inside a folder.
    Link,
    /// A pipe, a socket or a device: never opened.
    Other,
}

/// What the file system says of a file or folder; as long as it stays the same, so does a file's content.
///
/// A folder's own says nothing about the files in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// The device.
    pub device: u64,
    /// The file's number on the device.
    pub inode: u64,
    /// The size in bytes.
    pub size: u64,
    /// When the content changed, in nanoseconds since 1970.
    pub mtime_ns: i64,
    /// When anything changed, in nanoseconds since 1970.
    pub ctime_ns: i64,
}

/// Returns what the file system says of `path`, symbolic links followed; `None` when nothing is there.
///
/// # Errors
/// When the file system does not answer.
pub fn stat(path: &Path) -> io::Result<Option<Stat>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(Stat::of(&metadata))),
        // `NotADirectory`: a part of the path is a file.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Stat {
    /// Returns size, time and number, by which a file that is too large to hash is recognised.
    #[must_use]
    pub fn triple(&self) -> String {
        format!("{}-{}-{}", self.size, self.mtime_ns, self.inode)
    }

    /// Returns what `metadata` says.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let file_type = metadata.file_type();
        let kind = if file_type.is_file() {
            FileKind::File
        } else if file_type.is_dir() {
            FileKind::Folder
        } else if file_type.is_symlink() {
            FileKind::Link
        } else {
            FileKind::Other
        };
        Self::with_kind(kind, metadata)
    }

    #[cfg(unix)]
    fn with_kind(kind: FileKind, metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, nanos: i64| seconds.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self {
            kind,
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            mtime_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
            ctime_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Elsewhere files have no number that a path gives away, and no time of any change but that of the content.
    #[cfg(not(unix))]
    fn with_kind(kind: FileKind, metadata: &Metadata) -> Self {
        let mtime_ns = metadata.modified().map_or(0, nanos_since_1970);
        Self { kind, device: 0, inode: 0, size: metadata.len(), mtime_ns, ctime_ns: mtime_ns }
    }
}

/// Returns a moment in nanoseconds since 1970, kept within what 64 bits hold.
#[cfg(not(unix))]
fn nanos_since_1970(time: std::time::SystemTime) -> i64 {
    match time.duration_since(std::time::SystemTime::UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_nanos()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_nanos()).map_or(i64::MIN, i64::saturating_neg),
    }
}
