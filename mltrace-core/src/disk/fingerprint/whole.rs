//! The fingerprint of whatever a path leads to.

use std::fmt::Write;
use std::io;
use std::path::Path;

use super::folder::{self, Entries, lock_table_of};
use super::{FileKind, Hashing, Stat, file, stat};
use crate::model::VersionId;

/// What a file or folder held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The content; of what is too large to hash, its size, time and number.
    pub version: VersionId,
    /// How many bytes it has; of a folder, all its files together.
    pub size: u64,
    /// What the file system says of it, the same before and after hashing.
    pub stat: Stat,
    /// The latest change, by ctime, to anything that was hashed, in nanoseconds since 1970: if a folder's is earlier
    /// than some moment, the folder held the same at that moment. File systems keep time in steps of up to 10 ms.
    pub changed_ns: i64,
    /// Of a folder that was hashed, what lies in it.
    pub entries: Option<Entries>,
}

/// Returns what `path` holds, symbolic links followed.
///
/// Returns `None` when nothing is there or nothing that could be hashed (a pipe, a socket, a device, a part of the
/// store), when it kept changing while it was hashed (two attempts), or on being told to stop.
///
/// # Errors
/// When the file system does not answer, or part of a folder may not be read.
pub fn fingerprint(path: &Path, how: &Hashing<'_>) -> io::Result<Option<Fingerprint>> {
    for _attempt in 0..2 {
        let Some(before) = stat(path)? else {
            return Ok(None);
        };
        if how.skip.holds(path, &before) || is_lock_table(path) {
            return Ok(None);
        }
        let found = match before.kind {
            FileKind::File => of_file(path, before, how),
            FileKind::Folder => of_folder(path, before, how),
            FileKind::Link | FileKind::Other => return Ok(None),
        };
        match found {
            Ok(None) => {}
            // It went away, or a part of it did: looked at again.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
    }
    Ok(None)
}

fn of_file(path: &Path, before: Stat, how: &Hashing<'_>) -> io::Result<Option<Fingerprint>> {
    let of_version =
        |version| Fingerprint { version, size: before.size, stat: before, changed_ns: before.ctime_ns, entries: None };
    if before.size > how.limit && file::known(path, &before, how).is_none() {
        return Ok(Some(of_version(VersionId::Stat(before.triple()))));
    }
    Ok(file::hash(path, &before, how)?.map(|hash| of_version(VersionId::Content(hash))))
}

fn of_folder(path: &Path, before: Stat, how: &Hashing<'_>) -> io::Result<Option<Fingerprint>> {
    let Some(listing) = folder::list(path, &before, how)? else {
        return Ok(None);
    };
    let size = listing.size();
    let mut entries = None;
    let version = if listing.unknown_size(how) > how.limit {
        let mut text = format!("{size}-{}-", listing.changed_ns);
        let hash = listing.hash_of_stats();
        // Writing to text does not fail.
        let _ = hash.iter().take(8).try_for_each(|byte| write!(text, "{byte:02x}"));
        VersionId::Stat(text)
    } else {
        match listing.hash(how)? {
            Some((hash, files)) => {
                entries = Some(files);
                VersionId::Content(hash)
            }
            None => return Ok(None),
        }
    };
    // A file that came, went or changed in between makes the hash that of a folder which never was.
    let is_same = folder::list(path, &before, how)?.is_some_and(|after| after.entries == listing.entries);
    let fingerprint = Fingerprint { version, size, stat: before, changed_ns: listing.changed_ns, entries };
    Ok(is_same.then_some(fingerprint))
}

fn is_lock_table(path: &Path) -> bool {
    let Some(name) = path.file_name() else {
        return false;
    };
    lock_table_of(name.as_encoded_bytes()).is_some_and(|database| {
        let database = String::from_utf8_lossy(&database);
        path.with_file_name(&*database).exists()
    })
}
